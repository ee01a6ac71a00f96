"""Many pictures in a real browser: chosen or dropped, painted alike as they arrive, stopped, and saved as one file."""

import csv
import io
import re
import zipfile
from pathlib import Path

import pytest
from PIL import Image

expect = pytest.importorskip("playwright.sync_api").expect

from browser.steps import LONG, click_twice, drop, hold_joining, open_tab, put, unfold  # noqa: E402

from styleshot_demo import provenance  # noqa: E402


@pytest.fixture
def shop(tmp_path):
    """A folder of product photos, one of them broken, two of one name in another kind of file."""
    folder = tmp_path / "shop"
    (folder / "plates").mkdir(parents=True)
    names = ("cup.jpg", "cup.png", "茶壶 1.jpg", "plates/blue.jpg")
    for turn, name in enumerate(names):
        bands = [Image.linear_gradient("L").rotate(90 * (turn + n)).resize((120, 80)) for n in range(3)]
        Image.merge("RGB", bands).save(folder / name)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff and no more")
    (folder / "notes.txt").write_text("no picture")
    (folder / ".hidden.jpg").write_bytes(b"")
    return folder


RELOAD = ["AbortError", "errored out", "Failed to fetch"]  # what Gradio says of a connection that a reload cuts off


class Fold:
    """The fold of a tab."""

    def __init__(self, page, kind="classical"):
        self.page, self.kind = page, kind
        self.box = page.locator(f"#{kind}-many details.series")
        self.tiles, self.failed = self.box.locator(".made button"), self.box.locator(".failed li")
        self.count, self.news, self.left = (self.box.locator(part) for part in (".count", ".news", ".left"))
        self.paint, self.halt = self.box.locator(".paint"), self.box.locator(".halt")

    def open(self):
        self.page.locator(f'.many-open[data-kind="{self.kind}"]').click()
        expect(self.box).to_have_attribute("open", "")
        return self

    def take(self, paths, folder=False):
        self.box.locator(".folders" if folder else ".files").set_input_files(paths)
        expect(self.paint).to_be_enabled(timeout=LONG)

    def names(self):
        return [one.get_attribute("data-name") for one in self.tiles.all()]

    def archive(self):
        with self.page.expect_download() as waiting:
            self.box.locator(".pack").click()
        data = Path(waiting.value.path()).read_bytes()
        packed = zipfile.ZipFile(io.BytesIO(data))
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}, waiting.value.suggested_filename


def style(page, prefix=""):
    page.locator(f"#{prefix}example-styles button").nth(5).click()
    expect(page.locator(f"#{prefix}style-1 .image-frame img")).to_be_visible(timeout=LONG)


def small(page, size=256):
    page.locator("#size input[type=number]").first.fill(str(size))
    page.keyboard.press("Tab")


def test_a_folder_is_painted_as_it_arrives_and_comes_back_in_one_file_on_two_tabs(open_page, shop, nameless):
    page = open_page()
    a_folder_is_painted_as_it_arrives_and_comes_back_in_one_file(page, shop, nameless)
    the_image_driven_tab_has_it_too(page, shop)


def a_folder_is_painted_as_it_arrives_and_comes_back_in_one_file(page, shop, nameless):
    style(page)
    small(page)
    page.locator("#method label", has_text="Colour").click()
    fold = Fold(page).open()
    expect(fold.paint).to_be_disabled()
    fold.take(shop, folder=True)
    expect(fold.count).to_have_text("Pictures chosen: 5", use_inner_text=True)
    fold.paint.click()
    expect(fold.news).to_contain_text("4 of 5 pictures are painted.", timeout=LONG)
    expect(fold.paint).to_be_visible(timeout=LONG)
    assert sorted(fold.names()) == ["cup.jpg.png", "cup.png.png", "plates/blue.png", "茶壶 1.png"]
    expect(fold.failed).to_have_count(1)
    expect(fold.failed).to_contain_text("broken.jpg")
    assert re.search(r"broken\.jpg .*\.$", fold.failed.inner_text())
    assert nameless(page) == []

    files, name = fold.archive()
    assert name == "pictures-batik.zip"
    assert set(files) == {"cup.jpg.png", "cup.png.png", "plates/blue.png", "茶壶 1.png", "report.csv"}
    record = provenance.read(files["茶壶 1.png"])
    assert record.settings["method"] == "colour" and record.inputs["content"] == "茶壶 1.jpg"
    rows = {row["file"]: row for row in csv.DictReader(io.StringIO(files["report.csv"].decode("utf-8-sig")))}
    assert {name: row["status"] for name, row in rows.items()} == {
        "cup.jpg": "painted", "cup.png": "painted", "plates/blue.jpg": "painted", "茶壶 1.jpg": "painted",
        "broken.jpg": "failed",
    }  # fmt: skip

    fold.tiles.nth(fold.names().index("茶壶 1.png")).click()
    dialog = fold.box.locator("dialog")
    expect(dialog.locator(".which")).to_have_text("茶壶 1.png")
    with page.expect_download() as waiting:
        dialog.locator(".save").click()
    assert Path(waiting.value.path()).read_bytes() == files["茶壶 1.png"]
    dialog.locator(".end").click()
    # The tab itself shows nothing of it: its own result is another.
    expect(page.locator("#classical-result .compare")).to_have_attribute("data-state", "empty")


def test_stop_keeps_what_is_done_and_the_next_press_goes_on_with_the_others(open_page, shop):
    page = open_page()
    style(page)
    small(page)
    page.locator("#method label", has_text="Optimise").click()
    unfold(page, "#finer")
    page.locator("#steps input[type=number]").fill("12")
    fold = Fold(page).open()
    fold.take([shop / name for name in ("cup.jpg", "cup.png", "茶壶 1.jpg", "plates/blue.jpg")])
    fold.box.locator("select").select_option("jpg")
    let_it_hear = hold_joining(page)
    fold.paint.click()
    fold.halt.press("Enter")  # before the page knows what it has begun
    expect(fold.news).to_have_text("Stopping", use_inner_text=True)
    let_it_hear()
    expect(fold.news).to_contain_text("Stopped. 0 of 4 pictures are finished")
    expect(fold.paint).to_be_enabled(timeout=LONG)
    click_twice(page, fold.paint)
    expect(fold.tiles.first).to_be_visible(timeout=LONG)
    fold.halt.click()
    expect(fold.news).to_contain_text("of 4 pictures are finished and stay")
    expect(fold.paint).to_be_enabled(timeout=LONG)
    kept = fold.names()
    page.wait_for_timeout(1500)
    assert fold.names() == kept and 1 <= len(kept) < 4
    files, _ = fold.archive()
    assert {*kept, "report.csv"} <= set(files) and kept[0].endswith(".jpg")
    assert files["report.csv"].count(b"stopped") == 4 - (len(files) - 1) > 0

    # A reload shows what is done, and which pictures were chosen, in this window alone.
    open_page.forgiven += RELOAD
    page.reload(wait_until="domcontentloaded")
    expect(fold.tiles).to_have_count(len(files) - 1, timeout=LONG)
    assert set(fold.names()) == set(files) - {"report.csv"}
    expect(fold.news).to_contain_text("of 4 pictures are finished and stay")
    expect(fold.count).to_have_text("Pictures chosen: 4", use_inner_text=True)
    expect(fold.box.locator("img").first).to_have_js_property("complete", True)
    other = open_page()
    expect(other.locator("#classical-many summary")).to_be_visible(timeout=LONG)
    assert Fold(other).tiles.count() == 0
    expect(page.locator("#style-1 .image-frame img")).to_be_visible(timeout=LONG)
    assert fold.archive()[0].keys() == files.keys()

    # The same again: what is done is not painted anew.
    fold.box.locator("select").select_option("jpg")
    fold.paint.click()
    expect(fold.tiles).to_have_count(4, timeout=2 * LONG)
    expect(fold.paint).to_be_enabled(timeout=LONG)
    again, _ = fold.archive()
    assert len(again) == 5 and all(again[name] == files[name] for name in kept)
    assert again["report.csv"].count(b"kept") == len(files) - 1

    # Other settings: nothing of it counts any more.
    page.locator("#method label", has_text="Colour").click()
    fold.paint.click()
    expect(fold.news).to_contain_text("All pictures are painted: 4.", timeout=LONG)
    last, _ = fold.archive()
    del last["report.csv"]
    assert [provenance.read(picture).settings["method"] for picture in last.values()] == ["colour"] * 4


def test_what_cannot_be_is_told_in_chinese_on_a_phone_and_dropped_pictures_are_taken(open_page, shop):
    page = open_page(locale="zh-CN", viewport={"width": 390, "height": 844})
    fold = Fold(page).open()
    drop(page, "#classical-many .place", shop / "cup.jpg", shop / "cup.png", shop / "broken.jpg")
    expect(fold.count).to_have_text("已选择 3 张图片", use_inner_text=True, timeout=LONG)
    # It has not fallen into the box of the photo.
    expect(page.locator("#content .image-frame img")).to_have_count(0)
    fold.paint.click()
    expect(fold.news.locator("[role=alert]")).to_contain_text("还没有风格图片。", timeout=LONG)
    style(page)
    expect(fold.news.locator("[role=alert]")).to_have_count(0)  # the style has come
    small(page)
    page.locator("#method label", has_text="色彩").click()
    fold.paint.click()
    expect(fold.news).to_contain_text("3 张图片中已绘制 2 张。", timeout=LONG)
    assert fold.failed.inner_text().startswith("broken.jpg")
    files, _ = fold.archive()
    assert "图片" in files["report.csv"].decode("utf-8-sig")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    fold.box.locator(".clear").click()
    expect(fold.paint).to_be_disabled()


def the_image_driven_tab_has_it_too(page, shop):
    open_tab(page, "image")
    style(page, "image-")
    put(page, "image", size=128)
    fold = Fold(page, "image").open()
    fold.take([shop / "cup.jpg", shop / "茶壶 1.jpg"])
    fold.box.locator("select").select_option("webp")
    fold.paint.click()
    expect(fold.news).to_contain_text("All pictures are painted: 2.", timeout=LONG)
    files, _ = fold.archive()
    record = provenance.read(files["cup.webp"])
    assert record.job == "image" and record.inputs["content"] == "cup.jpg"
