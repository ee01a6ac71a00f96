"""What a person does on the Classical tab, done by a real browser with the real app."""

import io
import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from styleshot_demo import provenance

expect = pytest.importorskip("playwright.sync_api").expect

from browser.steps import LONG, followed, open_tab, repaint, restore, unfold, until, upload  # noqa: E402

SIZE = 256
RELOAD = ["AbortError", "errored out"]  # what Gradio says of a connection that a reload cuts off


@pytest.fixture(scope="module")
def style(tmp_path_factory):
    """A picture in other colours, 200 x 200."""
    path = tmp_path_factory.mktemp("pictures") / "style.jpg"
    waves = [Image.radial_gradient("L").resize((200, 200)).point(lambda v, k=k: v * k % 256) for k in (3, 5, 7)]
    Image.merge("RGB", waves).save(path)
    return path


def choose(page, photo, style, method="Fast"):
    upload(page, "#content", photo)
    upload(page, "#style-1", style)
    page.locator("#method label", has_text=method).click()
    page.locator("#size input[type=number]").fill(str(SIZE))
    page.keyboard.press("Tab")
    expect(page.locator("#fits")).to_contain_text(f"{SIZE} × 171", timeout=LONG)


def shown(page):
    """How many pictures the result has shown so far."""
    return int(page.locator("#classical-result .compare").get_attribute("data-shown") or 0)


def result_source(page):
    return page.locator("#classical-result img.after").get_attribute("src")


def download(page):
    with page.expect_download() as waiting:
        page.locator("#classical-download button").click()
    return waiting.value


def in_chinese(page):
    page.locator("#language label", has_text="中文").click()


def test_upload_run_slide_download_restore(open_page, photo, style, tmp_path):
    page = open_page()
    expect(page.locator("#classical-download button")).to_be_disabled()
    choose(page, photo, style)
    repaint(page)
    strength = the_picture_follows_the_strength_while_the_slider_is_being_dragged(page)

    # The divider between before and after is an input that a keyboard can move.
    divider = page.locator("#classical-result input[type=range]")
    divider.focus()
    at = divider.input_value()
    page.keyboard.press("ArrowRight")
    assert divider.input_value() != at

    # The file holds the picture, and what made it.
    expect(page.locator("#classical-result .stale")).to_be_empty(timeout=LONG)  # the last strength has arrived
    file = download(page)
    assert re.fullmatch(r"my-photo-fast-.+-strength[0-9.]+-seed0\.png", file.suggested_filename)
    path = tmp_path / file.suggested_filename
    file.save_as(path)
    with Image.open(path) as saved:
        assert saved.size == (256, 171) and saved.format == "PNG"
    record = provenance.read(path)
    assert record.settings["method"] == "fast" and record.settings["strength"] == pytest.approx(strength)
    patches = patches_are_painted_and_downloaded(page, tmp_path)
    the_models_panel_unloads_and_says_why_it_cannot_fetch(page)

    # Dropped on a page that knows nothing, it brings the settings back; a foreign picture brings nothing.
    other = open_page()
    expect(other.locator("#size input[type=number]")).to_have_value("512")
    unfold(other, "#restore-part")
    a_foreign_picture_restores_nothing(other, photo, tmp_path)
    other.locator("#restore input[type=file]").set_input_files(path)
    expect(other.locator("#restore-message")).to_contain_text("as they were")
    expect(other.locator("#size input[type=number]")).to_have_value("256")
    expect(other.locator("#classical-strength input[type=number]")).to_have_value(f"{strength:g}")
    other.locator("#restore input[type=file]").set_input_files(patches)
    expect(other.locator("#method input[value=patches]")).to_be_checked(timeout=LONG)


def the_picture_follows_the_strength_while_the_slider_is_being_dragged(page):
    slider = page.locator("#classical-strength input[type=range]")
    box = slider.bounding_box()
    sources, before = {result_source(page)}, shown(page)
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 7, middle)
    page.mouse.down()
    for share in range(95, 35, -2):
        page.mouse.move(box["x"] + box["width"] * share / 100, middle)
        page.wait_for_timeout(60)
        sources.add(result_source(page))
    while_dragging = shown(page) - before
    page.mouse.up()
    assert while_dragging >= 2 and len(sources) >= 3
    strength = float(page.locator("#classical-strength input[type=number]").input_value())
    assert 0.3 < strength < 0.45
    return strength


def patches_are_painted_and_downloaded(page, folder):
    page.locator("#method label", has_text="Patches").click()
    expect(page.locator(".about.patches")).to_be_visible()
    expect(page.locator("#transform")).to_be_hidden()
    looks_elsewhere(page, True)
    repaint(page)
    until(page, "document.title === '✓ Painted · StyleShot'", timeout=LONG)
    looks_elsewhere(page, False)
    until(page, "document.title.startsWith('StyleShot')", timeout=LONG)
    saved = download(page)
    assert re.fullmatch(r"my-photo-patches-.+-strength[0-9.]+-seed0\.png", saved.suggested_filename)
    saved.save_as(folder / "patches.png")
    assert provenance.read(folder / "patches.png").settings["method"] == "patches"
    return folder / "patches.png"


def looks_elsewhere(page, hidden):
    """As where another tab of the browser is on top: a browser without windows hides none of its own."""
    page.evaluate(
        """(hidden) => {
          Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def the_models_panel_unloads_and_says_why_it_cannot_fetch(page):
    page.get_by_role("tab", name="Models").click()
    memory = page.locator("#models-memory")
    expect(memory).to_contain_text("Fast style transfer")
    memory.get_by_role("button", name="Unload: Fast style transfer").click()
    expect(page.locator("#models-status")).to_contain_text("is unloaded")
    expect(memory).not_to_contain_text("Fast style transfer")
    # What runs keep for a next one lies there too, and goes alike.
    while (kept := memory.get_by_role("button")).count():
        before = kept.count()
        kept.first.click()
        expect(kept).not_to_have_count(before)
    expect(memory).to_contain_text("Nothing is loaded")
    disk = page.locator("#models-disk")
    expect(disk).to_contain_text("CreativeML OpenRAIL-M")
    disk.get_by_role("button", name="VGG-19").click()
    expect(page.locator("#models-status [role=alert]")).to_contain_text("cannot be reached", timeout=LONG)


def a_foreign_picture_restores_nothing(page, photo, folder):
    hostile = folder / "hostile.png"
    notes = PngImagePlugin.PngInfo()
    notes.add_text(provenance.KEYWORD, '{"format": 1, "settings": "__import__(\'os\')", "seed": -1}')
    Image.new("RGB", (64, 64)).save(hostile, pnginfo=notes)
    for path, sentence in ((photo, "does not say how it was made"), (hostile, "cannot be used")):
        page.locator("#restore input[type=file]").set_input_files(path)
        expect(page.locator("#restore-message")).to_contain_text(sentence)
        expect(page.locator("#size input[type=number]")).to_have_value("512")
        if page.locator("#restore button[aria-label*=lear]").count():
            page.locator("#restore button[aria-label*=lear]").first.click()


def test_optimise_shows_previews_and_stops(open_page, photo, style, tmp_path):
    page = open_page()
    choose(page, photo, style, "Optimise")
    expect(page.locator("#steps")).to_be_hidden()  # in its closed drawer
    unfold(page, "#finer")
    page.locator("#steps input").fill("3000")
    seed = page.locator("#seed input")
    page.locator("#seed-randomise").click()
    expect(seed).not_to_have_value("0")
    page.locator("#classical-run").click()
    expect(page.locator("#classical-stop")).to_be_visible()
    until(page, "document.querySelector('#classical-result .compare').dataset.shown >= 2", timeout=LONG)
    assert result_source(page).startswith("data:image/jpeg")
    expect(page.locator("#classical-status")).to_contain_text("of 3000")
    another_run_waits_and_says_its_place_in_the_line(page)
    page.locator("#classical-stop").click()
    expect(page.locator("#classical-status")).to_contain_text("Stopped", timeout=LONG)
    expect(page.locator("#classical-run")).to_be_visible()
    page.wait_for_timeout(500)
    count = shown(page)
    page.wait_for_timeout(1000)
    assert shown(page) == count  # nothing paints on behind the page's back

    # The models are free again, and a short run ends by itself, with the seed that was chosen.
    page.locator("#steps input").fill("2")
    repaint(page)
    expect(page.locator("#classical-status")).to_contain_text(f"seed {seed.input_value()}")
    expect(page.locator("#classical-status")).to_contain_text("read by the built-in network")
    expect(page.locator("#classical-download button")).to_be_enabled()
    a_finished_picture_is_blended_with_its_photo(page, tmp_path)
    patches_follow_the_strength_too(page)

    # A page that is closed stops its run: another would wait for all 5000 steps if it went on.
    page.locator("#steps input").fill("5000")
    page.locator("#classical-run").click()
    expect(page.locator("#classical-status")).to_contain_text("of 5000", timeout=LONG)
    page.close()
    other = open_page()
    choose(other, photo, style)
    repaint(other)
    the_whole_page_speaks_chinese_when_asked(other)
    open_page.forgiven += RELOAD
    other.reload(wait_until="domcontentloaded")
    expect(other.locator("#classical-run")).to_contain_text("重绘", timeout=LONG)
    expect(other.locator("#language input[value=zh]")).to_be_checked()


def another_run_waits_and_says_its_place_in_the_line(page):
    open_tab(page, "text")
    page.locator("#text-example-styles button").nth(9).click()
    expect(page.locator("#text-style-1 .image-frame img")).to_be_visible(timeout=LONG)
    page.locator("#text-prompt textarea").fill("a red apple")
    page.locator("#text-painted-by label", has_text="Optimise").click()  # what takes a moment does not wait
    page.locator("#text-run").click()
    expect(page.locator("#text-status")).to_contain_text("place in the line: 1", timeout=LONG)
    page.locator("#text-stop").click()
    expect(page.locator("#text-status")).to_contain_text("Stopped", timeout=LONG)
    page.get_by_role("tab", name="Classical").click()


def a_finished_picture_is_blended_with_its_photo(page, folder):
    """At once up to the strength at which it was painted; beyond, it would be another picture."""
    strength, stale = page.locator("#classical-strength input[type=number]"), page.locator("#classical-result .stale")

    def at(value):
        followed(page, lambda: strength.fill(value))
        download(page).save_as(folder / f"{value}.png")
        return folder / f"{value}.png"

    at("0.8")  # what was painted at 1 is blended, and then painted at 0.8
    repaint(page)
    download(page).save_as(folder / "painted.png")
    made = {value: at(value) for value in ("0.4", "0", "0.8")}
    assert made["0.8"].read_bytes() == (folder / "painted.png").read_bytes()
    photo, half, painted = (np.asarray(Image.open(made[value])).astype(float) for value in ("0", "0.4", "0.8"))
    assert np.abs(painted - photo).mean() > 4 and np.abs(half - (photo + painted) / 2).max() <= 0.5
    settings = provenance.read(made["0.4"]).settings
    assert (settings["strength"], settings["painted_strength"]) == (0.4, 0.8)
    strength.fill("0.9")
    expect(stale).to_contain_text("Changed since")
    page.wait_for_timeout(500)
    expect(stale).to_contain_text("Changed since")
    its_record_brings_the_blend_back(page, made["0.4"], stale)


def its_record_brings_the_blend_back(page, path, stale):
    """What was painted is remembered: it is on show at once. A link carries what is needed for it."""
    source = result_source(page)
    restore(page, path)
    expect(page.locator("#classical-result img.after")).not_to_have_attribute("src", source, timeout=LONG)
    expect(stale).to_be_empty(timeout=LONG)
    assert Path(download(page).path()).read_bytes() == path.read_bytes()
    page.locator("#classical-presets summary").click()
    page.locator("#classical-presets .link").click()
    settings = parse_qs(urlparse(page.locator("#classical-presets .address").input_value()).query)["settings"][0]
    assert {name: json.loads(settings)["settings"][name] for name in ("strength", "painted_strength")} == {
        "strength": 0.4,
        "painted_strength": 0.8,
    }


def patches_follow_the_strength_too(page):
    page.locator("#method label", has_text="Patches").click()
    repaint(page)
    followed(page, lambda: page.locator("#classical-strength input[type=number]").fill("0.7"))
    settings = provenance.read(download(page).path()).settings
    assert (settings["method"], settings["strength"]) == ("patches", 0.7)
    page.locator("#method label", has_text="Optimise").click()


def the_whole_page_speaks_chinese_when_asked(page):
    in_chinese(page)
    for place, text in (
        ("#classical-run", "重绘"),
        ("#classical-download", "下载 PNG"),
        ("#classical-strength", "强度"),
        ("#method", "优化"),
        ("#finer", "精细调节"),
        ("#fits", "结果将为 256 × 171"),
        ("#classical-status", "用时"),
        ("#foot", "一切都在"),
    ):
        expect(page.locator(place)).to_contain_text(text)
    expect(page.get_by_role("tab", name="图像驱动")).to_be_visible()
    expect(page.locator("#classical-status [lang=en]").first).to_be_hidden()
    assert "StyleShot · 用任何风格重绘照片" in page.title()
    # What is chosen stays chosen, and a refusal is said in the language of the page.
    expect(page.locator("#content .image-frame img")).to_be_visible()
    expect(page.locator("#size input[type=number]")).to_have_value("256")
    page.locator("#content button[title]").first.click()
    page.locator("#classical-run").click()
    expect(page.locator("#classical-status")).to_contain_text("还没有照片")


def settings_survive_a_reload_and_nonsense_does_not(page, open_page):
    page.locator("#method label", has_text="Colour").click()
    page.locator("#size input[type=number]").fill("640")
    page.keyboard.press("Tab")
    page.locator("#classical-strength input[type=number]").fill("0.35")
    page.keyboard.press("Tab")
    page.wait_for_timeout(300)
    open_page.forgiven += RELOAD
    page.reload(wait_until="domcontentloaded")
    expect(page.locator("#size input[type=number]")).to_have_value("640", timeout=LONG)
    expect(page.locator("#method input[value=colour]")).to_be_checked()
    expect(page.locator("#classical-strength input[type=number]")).to_have_value("0.35")
    expect(page.locator("#keep-colours")).to_be_hidden()  # colour transfer has no such setting
    open_page.forgiven += ["Error reading from localStorage"]
    page.evaluate("localStorage.setItem('styleshot-classical', 'no such thing')")
    page.reload(wait_until="domcontentloaded")
    expect(page.locator("#size input[type=number]")).to_have_value("512", timeout=LONG)


def bad_files():
    plain = Image.new("RGB", (64, 64), "teal")
    whole, text = io.BytesIO(), io.BytesIO()
    plain.save(whole, "PNG")
    text.write(b"this is no picture at all")
    thin = io.BytesIO()
    Image.new("RGB", (640, 20)).save(thin, "PNG")
    return {
        "words.png": (text.getvalue(), "not a picture"),
        "cut.png": (whole.getvalue()[:-30], "cut off"),
        "thin.png": (thin.getvalue(), "longer than 10 times"),
        "drawing.png": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG pictures are not accepted"),
    }


def test_what_is_put_into_the_boxes(open_page, photo, nameless, tmp_path):
    """A browser in Chinese gets Chinese at once; the rest is looked at in English, at last on a phone."""
    page = open_page(locale="zh-CN", color_scheme="dark", has_touch=True)
    expect(page.locator("#classical-run")).to_contain_text("重绘")
    expect(page.locator("#language input[value=zh]")).to_be_checked()
    page.locator("#language label", has_text="English").click()
    a_bad_file_is_refused_where_it_was_dropped(page)
    a_tiff_is_shown_as_the_gate_reads_it(page, tmp_path)
    examples_come_into_their_boxes(page)
    unfold(page, "#finer")
    unfold(page, "#restore-part")
    assert nameless(page) == []
    a_phone_needs_no_sideways_scrolling(page)
    open_page.checked()
    settings_survive_a_reload_and_nonsense_does_not(page, open_page)


def a_bad_file_is_refused_where_it_was_dropped(page):
    for name, (data, sentence) in bad_files().items():
        page.locator("#content input[type=file]").set_input_files(
            {"name": name, "mimeType": "image/png", "buffer": data}
        )
        expect(page.locator("#picture-message [role=alert]")).to_contain_text(sentence)
        expect(page.locator("#content .image-frame img")).to_have_count(0)


def a_tiff_is_shown_as_the_gate_reads_it(page, folder):
    path = folder / "scan.tif"
    Image.radial_gradient("L").save(path)
    upload(page, "#content", path)
    until(page, "document.querySelector('#content .image-frame img').naturalWidth == 256", timeout=LONG)
    expect(page.locator("#picture-message")).to_have_text("")


def examples_come_into_their_boxes(page):
    photos, styles = page.locator("#example-contents button"), page.locator("#example-styles button")
    expect(photos).to_have_count(4)
    assert photos.first.get_attribute("aria-label") == "Chelsea the cat"
    photos.first.click()
    expect(page.locator("#content .image-frame img")).to_have_attribute("src", re.compile("chelsea"), timeout=LONG)
    expect(page.locator("#weight-1")).to_be_hidden()
    page.locator("#add-style").click()
    expect(page.locator("#weight-1")).to_be_visible()
    expect(page.locator("#weight-2")).to_be_visible()
    if styles.count():
        styles.nth(0).click()
        expect(page.locator("#style-1 .image-frame img")).to_be_visible()
        styles.nth(1).click()
        expect(page.locator("#style-2 .image-frame img")).to_be_visible()


def a_phone_needs_no_sideways_scrolling(page):
    """Tab by tab, and with all of the Classical tab unfolded, in both shades."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator("#method label", has_text="Optimise").click()
    expect(page.locator("#steps")).to_be_visible()
    for shade in ("dark", "light"):
        page.emulate_media(color_scheme=shade)
        until(page, "(dark) => document.body.classList.contains('dark') === dark", arg=shade == "dark")
        for tab in ("Text-driven", "Models", "Classical"):
            page.get_by_role("tab", name=tab).click()
            page.wait_for_timeout(300)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, (shade, tab)
