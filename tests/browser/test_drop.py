"""Pictures that are dropped beside a box, or pasted, are taken; the page is never lost to one."""

import re

import pytest
from PIL import Image

from styleshot_demo import provenance

expect = pytest.importorskip("playwright.sync_api").expect

from browser.steps import LONG, drop, open_tab  # noqa: E402


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A photo, two styles, something made here with settings of its own, and a text."""
    folder = tmp_path_factory.mktemp("pictures")
    for name, colour in (("photo", "teal"), ("style", "tan"), ("other", "navy"), ("third", "plum"), ("more", "gold")):
        Image.linear_gradient("L").convert("RGB").resize((90, 70)).save(folder / f"{name}.png")
        Image.blend(Image.open(folder / f"{name}.png").convert("RGB"), Image.new("RGB", (90, 70), colour), 0.6).save(
            folder / f"{name}.png"
        )
    settings = {"method": "fast", "strength": 0.35, "size": 640, "seed": 4}
    provenance.write(Image.new("RGB", (64, 64), "red"), folder / "made.png", provenance.record(settings, {}, 4))
    (folder / "notes.txt").write_text("no picture")
    return {path.stem: path for path in folder.iterdir()}


def there(page, place):
    expect(page.locator(f"{place} .image-frame img")).to_be_visible(timeout=LONG)


def source(page, place):
    return page.locator(f"{place} .image-frame img").get_attribute("src") or ""


def test_pictures_that_are_dropped_or_pasted_are_taken(open_page, pictures, tmp_path):
    page = open_page()
    nothing_but_uploads_is_taken(page, tmp_path)
    a_picture_made_here_is_asked_about(page, pictures)
    emptied(page, "#text-style-1")
    page.locator("#language label", has_text="English").click()
    page.get_by_role("tab", name="Classical").click()
    emptied(page, "#content", "#style-1")
    several_pictures_and_a_paste(page, pictures)
    page.get_by_role("tab", name="Classical").click()
    for later in (
        of_two_drops_in_quick_succession_the_later_one_finds_what_the_earlier_put_and_stays,
        a_picture_dropped_anywhere_is_taken,
    ):
        emptied(page, "#content", "#style-1", "#style-2")
        later(page, pictures)


def emptied(page, *places):
    for place in places:
        if page.locator(f"{place} .image-frame img").count():
            page.locator(f"{place} button[title]").first.click()
        expect(page.locator(f"{place} .image-frame img")).to_have_count(0)


def a_picture_dropped_anywhere_is_taken(page, pictures):
    drop(page, "#foot", pictures["photo"])  # there is no photo yet
    there(page, "#content")
    drop(page, "#masthead", pictures["style"])  # now there is one
    there(page, "#style-1")
    assert "photo.png" in source(page, "#content") and "style.png" in source(page, "#style-1")
    # On a box it is for that box, whether it is empty or not.
    drop(page, "#content img", pictures["other"])
    expect(page.locator("#content .image-frame img")).to_have_attribute("src", re.compile("other.png"), timeout=LONG)
    drop(page, "#style-2", pictures["third"])
    there(page, "#style-2")
    assert "third.png" in source(page, "#style-2")
    # What is no picture is told; the page stays.
    drop(page, "#foot", pictures["notes"])
    expect(page.locator(".notice [role=alert]")).to_contain_text("not a picture")
    there(page, "#content")
    # They are there to be painted.
    page.locator("#size input[type=number]").fill("256")
    page.keyboard.press("Tab")
    page.locator("#classical-run").click()
    expect(page.locator("#classical-status")).to_contain_text("Painted in", timeout=LONG)


def several_pictures_and_a_paste(page, pictures):
    expect(page.locator("#weight-2")).to_be_hidden()
    drop(page, "#foot", *(pictures[name] for name in ("photo", "style", "other", "notes")))
    for place, name in (("#content", "photo"), ("#style-1", "style"), ("#style-2", "other")):
        there(page, place)
        assert f"{name}.png" in source(page, place)
    expect(page.locator("#weight-2")).to_be_visible()
    # The Text-driven tab has no photo.
    open_tab(page, "text")
    drop(page, "#text-run", pictures["third"], paste=True)
    there(page, "#text-style-1")
    assert "third.png" in source(page, "#text-style-1")
    # Words are pasted where they always were.
    page.locator("#text-prompt textarea").evaluate(
        """(field) => { const data = new DataTransfer(); data.setData("text/plain", "a castle");
        field.dispatchEvent(new ClipboardEvent("paste", { bubbles: true, cancelable: true, clipboardData: data })) }"""
    )
    expect(page.locator(".notice [role]")).to_have_count(0)
    open_tab(page, "image")
    drop(page, "#image-run", pictures["photo"])
    there(page, "#image-content")
    drop(page, "#image-run", *(pictures[name] for name in ("style", "other", "third", "more", "photo", "made")))
    expect(page.locator(".notice")).to_contain_text("no place left", timeout=LONG)
    there(page, "#image-style-4")


def a_picture_made_here_is_asked_about(page, pictures):
    dialog = page.locator("#drops dialog")
    drop(page, "#foot", pictures["made"])
    expect(dialog).to_be_visible(timeout=LONG)
    expect(dialog).to_contain_text("This picture was made here")
    # Esc leaves everything as it was.
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.wait_for_timeout(500)
    expect(page.locator("#content .image-frame img")).to_have_count(0)
    expect(page.locator("#size input[type=number]")).to_have_value("512")
    # By keyboard: the settings come first.
    drop(page, "#foot", pictures["made"])
    expect(dialog).to_be_visible(timeout=LONG)
    expect(dialog.locator("button").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#size input[type=number]")).to_have_value("640", timeout=LONG)
    expect(page.locator("#classical-strength input[type=number]")).to_have_value("0.35")
    expect(page.locator(".notice")).to_contain_text("as they were")
    expect(page.locator("#content .image-frame img")).to_have_count(0)
    # The other answers, in the other language.
    page.locator("#language label", has_text="中文").click()
    for answer, place in (("用作照片", "#content"), ("用作风格", "#style-1")):
        drop(page, "#foot", pictures["made"])
        expect(dialog).to_be_visible(timeout=LONG)
        dialog.get_by_role("button", name=answer).click()
        there(page, place)
    # The Text-driven tab has no photo to offer.
    page.get_by_role("tab", name="文字驱动").click()
    drop(page, "#text-run", pictures["made"])
    expect(dialog).to_be_visible(timeout=LONG)
    expect(dialog.get_by_role("button", name="用作照片")).to_have_count(0)
    dialog.get_by_role("button", name="取消").click()
    expect(dialog).to_be_hidden()
    # Where it falls on a box, the box has been chosen already.
    drop(page, "#text-style-1", pictures["made"])
    there(page, "#text-style-1")


def of_two_drops_in_quick_succession_the_later_one_finds_what_the_earlier_put_and_stays(page, pictures):
    held = []

    def slow_first(route):
        if b'filename="photo.png"' in route.request.post_data_buffer and not held:
            held.append(route)
            page.wait_for_timeout(1500)  # a large file on a slow line
        route.continue_()

    page.route("**/gradio_api/upload*", slow_first)
    drop(page, "#foot", pictures["photo"])
    drop(page, "#foot", pictures["style"])  # no longer needed as the photo
    drop(page, "#content", pictures["other"])
    there(page, "#style-1")
    expect(page.locator("#content .image-frame img")).to_have_attribute("src", re.compile("other.png"), timeout=LONG)
    page.wait_for_timeout(500)
    assert held and "other.png" in source(page, "#content") and "style.png" in source(page, "#style-1")
    page.unroute("**/gradio_api/upload*")


def nothing_but_uploads_is_taken(page, tmp_path):
    """The server believes no path that a page sends."""
    secret = tmp_path / "secret.png"
    Image.new("RGB", (64, 64)).save(secret)
    page.evaluate("(path) => window.styleshot.send({ paths: [path], tab: 'classical', place: 'content' })", str(secret))
    expect(page.locator(".notice [role=alert]")).to_contain_text("did not arrive", timeout=LONG)
    expect(page.locator("#content .image-frame img")).to_have_count(0)
