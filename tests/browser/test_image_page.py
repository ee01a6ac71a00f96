"""What a person does on the Image-driven tab, done by a real browser with the real app and tiny weights."""

import base64
import io
import re

import pytest
from PIL import Image

from styleshot_demo import provenance

expect = pytest.importorskip("playwright.sync_api").expect

from browser.steps import (  # noqa: E402
    LONG,
    ask_for_the_published,
    download,
    files,
    has_small,
    open_drawer,
    open_tab,
    put,
    restore,
    run,
    thumbs,
    unfold,
    until,
    upload,
    value,
)  # fmt: skip


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    """A picture with edges of every strength, 300 x 200."""
    path = tmp_path_factory.mktemp("pictures") / "my photo.png"
    Image.effect_mandelbrot((300, 200), (-2, -1.2, 1, 1.2), 60).convert("RGB").save(path)
    return path


def begin(page, photo, **more):
    open_tab(page, "image")
    put(page, "image", size=128)
    upload(page, "#image-content", photo)
    page.locator("#image-example-styles button").nth(0).click()
    expect(page.locator("#image-style-1 .image-frame img")).to_be_visible(timeout=LONG)
    open_drawer(page, "image")
    put(page, "image", **more)


def lines(page):
    """The map as it is shown, once it has come."""
    image = page.locator("#image-lines img")
    expect(image).to_be_visible(timeout=LONG)
    return image.get_attribute("src")


def white(source):
    """How many pixels of a map are lines."""
    with Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))) as drawn:
        assert drawn.size == (192, 128)
        return sum(drawn.histogram()[128:])


def changed(page, source):
    expect(page.locator("#image-lines img")).not_to_have_attribute("src", source, timeout=LONG)
    return lines(page)


def test_lines_are_followed_painted_downloaded_and_restored(open_studio, photo, nameless, tmp_path):
    page = open_studio(locale="zh-CN")
    no_photo_is_told_and_everything_has_a_name_in_chinese(page, nameless)
    the_lines_follow_the_threshold_before_any_run(page, photo)
    put(page, "image", threshold=120, seed=3, steps=2)
    page.locator("#image-preprocessor label", has_text="Both").click()
    run(page, "image")
    assert thumbs(page, "image") == ["Contour · seed 3", "Drawn lines · seed 3"]
    contour, lineart = files(page, "image")
    assert Image.open(io.BytesIO(contour)).size == (192, 128)
    assert Image.open(io.BytesIO(contour)).tobytes() != Image.open(io.BytesIO(lineart)).tobytes()

    # The lines count as much as the slider says.
    page.locator("#image-preprocessor label", has_text="Drawn lines").click()
    put(page, "image", content_strength=0.4)
    run(page, "image")
    (weaker,) = files(page, "image")
    assert Image.open(io.BytesIO(weaker)).tobytes() != Image.open(io.BytesIO(lineart)).tobytes()

    path = download(page, "image", tmp_path)
    assert re.fullmatch(r"my-photo-styleshot-.+-strength[0-9.]+-seed3\.png", path.name)
    assert provenance.read(path).settings["content_strength"] == 0.4
    page.locator("#image-content button[title]").first.click()
    expect(page.locator("#image-lines img")).to_have_count(0)

    # A page that is closed stops its run: another would wait for all 1200 steps if it went on.
    upload(page, "#image-content", photo)
    put(page, "image", steps=150, count=8)
    page.locator("#image-run").click()
    expect(page.locator("#image-status")).to_contain_text("of 150", timeout=LONG)
    page.close()
    other = open_studio()
    begin(other, photo, steps=1)
    run(other, "image")

    restore(other, path)
    expect(other.locator("#image-run")).to_be_visible(timeout=LONG)
    expect(other.locator("#image-preprocessor input[value=lineart]")).to_be_checked()
    names = ("seed", "size", "content_strength", "strength")
    assert [value(other, "image", name) for name in names] == ["3", "128", "0.4", "1"]
    expect(other.locator("#image-threshold")).to_be_hidden()


def no_photo_is_told_and_everything_has_a_name_in_chinese(page, nameless):
    page.get_by_role("tab", name="图像驱动").click()
    expect(page.locator(".tab-line:visible")).to_contain_text("沿线条")
    for place, text in (
        ("#image-preprocessor", "从照片中保留"),
        ("#image-threshold", "忽略较淡的线条"),
        ("#image-content-strength", "内容强度"),
        ("#image-size", "短边"),
        ("#image-lines", "照片的线条"),
        ("#image-result", "选择照片和风格"),
    ):
        expect(page.locator(place)).to_contain_text(text)
    expect(page.locator("#image-threshold")).to_have_attribute("title", "轮廓（HED）的阈值")  # as experts call it
    page.locator("#image-run").click()
    expect(page.locator("#image-status [role=alert]")).to_contain_text("还没有照片", timeout=LONG)
    unfold(page, "#image-finer")
    assert nameless(page) == []
    unfold(page, "#image-finer")
    page.locator("#language label", has_text="English").click()


def the_lines_follow_the_threshold_before_any_run(page, photo):
    expect(page.locator("#image-lines img")).to_have_count(0)
    expect(page.locator("#image-status [role=alert]")).to_be_visible()  # there is no photo yet
    begin(page, photo)
    expect(page.locator("#image-status [role=alert]")).to_have_count(0, timeout=LONG)
    before = lines(page)
    put(page, "image", threshold=120)
    before = changed(page, before)
    slider = page.locator("#image-threshold input[type=range]")
    slider.focus()
    counts = [white(before)]
    for key in ("Home", "End"):  # every edge, then none
        page.keyboard.press(key)
        before = changed(page, before)
        counts.append(white(before))
    some, every, none = counts
    assert every > some > none == 0
    page.locator("#image-preprocessor label", has_text="Drawn lines").click()
    changed(page, before)
    expect(page.locator("#image-threshold")).to_be_hidden()  # it is about contours
    page.locator("#image-preprocessor label", has_text="Contour").click()


def test_without_weights_the_photo_is_painted_and_what_only_styleshot_reads_is_hidden(open_page, photo, tmp_path):
    page = open_page()
    open_tab(page, "image")
    for place in ("#image-lines", "#image-preprocessor", "#image-prompt", "#image-count", "#image-finer"):
        expect(page.locator(place)).to_be_hidden()
    expect(page.locator("#image-model")).to_contain_text("built-in painter")
    upload(page, "#image-content", photo)
    page.locator("#image-example-styles button").nth(0).click()
    expect(page.locator("#image-style-1 .image-frame img")).to_be_visible(timeout=LONG)
    put(page, "image", size=256, content_strength=0.6)
    run(page, "image")
    expect(page.locator("#image-status")).to_contain_text("Painted by Fast over the photo itself")
    path = download(page, "image", tmp_path)
    assert re.fullmatch(r"my-photo-painter-.+-strength[0-9.]+-seed0\.png", path.name) and Image.open(path).size == (
        384,
        256,
    )
    if has_small():
        the_small_model_follows_a_photo_where_it_is_asked_for(page)
    other = open_page(locale="zh-CN")
    restore(other, path)
    expect(other.locator("#image-run")).to_be_visible(timeout=LONG)
    expect(other.locator("#image-model-choice input[value=painter]")).to_be_checked()
    assert [value(other, "image", name) for name in ("size", "content_strength")] == ["256", "0.6"]
    expect(other.locator("#image-model")).to_contain_text("内置画手")
    # An example lies in its box again; the photo, which nobody has kept, is named.
    expect(other.locator("#image-style-1 .image-frame img")).to_be_visible(timeout=LONG)
    expect(other.locator("#restore-message")).to_contain_text("照片为 my photo.png")
    expect(other.locator("#image-content .image-frame img")).to_have_count(0)


def the_small_model_follows_a_photo_where_it_is_asked_for(page):
    page.locator("#image-model-choice label", has_text="Small StyleShot").click()
    expect(page.locator("#image-preprocessor")).to_be_visible(timeout=LONG)
    # What it cannot do is out of reach, and the reason stands beside it.
    lineart = page.locator("#image-preprocessor input[value=lineart]")
    why = page.get_by_text("The small StyleShot follows contours only.").locator("visible=true")
    expect(lineart).to_be_disabled()
    expect(why).to_be_visible()
    expect(page.get_by_text("StyleShot paints at 256 pixels at most").locator("visible=true")).to_be_visible()
    ask_for_the_published(page, "image")
    expect(lineart).to_be_enabled(timeout=LONG)
    expect(why).to_have_count(0)
    page.locator("#image-model-choice label", has_text="Small StyleShot").click()
    expect(lineart).to_be_disabled(timeout=LONG)
    open_drawer(page, "image")
    put(page, "image", size=128, steps=2)
    until(page, "() => document.querySelector('#image-lines img')?.naturalWidth === 192", timeout=LONG)
    assert white(lines(page)) > 0
    run(page, "image")
    expect(page.locator("#image-status")).to_contain_text("Model: the small built-in StyleShot")
    (made,) = files(page, "image")
    assert Image.open(io.BytesIO(made)).width > Image.open(io.BytesIO(made)).height
