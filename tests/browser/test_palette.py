"""A palette on the page: typed or taken from the style, seen, kept, painted with, and said where it is none."""

import numpy as np
import pytest
from PIL import Image

from styleshot_demo import pictures, provenance

expect = pytest.importorskip("playwright.sync_api").expect

from browser.steps import LONG, followed, repaint, unfold, upload  # noqa: E402
from browser.test_axe import violations  # noqa: E402

from styleshot_demo.settings import ASSETS  # noqa: E402

STYLES = [ASSETS / "styles/byzantine-mosaic.jpg", ASSETS / "styles/ink-wash.jpg"]


def test_a_palette_is_seen_kept_and_painted_with(open_page, photo, tmp_path, nameless):
    """In Chinese on a phone; what is told in English on a wide screen is looked at when all of it is there."""
    page = open_page(locale="zh-CN", viewport={"width": 390, "height": 900})
    unfold(page, "#finer")
    box, swatches = page.locator("#palette input, #palette textarea").first, page.locator("#palette-swatches")
    sources = swatches.locator(".from:visible")
    sources.click()
    expect(swatches.locator(".problem")).to_be_visible(timeout=LONG)  # there is no picture yet
    upload(page, "#content", photo)
    expect(sources).to_have_text(["照片"], use_inner_text=True, timeout=LONG)
    sources.click()
    fields = swatches.locator("input[type=color]")
    expect(fields.nth(1)).to_be_visible(timeout=LONG)
    of_photo = box.input_value()
    upload(page, "#style-1", STYLES[0])
    expect(sources).to_have_count(2, timeout=LONG)
    sources.nth(1).click()
    expect(box).not_to_have_value(of_photo, timeout=LONG)
    expect(fields).to_have_count(len(box.input_value().split()), timeout=LONG)
    assert box.input_value().split() == [fields.nth(place).input_value() for place in range(fields.count())]
    assert fields.count() <= 8 and nameless(page) == [] and violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

    box.fill("#ff0000 #00zz00")
    expect(swatches).to_contain_text("不是颜色", timeout=LONG)
    box.fill("ff0000 #000000")
    expect(fields).to_have_count(2, timeout=LONG)
    # The browser's own field is as good as the text, and the same colours.
    fields.nth(0).fill("#00ff00")
    expect(box).to_have_value("#00ff00 #000000", timeout=LONG)
    fields.nth(0).fill("#ff0000")
    swatches.locator(".more").click()
    expect(box).to_have_value("#ff0000 #000000 #b23d23", timeout=LONG)
    expect(fields.nth(2)).to_be_focused()
    swatches.locator(".out").nth(2).click()
    expect(box).to_have_value("#ff0000 #000000", timeout=LONG)
    expect(swatches.locator(".out").nth(1)).to_be_focused()
    assert fields.nth(1).get_attribute("aria-label") == "颜色 2"
    repaint(page)
    with page.expect_download() as waiting:
        page.locator("#classical-download button").click()
    waiting.value.save_as(tmp_path / "made.png")
    made = np.asarray(pictures.open_picture(tmp_path / "made.png").convert("RGB"), int)
    # Red and black mixed, and their shades: never blue or green of any weight.
    assert (made[..., 1:].max(2) <= np.maximum(made[..., 0], 60) + 30).all()
    assert (made[..., 0] > 150).any()
    assert provenance.read(tmp_path / "made.png").settings["palette"] == "#ff0000 #000000"
    another_tab_has_one_of_its_own(page)
    page.reload()
    unfold(page, "#finer")
    expect(box).to_have_value("#ff0000 #000000", timeout=LONG)
    in_english_on_a_wide_screen(page, photo, nameless)
    expect(page.locator("#style-1 .image-frame img")).to_be_visible()
    colours_of_one_style_only(page, tmp_path)


def in_english_on_a_wide_screen(page, photo, nameless):
    page.set_viewport_size({"width": 1280, "height": 900})
    page.locator("#language label", has_text="English").click()
    upload(page, "#content", photo)
    box, swatches = page.locator("#palette input, #palette textarea").first, page.locator("#palette-swatches")
    expect(swatches.locator(".from:visible").first).to_have_text("Photo", use_inner_text=True, timeout=LONG)
    expect(swatches.locator(".out").nth(1)).to_be_visible(timeout=LONG)
    expect(swatches.locator("input[type=color]").nth(1)).to_have_attribute("aria-label", "Colour 2")
    assert nameless(page) == [] and violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    box.fill("#ff0000 #00zz00")
    expect(swatches).to_contain_text("is not a colour", timeout=LONG)


def another_tab_has_one_of_its_own(page):
    page.evaluate("location.hash = 'text'")
    upload(page, "#text-style-1", STYLES[0])
    page.locator("#text-palette-part button.label-wrap").click()
    page.locator("#text-palette-swatches .from:visible").click()
    expect(page.locator("#text-palette").locator("input, textarea").first).not_to_have_value("", timeout=LONG)
    page.evaluate("location.hash = 'classical'")


def colours_of_one_style_only(page, tmp_path):
    """Of a photo and the first style."""
    page.locator("#palette").locator("input, textarea").first.fill("")
    page.locator("#add-style").click()
    followed(page, lambda: upload(page, "#style-2", STYLES[1]))
    chroma = {}
    for place, name in ((1, "first"), (2, "last")):
        followed(page, page.locator("#colours-from label").nth(place).click)
        repaint(page)
        with page.expect_download() as waiting:
            page.locator("#classical-download button").click()
        waiting.value.save_as(tmp_path / f"{name}.png")
        assert provenance.read(tmp_path / f"{name}.png").settings["colours_from"] == name
        with Image.open(tmp_path / f"{name}.png") as picture:
            chroma[name] = np.ptp(np.asarray(picture.convert("RGB"), int), axis=2).mean()
    assert chroma["first"] > 1.5 * chroma["last"]  # the mosaic is colourful, the ink is not
