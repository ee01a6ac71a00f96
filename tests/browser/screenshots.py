"""Pictures of the page for the README: `python tests/browser/screenshots.py FOLDER`, with the app running.

FOLDER/page-{1280,390}-{light,dark}-{en,zh}.png shows the Classical tab after a run with the first examples, and
FOLDER/{text,image}-...png the StyleShot tabs: after a run where there is a model for them, else what they say then.
FOLDER/desk-1280-...jpg shows what lies around a result: the library's drawer, a grid, the history.
"""

import io
import os
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking")
LONG = 120_000  # milliseconds
HEIGHTS = {1280: 1000, 390: 844}  # pixels of the window: the whole tab, and a phone


def main(folder: Path, address: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        found = shutil.which("chromium-headless-shell") or shutil.which("chromium")
        browser = driver.chromium.launch(executable_path=found, args=list(FLAGS))
        for width, scheme, language in (
            (1280, "light", "en"),
            (1280, "dark", "zh"),
            (390, "light", "zh"),
            (390, "dark", "en"),
        ):
            context = browser.new_context(
                viewport={"width": width, "height": HEIGHTS[width]},
                color_scheme=scheme,
                locale={"en": "en-GB", "zh": "zh-CN"}[language],
            )
            page = context.new_page()
            page.goto(address, wait_until="domcontentloaded")
            page.locator("#classical-run").wait_for(timeout=LONG)
            name = f"{width}-{scheme}-{language}.png"
            classical(page)
            page.screenshot(path=folder / f"page-{name}")
            if width == max(HEIGHTS):
                desk(page, (folder / f"desk-{name}").with_suffix(".jpg"))
            for place, kind in enumerate(("text", "image")):
                page.get_by_role("tab").nth(place).click()
                styleshot(page, kind)
                page.screenshot(path=folder / f"{kind}-{name}")
            context.close()
        browser.close()


def classical(page: Page) -> None:
    page.locator("#example-contents button").nth(2).click(timeout=LONG)
    page.locator("#example-styles button").nth(0).click(timeout=LONG)
    expect(page.locator("#style-1 .image-frame img")).to_be_visible(timeout=LONG)
    page.locator("#classical-run").click()
    expect(page.locator("#classical-result .compare")).to_have_attribute("data-state", "ready", timeout=LONG)
    page.wait_for_timeout(1500)


def desk(page: Page, path: Path) -> None:
    """A grid of methods and strengths on top; below it the drawer with one of its styles in use, and the history."""
    drawer, grid = page.locator("#library details.library"), page.locator("#classical-grid .grid")
    drawer.locator("summary").click()
    drawer.locator(".shelf button").nth(2).click(timeout=LONG)
    expect(drawer.locator(".answer [lang=en]").first).to_contain_text("lies in the style boxes", timeout=LONG)
    page.wait_for_timeout(1500)
    drawn = drawer.screenshot()
    drawer.locator("summary").click()
    page.locator("#classical-grid-open").click()
    for side, name in (("rows", "method"), ("columns", "strength")):
        grid.locator(f"[data-side={side}] select").select_option(name)
    for method in ("optimise", "colour"):
        grid.locator(f"[data-side=rows] .chips button[value={method}]").click()
    grid.locator("[data-side=columns] input").fill("0.25, 0.5, 0.75, 1")
    grid.locator(".paint").click()
    expect(grid.locator(".cells button:not([disabled])")).to_have_count(8, timeout=LONG)
    expect(grid.locator(".paint")).to_be_visible(timeout=LONG)
    page.wait_for_timeout(1500)
    painted = grid.screenshot()
    page.locator("#classical-grid-open").click()
    page.set_viewport_size({"width": 1280, "height": 880})
    page.locator("#history-open").click()
    history = page.locator("dialog.history")
    history.locator(".grid button").first.click(timeout=LONG)
    page.wait_for_timeout(1500)
    remembered = history.screenshot()
    history.locator("button.close").click()
    page.set_viewport_size({"width": 1280, "height": HEIGHTS[1280]})
    top, left, right = (Image.open(io.BytesIO(part)).convert("RGB") for part in (painted, drawn, remembered))
    size = (max(top.width, left.width + right.width), top.height + right.height)
    sheet = Image.new("RGB", size, left.getpixel((0, left.height - 1)))
    for part, place in ((top, (0, 0)), (left, (0, top.height)), (right, (left.width, top.height))):
        sheet.paste(part, place)
    sheet.save(path, quality=88)


def styleshot(page: Page, kind: str) -> None:
    run = page.locator(f"#{kind}-run")
    run.wait_for(timeout=LONG)
    page.locator(f"#{kind}-example-styles button").nth(9).click(timeout=LONG)
    expect(page.locator(f"#{kind}-style-1 .image-frame img")).to_be_visible(timeout=LONG)
    if kind == "image":
        page.locator("#image-example-contents button").nth(0).click()
        expect(page.locator("#image-content .image-frame img")).to_be_visible(timeout=LONG)
    if page.locator(f"#{kind}-prompts").is_visible():  # the painter reads no words, and makes one picture
        page.locator(f"#{kind}-prompts button").nth(1 if kind == "text" else 2).click()
        page.locator(f"#{kind}-count input[type=number]").fill("3")
    page.wait_for_timeout(1500)
    if run.is_enabled():
        run.click()
        gallery = page.locator(f"#{kind}-result .gallery")
        expect(gallery).to_have_attribute("data-state", "ready", timeout=10 * LONG)
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(1500)


if __name__ == "__main__":
    main(Path(sys.argv[1]), os.environ.get("STYLESHOT_ADDRESS", "http://127.0.0.1:7860"))
