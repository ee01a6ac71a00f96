"""Around a result: a close look, its use in other tabs, other kinds of file; keys, the title, the button in sight."""

import re

import pytest
from PIL import Image

from styleshot_demo import provenance

expect = pytest.importorskip("playwright.sync_api").expect

from browser.steps import LONG, TABS, followed, repaint, until, upload  # noqa: E402

SIZES = ((1280, 800), (1920, 1080), (390, 800))


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A photo whose optimisation takes long enough to be stopped."""
    path = tmp_path_factory.mktemp("pictures") / "large.png"
    Image.effect_mandelbrot((900, 700), (-2, -1.2, 1, 1.2), 60).convert("RGB").save(path)
    return path


def begin(page, photo, size=256):
    upload(page, "#content", photo)
    page.locator("#example-styles button").nth(9).click()
    expect(page.locator("#style-1 .image-frame img")).to_be_visible(timeout=LONG)
    page.locator("#size input[type=number]").fill(str(size))
    page.keyboard.press("Tab")


def test_a_result_comes_into_sight_is_looked_at_used_and_saved(open_page, photo, large, nameless, tmp_path):
    page = open_page()
    for size in SIZES:
        the_button_is_in_sight_and_the_stage_takes_the_room_there_is(page, *size)
    expect(page.locator("#classical-tools .tools")).to_be_hidden()  # before there is anything to do it with
    on_a_phone_the_result_comes_into_sight(page, photo)
    page.set_viewport_size({"width": 1280, "height": 900})
    a_result_is_used_in_other_tabs_and_saved_as_jpeg(page, nameless, tmp_path)
    page.get_by_role("tab", name="Classical").click()
    page.set_viewport_size({"width": 700, "height": 500})
    a_close_look_shows_each_pixel_and_ends_with_escape(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    for place in ("#content", "#style-1"):
        page.locator(f"{place} button[title]").first.click()
        expect(page.locator(f"{place} .image-frame img")).to_have_count(0)
    keys_paint_and_stop_and_lead_to_the_result(page, large)


def a_result_is_used_in_other_tabs_and_saved_as_jpeg(page, nameless, tmp_path):
    line = page.locator("#classical-tools .tools")
    expect(line).to_be_visible()
    assert nameless(page) == []
    for name, suffix in (("JPEG", "jpg"), ("WEBP", "webp")):
        line.get_by_text("Save as").click()
        with page.expect_download() as waiting:
            line.get_by_role("button", name=name).click()
        assert re.fullmatch(rf"my-photo-fast-.+-strength[0-9.]+-seed0\.{suffix}", waiting.value.suggested_filename)
        path = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(path)
        with Image.open(path) as picture:
            assert (picture.format, picture.size) == (name, (256, 171))
        assert provenance.read(path).settings["method"] == "fast"

    line.get_by_text("Use as").click()
    line.get_by_role("button", name="Style in Text-driven").click()
    expect(page.locator("#text-style-1 .image-frame img")).to_be_visible(timeout=LONG)  # and its tab is open
    page.get_by_role("tab", name="Classical").click()
    line.get_by_text("Use as").click()
    line.get_by_role("button", name="Photo in Image-driven").click()
    expect(page.locator("#image-content .image-frame img")).to_be_visible(timeout=LONG)


def a_close_look_shows_each_pixel_and_ends_with_escape(page):
    followed(page, lambda: page.locator("#size input[type=number]").fill("900"))
    page.locator("#classical-tools .look").click()
    viewer = page.locator("#classical-tools .viewer")
    picture = viewer.locator("img")
    expect(picture).to_be_visible()
    assert picture.bounding_box()["width"] <= 700 and picture.bounding_box()["height"] <= 500
    picture.click()
    expect(viewer.locator(".zoom")).to_have_attribute("aria-pressed", "true")
    assert round(picture.bounding_box()["width"]) == 900
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()


def keys_paint_and_stop_and_lead_to_the_result(page, large):
    begin(page, large, 512)
    expect(page.locator("#fits")).to_contain_text("512 × 398", timeout=LONG)
    repaint(page, lambda: page.keyboard.press("Control+Enter"))
    # Arrow keys move within a group of choices, which is one stop on the way through the page.
    page.locator("#method input:checked").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#method input[value=patches]")).to_be_checked()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#method input[value=optimise]")).to_be_checked()
    expect(page.locator("#method input[value=patches]")).not_to_be_checked()
    page.locator("#classical-run").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#classical-stop")).to_be_focused(timeout=LONG)
    until(page, "document.title.startsWith('Painting')", timeout=LONG)
    page.keyboard.press("Escape")
    expect(page.locator("#classical-run")).to_be_visible(timeout=LONG)
    expect(page.locator("#classical-result figure")).to_be_focused(timeout=LONG)
    until(page, "document.title.startsWith('StyleShot')", timeout=LONG)


def the_button_is_in_sight_and_the_stage_takes_the_room_there_is(page, width, height):
    page.set_viewport_size({"width": width, "height": height})
    for kind, name in {**TABS, "classical": "Classical"}.items():
        page.get_by_role("tab", name=name).click()
        page.evaluate("scrollTo(0, 0)")
        run = page.locator(f"#{kind}-run")
        expect(run).to_be_visible(timeout=LONG)
        box = run.bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= height, (kind, width)
        stage = page.locator(f"#{kind}-result").locator(".compare, .stage").first.bounding_box()
        assert stage["width"] > (1100 if width == 1920 else 600 if width == 1280 else 350), (kind, width)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (kind, width)


def on_a_phone_the_result_comes_into_sight(page, photo):
    begin(page, photo)
    page.evaluate("scrollTo(0, 0)")
    repaint(page)
    until(
        page,
        """() => {
          const { top, bottom } = document.querySelector("#classical-result figure").getBoundingClientRect();
          return top >= 0 && bottom <= innerHeight;
        }""",
        timeout=LONG,
    )
