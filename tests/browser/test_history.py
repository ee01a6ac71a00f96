"""The history on the page: kept over reloads and restarts, for one browser alone; compared, used, deleted, saved."""

import io
import re
import zipfile
from urllib.parse import urljoin

import pytest
from PIL import Image

expect = pytest.importorskip("playwright.sync_api").expect

from browser.conftest import app, opener, ready  # noqa: E402
from browser.steps import LONG, carry, open_tab, repaint, run, unfold, until, upload  # noqa: E402

from styleshot_demo import provenance  # noqa: E402

RELOAD = ["AbortError", "errored out", "Failed to fetch"]  # what Gradio says of a connection that a reload cuts off


@pytest.fixture
def open_history(browser, address):
    with opener(browser, address) as open_it:
        open_it.forgiven.extend(RELOAD)
        yield open_it


class Window:
    """The window of the history."""

    def __init__(self, page):
        self.page, self.box = page, page.locator("dialog.history")
        self.thumbs, self.answer = self.box.locator(".grid button"), self.box.locator(".answer")

    def open(self, count):
        self.page.locator("#history-open").click()
        expect(self.thumbs).to_have_count(count, timeout=LONG)
        return self

    def choose(self, number):
        self.thumbs.nth(number).click()
        expect(self.box.locator("dl dt")).not_to_have_count(0, timeout=LONG)
        return self

    def press(self, name):
        self.box.locator(f"button.{name}").click()

    def says(self, text):
        expect(self.answer.locator("[lang=en]").first).to_contain_text(text, timeout=LONG)

    def close(self):
        self.press("close")
        expect(self.box).to_be_hidden()


def paint(page, photo):
    """The photo in the first example style; as a run, not as what follows a slider."""
    if not page.locator("#content .image-frame img").is_visible():
        # At first, so that nothing of another size follows the pictures.
        page.locator("#size input[type=number]").fill("256")
        page.keyboard.press("Tab")
        upload(page, "#content", photo)
        page.locator("#example-styles button").first.click()
        expect(page.locator("#style-1 .image-frame img")).to_be_visible(timeout=LONG)
    repaint(page)


def seed(page, number):
    if not page.locator("#seed").is_visible():
        unfold(page, "#finer")
    page.locator("#seed input").fill(str(number))
    page.keyboard.press("Tab")


def painted(page, photo, *seeds):
    for number in seeds:
        seed(page, number)
        paint(page, photo)


def notice(page):
    return page.locator("#drops .told [lang=en]").first


def test_results_are_kept_over_a_reload_and_a_restart_and_for_one_browser_alone(
    browser, open_history, address, folders, tmp_path_factory, photo
):
    page = open_history()
    window = Window(page).open(0)
    expect(window.box.locator(".nothing")).to_be_visible()
    window.close()
    painted(page, photo, 7)
    window.open(1)
    source = window.thumbs.locator("img").get_attribute("src")
    assert Image.open(io.BytesIO(page.request.get(urljoin(address, source)).body())).format == "JPEG"
    page.reload()
    ready(page)
    Window(page).open(1)
    other = open_history()
    Window(other).open(0)
    # Not even somebody who knows the address.
    assert other.request.get(urljoin(address, source)).status == 404
    assert other.request.get(urljoin(address, "/history/all.zip")).status == 404
    state = page.context.storage_state()
    [cookie] = [one for one in state["cookies"] if one["name"] == "styleshot-visitor"]
    assert cookie["httpOnly"] and cookie["sameSite"] == "Lax"
    assert cookie["value"] not in str([path for path in folders["history"].rglob("*")])
    # Another process finds in the folder what the first one, which knows nothing of it, has left there.
    with (
        app(tmp_path_factory, folders["models"], STYLESHOT_HISTORY=str(folders["history"])) as url,
        opener(browser, url) as open_it,
    ):
        page = open_it(storage_state=state)
        window = Window(page).open(1).choose(0)
        expect(window.box.locator("h3 [lang=en]")).to_contain_text("Fast · seed 7")


def test_results_are_compared_found_used_starred_saved_and_deleted(open_history, photo, nameless, tmp_path):
    page = open_history()
    painted(page, photo, 1, 2)
    two_results_are_compared_and_the_settings_of_one_come_back(page)
    search_favourites_delete_undo_clear_and_the_zip(page, tmp_path)
    page.get_by_role("tab", name="Classical").click()
    what_follows_a_slider_takes_the_place_of_what_followed_it_before(page)
    the_window_fits_and_everything_in_it_has_a_name(page, nameless)


def two_results_are_compared_and_the_settings_of_one_come_back(page):
    window = Window(page).open(2).choose(1)
    figure = window.box.locator(".compare")
    expect(figure.locator("input")).to_be_hidden()
    facts = dict(
        zip(*(window.box.locator(f"dl {tag} [lang=en]").all_inner_texts() for tag in ("dt", "dd")), strict=True)
    )
    assert (facts["Method"], facts["Seed"], facts["Tab"]) == ("Fast", "1", "Classical")
    window.press("beside")
    window.says("Choose below")
    window.thumbs.nth(0).click()
    before, after = (figure.locator(f"img.{name}").get_attribute("src") for name in ("before", "after"))
    assert before != after
    expect(figure.locator(".tag.first [lang=en]")).to_have_text("Fast · seed 2")
    expect(figure.locator(".tag.last [lang=en]")).to_have_text("Fast · seed 1")
    figure.locator("input").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert figure.locator(".box").evaluate("(box) => box.style.getPropertyValue('--at')") == "55%"
    window.press("use")
    expect(window.box).to_be_hidden(timeout=LONG)
    expect(notice(page)).to_contain_text("as they were", timeout=LONG)
    expect(page.locator("#seed input")).to_have_value("1")


def search_favourites_delete_undo_clear_and_the_zip(page, tmp_path):
    open_tab(page, "text")
    page.locator("#text-example-styles button").first.click()
    expect(page.locator("#text-style-1 .image-frame img")).to_be_visible(timeout=LONG)
    page.locator("#text-prompt textarea").fill("a red apple")
    page.locator("#text-size input[type=number]").fill("256")
    page.keyboard.press("Tab")
    run(page, "text")
    window = Window(page).open(3)
    window.box.locator("[type=search]").fill("ＡＰＰＬＥ")
    expect(window.thumbs).to_have_count(1)
    window.box.locator("[type=search]").fill("no such thing")
    expect(window.box.locator(".none")).to_be_visible()
    window.box.locator("[type=search]").fill("")
    window.choose(2).press("star")
    expect(window.box.locator(".grid .starred")).to_have_count(1, timeout=LONG)
    window.press("stars")
    expect(window.thumbs).to_have_count(1)
    window.press("stars")

    with page.expect_download() as waiting:
        window.box.locator("a.all").click()
    file = tmp_path / "all.zip"
    waiting.value.save_as(file)
    with zipfile.ZipFile(file) as opened:
        names = opened.namelist()
        assert len(set(names)) == 3 and opened.testzip() is None
        seeds = [provenance.read(opened.read(name)).seed for name in names if "my" in name]
        assert sorted(seeds) == [1, 2]
    with page.expect_download() as waiting:
        window.box.locator("a.save").click()
    assert waiting.value.suggested_filename.endswith("-strength1-seed1.png")

    window.press("delete")
    window.says("The result is deleted")
    expect(window.thumbs).to_have_count(2)
    expect(window.box.locator(".look")).to_be_hidden()
    page.keyboard.press("Enter")  # the focus is on Undo
    window.says("It is back")
    expect(window.thumbs).to_have_count(3)
    expect(window.box.locator(".grid .starred")).to_have_count(1)
    window.press("clear")
    window.says("The history is empty")
    expect(window.box.locator(".nothing")).to_be_visible()
    window.press("undo")
    expect(window.thumbs).to_have_count(3)
    window.press("clear")
    window.says("The history is empty")
    window.close()


def what_follows_a_slider_takes_the_place_of_what_followed_it_before(page):
    repaint(page)
    for strength in ("0.8", "0.5", "0.3"):
        before = page.evaluate("Number(document.querySelector('#classical-result .compare').dataset.shown)")
        page.locator("#classical-strength input[type=number]").fill(strength)
        page.keyboard.press("Tab")
        until(
            page,
            "(before) => Number(document.querySelector('#classical-result .compare').dataset.shown) > before",
            arg=before,
        )
    window = Window(page).open(2).choose(0)
    expect(window.box.locator("dl")).to_contain_text("0.3", timeout=LONG)
    window.close()


def the_window_fits_and_everything_in_it_has_a_name(page, nameless):
    for width, language, scheme in ((390, "en", "dark"), (390, "zh", "light"), (1280, "zh", "dark")):
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(color_scheme=scheme)
        page.locator(f"#language input[value={language}]").check()
        window = Window(page).open(2).choose(0)
        assert nameless(page) == [], (width, language, scheme)
        for place in ("html", "dialog.history"):
            assert page.locator(place).evaluate("(one) => one.scrollWidth <= one.clientWidth"), (width, language, place)
        spoken, other = ("zh-CN", "en") if language == "zh" else ("en", "zh-CN")
        expect(window.box.locator(f"button.use [lang={spoken}]")).to_be_visible()
        expect(window.box.locator(f"button.use [lang={other}]")).to_be_hidden()
        page.keyboard.press("Escape")
        expect(window.box).to_be_hidden()


def test_again_paints_at_once_with_another_seed_where_the_pictures_lie_there(open_history, photo):
    page = open_history()
    painted(page, photo, 5)
    page.get_by_role("tab", name="Text-driven").click()
    Window(page).open(1).choose(0).press("again")
    expect(page.locator("#classical-status")).to_be_visible(timeout=LONG)
    expect(page.locator("#seed input")).not_to_have_value("5", timeout=LONG)
    window = Window(page).open(2)
    titles = [window.thumbs.nth(number).get_attribute("data-en") for number in (0, 1)]
    assert "seed 5" not in titles[0] and "seed 5" in titles[1]
    window.close()
    page.evaluate("sessionStorage.clear()")
    page.context.new_page().goto(page.url)
    second = page.context.pages[1]
    ready(second)
    window = Window(second).open(2).choose(1)
    window.press("again")
    expect(notice(second)).to_contain_text("Choose the pictures again", timeout=LONG)
    keys_lead_through_results_and_beside_the_photo(page)
    a_result_is_dragged_onto_a_box_as_the_file_that_it_is(page)


def keys_lead_through_results_and_beside_the_photo(page):
    frame = page.locator("#classical-result .compare .box")
    page.locator("#classical-run").focus()
    for at in ("100%", "22%"):
        page.keyboard.press("Shift+ArrowDown")
        assert frame.evaluate("(box) => box.style.getPropertyValue('--at')") == at
    page.locator("#seed input").focus()  # where something is typed, keys mark what is typed
    page.keyboard.press("Shift+ArrowRight")
    window = Window(page)
    expect(window.box).to_be_hidden()
    page.locator("#classical-run").focus()
    page.keyboard.press("Shift+ArrowRight")
    for key, number in (("", 1), ("Shift+ArrowLeft", 0), ("Shift+ArrowRight", 1)):  # it was at the second one already
        page.keyboard.press(key) if key else None
        expect(window.thumbs.nth(number)).to_have_attribute("aria-pressed", "true", timeout=LONG)
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowRight")
    expect(window.box.locator(".compare .tag.last")).to_contain_text("seed 5")
    expect(window.box.locator(".compare input")).to_be_visible()
    page.keyboard.press("Escape")
    assert page.locator("#classical-run").get_attribute("aria-keyshortcuts") == "Control+Enter"


def a_result_is_dragged_onto_a_box_as_the_file_that_it_is(page):
    def lies_there(place):
        picture = page.locator(f"{place} .image-frame img")
        expect(picture).to_have_attribute("src", re.compile("seed"), timeout=LONG)
        return provenance.read(page.request.get(picture.get_attribute("src")).body()).seed

    window = Window(page).open(2)
    carry(page, window.thumbs.nth(1).locator("img"), "#content")
    expect(window.box).to_be_hidden()
    assert lies_there("#content") == 5
    assert int(page.locator("#seed input").input_value()) != 5
    carry(page, page.locator("#classical-result .carry"), "#style-1")
    assert lies_there("#style-1") == int(page.locator("#seed input").input_value())
