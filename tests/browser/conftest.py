"""The real app in a process of its own, and a real browser."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
import tiny_models
from models.conftest import FakeHub
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
SYSTEM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
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
def photo(tmp_path_factory):
    """A photo to paint, "my photo.png", 300 x 200; files of tests that need another have their own."""
    path = tmp_path_factory.mktemp("pictures") / "my photo.png"
    Image.effect_mandelbrot((300, 200), (-2, -1.2, 1, 1.2), 60).convert("RGB").save(path)
    return path


@contextmanager
def app(tmp_path_factory, models, program=("app.py",), **more):
    """Runs the app with the weights in the folder `models`; yields where it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("STYLESHOT_", "GRADIO_"))}
    environ |= {
        "STYLESHOT_PORT": str(port),
        "STYLESHOT_DEVICE": "cpu",
        "STYLESHOT_MODELS": str(models),
        "HF_ENDPOINT": "http://127.0.0.1:9",  # nothing answers there: a machine without a network
        "GRADIO_TEMP_DIR": str(tmp_path_factory.mktemp("gradio")),
        "HF_HOME": str(tmp_path_factory.mktemp("hub")),
        "STYLESHOT_HISTORY": str(tmp_path_factory.mktemp("history")),
        "STYLESHOT_LIBRARY": str(tmp_path_factory.mktemp("library")),
        **more,
    }
    log = tmp_path_factory.mktemp("log") / "app.txt"
    with log.open("wb") as output:
        running = subprocess.Popen([sys.executable, *program], cwd=ROOT, env=environ, stdout=output, stderr=output)
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 180
        while True:
            try:
                urllib.request.urlopen(url, timeout=10).read()
                break
            except OSError:
                if running.poll() is not None or time.monotonic() > end:
                    pytest.fail(f"the app did not start:\n{log.read_text(errors='replace')[-3000:]}")
                time.sleep(0.2)
        yield url
    finally:
        running.terminate()
        running.wait(20)
    told = log.read_text(errors="replace")
    assert "Traceback" not in told, told[-3000:]


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """The folders "models", "history" and "library" of the app behind `address`."""
    return {name: tmp_path_factory.mktemp(name) for name in ("models", "history", "library")}


@pytest.fixture(scope="session")
def address(tmp_path_factory, folders):
    """Where the app answers that has no weights but those it comes with. An app takes some seconds to start, so all
    tests of a process share this one, and leave its folders as they found them."""
    kept = {f"STYLESHOT_{name.upper()}": str(folders[name]) for name in ("history", "library")}
    with app(tmp_path_factory, folders["models"], **kept) as url:
        yield url


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """A folder with tiny weights in the published files' formats."""
    return tiny_models.build(tmp_path_factory.mktemp("weights"))


@pytest.fixture
def published(weights, tmp_path):
    """A folder with all that StyleShot by contours needs, laid out as the hub has it; see tiny_hub.py."""
    folder = tmp_path / "published"
    for name in ("stable-diffusion-v1-5/stable-diffusion-v1-5", "Gaojunyao/StyleShot"):
        shutil.copytree(weights / name, folder / name)
    detector = folder / "lllyasviel/Annotators/ControlNetHED.pth"
    detector.parent.mkdir(parents=True)
    detector.write_bytes(b"\x80 is how pickles begin, and nobody looks further into this one")
    return folder


@pytest.fixture
def offered(browser, tmp_path_factory, published):
    """Opens the page of an app without weights; the hub that has them; the folder where they will arrive."""
    hub = FakeHub({str(file.relative_to(published)): file.read_bytes() for file in published.rglob("*.*")})
    program = (str(ROOT / "tests/browser/tiny_hub.py"), str(published))
    models = tmp_path_factory.mktemp("empty")
    try:
        with (
            app(tmp_path_factory, models, program, HF_ENDPOINT=hub.url) as address,
            opener(browser, address) as open_it,
        ):
            yield open_it, hub, models
    finally:
        hub.close()


@pytest.fixture(scope="session")
def address_with_weights(tmp_path_factory, weights):
    """Where the app answers that has (tiny) weights of StyleShot."""
    with app(tmp_path_factory, weights) as url:
        yield url


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
        playwright.expect.set_options(timeout=PATIENCE)
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser, address):
    """Opens the page of the app without weights; see `opener`."""
    with opener(browser, address) as open_it:
        yield open_it


@pytest.fixture
def open_studio(browser, address_with_weights):
    """Opens the page of the app with weights; see `opener`."""
    with opener(browser, address_with_weights) as open_it:
        yield open_it


@contextmanager
def opener(browser, address):
    """Opens the page, in a browser that knows nothing yet; fails on errors in its console and on foreign requests.

    `forgiven` of what it yields takes words of errors that a test provokes on purpose; `checked()` fails at once, so
    that what is forgiven from there on is not forgiven before.
    """
    contexts, trouble, forgiven = [], [], []

    def told(message):
        return message.type == "error" or "not implemented" in message.text

    def watch(page):
        page.on("console", lambda message: told(message) and trouble.append(message.text))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on(
            "request",
            lambda request: request.url.startswith((address, "data:", "blob:")) or trouble.append(request.url),
        )

    def open_it(query="", script=None, **options):
        """`script` runs before those of the page; the options are a browser context's."""
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 900}, "locale": "en-US", "accept_downloads": True, **options}
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        if script:
            page.add_init_script(script)
        watch(page)
        page.goto(address + query, wait_until="domcontentloaded")
        ready(page)
        return page

    def checked():
        assert [text for text in trouble if not any(words in text for words in forgiven)] == []
        trouble.clear()

    open_it.forgiven, open_it.checked = forgiven, checked
    try:
        yield open_it
    finally:
        for context in contexts:
            context.close()
    checked()


def ready(page):
    """Waits until the page is drawn and has its settings."""
    # Attached, not seen: a link may have opened another tab.
    page.locator("#classical-run").wait_for(state="attached")
    page.locator("#fits .hint").wait_for(state="attached")


@pytest.fixture
def nameless():
    """`nameless(page)`: what can be used on the page, or seen, and has no name that a screen reader could say."""

    def find(page):
        page.wait_for_timeout(500)
        return page.evaluate(
            """() => [...document.querySelectorAll("a[href], button, input, textarea, select, img, progress")]
            .filter((node) => node.offsetParent !== null)
            .filter((node) => !(node.getAttribute("aria-label") || node.textContent.trim() || node.title
              || node.getAttribute("alt") || node.closest("label")?.textContent.trim()
              || (node.tagName === "IMG" && node.getAttribute("alt") === "" && node.closest("button"))
              || (node.id && document.querySelector(`label[for="${node.id}"]`))))
            .map((node) => node.outerHTML.slice(0, 160))"""
        )

    return find
