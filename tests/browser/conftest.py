"""The real app in a process of its own, and a real browser."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SYSTEM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Nothing but this machine can be reached, and the browser itself calls nobody.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
PATIENCE = 60_000  # milliseconds; a machine that is busy with other things may be slow


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    """Where the app answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("STYLESHOT_", "GRADIO_"))}
    environ |= {
        "STYLESHOT_PORT": str(port),
        "STYLESHOT_DEVICE": "cpu",
        "STYLESHOT_OFFLINE": "1",
        "STYLESHOT_MODELS": str(tmp_path_factory.mktemp("models")),
        "GRADIO_TEMP_DIR": str(tmp_path_factory.mktemp("gradio")),
        "HF_HOME": str(tmp_path_factory.mktemp("hub")),
    }
    log = tmp_path_factory.mktemp("log") / "app.txt"
    with log.open("wb") as output:
        app = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environ, stdout=output, stderr=output)
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 180
        while True:
            try:
                urllib.request.urlopen(url, timeout=10).read()
                break
            except OSError:
                if app.poll() is not None or time.monotonic() > end:
                    pytest.fail(f"the app did not start:\n{log.read_text(errors='replace')[-3000:]}")
                time.sleep(0.2)
        yield url
    finally:
        app.terminate()
        app.wait(20)
    told = log.read_text(errors="replace")
    assert "Traceback" not in told, told[-3000:]


@pytest.fixture(scope="session")
def browser():
    """Chromium of this system, or Playwright's own; skips where there is none."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        system = next((found for name in SYSTEM if (found := shutil.which(name))), None)
        try:
            opened = driver.chromium.launch(executable_path=system, args=list(FLAGS))
        except playwright.Error as error:
            pytest.skip(f"no browser that Playwright can start: {str(error).splitlines()[0]}")
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser, address):
    """Opens the page, in a browser that knows nothing yet; fails on errors in its console and on foreign requests.

    `open_page.forgiven` takes words of errors that a test provokes on purpose.
    """
    contexts, trouble, forgiven = [], [], []

    def watch(page):
        page.on("console", lambda message: message.type == "error" and trouble.append(message.text))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on(
            "request",
            lambda request: request.url.startswith((address, "data:", "blob:")) or trouble.append(request.url),
        )

    def open_it(query="", **options):
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 900}, "locale": "en-US", "accept_downloads": True, **options}
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        watch(page)
        page.goto(address + query, wait_until="domcontentloaded")
        ready(page)
        return page

    open_it.forgiven = forgiven
    yield open_it
    for context in contexts:
        context.close()
    assert [text for text in trouble if not any(words in text for words in forgiven)] == []


def ready(page):
    """Waits until the page is drawn and has its settings."""
    page.locator("#classical-run").wait_for()
    page.locator("#fits .hint").wait_for()
