"""What lies on a tab: the result says when it is not what the controls ask for, and nothing painted is lost."""

import re

import pytest
from PIL import Image

from styleshot_demo import provenance

expect = pytest.importorskip("playwright.sync_api").expect

from browser.steps import LONG, click_twice, hold_cancelling, repaint, unfold, upload  # noqa: E402

RELOAD = ["AbortError", "errored out", "Failed to fetch"]  # what Gradio says of a connection that a reload cuts off
STALE = "Changed since this was painted"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Photos of 300 x 200, 200 x 200 and 300 x 100, of which Optimise takes half the time; and two styles."""
    folder = tmp_path_factory.mktemp("pictures")
    first, second = Image.effect_mandelbrot((300, 200), (-2, -1.2, 1, 1.2), 60), Image.linear_gradient("L")
    rings = [Image.radial_gradient("L").resize((120, 120)).point(lambda v, k=k: v * k % 256) for k in (3, 5, 7)]
    for name, image in (
        ("first", first.convert("RGB")),
        ("second", second.resize((200, 200)).convert("RGB")),
        ("rings", Image.merge("RGB", rings)),
        ("sand", Image.merge("RGB", rings[::-1]).rotate(45, fillcolor="tan")),
    ):
        image.save(folder / f"{name}.png")
    first.convert("RGB").save(folder / "scan.tif")
    first.resize((300, 100)).convert("RGB").save(folder / "wide.png")
    return {path.stem: path for path in folder.iterdir()}


def begin(page, pictures, method="Fast", steps=None):
    wide = method == "Optimise"
    upload(page, "#content", pictures["wide" if wide else "first"])
    upload(page, "#style-1", pictures["rings"])
    page.locator("#method label", has_text=method).click()
    page.locator("#size input[type=number]").fill("256")
    page.keyboard.press("Tab")
    expect(page.locator("#fits")).to_contain_text("256 × 85" if wide else "256 × 171", timeout=LONG)
    if wide:
        unfold(page, "#finer")
        page.locator("#steps input").fill(str(steps))


def stale(page, kind="classical"):
    return page.locator(f"#{kind}-result .stale")


def saved(page, folder):
    with page.expect_download() as waiting:
        page.locator("#classical-download button").click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def clear(page, place):
    page.locator(f"{place} button[title]").first.click()
    expect(page.locator(f"{place} .image-frame img")).to_have_count(0)


def test_what_takes_long_is_marked_stopped_saved_and_gone_on_with(open_page, pictures, tmp_path):
    page = open_page()
    begin(page, pictures, "Optimise", steps=1)
    every_change_that_the_result_does_not_show_marks_it(page, pictures)
    page.locator("#language label", has_text="English").click()
    clear(page, "#style-2")
    page.locator("#steps input").fill(str(STEPS))
    a_stopped_picture_can_be_saved_and_goes_on(page, tmp_path)
    open_page.checked()
    open_page.forgiven += RELOAD
    a_run_is_not_cut_off_without_a_word(page, tmp_path)


def every_change_that_the_result_does_not_show_marks_it(page, pictures):
    repaint(page)
    line = stale(page)
    expect(line).to_be_empty()
    assert line.get_attribute("role") == "status"
    shown = page.locator("#classical-result .compare").get_attribute("data-shown")
    for change, undo in (
        (lambda: page.locator("#keep-colours input").check(), lambda: page.locator("#keep-colours input").uncheck()),
        (lambda: page.locator("#steps input").fill("2"), lambda: page.locator("#steps input").fill("1")),
        (lambda: page.locator("#seed input").fill("7"), lambda: page.locator("#seed input").fill("0")),
        (
            lambda: page.locator("#method label", has_text="Fast").click(),
            lambda: page.locator("#method label", has_text="Optimise").click(),
        ),
        (lambda: clear(page, "#content"), lambda: upload(page, "#content", pictures["wide"])),
        (lambda: clear(page, "#style-1"), lambda: upload(page, "#style-1", pictures["rings"])),
    ):
        change()
        expect(line).to_contain_text(STALE)
        undo()
        expect(line).to_be_empty()
    # What cannot be seen in the result is no change: this belongs to another method, and that to no picture.
    page.locator("#add-style").click()
    page.locator("#weight-1 input[type=number]").fill("0.5")
    page.keyboard.press("Tab")
    page.wait_for_timeout(500)
    expect(line).to_be_empty()
    upload(page, "#style-2", pictures["sand"])
    expect(line).to_contain_text(STALE)
    page.locator("#language label", has_text="中文").click()
    expect(line).to_contain_text("此图绘制后设置已改变")
    expect(line.locator("[lang=en]")).to_be_hidden()
    # Optimise takes its time, so nothing has been painted that nobody asked for.
    assert page.locator("#classical-result .compare").get_attribute("data-shown") == shown


def followed(page, change):
    """Changes something, and waits until the result shows it."""
    source = page.locator("#classical-result img.after").get_attribute("src")
    change()
    expect(page.locator("#classical-result img.after")).not_to_have_attribute("src", source, timeout=LONG)
    expect(stale(page)).to_be_empty(timeout=LONG)


def fast_follows_what_is_in_the_controls_now(page, pictures, tmp_path):
    """Of a result whose photo has been taken out."""
    followed(page, lambda: upload(page, "#content", pictures["second"]))
    followed(page, lambda: page.locator("#classical-strength input[type=number]").fill("0.4"))
    path = saved(page, tmp_path)
    assert re.fullmatch(r"second-fast-.+-strength[0-9.]+-seed0\.png", path.name) and Image.open(path).size == (256, 256)
    assert provenance.read(path).settings["strength"] == 0.4
    # Another style beside it, its weight, a method that takes but a moment.
    page.locator("#add-style").click()
    followed(page, lambda: upload(page, "#style-2", pictures["sand"]))
    weight = page.locator("#weight-2 input[type=number]")
    followed(page, lambda: (weight.fill("0.25"), page.keyboard.press("Tab")))
    followed(page, lambda: page.locator("#method label", has_text="Colour").click())
    record = provenance.read(saved(page, tmp_path))
    assert record.settings["method"] == "colour"
    assert record.settings["style_weights"] == [1, 0.25]
    # What is half typed, or taken away, is no wish: the last picture stays, and can be saved.
    page.locator("#size input[type=number]").fill("30")
    expect(page.locator("#fits")).to_contain_text("between 256 and 2048")
    clear(page, "#content")
    expect(stale(page)).to_contain_text(STALE)
    page.wait_for_timeout(1000)
    expect(page.locator("#classical-status [role=alert]")).to_have_count(0)
    assert provenance.read(saved(page, tmp_path)).settings["method"] == "colour"


def test_a_stop_or_a_refusal_leaves_the_last_result_and_fast_follows_the_controls(open_page, pictures, tmp_path):
    page = open_page()
    begin(page, pictures)
    repaint(page)
    what_is_stopped_or_refused_leaves_the_last_result(page, tmp_path)
    page.locator("#whole input").uncheck()
    fast_follows_what_is_in_the_controls_now(page, pictures, tmp_path)


def what_is_stopped_or_refused_leaves_the_last_result(page, tmp_path):
    shown = page.locator("#classical-result img.after").get_attribute("src")
    a_photo_is_stopped_at_its_own_size(page, tmp_path)
    expect(page.locator("#classical-result img.after")).to_have_attribute("src", shown)
    expect(stale(page)).to_contain_text(STALE)
    assert re.fullmatch(r"first-fast-.+-strength[0-9.]+-seed0\.png", saved(page, tmp_path).name)

    clear(page, "#content")
    page.locator("#classical-run").click()
    expect(page.locator("#classical-status [role=alert]")).to_contain_text("There is no photo", timeout=LONG)
    expect(page.locator("#classical-result .compare")).to_have_attribute("data-state", "ready")
    assert re.fullmatch(r"first-fast-.+-strength[0-9.]+-seed0\.png", saved(page, tmp_path).name)


def a_photo_is_stopped_at_its_own_size(page, folder):
    """What is seen of it on the way is smaller, and cannot be saved in place of the last result."""
    Image.linear_gradient("L").resize((4200, 2800)).convert("RGB").save(folder / "large.png")
    upload(page, "#content", folder / "large.png")
    page.locator("#whole input").check()
    page.locator("#classical-run").click()
    figure, button = page.locator("#classical-result .compare"), page.locator("#classical-download button")
    expect(figure).to_have_attribute("data-state", "painting", timeout=LONG)
    expect(button).to_be_disabled()
    closed = hold_cancelling(page)
    page.locator("#classical-stop").click()
    expect(figure).to_have_attribute("data-state", "ready", timeout=LONG)
    # Closing it takes as long as its step: until then a press would be lost, so none can be made.
    page.wait_for_timeout(1000)
    expect(page.locator("#classical-run")).to_be_disabled()
    closed()


STEPS = 30  # of a picture of 256 x 85: some seconds, in which it can be stopped
ENDLESS = 5000


def a_stopped_picture_can_be_saved_and_goes_on(page, tmp_path):
    page.locator("#classical-run").click()
    figure, status = page.locator("#classical-result .compare"), page.locator("#classical-status")
    expect(figure).to_have_attribute("data-state", "painting", timeout=LONG)
    page.locator("#classical-stop").click()
    expect(status).to_contain_text("Stopped at step", timeout=LONG)
    expect(figure).to_have_attribute("data-state", "ready")
    page.wait_for_timeout(500)
    path = saved(page, tmp_path)
    record = provenance.read(path)
    stopped_at = record.settings["stopped_at"]
    assert 0 < stopped_at < STEPS and "-step" in path.name
    assert f"Stopped at step {stopped_at} of {STEPS}" in status.inner_text()
    assert record.settings["steps"] == STEPS and record.models and Image.open(path).size == (256, 85)

    again = page.locator("#classical-again")
    again.click()
    expect(status).to_contain_text(f"of {STEPS}, about", timeout=LONG)
    step = int(status.inner_text().split("Step ")[1].split()[0])
    assert step > stopped_at
    expect(status).to_contain_text("Painted in", timeout=2 * LONG)
    expect(again).to_be_hidden()
    finished = saved(page, tmp_path)
    assert provenance.read(finished).settings["steps"] == STEPS

    # It is the picture that an uninterrupted run makes.
    repaint(page)
    assert saved(page, tmp_path).read_bytes() == finished.read_bytes()


def a_run_is_not_cut_off_without_a_word(page, folder):
    asked, status = [], page.locator("#classical-status")
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.locator("#steps input").fill(str(ENDLESS))
    click_twice(page, page.locator("#classical-run"), pause=400)  # Stop is there by the second, which is not for it
    expect(page.locator("#classical-stop")).to_be_visible(timeout=LONG)
    expect(page.locator("#classical-result .compare")).to_have_attribute("data-state", "painting", timeout=LONG)
    # While it is painted it can be saved, too: what is saved is what was on show. It ends before on no machine.
    path = saved(page, folder)
    settings = provenance.read(path).settings
    assert 0 < settings["stopped_at"] < settings["steps"] == ENDLESS and "-step" in path.name
    with page.expect_event("dialog"):
        page.close(run_before_unload=True)
    assert asked == ["beforeunload"] and not page.is_closed()
    # Who stays sees it go on, and can stop it.
    expect(status).to_contain_text(f"of {ENDLESS}, about", timeout=LONG)
    step = status.inner_text()
    expect(status).not_to_have_text(step, timeout=LONG)
    page.locator("#classical-stop").click()
    expect(status).to_contain_text("Stopped at step", timeout=LONG)
    expect(page.locator(".toast-body")).to_have_count(0)
    expect(page.locator("#classical-run")).to_be_visible()
    with page.expect_event("close"):  # nobody is asked
        page.close(run_before_unload=True)
    assert asked == ["beforeunload"]


def test_everything_is_there_again_after_a_reload(open_page, pictures, tmp_path):
    page = open_page()
    begin(page, {**pictures, "first": pictures["scan"]})  # which browsers cannot show, and the page knows again
    page.locator("#add-style").click()
    upload(page, "#style-2", pictures["sand"])
    for number, weight in ((1, "0.2"), (2, "0.6")):  # neither adding up to 1, nor with 1 as the largest
        page.locator(f"#weight-{number} input[type=number]").fill(weight)
        page.keyboard.press("Tab")
    repaint(page)
    page.wait_for_timeout(500)
    expect(stale(page)).to_be_empty()
    shown = page.locator("#classical-result img.after").get_attribute("src")
    back_and_forward_go_through_the_tabs(page)
    page.get_by_role("tab", name="Text-driven").click()
    upload(page, "#text-style-1", pictures["sand"])
    page.wait_for_timeout(500)
    assert page.url.endswith("#text")
    open_page.forgiven += RELOAD
    page.reload(wait_until="domcontentloaded")
    expect(page.locator("#text-style-1 .image-frame img")).to_be_visible(timeout=LONG)
    page.go_back()
    for place in ("#content", "#style-1", "#style-2"):
        expect(page.locator(f"{place} .image-frame img")).to_be_visible(timeout=LONG)
    for number, weight in ((1, "0.2"), (2, "0.6")):
        expect(page.locator(f"#weight-{number} input[type=number]")).to_have_value(weight)
    expect(page.locator("#classical-result .compare")).to_have_attribute("data-state", "ready", timeout=LONG)
    expect(page.locator("#classical-result img.after")).to_have_attribute("src", shown)
    expect(stale(page)).to_be_empty()
    path = saved(page, tmp_path)
    assert re.fullmatch(r"scan-fast-.+-strength[0-9.]+-seed0\.png", path.name)
    # The pictures are not only seen, they are there to be painted.
    page.locator("#classical-strength input[type=number]").fill("0.5")
    expect(page.locator("#classical-result img.after")).not_to_have_attribute("src", shown, timeout=LONG)

    # Another visitor, whose link names a tab, sees nothing of it.
    other = open_page("?lang=en#models")
    expect(other.locator("#models-disk")).to_be_visible(timeout=LONG)
    other.get_by_role("tab", name="Classical").click()
    other.wait_for_timeout(500)
    expect(other.locator("#content .image-frame img")).to_have_count(0)
    expect(other.locator("#classical-result .compare")).to_have_attribute("data-state", "empty")
    a_saved_picture_brings_its_settings_back(other, path)


def back_and_forward_go_through_the_tabs(page):
    """From the tab Classical, and there again at the end."""
    for name, place in (("Image-driven", "image"), ("Models", "models")):
        page.get_by_role("tab", name=name).click()
        page.wait_for_url(f"**/#{place}")
    for step, name in (
        (page.go_back, "Image-driven"),
        (page.go_back, "Classical"),
        (page.go_forward, "Image-driven"),
        (page.go_back, "Classical"),
    ):
        step()
        expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")


def a_saved_picture_brings_its_settings_back(page, path):
    unfold(page, "#restore-part")
    page.locator("#restore input[type=file]").set_input_files(path)
    said = page.locator("#restore-message")
    expect(said).to_contain_text("as they were", timeout=LONG)
    # Which pictures it was made from is said, as only their names are in the file.
    expect(said).to_contain_text("The photo was scan.tif.")
    expect(said).to_contain_text("rings.png, sand.png")
    for number, weight in ((1, "0.2"), (2, "0.6")):
        expect(page.locator(f"#weight-{number} input[type=number]")).to_have_value(weight)
