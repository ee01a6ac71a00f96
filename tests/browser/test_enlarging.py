"""Enlarging the picture on show, on every tab that paints."""

import re

import enlarger_weights
import pytest
from PIL import Image

from styleshot_demo import provenance

expect = pytest.importorskip("playwright.sync_api").expect

from browser.steps import LONG, followed, hold_joining, open_tab, put, repaint, run, unfold, until, upload  # noqa: E402


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A photo large enough that enlarging what is made of it takes some seconds."""
    path = tmp_path_factory.mktemp("pictures") / "large.png"
    Image.effect_mandelbrot((1600, 1200), (-2, -1.2, 1, 1.2), 60).convert("RGB").save(path)
    return path


@pytest.fixture(scope="module")
def style(tmp_path_factory):
    path = tmp_path_factory.mktemp("pictures") / "style.png"
    waves = [Image.radial_gradient("L").resize((200, 200)).point(lambda v, k=k: v * k % 256) for k in (3, 5, 7)]
    Image.merge("RGB", waves).save(path)
    return path


def painted(page, photo, style, size):
    upload(page, "#content", photo)
    upload(page, "#style-1", style)
    page.locator("#size input[type=number]").fill(str(size))
    page.keyboard.press("Tab")
    repaint(page)


def enlarged(page, kind, times, folder):
    """Presses the button and saves the file."""
    line = page.locator(f"#{kind}-enlarge")
    line.get_by_role("button", name=f"Enlarge the picture on show {times}×").click()
    expect(line.locator("a.save")).to_be_visible(timeout=LONG)
    with page.expect_download() as waiting:
        line.locator("a.save").click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def test_a_result_is_enlarged_saved_and_restored(open_page, photo, style, nameless, large_network, tmp_path):
    page = open_page()
    line = page.locator("#classical-enlarge .enlarge")
    expect(line).to_be_hidden()  # before there is anything to enlarge
    painted(page, photo, style, 256)
    expect(line).to_be_visible()
    shown = page.locator("#classical-result img.after").get_attribute("src")
    path = enlarged(page, "classical", 2, tmp_path)
    assert path.name == "my-photo-fast-style-strength1-seed0-2x.png"
    with Image.open(path) as picture:
        assert picture.size == (512, 342)
    record = provenance.read(path)
    assert (record.settings["method"], record.settings["size"], record.settings["enlarged"]) == ("fast", 256, 2)
    assert {"fast", "enlarge"} <= record.models.keys()
    assert page.locator("#classical-result img.after").get_attribute("src") == shown
    assert nameless(page) == []

    # What is told of one picture goes when another is on show.
    page.locator("#classical-strength input[type=number]").fill("0.5")
    page.keyboard.press("Tab")
    expect(line.locator("a.save")).to_have_count(0, timeout=LONG)

    # The line speaks Chinese.
    page.locator("#language label", has_text="中文").click()
    line.get_by_role("button", name="将当前画面放大至 2×").click(timeout=LONG)
    expect(line.locator("a.save")).to_have_text("下载 512 × 342", use_inner_text=True, timeout=LONG)
    page.locator("#language label", has_text="English").click()
    the_large_network_can_be_chosen_once_it_is_there(page, large_network, nameless, tmp_path)

    page.locator("#size input[type=number]").fill("512")
    unfold(page, "#restore-part")
    page.locator("#restore input[type=file]").set_input_files(path)
    expect(page.locator("#restore-message")).to_contain_text("2 times as large afterwards", timeout=LONG)
    expect(page.locator("#size input[type=number]")).to_have_value("256")
    a_picture_of_several_is_enlarged_that_is_on_show(page, style, tmp_path)


@pytest.fixture
def large_network(folders):
    """Where its weights go; they do not stay there."""
    place = folders["models"] / enlarger_weights.PLACE
    yield place
    place.unlink(missing_ok=True)


def the_large_network_can_be_chosen_once_it_is_there(page, place, nameless, folder):
    strip = folder / "strip.png"  # little to enlarge, for that takes long
    Image.effect_mandelbrot((320, 34), (-2, -1.2, 1, 1.2), 60).convert("RGB").save(strip)
    followed(page, lambda: upload(page, "#content", strip))
    expect(page.locator("#fits")).to_contain_text("256 × 27", timeout=LONG)
    repaint(page)
    finer = page.locator("#classical-enlarge").get_by_label("finer, slower")
    expect(page.locator("#classical-enlarge .factors")).to_be_visible()
    expect(finer).to_be_hidden()
    page.get_by_role("tab", name="Models").click()
    expect(page.get_by_role("button", name="Fetch 67 MB: Real-ESRGAN x4plus")).to_be_visible()
    enlarger_weights.write(place)
    page.get_by_role("tab", name="Classical").click()
    finer.check()
    assert nameless(page) == []
    path = enlarged(page, "classical", 2, folder)
    with Image.open(path) as picture:
        assert picture.size == (512, 54)
    used = provenance.read(path).models
    assert "x4plus" in used and "enlarge" not in used
    page.locator("#language label", has_text="中文").click()
    expect(page.locator("#classical-enlarge label [lang=zh-CN]")).to_have_text("更精细，较慢")
    page.locator("#language label", has_text="English").click()
    finer.uncheck()
    used = provenance.read(enlarged(page, "classical", 2, folder)).models
    assert "x4plus" not in used and "enlarge" in used


def test_it_stops_by_keyboard_and_the_picture_stays(open_page, large, style):
    page = open_page()
    painted(page, large, style, 640)
    line = page.locator("#classical-enlarge")
    shown = page.locator("#classical-result img.after").get_attribute("src")
    four = line.get_by_role("button", name="4×")
    four.focus()
    page.keyboard.press("Enter")
    expect(line.locator("progress")).to_be_visible(timeout=LONG)
    stop = line.get_by_role("button", name="Stop enlarging")
    expect(stop).to_be_focused()
    until(page, "Number(document.querySelector('#classical-enlarge progress')?.value) > 2", timeout=LONG)
    page.keyboard.press("Enter")
    expect(line).to_contain_text("Stopped. The picture is as it was.")
    expect(stop).to_be_hidden()
    expect(four).to_be_focused()
    # What was on its way when the button was pressed does not come back.
    page.wait_for_timeout(2500)
    expect(line.locator("progress, a.save")).to_have_count(0)
    assert page.locator("#classical-result img.after").get_attribute("src") == shown
    with page.expect_download() as waiting:
        page.locator("#classical-download button").click()
    assert re.fullmatch(r"large-fast-.+-strength[0-9.]+-seed0\.png", waiting.value.suggested_filename)
    # The computation itself has ended: nothing is waited for.
    repaint(page)

    # Stop counts before the page knows what it has begun, and a press right after Stop.
    let_it_hear = hold_joining(page)
    four.click()
    stop.press("Enter")
    expect(line.locator(".news")).to_have_text("Stopping", use_inner_text=True)
    let_it_hear()
    expect(line).to_contain_text("Stopped. The picture is as it was.")
    four.click()
    expect(line.locator("progress")).to_be_visible(timeout=LONG)
    page.evaluate(
        """() => {
          const line = document.querySelector("#classical-enlarge");
          line.querySelector(".halt").click();
          line.querySelector("[data-factor='2']").click();
        }"""
    )
    until(page, "Number(document.querySelector('#classical-enlarge progress')?.value) > 2", timeout=LONG)
    stop.click()
    expect(stop).to_be_hidden()


def a_picture_of_several_is_enlarged_that_is_on_show(page, style, tmp_path):
    open_tab(page, "text")
    upload(page, "#text-style-1", style)
    page.locator("#text-prompt textarea").fill("a red apple")
    put(page, "text", size=256, count=2)
    run(page, "text")
    page.locator("#text-result .thumbs button").nth(1).click()
    path = enlarged(page, "text", 4, tmp_path)
    assert path.name == "a-red-apple-composer-style-strength1-seed1-4x.png"
    with Image.open(path) as picture:
        assert picture.size == (1024, 1024)
    record = provenance.read(path)
    assert record.seed == 1 and record.settings["enlarged"] == 4 and record.settings["prompt"] == "a red apple"
    page.locator("#text-result .thumbs button").nth(0).click()
    expect(page.locator("#text-enlarge a.save")).to_have_count(0)
