"""Files that a browser does not know, or that are not what their name says, dropped and chosen on the page."""

import base64
import io
import re

import nasty
import pytest
import shown
from PIL import Image

expect = pytest.importorskip("playwright.sync_api").expect

from browser.steps import until  # noqa: E402

LONG = 60_000  # milliseconds
# A file of no type, as the system gives one that the browser does not know, dropped as a person does it.
DROP = """([place, name, text]) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], name, { type: "" }));
  const target = document.querySelector(`${place} button:has(input[type=file])`) ?? document.querySelector(place);
  for (const kind of ["dragenter", "dragover", "drop"]) {
    target.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: carried }));
  }
}"""


def drop(page, place, name, data):
    page.evaluate(DROP, [place, name, base64.b64encode(data).decode()])


def seen(page, place):
    """Waits until the picture in a place can be seen, and returns its size as the browser has it."""
    image = page.locator(f"{place} .image-frame img")
    expect(image).to_be_visible(timeout=LONG)
    # Asked for in the same breath: the picture may be put there once more.
    size = until(
        page,
        """(place) => {
          const image = document.querySelector(`${place} .image-frame img`);
          return image?.complete && image.naturalWidth > 0 && [image.naturalWidth, image.naturalHeight];
        }""",
        arg=place,
        timeout=LONG,
    )
    return size.json_value()


def test_files_are_shown_by_what_is_in_them(open_page, tmp_path):
    page = open_page()
    dialogs_offer_the_kinds_that_open(page)
    a_heic_without_a_type_may_fall_anywhere_or_be_chosen(page)
    a_file_is_shown_by_what_is_in_it(page)
    a_turned_webp_is_seen_upright(page, tmp_path)
    clear(page)
    the_file_that_was_given_is_painted_and_not_what_is_shown_of_it(page, tmp_path)
    clear(page)
    a_heic_without_a_type_is_dropped_seen_and_painted(page)
    clear(page)
    clear(page, "#style-1")
    page.locator("#language label", has_text="中文").click()
    what_is_no_picture_is_said_in_the_pages_words(page, tmp_path)


def a_heic_without_a_type_is_dropped_seen_and_painted(page):
    drop(page, "#content", "IMG_0001.HEIC", (shown.FILES / "phone.heic").read_bytes())
    assert seen(page, "#content") == [120, 80]
    drop(page, "#style-1", "drawing.tga", (shown.FILES / "drawing.tga").read_bytes())
    assert seen(page, "#style-1") == [120, 80]
    page.locator("#size input[type=number]").fill("128")
    page.keyboard.press("Tab")
    page.locator("#classical-run").click()
    expect(page.locator("#classical-status")).to_contain_text("Painted in", timeout=LONG)
    before = page.locator("#classical-result img.before")
    assert before.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 0


def clear(page, place="#content"):
    page.locator(f"{place} button[title]").first.click()
    expect(page.locator(f"{place} .image-frame img")).to_have_count(0)


def a_heic_without_a_type_may_fall_anywhere_or_be_chosen(page):
    # Beside a box nothing but its name says that it is a picture.
    drop(page, "#foot", "IMG_0002.HEIC", (shown.FILES / "phone.heic").read_bytes())
    assert seen(page, "#content") == [120, 80]
    clear(page)
    # Gradio itself refuses what the browser gives no type.
    heic = {"name": "IMG_0003.HEIC", "mimeType": "", "buffer": (shown.FILES / "phone.heic").read_bytes()}
    page.locator("#content input[type=file]").set_input_files(heic)
    assert seen(page, "#content") == [120, 80]
    clear(page)


def a_file_is_shown_by_what_is_in_it(page):
    for name in ("tiff_named.jpg", "strip_count_too_big.tif", "web.avif", "no_end_marker.jpg"):
        page.locator("#content input[type=file]").set_input_files(shown.FILES / name)
        if name != "web.avif":  # what a browser shows of the file itself is replaced
            image = page.locator("#content .image-frame img")
            expect(image).to_have_attribute("src", re.compile(r"\.shown\.png$"), timeout=LONG)
        assert seen(page, "#content") == [120, 80], name
        expect(page.locator("#picture-message")).to_be_empty()
        clear(page)


def the_file_that_was_given_is_painted_and_not_what_is_shown_of_it(page, tmp_path):
    """What is shown of a large picture is smaller; as a PNG it might be larger than what is accepted."""
    place = tmp_path / "wide scan.tif"
    nasty.photo(3000, 400).save(place)
    page.locator("#content input[type=file]").set_input_files(place)
    assert seen(page, "#content") == [2048, 273]
    page.locator("#size input[type=number]").fill("512")
    page.keyboard.press("Tab")
    expect(page.locator("#fits")).to_contain_text("512 × 68", timeout=LONG)


def what_is_no_picture_is_said_in_the_pages_words(page, tmp_path):
    drop(page, "#content", "notes.txt", b"no picture at all")
    expect(page.locator("#picture-message")).to_contain_text("HEIC", timeout=LONG)
    drop(page, "#content", "shot.dng", (shown.FILES / "raw_like.dng").read_bytes())
    expect(page.locator("#picture-message")).to_contain_text("RAW", timeout=LONG)
    expect(page.locator("#picture-message")).not_to_contain_text("HEIC")
    # A dialog offers all files on request, and Gradio would refuse them without saying what they are.
    notes = tmp_path / "notes.txt"
    notes.write_text("no picture at all")
    page.locator("#style-1 input[type=file]").set_input_files(notes)
    expect(page.locator("#picture-message")).to_contain_text("HEIC", timeout=LONG)
    expect(page.locator(".toast-body")).to_have_count(0)


def dialogs_offer_the_kinds_that_open(page):
    page.locator("#restore-part button.label-wrap").click()
    for place in ("#content", "#style-1", "#restore"):
        accepted = page.locator(f"{place} input[type=file]").first.get_attribute("accept").split(",")
        assert {"image/*", ".heic", ".heif", ".avif", ".tga", ".jp2"} <= set(accepted)


def a_turned_webp_is_seen_upright(page, tmp_path):
    """Chromium leaves it lying, and the gate does not."""
    place = tmp_path / "turned.webp"
    place.write_bytes(shown.turned("WEBP", 6))
    assert Image.open(io.BytesIO(place.read_bytes())).size == (shown.WIDTH, shown.HEIGHT)
    page.locator("#content input[type=file]").set_input_files(place)
    until(page, "() => document.querySelector('#content .image-frame img')?.naturalHeight > 50", timeout=LONG)
    assert seen(page, "#content") == [shown.HEIGHT, shown.WIDTH]
