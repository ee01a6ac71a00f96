"""Where painting takes but a moment, the result follows the strength: of the composer and of the painter, whose result
is also compared with its photo, in one frame."""

import re

import pytest

from styleshot_demo import provenance

expect = pytest.importorskip("playwright.sync_api").expect

from browser.steps import LONG, carry, compose, download, open_tab, put, run, until, upload  # noqa: E402


def shown(page, kind):
    return int(page.locator(f"#{kind}-result .gallery").get_attribute("data-shown"))


def drag(page, kind, strength):
    """Sets the strength without pressing any button, and waits for the new picture."""
    before = shown(page, kind)
    page.locator(f"#{kind}-strength input[type=number]").fill(str(strength))
    page.keyboard.press("Tab")
    until(
        page,
        "([kind, before]) => Number(document.querySelector(`#${kind}-result .gallery`).dataset.shown) > before",
        arg=[kind, before],
        timeout=LONG,
    )
    expect(page.locator(f"#{kind}-result .stale")).to_be_empty(timeout=LONG)


def test_results_follow_and_are_compared_with_their_photo(open_page, photo, nameless, tmp_path):
    page = open_page()
    open_tab(page, "image")
    expect(page.locator("#image-result .besides")).to_be_hidden()  # before there is anything to compare
    put(page, "image", size=256)
    upload(page, "#image-content", photo)
    page.locator("#image-example-styles button").nth(0).click()
    expect(page.locator("#image-style-1 .image-frame img")).to_be_visible(timeout=LONG)
    run(page, "image")
    a_result_is_compared_with_its_photo(page, nameless)
    drag(page, "image", 0.5)
    assert provenance.read(download(page, "image", tmp_path)).settings["style_strength"] == 0.5

    a_composed_picture_follows_the_strength_but_not_the_prompt(page, tmp_path)
    expect(page.locator("#text-result .besides")).to_be_hidden()  # a text has no photo
    for kind, box in (("text", "#text-style-1"), ("image", "#image-content")):
        a_result_is_dragged_from_its_stage_onto_a_box(page, kind, box)


def a_result_is_dragged_from_its_stage_onto_a_box(page, kind, box):
    open_tab(page, kind)
    stage = page.locator(f"#{kind}-result .stage > img")
    name = stage.get_attribute("src").rsplit("/", 1)[1]
    carry(page, stage, box)
    expect(page.locator(f"{box} .image-frame img")).to_have_attribute("src", re.compile(re.escape(name)), timeout=LONG)


def a_result_is_compared_with_its_photo(page, nameless):
    button = page.locator("#image-result .besides")
    frame = page.locator("#image-result .beside")
    expect(button).to_be_visible(timeout=LONG)
    expect(frame).to_be_hidden()
    button.click()
    expect(frame).to_be_visible()
    assert nameless(page) == []
    before, after = frame.locator(".before"), frame.locator(".after")
    for side, pixels in (("naturalWidth", 300), ("naturalHeight", 200)):
        expect(before).to_have_js_property(side, pixels)
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


def a_composed_picture_follows_the_strength_but_not_the_prompt(page, tmp_path):
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
