"""Crop and rotate on the page: by keyboard and by touch, without loss, and with a way back."""

from urllib.parse import urljoin

import numpy as np
import pytest
from test_deep import gradient

from styleshot_demo import pictures
from styleshot_demo.formats import sixteen_bit

expect = pytest.importorskip("playwright.sync_api").expect

from browser.steps import LONG, upload  # noqa: E402
from browser.test_axe import violations  # noqa: E402


def opened(page, slot):
    page.locator(f"{slot} .crop-open").click()
    expect(page.locator("#crop dialog")).to_be_visible(timeout=LONG)


def numbers(page):
    return [int(page.locator(f"#crop [data-name={name}]").input_value()) for name in ("left", "top", "width", "height")]


def applied(page, slot):
    """The bytes of the picture that lies in the box afterwards."""
    image = page.locator(f"{slot} .image-frame img")
    before = image.get_attribute("src")
    page.locator("#crop .apply").click()
    expect(page.locator("#crop dialog")).to_be_hidden(timeout=LONG)
    expect(image).not_to_have_attribute("src", before, timeout=LONG)
    return page.request.get(urljoin(page.url, image.get_attribute("src"))).body()


def test_what_is_cut_by_keyboard_keeps_16_bits_and_the_whole_comes_back(open_page, photo, tmp_path):
    pixels = gradient()
    scan = tmp_path / "scan.png"
    scan.write_bytes(sixteen_bit.to_png(pixels))
    page = open_page()
    upload(page, "#content", scan)
    upload(page, "#style-1", photo)

    page.locator("#content .crop-open").press("Enter")
    expect(page.locator("#crop .all")).to_be_focused(timeout=LONG)
    assert numbers(page) == [0, 0, 211, 97] and violations(page) == []
    page.locator("#crop [data-edges='left top']").press("Shift+ArrowRight")
    page.locator("#crop [data-edges='left top']").press("ArrowDown")
    page.locator("#crop [data-edges='right']").press("Shift+ArrowLeft")
    assert numbers(page) == [20, 2, 171, 95]
    page.locator("#crop .all").press("ArrowUp")  # never over the edge, and no smaller for it
    page.locator("#crop .all").press("ArrowUp")
    assert numbers(page) == [20, 0, 171, 95]
    page.locator("#crop .turn[value='1']").click()
    expect(page.locator("#crop .size")).to_have_text("95 × 171 pixels95 × 171 像素", timeout=LONG)
    made = applied(page, "#content")
    _, found = pictures.open_deep(made)
    assert (found == np.rot90(pixels[:95, 20:191], -1)).all()
    expect(page.locator("#content .crop-open")).to_be_focused()

    # Again from the file as it came, with the frame where it was.
    opened(page, "#content")
    assert numbers(page) == [2, 20, 95, 171]
    page.locator("#crop summary").click()
    page.locator("#crop [data-name=width]").fill("96")
    page.locator("#crop [data-name=width]").press("Tab")
    expect(page.locator("#crop .news")).to_contain_text("inside the picture of 97 × 211 pixels")
    assert page.locator("#crop .apply").is_disabled() and violations(page) == []
    page.locator("#crop [data-edges='right']").press("ArrowLeft")  # what is dragged is always right again
    assert page.locator("#crop .apply").is_enabled() and numbers(page) == [2, 20, 93, 171]
    page.locator("#crop .whole").click()
    assert applied(page, "#content") == scan.read_bytes()

    # A style may get the photo's shape.
    opened(page, "#style-1")
    page.locator("#crop fieldset label").nth(2).click()
    assert numbers(page) == [0, 31, 300, 138]
    page.locator("#crop .end").click()
    expect(page.locator("#crop dialog")).to_be_hidden()
    esc_closes_the_window_and_stops_no_run(page)


def esc_closes_the_window_and_stops_no_run(page):
    page.locator("#method label").nth(2).click()
    page.locator("#classical-run").click()
    expect(page.locator("#classical-stop")).to_be_visible(timeout=LONG)
    opened(page, "#content")
    page.keyboard.press("Escape")
    expect(page.locator("#crop dialog")).to_be_hidden()
    expect(page.locator("#content .crop-open")).to_be_focused()
    page.wait_for_timeout(700)
    assert page.locator("#classical-stop").is_visible()
    page.locator("#classical-stop").click()
    expect(page.locator("#classical-run")).to_be_visible(timeout=LONG)


def test_a_finger_moves_the_frame_on_a_phone(open_page, photo, nameless):
    page = open_page(locale="zh-CN", viewport={"width": 390, "height": 844}, has_touch=True, color_scheme="dark")
    page.get_by_role("tab").nth(0).click()
    upload(page, "#text-style-1", photo)
    page.locator("#text-style-1 .crop-open").tap()
    expect(page.locator("#crop dialog")).to_be_visible(timeout=LONG)
    assert page.locator("#crop fieldset label").nth(2).is_hidden()  # here is no photo to be like
    assert nameless(page) == [] and violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    handle = page.locator("#crop [data-edges='right bottom']").bounding_box()
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    wide = page.locator("#crop canvas").bounding_box()["width"]
    touch = page.context.new_cdp_session(page)
    for kind, far in (("Start", 0), ("Move", wide / 4), ("Move", wide / 2), ("End", None)):
        points = [] if far is None else [{"x": x - far, "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
    assert abs(numbers(page)[2] - 150) <= 2 and numbers(page)[3] == 200
    page.locator("#crop fieldset label").nth(1).click()
    left, top, width, height = numbers(page)
    assert width == height
    assert pictures.open_picture(applied(page, "#text-style-1")).size == (width, height)
