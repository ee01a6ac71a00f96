"""Pictures of the page for the README: `python tests/browser/screenshots.py FOLDER`, with the app running.

Each of FOLDER/page-{1280,390}-{light,dark}-{en,zh}.png shows the Classical tab after a run with the first examples.
"""

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking")
LONG = 120_000  # milliseconds


def main(folder: Path, address: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        for width, scheme, language in (
            (1280, "light", "en"),
            (1280, "dark", "zh"),
            (390, "light", "zh"),
            (390, "dark", "en"),
        ):
            context = browser.new_context(
                viewport={"width": width, "height": 900},
                color_scheme=scheme,
                locale={"en": "en-GB", "zh": "zh-CN"}[language],
            )
            page = context.new_page()
            page.goto(address, wait_until="domcontentloaded")
            page.locator("#example-contents button").nth(2).click(timeout=LONG)
            page.locator("#example-styles button").nth(0).click(timeout=LONG)
            expect(page.locator("#style-1 .image-frame img")).to_be_visible(timeout=LONG)
            page.locator("#classical-run").click()
            expect(page.locator("#classical-result .compare")).to_have_attribute("data-state", "ready", timeout=LONG)
            page.wait_for_timeout(1500)
            page.screenshot(path=folder / f"page-{width}-{scheme}-{language}.png", full_page=True)
            context.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), os.environ.get("STYLESHOT_ADDRESS", "http://127.0.0.1:7860"))
