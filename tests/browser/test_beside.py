"""The photo and its result in one frame, on the Image-driven tab."""

import pytest
from PIL import Image

expect = pytest.importorskip("playwright.sync_api").expect

from browser.steps import LONG, open_tab, put, run, upload  # noqa: E402


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("pictures") / "my photo.png"
    Image.effect_mandelbrot((300, 200), (-2, -1.2, 1, 1.2), 60).convert("RGB").save(path)
    return path


def test_a_result_is_compared_with_its_photo(open_page, photo, nameless):
    page = open_page()
    open_tab(page, "image")
    button = page.locator("#image-result .besides")
    frame = page.locator("#image-result .beside")
    expect(button).to_be_hidden()  # before there is anything to compare
    put(page, "image", size=256)
    upload(page, "#image-content", photo)
    page.locator("#image-example-styles button").nth(0).click()
    expect(page.locator("#image-style-1 .image-frame img")).to_be_visible(timeout=LONG)
    run(page, "image")
    expect(button).to_be_visible(timeout=LONG)
    expect(frame).to_be_hidden()
    button.click()
    expect(frame).to_be_visible()
    assert nameless(page) == []
    before, after = frame.locator(".before"), frame.locator(".after")
    assert [before.evaluate("one => one.naturalWidth"), before.evaluate("one => one.naturalHeight")] == [300, 200]
    assert after.get_attribute("src") == page.locator("#image-result .stage > img").get_attribute("src")
    place = frame.locator(".box").bounding_box()
    assert place["width"] / place["height"] == pytest.approx(1.5, rel=0.03)
    # The divider has the focus, and moves by keys.
    for _ in range(30):
        page.keyboard.press("ArrowRight")
    left = frame.locator(".line").evaluate("one => parseFloat(getComputedStyle(one).left)")
    assert left == pytest.approx(0.52 * place["width"], abs=1)
    # What is looked at in the gallery is what is compared.
    button.click()
    expect(frame).to_be_hidden()

    # A text has no photo.
    open_tab(page, "text")
    page.locator("#text-example-styles button").nth(3).click()
    page.locator("#text-prompt textarea").fill("a red apple")
    run(page, "text")
    expect(page.locator("#text-result .besides")).to_be_hidden()
