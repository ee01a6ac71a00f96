"""Where painting takes but a moment, the result follows the strength: of the composer and of the painter."""

import pytest
from PIL import Image

from styleshot_demo import provenance

expect = pytest.importorskip("playwright.sync_api").expect

from browser.steps import LONG, compose, download, open_tab, put, run, upload  # noqa: E402


def shown(page, kind):
    return int(page.locator(f"#{kind}-result .gallery").get_attribute("data-shown"))


def drag(page, kind, strength):
    """Sets the strength without pressing any button, and waits for the new picture."""
    before = shown(page, kind)
    page.locator(f"#{kind}-strength input[type=number]").fill(str(strength))
    page.keyboard.press("Tab")
    page.wait_for_function(
        "([kind, before]) => Number(document.querySelector(`#${kind}-result .gallery`).dataset.shown) > before",
        arg=[kind, before],
        timeout=LONG,
    )
    expect(page.locator(f"#{kind}-result .stale")).to_be_empty(timeout=LONG)


def test_a_composed_picture_follows_the_strength_but_not_the_prompt(open_page, tmp_path):
    page = open_page()
    compose(page, "a red apple on a table")
    full = download(page, "text", tmp_path).read_bytes()
    drag(page, "text", 0.4)
    path = download(page, "text", tmp_path)
    assert provenance.read(path).settings["style_strength"] == 0.4 and path.read_bytes() != full
    expect(page.locator("#text-sketch img").first).to_be_visible()  # still there
    drag(page, "text", 1)
    assert download(page, "text", tmp_path).read_bytes() == full

    before = shown(page, "text")
    page.locator("#text-prompt textarea").fill("a green pear on a table")
    page.keyboard.press("Tab")
    expect(page.locator("#text-result .stale")).not_to_be_empty(timeout=LONG)
    page.wait_for_timeout(2500)
    assert shown(page, "text") == before


def test_a_repainted_photo_follows_the_strength(open_page, tmp_path):
    photo = tmp_path / "photo.png"
    Image.effect_mandelbrot((300, 200), (-2, -1.2, 1, 1.2), 60).convert("RGB").save(photo)
    page = open_page()
    open_tab(page, "image")
    put(page, "image", size=256)
    upload(page, "#image-content", photo)
    page.locator("#image-example-styles button").nth(0).click()
    expect(page.locator("#image-style-1 .image-frame img")).to_be_visible(timeout=LONG)
    run(page, "image")
    drag(page, "image", 0.5)
    assert provenance.read(download(page, "image", tmp_path)).settings["style_strength"] == 0.5
