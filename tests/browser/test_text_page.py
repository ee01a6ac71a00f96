"""What a person does on the Text-driven tab, done by a real browser with the real app and tiny weights."""

import io
import re
import shutil
import tempfile
import time

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
    hold_cancelling,
    open_drawer,
    open_tab,
    paint_grid,
    put,
    restore,
    run,
    thumbs,
    unfold,
    until,
    upload,
    value,
)  # fmt: skip

MOST = 150  # steps that a run can have
RELOAD = ["AbortError", "errored out"]  # what Gradio says of a connection that a reload cuts off


def shown(page):
    """How many pictures the result has shown so far."""
    return int(page.locator("#text-result .gallery").get_attribute("data-shown") or 0)


def begin(page, steps=3, **more):
    """The tab with a style, a prompt and quick settings."""
    open_tab(page, "text")
    page.locator("#text-example-styles button").nth(9).click()
    expect(page.locator("#text-style-1 .image-frame img")).to_be_visible(timeout=LONG)
    page.locator("#text-prompts button", has_text="a red apple on a table").click()
    expect(page.locator("#text-prompt textarea")).to_have_value("a red apple on a table")
    open_drawer(page, "text")
    put(page, "text", size=128, steps=steps, **more)


def test_paint_again_stronger_download_restore(open_studio, nameless, tmp_path):
    page = open_studio(has_touch=True)
    begin(page, count=2, seed=5)
    expect(page.locator("#text-result figcaption")).to_be_hidden()  # nothing to download yet
    expect(page.locator("#text-model")).to_contain_text("published weights, because its files are on this machine")
    run(page, "text")
    expect(page.locator("#text-status")).to_contain_text("Model: StyleShot")
    assert thumbs(page, "text") == ["seed 5", "seed 6"]
    first, second = files(page, "text")
    assert first != second
    assert Image.open(io.BytesIO(first)).size == (128, 128)
    names_for_screen_readers_and_chinese(page, nameless)

    # Each picture can be had alone, byte for byte, by its seed.
    put(page, "text", seed=6, count=1)
    run(page, "text")
    assert files(page, "text") == [second]
    expect(page.locator("#text-result figcaption")).to_contain_text("seed 6")
    expect(page.locator("#text-result .thumbs")).to_be_hidden()
    put(page, "text", strength=0.5)
    run(page, "text")
    (weaker,) = files(page, "text")
    assert Image.open(io.BytesIO(weaker)).tobytes() != Image.open(io.BytesIO(second)).tobytes()

    path = download(page, "text", tmp_path)
    assert (
        re.fullmatch(r"a-red-apple-on-a-table-styleshot-.+-strength[0-9.]+-seed6\.png", path.name)
        and path.read_bytes() == weaker
    )
    record = provenance.read(path)
    assert record.settings["style_strength"] == 0.5 and record.settings["model"] == "styleshot"
    a_style_of_ones_own_and_a_second_one(page, tmp_path)
    a_phone_needs_no_sideways_scrolling(page)

    # Dropped on a page that knows nothing, and that shows another tab, it brings tab and settings back.
    other = open_studio()
    restore(other, path)
    expect(other.locator("#text-run")).to_be_visible(timeout=LONG)
    expect(other.locator("#text-prompt textarea")).to_have_value("a red apple on a table")
    assert [value(other, "text", name) for name in ("seed", "size", "strength")] == ["6", "128", "0.5"]
    open_drawer(other, "text")
    assert value(other, "text", "steps") == "3"


def names_for_screen_readers_and_chinese(page, nameless):
    assert nameless(page) == []
    pressed = page.locator("#text-result .thumbs button").evaluate_all(
        "(all) => all.map((node) => node.getAttribute('aria-pressed'))"
    )
    assert pressed == ["true", "false"]
    page.locator("#language label", has_text="中文").click()
    for place, text in (
        ("#text-run", "绘制"),
        ("#text-grid-open", "网格"),
        ("#text-strength", "风格强度"),
        ("#text-prompt", "提示词"),
        ("#text-prompts", "桌上的一个红苹果"),
        ("#text-finer", "精细调节"),
        ("#text-scheduler", "去噪方式"),
        ("#text-negative-prompt", "要避免的内容"),
        ("#text-status", "用时"),
        ("#text-model", "因为其文件已在本机"),
        ("#text-result figcaption", "种子 5"),
        ("#text-result .thumbs", "种子 6"),
    ):
        expect(page.locator(place)).to_contain_text(text)
    expect(page.locator("#text-scheduler label:has(input[value=pndm])")).to_have_attribute("title", "PNDM，论文所用")
    expect(page.locator("#text-result .thumbs [lang=en]").first).to_be_hidden()
    expect(page.locator("#text-prompt textarea")).to_have_value("a red apple on a table")
    # The place to drop a picture, too: opened before and after the switch.
    unfold(page, "#restore-part")
    expect(page.locator("#restore")).to_contain_text("将由本应用生成的图片拖到这里")
    page.locator("#language label", has_text="English").click()
    expect(page.locator("#restore")).to_contain_text("Drop a picture made here")


def a_style_of_ones_own_and_a_second_one(page, folder):
    own = folder / "own.png"
    Image.linear_gradient("L").save(own)
    page.locator("#text-add-style").click()
    upload(page, "#text-style-2", own)
    put(page, "text", **{"weight-2": 0.5})
    run(page, "text")
    record = provenance.read(download(page, "text", folder))
    assert record.settings["style_weights"] == [1, 0.5]


# What stands outside of the blocks of sliders; picture boxes whose name lies under the button that clears them.
OUTSIDE = """() => [...document.querySelectorAll(".block .min_value, .block .max_value")]
    .filter((node) => node.offsetParent && node.getBoundingClientRect().right
        > node.closest(".block").getBoundingClientRect().right + 1)
    .map((node) => `${node.closest(".block").id} ${node.textContent}`)"""
COVERED = """() => [...document.querySelectorAll(".picture")].filter((box) => {
        const name = box.querySelector("[data-testid=block-label]"), clear = box.querySelector(".icon-button-wrapper");
        return name && clear && name.offsetParent
            && name.getBoundingClientRect().right > clear.getBoundingClientRect().left;
    }).map((box) => box.id)"""


def a_phone_needs_no_sideways_scrolling(page):
    page.set_viewport_size({"width": 390, "height": 844})
    for kind in ("text", "image"):
        open_tab(page, kind)
        if not page.locator(f"#{kind}-steps").is_visible():
            open_drawer(page, kind)
        if not page.locator(f"#{kind}-style-2").is_visible():
            page.locator(f"#{kind}-add-style").click()
        expect(page.locator(f"#{kind}-style-2")).to_be_visible()
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, kind
    open_tab(page, "text")
    page.set_viewport_size({"width": 768, "height": 1024})
    page.wait_for_timeout(300)
    assert page.evaluate(OUTSIDE) == []  # as on a tablet, which is narrower than two columns
    assert page.evaluate(COVERED) == []


def begun_while_it_is_closed(page, closed):
    """Whoever comes back to the tab may press Paint at once: that begins as soon as it can, and Stop stops it."""
    page.get_by_role("tab", name="Models").click()
    open_tab(page, "text")
    expect(page.locator("#text-run")).to_be_enabled(timeout=LONG)
    page.locator("#text-run").click()
    page.wait_for_timeout(1000)
    expect(page.locator("#text-stop")).to_be_hidden()
    closed()
    expect(page.locator("#text-status")).to_contain_text(f"of {MOST}, about", timeout=LONG)
    page.wait_for_timeout(1000)
    expect(page.locator("#text-stop")).to_be_visible()
    page.locator("#text-stop").click()
    expect(page.locator("#text-status")).to_contain_text("Stopped", timeout=LONG)
    expect(page.locator("#text-run")).to_be_enabled(timeout=LONG)


def test_a_refusal_progress_previews_and_stop_and_settings_survive_a_reload(open_studio):
    page = open_studio()
    open_tab(page, "text")
    page.locator("#text-run").click()
    expect(page.locator("#text-status [role=alert]")).to_contain_text("There is no style picture.", timeout=LONG)
    expect(page.locator("#text-run")).to_be_visible()
    begin(page, steps=2)
    expect(page.locator("#text-status [role=alert]")).to_have_count(0)  # the style has come
    progress_previews_and_stop(page)
    open_studio.checked()
    settings_survive_a_reload(page, open_studio)


def progress_previews_and_stop(page):
    run(page, "text")
    (first,) = files(page, "text")
    stale = page.locator("#text-result .stale")
    expect(stale).to_be_empty()
    put(page, "text", steps=MOST, size=256, count=8)  # long enough to be stopped on any machine
    expect(stale).to_contain_text("Changed since this was painted")
    page.locator("#text-run").click()
    expect(page.locator("#text-status")).to_contain_text(f"of {MOST}, about", timeout=LONG)
    until(page, "document.querySelector('#text-result .gallery').dataset.shown >= 2", timeout=LONG)
    expect(page.locator("#text-result .gallery")).to_have_attribute("data-state", "painting")
    assert page.locator("#text-result .stage > img").get_attribute("src").startswith("data:image/jpeg")
    closed = hold_cancelling(page)
    page.locator("#text-stop").click()
    expect(page.locator("#text-status")).to_contain_text("Stopped", timeout=LONG)
    expect(page.locator("#text-run")).to_be_visible()
    begun_while_it_is_closed(page, closed)
    # Nothing is finished, so the last result is there again.
    expect(page.locator("#text-result .gallery")).to_have_attribute("data-state", "ready")
    assert files(page, "text") == [first]
    expect(page.locator("#text-result .save")).to_be_visible()
    expect(page.locator("#text-run")).to_be_enabled(timeout=LONG)  # with the last word of the stop
    page.wait_for_timeout(200)
    count = shown(page)
    page.wait_for_timeout(1000)
    assert shown(page) == count  # nothing paints on behind the page's back

    # Stopped between pictures: those that are finished stay, each with what makes it.
    put(page, "text", steps=40, size=256, seed=3)  # a busy machine's page sees one of them arrive, and seven are left
    page.locator("#text-run").click()
    expect(page.locator("#text-result .thumbs")).to_contain_text("seed 3", timeout=LONG)
    page.locator("#text-stop").click()
    expect(page.locator("#text-status")).to_contain_text("of 8 pictures are finished", timeout=LONG)
    expect(page.locator("#text-run")).to_be_visible(timeout=LONG)
    made = files(page, "text")
    assert 1 <= len(made) < 8
    record = provenance.read(io.BytesIO(made[0]))
    assert record.seed == 3 and record.settings["count"] == 1 and record.settings["steps"] == 40
    expect(stale).to_be_empty()

    # The models are free again: a grid, five strengths of one seed and the sheet of them, ends by itself.
    put(page, "text", size=128, steps=2, count=1)
    alone = [Image.open(io.BytesIO(file)) for file in paint_grid(page, "text")]
    assert page.locator("#text-grid .column").all_inner_texts() == ["0", "0.5", "1", "1.5", "2"]
    assert len({picture.tobytes() for picture in alone}) == 5
    with page.expect_download() as waiting:
        page.locator("#text-grid .whole").click()
    assert Image.open(waiting.value.path()).width > 5 * 128
    page.locator("#text-grid .cells button").nth(1).click()
    expect(page.locator("#text-grid .which")).to_contain_text("Style strength 0.5")
    assert "styleshot-0.5" in page.locator("#text-grid a.save").get_attribute("download")
    page.keyboard.press("Escape")


def settings_survive_a_reload(page, open_studio):
    put(page, "text", size=128, steps=7, strength=1.35)
    page.locator("#text-scheduler label", has_text="Quickest").click()
    page.locator("#text-prompt textarea").fill("a quiet harbour")
    seed = value(page, "text", "seed")
    page.locator("#text-seed-randomise").click()
    expect(page.locator("#text-seed input")).not_to_have_value(seed)
    seed = value(page, "text", "seed")
    page.wait_for_timeout(500)
    open_studio.forgiven += RELOAD
    page.reload(wait_until="domcontentloaded")
    open_tab(page, "text")
    expect(page.locator("#text-prompt textarea")).to_have_value("a quiet harbour")
    assert [value(page, "text", name) for name in ("seed", "size", "strength")] == [seed, "128", "1.35"]
    open_drawer(page, "text")
    assert value(page, "text", "steps") == "7"
    expect(page.locator("#text-scheduler input[value=unipc]")).to_be_checked()
    open_studio.forgiven += ["Error reading from localStorage"]
    page.evaluate("localStorage.setItem('styleshot-text', 'no such thing')")
    page.reload(wait_until="domcontentloaded")
    open_tab(page, "text")
    assert [value(page, "text", name) for name in ("prompt", "size")] == ["", "512"]


def test_words_are_composed_without_any_download(open_page, tmp_path):
    page = open_page(color_scheme="dark", has_touch=True)
    open_tab(page, "text")
    assert value(page, "text", "size") == "512"
    expect(page.locator("#text-model")).to_contain_text("Noto drawings and painted by Fast or Optimise, because")
    expect(page.locator("#text-model button")).to_contain_text("Fetch 8.95 GB")
    expect(page.locator("#text-finer")).to_be_hidden()  # nothing there means anything to it
    page.locator("#text-example-styles button").nth(9).click()
    expect(page.locator("#text-style-1 .image-frame img")).to_be_visible(timeout=LONG)
    page.locator("#text-prompt textarea").fill("a castle by the sea at sunset, an accordion player")
    put(page, "text", size=256, seed=3)
    run(page, "text")
    status = page.locator("#text-status")
    expect(status).to_contain_text("Composed from Noto drawings and painted by Fast")
    expect(status).to_contain_text("Not known here: accordion player; nearest: accordion")
    path = download(page, "text", tmp_path)
    assert re.search("composer-.+-seed3", path.name) and Image.open(path).size == (256, 256)
    assert provenance.read(path).settings["model"] == "composer"
    assert len(paint_grid(page, "text")) == 5

    # In Chinese: an example prompt comes as it is shown, and the remarks as well.
    page.locator("#language label", has_text="中文").click()
    page.locator("#text-prompts button", has_text="日落时的三艘帆船").click()
    expect(page.locator("#text-prompt textarea")).to_have_value("日落时的三艘帆船")
    before = shown(page)
    page.locator("#text-run").click()
    until(
        page,
        "(before) => Number(document.querySelector('#text-result .gallery').dataset.shown) > before",
        arg=before,
        timeout=LONG,
    )
    expect(page.locator("#text-result figcaption")).to_contain_text("种子 3", timeout=LONG)
    expect(status).to_contain_text("先用 Noto 图形构图，再用“快速”绘制", timeout=LONG)
    expect(page.locator("#text-result .gallery")).to_have_attribute("data-state", "ready", timeout=LONG)
    (chinese,) = files(page, "text")
    record = provenance.read(chinese)
    assert record.settings["prompt"] == "日落时的三艘帆船" and "sailboat" in record.settings["scene"]

    # What cannot be drawn is one sentence; what was made before brings everything back.
    page.locator("#text-prompt textarea").fill("qxq")
    page.locator("#text-run").click()
    expect(page.locator("#text-status [role=alert]")).to_contain_text("构图器不认识这是什么：qxq", timeout=LONG)
    page.locator("#language label", has_text="English").click()
    restore(page, path)
    expect(page.locator("#text-prompt textarea")).to_have_value("a castle by the sea at sunset, an accordion player")
    expect(page.locator("#text-model-choice input[value=composer]")).to_be_checked()
    if has_small():
        put(page, "text", size=512)  # a composer's own
        the_small_model_paints_where_it_is_asked_for(page)
    missing_weights_are_told_with_their_size_and_licence(page)
    a_phone_needs_no_sideways_scrolling(page)


def the_small_model_paints_where_it_is_asked_for(page):
    page.locator("#text-model-choice label", has_text="Small").click()
    expect(page.locator("#text-model")).to_contain_text("as chosen")
    expect(page.locator("#text-size input[type=number]")).to_have_value("256")  # what it was trained for
    begin(page, steps=2)
    run(page, "text")
    expect(page.locator("#text-status")).to_contain_text("Model: the small built-in StyleShot")
    assert re.fullmatch(
        r"a-red-apple-on-a-table-small-.+-strength[0-9.]+-seed3\.png",
        page.locator("#text-result .save").get_attribute("download"),
    )
    # A size that a person has set stays; another model brings its own in place of the last one's.
    assert value(page, "text", "size") == "128"
    put(page, "text", size=256)
    page.locator("#text-model-choice label", has_text="StyleShot").first.click()
    expect(page.locator("#text-size input[type=number]")).to_have_value("512", timeout=LONG)


def missing_weights_are_told_with_their_size_and_licence(page):
    for kind in ("text", "image"):
        open_tab(page, kind)
        ask_for_the_published(page, kind)
        line = page.locator(f"#{kind}-model")
        for words in (
            "not on this machine",
            "StyleShot, contour",
            "6.79 GB",
            "CreativeML OpenRAIL-M",
            "nothing is ever downloaded",
        ):
            expect(line).to_contain_text(words)
        expect(line.locator("button")).to_contain_text("Fetch 8.95 GB")
        for button in ("run", "grid-open"):
            expect(page.locator(f"#{kind}-{button}")).to_be_disabled()
    page.locator("#image-preprocessor label", has_text="Drawn lines").click()
    expect(page.locator("#image-model")).to_contain_text("StyleShot, drawn lines")
    expect(page.locator("#image-model")).not_to_contain_text("StyleShot, contour")

    # Without a network that is said at once, and can be tried again. That a disk has no room for it is told first, as
    # models/test_fetch.py holds: which of the two is right here depends on the machine.
    room = shutil.disk_usage(tempfile.gettempdir()).free > 9.1e9
    clicked = time.monotonic()
    page.locator("#image-model button").click()
    expect(page.locator("#image-fetch-status [role=alert]")).to_contain_text(
        "cannot be reached" if room else "have to fit on the disk"
    )
    assert time.monotonic() - clicked < 10  # three seconds of its own, on a busy machine
    expect(page.locator("#image-model button")).to_be_visible()
    expect(page.locator("#image-fetch-stop")).to_be_hidden()
