"""The style library on the page: kept, found again, used in another tab, handed on, deleted, brought back."""

import zipfile

import pytest
from PIL import Image

expect = pytest.importorskip("playwright.sync_api").expect

from browser.conftest import opener, ready  # noqa: E402
from browser.steps import LONG, drop, open_tab, upload  # noqa: E402

RELOAD = ["AbortError", "errored out", "Failed to fetch"]  # what Gradio says of a connection that a reload cuts off


@pytest.fixture
def folder(folders):
    return folders["library"]


@pytest.fixture
def open_library(browser, address):
    with opener(browser, address) as open_it:
        open_it.forgiven.extend(RELOAD)
        yield open_it


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    Image.radial_gradient("L").convert("RGB").save(folder / "rings.png")
    Image.linear_gradient("L").convert("RGB").save(folder / "sand.png")
    return {path.stem: path for path in folder.iterdir()}


def own(folder):
    return sorted(path.name for path in folder.glob("*.style.zip"))


class Drawer:
    """The library's drawer in one of the tabs."""

    def __init__(self, page, kind="classical"):
        self.page, self.prefix = page, "" if kind == "classical" else f"{kind}-"
        self.box = page.locator(f"#{self.prefix}library details.library")
        self.thumbs, self.answer = self.box.locator(".shelf button"), self.box.locator(".answer")

    def open(self, count):
        self.box.locator("summary").click()
        expect(self.thumbs).to_have_count(count, timeout=LONG)
        return self

    def press(self, name):
        self.box.locator(f"button.{name}").click()

    def says(self, text):
        expect(self.answer.locator("[lang=en]").first).to_contain_text(text, timeout=LONG)

    def write(self, **fields):
        for name, value in fields.items():
            self.box.locator(f"form input[name={name}]").fill(value)
        self.press("keep")

    def use(self, name):
        self.box.locator(f'.shelf button[title="{name}"]').click()
        self.says(f"{name} lies in the style boxes")

    def shown(self, number):
        return self.page.locator(f"#{self.prefix}style-{number} .image-frame img")

    def weight(self, number):
        return self.page.locator(f"#{self.prefix}weight-{number} input[type=number]")


def test_a_style_is_saved_found_after_a_reload_used_in_another_tab_deleted_and_brought_back(
    open_library, folder, pictures, tmp_path
):
    page = open_library()
    drawer = Drawer(page).open(16)
    upload(page, "#style-1", pictures["rings"])
    page.locator("#add-style").click()
    upload(page, "#style-2", pictures["sand"])
    drawer.weight(2).fill("0.5")
    page.locator("#classical-strength input[type=number]").fill("0.6")
    page.keyboard.press("Tab")
    drawer.press("save")
    what_is_sent_twice_is_kept_once(drawer, name="House style", tags="brand, cold", note="For posters")
    expect(drawer.box.locator("form")).to_be_hidden()
    assert own(folder) == ["House-style.style.zip"]

    page.reload()
    ready(page)
    open_tab(page, "image")
    drawer = Drawer(page, "image").open(17)
    expect(drawer.shown(1)).to_have_count(0)
    drawer.box.locator("[type=search]").fill("ＢＲＡＮＤ post")
    expect(drawer.thumbs).to_have_count(1)
    drawer.box.locator("[type=search]").fill("no such thing")
    expect(drawer.box.locator(".none")).to_be_visible()
    drawer.box.locator("[type=search]").fill("蜡染")
    expect(drawer.thumbs).to_have_count(1)
    drawer.box.locator("[type=search]").fill("")
    drawer.use("House style")
    for number in (1, 2):
        expect(drawer.shown(number)).to_be_visible(timeout=LONG)
    expect(drawer.weight(2)).to_have_value("0.5")
    expect(page.locator("#image-strength input[type=number]")).to_have_value("0.6")
    expect(drawer.box.locator(".picked .tags")).to_have_text("brand · cold")
    expect(drawer.box.locator('.shelf button[aria-pressed="true"]')).to_have_count(1)
    # One of a single picture takes the place of all that lay there.
    drawer.use("Batik: lotus and birds on indigo")
    expect(drawer.shown(2)).to_be_hidden()
    expect(drawer.box.locator(".picked .delete")).to_be_hidden()

    drawer.use("House style")
    drawer.press("change")
    drawer.write(name="Corporate", tags="brand")
    drawer.says("The style is called Corporate now")
    drawer.press("delete")
    drawer.says("Corporate is deleted")
    expect(drawer.thumbs).to_have_count(16)
    assert own(folder) == []
    page.keyboard.press("Enter")  # the focus is on Undo
    drawer.says("Corporate is back")
    expect(drawer.thumbs).to_have_count(17)
    (folder / own(folder)[0]).unlink()
    page.get_by_role("tab", name="Classical").click()
    many_pictures_become_a_style_that_paints_by_all_of_them_and_is_stored(page, folder, tmp_path)


def many_pictures_become_a_style_that_paints_by_all_of_them_and_is_stored(page, folder, tmp_path):
    drawer = Drawer(page).open(16)
    made = []
    for place in range(6):
        made.append(tmp_path / f"{place}.png")
        Image.linear_gradient("L").rotate(30 * place).convert("RGB").save(made[-1])
    drawer.box.locator(".import input").set_input_files(made)
    drawer.says("Give the style of these pictures a name")
    drawer.write(name="Brand")
    drawer.says("Brand is in the library")
    drawer.use("Brand")
    upload(page, "#content", made[0])
    page.locator("#classical-run").click()
    expect(page.get_by_text("pictures of the style").first).to_be_visible(timeout=LONG)
    with zipfile.ZipFile(folder / "Brand.style.zip") as held:
        assert "computed.safetensors" in held.namelist()
    pictures_are_added_to_it_and_taken_out_again(drawer, made[0], tmp_path)
    (folder / "Brand.style.zip").unlink()


def pictures_are_added_to_it_and_taken_out_again(drawer, first, folder):
    more, broken = folder / "more.png", folder / "broken.png"
    Image.radial_gradient("L").convert("RGB").save(more)
    broken.write_bytes(first.read_bytes()[:200])
    add, box = drawer.box.locator(".more input"), drawer.shown(1)
    before = box.get_attribute("src")
    add.set_input_files([more, broken])
    drawer.says("broken.png: This picture is cut off")
    expect(box).to_have_attribute("src", before)
    for number in range(1, 5):
        drawer.weight(number).fill("0.35")
        drawer.page.keyboard.press("Tab")
    add.set_input_files([more])
    drawer.says("Brand has 7 pictures now.")
    expect(box).not_to_have_attribute("src", before)  # what lies in the boxes is the style as it is now
    set_before = [drawer.weight(number).input_value() for number in range(1, 5)]
    assert set_before.count("0.35") == 2, set_before  # those that are still typical weigh what a person has set
    before = box.get_attribute("src")
    drawer.press("undo")
    drawer.says("Brand is back as it was")
    expect(box).not_to_have_attribute("src", before)
    drawer.use("Batik: lotus and birds on indigo")
    expect(drawer.box.locator(".picked .more")).to_be_hidden()  # it comes with the program


def test_what_cannot_be_kept_is_told_in_both_languages_and_styles_are_exported_and_imported(
    open_library, folder, pictures, nameless, tmp_path
):
    page = open_library(locale="zh-CN")
    drawer = Drawer(page).open(16)
    assert drawer.thumbs.first.get_attribute("title") == "厚涂油画:晚风中的柏树"
    what_cannot_be_kept_is_told_in_both_languages(drawer, folder)
    drawer.press("save")
    page.locator("#language label", has_text="English").click()
    a_style_is_exported_and_imported_by_choosing_and_by_dropping(drawer, folder, tmp_path)

    page.set_viewport_size({"width": 390, "height": 844})
    drawer.use("Batik: lotus and birds on indigo")
    drawer.press("save")
    assert nameless(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def what_is_sent_twice_is_kept_once(drawer, **fields):
    page, held = drawer.page, []
    page.route("**/run/**", lambda route: held.append(route))
    drawer.write(**fields)
    expect(drawer.box.locator("button.keep")).to_be_disabled()
    drawer.box.locator("form input[name=name]").press("Enter")
    page.wait_for_timeout(300)
    for route in held:
        route.continue_()
    page.unroute("**/run/**")
    drawer.says("is in the library")
    page.wait_for_timeout(500)  # a second answer would be shown over the first
    drawer.says("is in the library")


def what_cannot_be_kept_is_told_in_both_languages(drawer, folder):
    drawer.press("save")
    drawer.write(name="空")
    expect(drawer.answer.locator("[lang=zh-CN]")).to_contain_text("还没有风格图片。", timeout=LONG)
    drawer.says("There is no style picture. Add at least one")
    expect(drawer.answer.locator("[lang=en]")).to_be_hidden()
    expect(drawer.box.locator("form")).to_be_visible()
    assert own(folder) == []


def a_style_is_exported_and_imported_by_choosing_and_by_dropping(drawer, folder, tmp_path):
    page = drawer.page
    drawer.use("Batik: lotus and birds on indigo")
    with page.expect_download() as waiting:
        drawer.press("export")
    file = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(file)
    assert file.name == "Batik-lotus-and-birds-on-indigo.style.zip" and zipfile.is_zipfile(file)
    drawer.box.locator(".import input").set_input_files(file)
    drawer.says("Batik: lotus and birds on indigo 2 was imported")
    drop(page, "#library .shelf", file)
    drawer.says("Batik: lotus and birds on indigo 3 was imported")
    assert len(own(folder)) == 2
    hostile = tmp_path / "hostile.style.zip"
    hostile.write_bytes(file.read_bytes())
    with zipfile.ZipFile(hostile, "a") as opened:
        opened.writestr("../../evil.py", "print()")
    drawer.box.locator(".import input").set_input_files(hostile)
    drawer.says("The style file hostile.style.zip holds what a style file does not hold")
    assert len(own(folder)) == 2
    for name in own(folder):
        (folder / name).unlink()
