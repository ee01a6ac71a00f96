"""Grids in a real browser: rows and columns arrive with their labels, can be stopped, looked at, used, and saved."""

import io
import json
import re
from pathlib import Path

import pytest
from PIL import Image

expect = pytest.importorskip("playwright.sync_api").expect

from browser.conftest import app, opener  # noqa: E402
from browser.steps import LONG, click_twice, hold_joining, open_tab, put, unfold, upload  # noqa: E402

from styleshot_demo import provenance  # noqa: E402

RELOAD = ["AbortError", "errored out", "Failed to fetch"]  # what Gradio says of a connection that a reload cuts off


def sources(panel):
    return panel.cells.locator("img").evaluate_all("(all) => all.map((image) => image.src)")


class Panel:
    """The panel of a tab."""

    def __init__(self, page, kind="classical"):
        self.page, self.kind = page, kind
        self.box = page.locator(f"#{kind}-grid .grid")
        self.cells = self.box.locator(".cells button")
        self.done = self.box.locator(".cells button:not([disabled])")
        self.news, self.count = self.box.locator(".news"), self.box.locator(".count")

    def open(self):
        self.page.locator(f"#{self.kind}-grid-open").click()
        expect(self.box).to_be_visible()
        return self

    def choose(self, side, name, values=None):
        axis = self.box.locator(f"[data-side={side}]")
        axis.locator("select").select_option(name)
        field = axis.locator("input")
        if name and field.is_visible():
            expect(field).not_to_have_value("", timeout=LONG)  # the usual ones
            if values is not None:
                field.fill(values)
        elif values is not None:
            for chip in axis.locator(".chips button").all():
                if chip.get_attribute("value") not in values.split(", "):
                    chip.click()

    def paint(self, count):
        self.box.locator(".paint").click()
        expect(self.done).to_have_count(count, timeout=LONG)
        expect(self.box.locator(".paint")).to_be_visible(timeout=LONG)

    def labels(self, css):
        return [one.inner_text() for one in self.box.locator(f".{css}").all()]

    def sheet(self):
        with self.page.expect_download() as waiting:
            self.box.locator(".whole").click()
        return Path(waiting.value.path()).read_bytes(), waiting.value.suggested_filename


def begin(page, photo, size=256):
    """The classical tab with a photo, a style and a small size."""
    upload(page, "#content", photo)
    page.locator("#example-styles button").nth(5).click()
    expect(page.locator("#style-1 .image-frame img")).to_be_visible(timeout=LONG)
    page.locator("#size input[type=number]").first.fill(str(size))
    page.keyboard.press("Tab")


def test_a_grid_is_painted_saved_and_after_a_reload_there_again_to_be_looked_at_and_used(open_page, photo, nameless):
    page = open_page()
    begin(page, photo)
    panel = Panel(page).open()
    # What it offers at first is the strength, in one row.
    expect(panel.count).to_contain_text("Pictures: 4", timeout=LONG)
    panel.choose("rows", "method", "fast, colour")
    panel.choose("columns", "strength", "0.2, 0.5, 1")
    expect(panel.count).to_contain_text("Pictures: 6")
    panel.paint(6)
    expect(panel.news).to_contain_text("All pictures are painted: 6.")
    assert panel.labels("row") == ["Fast", "Colour"] and panel.labels("column") == ["0.2", "0.5", "1"]
    sources = panel.cells.locator("img").evaluate_all("(all) => all.map((image) => image.src)")
    pictures = [page.request.get(source).body() for source in sources]
    told = [provenance.read(picture).settings for picture in pictures]
    assert [(one["method"], one["strength"]) for one in told] == [
        (method, strength) for method in ("fast", "colour") for strength in (0.2, 0.5, 1.0)
    ]
    assert len({Image.open(io.BytesIO(picture)).tobytes() for picture in pictures}) == 6

    data, name = panel.sheet()
    sheet = Image.open(io.BytesIO(data))
    assert name == "my-photo-grid-method-strength.png"
    assert 3 * 256 < sheet.width < 3 * 256 + 200 and 2 * 171 < sheet.height < 2 * 171 + 120
    assert provenance.read(data).settings["grid"] == "method=fast,colour x strength=0.2,0.5,1"
    open_page.checked()
    open_page.forgiven += RELOAD
    it_is_there_again_after_a_reload(page, panel)

    panel.cells.nth(4).click()
    dialog = panel.box.locator("dialog")
    expect(dialog.locator(".which")).to_contain_text("Method Colour · Strength 0.5")
    assert nameless(page) == []
    dialog.locator(".use").click()
    expect(page.locator("#method input[value=colour]")).to_be_checked(timeout=LONG)
    expect(page.locator("#classical-strength input[type=number]")).to_have_value("0.5")
    expect(panel.news).to_contain_text("as they were for that picture")
    # Another visitor sees nothing of it, whatever their browser says.
    told = "JSON.stringify({ token: '0'.repeat(32), open: true })"
    other = open_page(script=f"sessionStorage.setItem('styleshot-classical-grid', {told})")
    expect(other.locator("#classical-grid-open")).to_be_visible(timeout=LONG)
    other.wait_for_timeout(1500)
    expect(Panel(other).cells).to_have_count(0)


def it_is_there_again_after_a_reload(page, panel):
    before = sources(panel)
    page.reload(wait_until="domcontentloaded")
    expect(panel.done).to_have_count(6, timeout=LONG)
    expect(panel.box).to_be_visible()
    assert sources(panel) == before
    assert panel.labels("row") == ["Fast", "Colour"] and panel.labels("column") == ["0.2", "0.5", "1"]
    # What was asked for stands there too, to be changed and painted again.
    assert [panel.box.locator(f"[data-side={side}] select").input_value() for side in ("rows", "columns")] == [
        "method", "strength"
    ]  # fmt: skip
    expect(panel.box.locator("[data-side=columns] input")).to_have_value("0.2, 0.5, 1")
    expect(panel.box.locator("[data-side=rows] .chips [aria-pressed=true]")).to_have_count(2)
    expect(panel.count).to_contain_text("Pictures: 6")
    # And the cells are not only seen.
    data, name = panel.sheet()
    assert name == "my-photo-grid-method-strength.png"
    assert provenance.read(data).settings["grid"] == "method=fast,colour x strength=0.2,0.5,1"


def test_a_grid_is_there_again_after_a_restart_of_the_server_for_its_visitor_alone(
    browser, open_page, folders, tmp_path_factory, photo
):
    page = open_page()
    begin(page, photo)
    of_others = set(folders["history"].rglob("*.png"))
    panel = Panel(page).open()
    panel.choose("columns", "method", "fast, colour")
    panel.paint(2)
    kept = page.evaluate("sessionStorage.getItem('styleshot-classical-grid')")
    state = page.context.storage_state()
    before = [page.request.get(source).body() for source in sources(panel)]
    own = set(folders["history"].rglob("*.png")) - of_others
    assert own
    # Another process finds in the folder what the first one has left there.
    with (
        app(tmp_path_factory, folders["models"], STYLESHOT_HISTORY=str(folders["history"])) as url,
        opener(browser, url) as open_it,
    ):
        for known, count in ((None, 0), (state, 2)):
            told = f"sessionStorage.setItem('styleshot-classical-grid', {json.dumps(kept)})"
            page = open_it(script=told, storage_state=known)
            panel = Panel(page)
            expect(page.locator("#classical-grid-open")).to_be_visible(timeout=LONG)
            page.wait_for_timeout(1500)
            expect(panel.done).to_have_count(count, timeout=LONG)
        assert [page.request.get(source).body() for source in sources(panel)] == before
        assert panel.labels("column") == ["Fast", "Colour"]
        panel.cells.nth(1).click()
        panel.box.locator("dialog .use").click()
        expect(page.locator("#method input[value=colour]")).to_be_checked(timeout=LONG)
        for slot in ("#content", "#style-1"):
            expect(page.locator(f"{slot} .image-frame img")).to_be_visible(timeout=LONG)
        expect(page.locator("#content .image-frame img")).to_have_js_property("naturalWidth", 300)
        page.locator("#history-open").click()
        box = page.locator("dialog.history")
        expect(box.locator(".clear")).to_be_visible(timeout=LONG)
        expect(box.locator(".search")).to_be_hidden()
        box.locator(".clear").click()
        expect(box.locator(".bar")).to_be_hidden(timeout=LONG)
    assert not [path for path in own if path.exists()]


def test_a_grid_is_stopped_styles_are_mixed_and_other_tabs_have_it_too(open_page, photo):
    page = open_page()
    begin(page, photo)
    stop_keeps_what_is_done_and_another_grid_can_begin(page)
    two_styles_are_mixed_and_the_weights_come_back(page)
    other_tabs_have_it_too(page, photo)


def two_styles_are_mixed_and_the_weights_come_back(page):
    page.locator("#add-style").click()
    page.locator("#example-styles button").nth(3).click()
    expect(page.locator("#style-2 .image-frame img")).to_be_visible(timeout=LONG)
    panel = Panel(page)
    panel.choose("columns", "mix", "3")
    expect(panel.count).to_contain_text("Pictures: 3")
    panel.paint(3)
    assert panel.labels("column") == ["100 : 0", "50 : 50", "0 : 100"]
    panel.cells.nth(2).click()
    panel.box.locator("dialog .use").click()
    expect(page.locator("#weight-1 input[type=number]")).to_have_value("0", timeout=LONG)
    expect(page.locator("#weight-2 input[type=number]")).to_have_value("1")
    # One style after the other: each comes into the first box by itself.
    panel.choose("columns", "style")
    panel.paint(2)
    assert panel.labels("column") == ["Batik", "Woodcut"]
    panel.cells.nth(1).click()
    panel.box.locator("dialog .use").click()
    expect(page.locator("#style-2")).to_be_hidden(timeout=LONG)
    expect(page.locator("#style-1 .image-frame img")).to_have_attribute("src", re.compile(r"woodcut\.png$"))


def stop_keeps_what_is_done_and_another_grid_can_begin(page):
    page.locator("#method label", has_text="Optimise").click()
    unfold(page, "#finer")
    page.locator("#steps input[type=number]").fill("5000")  # so that none is finished when it is stopped
    page.keyboard.press("Tab")
    panel = Panel(page).open()
    panel.choose("columns", "seed", ", ".join(map(str, range(12))))
    panel.choose("rows", "")
    # Before the page knows what it has begun: it is stopped all the same, or the next grid would wait for it.
    let_it_hear = hold_joining(page)
    panel.box.locator(".paint").click()
    panel.box.locator(".halt").press("Enter")
    expect(panel.news).to_have_text("Stopping", use_inner_text=True)
    let_it_hear()
    expect(panel.news).to_have_text("Stopped. No picture is finished.", use_inner_text=True)
    expect(panel.box.locator(".paint")).to_be_enabled(timeout=LONG)
    expect(panel.done).to_have_count(0)

    page.locator("#method label", has_text="Fast").click()
    panel.choose("rows", "strength", "0.3, 0.6, 0.9, 1")
    click_twice(page, panel.box.locator(".paint"))
    expect(panel.done.nth(1)).to_be_visible(timeout=LONG)
    panel.box.locator(".halt").click()
    expect(panel.news).to_contain_text("of 48 pictures are finished.")
    kept = panel.done.count()
    assert 2 <= kept < 48
    page.wait_for_timeout(1500)
    assert panel.done.count() == kept and panel.cells.count() == 48
    data, _ = panel.sheet()
    assert Image.open(io.BytesIO(data)).width > 12 * 150
    expect(panel.box.locator(".paint")).to_be_enabled(timeout=LONG)
    panel.choose("rows", "")
    panel.choose("columns", "strength", "0.5")
    panel.paint(1)


def test_what_cannot_be_is_told_in_chinese_and_the_sheet_speaks_it(open_page, photo):
    page = open_page(locale="zh-CN", viewport={"width": 390, "height": 844})
    begin(page, photo)
    panel = Panel(page).open()
    assert "强度" in panel.box.locator("[data-side=columns] select option:checked").inner_text()
    panel.choose("columns", "strength", "0.5, 7")
    panel.box.locator(".paint").click()
    expect(panel.news.locator("[role=alert]")).to_contain_text("强度为 7，必须在 0 到 1 之间。", timeout=LONG)
    refusals_go_with_what_they_complain_of(page, panel)
    panel.choose("columns", "seed", ", ".join(map(str, range(65))))
    expect(panel.count).to_contain_text("65 张图片，最多 64 张")
    expect(panel.box.locator(".paint")).to_be_disabled()
    panel.choose("rows", "method", "fast, colour")
    panel.choose("columns", "")
    panel.paint(2)
    assert panel.labels("row") == ["快速", "色彩"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    chinese, _ = panel.sheet()
    page.locator("#language label", has_text="English").click()
    expect(panel.box.locator(".row").first).to_have_text("Fast", use_inner_text=True)
    english, _ = panel.sheet()
    assert chinese != english


def refusals_go_with_what_they_complain_of(page, panel):
    refusal, values = panel.news.locator("[role=alert]"), panel.box.locator("[data-side=columns] input")
    values.fill("0.5, 8")
    expect(refusal).to_be_visible()
    page.locator("#classical-strength input[type=number]").fill("0.6")  # which was never wrong
    expect(refusal).to_be_visible()
    values.fill("0.5, 0.8")
    expect(refusal).to_have_count(0)
    panel.choose("rows", "strength", "0.2")
    panel.box.locator(".paint").click()
    expect(refusal).to_contain_text("行与列都是强度", timeout=LONG)
    panel.choose("rows", "")
    expect(refusal).to_have_count(0)
    # A mixture needs a second style: that is on the tab.
    panel.choose("columns", "mix", "3")
    panel.box.locator(".paint").click()
    expect(refusal).to_contain_text("这里有 1 种风格", timeout=LONG)
    page.locator("#add-style").click()
    page.locator("#example-styles button").nth(3).click()
    expect(refusal).to_have_count(0, timeout=LONG)


def other_tabs_have_it_too(page, photo):
    open_tab(page, "image")
    upload(page, "#image-content", photo)
    page.locator("#image-example-styles button").nth(5).click()
    expect(page.locator("#image-style-1 .image-frame img")).to_be_visible(timeout=LONG)
    put(page, "image", size=128)
    panel = Panel(page, "image").open()
    panel.choose("rows", "content_strength", "0.5, 1.5")
    panel.choose("columns", "style_strength", "0.5, 1")
    panel.paint(4)
    panel.cells.nth(2).click()
    panel.box.locator("dialog .use").click()
    expect(page.locator("#image-content-strength input[type=number]")).to_have_value("1.5", timeout=LONG)
    expect(page.locator("#image-strength input[type=number]")).to_have_value("0.5")
