"""Where to paint, on the page: what a person brushes with the mouse is painted, and nothing else."""

import re
import time

import numpy as np
import pytest
from PIL import Image
from skimage import data

from styleshot_demo import pictures, provenance
from styleshot_demo.runners.maps import prepare

expect = pytest.importorskip("playwright.sync_api").expect

from browser.steps import LONG, download, drop, followed, open_tab, put, repaint, run, settled, unfold, until, upload  # noqa: E402


@pytest.fixture(scope="module")
def style(tmp_path_factory):
    path = tmp_path_factory.mktemp("pictures") / "style.png"
    waves = [Image.radial_gradient("L").resize((200, 200)).point(lambda v, k=k: v * k % 256) for k in (3, 5, 7)]
    Image.merge("RGB", waves).save(path)
    return path


def choose(page, region, tab=""):
    """`region` is the place of a choice: the labels are in the language of the page."""
    if not page.locator(f"#{tab}region").is_visible():
        unfold(page, f"#{tab}where")
    page.locator(f"#{tab}region label").nth(region).click()


def brush(page, *points, button="paint", tab=""):
    """One stroke with the mouse along points in shares of the photo's sides."""
    page.locator(f"#{tab}marking .{button}").click()
    canvas = page.locator(f"#{tab}marking canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*at[0])
    page.mouse.down()
    for point in at[1:]:
        page.mouse.move(*point, steps=4)
    page.mouse.up()


def saved(page, path):
    with page.expect_download() as waiting:
        page.locator("#classical-download button").click()
    waiting.value.save_as(path)
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def test_what_is_brushed_is_painted_and_nothing_else(open_page, photo, style, tmp_path, nameless):
    """In Chinese on a phone; what is told in English on a wide screen is looked at when all of it is there, and strokes
    are drawn there by the next test."""
    page = open_page(locale="zh-CN", viewport={"width": 390, "height": 900})
    expect(page.locator("#where button.label-wrap")).to_contain_text("绘制位置")
    expect(page.locator("#region")).to_be_hidden()
    upload(page, "#style-1", style)
    choose(page, 4)
    expect(page.locator("#marking .none")).to_be_visible()  # there is no photo yet
    upload(page, "#content", photo)
    expect(page.locator("#marking canvas")).to_be_visible()
    until(page, "document.querySelector('#marking img').naturalWidth === 300")
    expect(page.locator("#feather")).to_be_visible()
    assert nameless(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

    # Nothing is brushed yet: it is said, and nothing painted.
    page.locator("#classical-run").click()
    expect(page.locator("#classical-status")).to_contain_text("尚未说明要绘制的位置", timeout=LONG)

    brush(page, (0.3, 0.3), (0.5, 0.5), (0.4, 0.6))
    expect(page.locator("#marking .undo")).to_be_enabled()
    page.wait_for_timeout(1500)  # the stroke is on its way
    page.locator("#classical-run").click()
    expect(page.locator("#classical-result .compare")).to_have_attribute("data-state", "ready", timeout=LONG)
    expect(page.locator("#classical-download button")).to_be_enabled(timeout=LONG)
    page.wait_for_timeout(500)
    made = saved(page, tmp_path / "made.png")
    was = np.asarray(pictures.fit_longest(pictures.open_picture(photo), 512)).astype(int)
    assert made.shape == was.shape
    changed = np.abs(made - was).max(2)
    rows, columns = np.nonzero(changed)
    height, long = changed.shape
    # The brush is 9 hundredths of the longest side wide, half of that on each side of its path.
    reach = 0.045 * long + 3
    assert 0.3 * long - reach <= columns.min() < 0.3 * long and 0.5 * long < columns.max() <= 0.5 * long + reach
    assert 0.3 * height - reach <= rows.min() < 0.3 * height and 0.6 * height < rows.max() <= 0.6 * height + reach
    assert changed[int(0.5 * height) - 4 : int(0.5 * height) + 4, int(0.5 * long) - 6 : int(0.5 * long)].mean() > 3
    record = provenance.read(tmp_path / "made.png")
    assert record.settings["region"] == "mask" and record.settings["feather"] == 3
    assert len(record.inputs["mask_sha256"]) == 16

    # Another style in the rest: what was painted stays, and nothing of the photo is left.
    page.locator("#add-style").click()
    followed(page, lambda: upload(page, "#style-2", photo))
    followed(page, page.locator("#rest label").nth(1).click)
    assert nameless(page) == [] and page.evaluate("document.documentElement.scrollWidth") <= 390
    repaint(page)
    both = saved(page, tmp_path / "both.png")
    middle = np.s_[int(0.5 * height) - 4 : int(0.5 * height) + 4, int(0.5 * long) - 6 : int(0.5 * long)]
    assert np.abs(both[middle] - made[middle]).max() <= 1
    assert np.abs(both - was)[changed == 0].mean() > 2
    record = provenance.read(tmp_path / "both.png")
    assert record.settings["rest"] == "last" and len(record.inputs["styles"]) == 2

    page.set_viewport_size({"width": 1280, "height": 900})
    page.locator("#language label", has_text="English").click()
    expect(page.locator("#where button.label-wrap")).to_contain_text("Where to paint")
    assert nameless(page) == [] and page.evaluate("document.documentElement.scrollWidth") <= 1280
    page.locator("#marking .clear").click()
    page.wait_for_timeout(1500)  # as above
    page.locator("#classical-run").click()
    expect(page.locator("#classical-status")).to_contain_text("Nothing says yet where to paint", timeout=LONG)


def test_more_strokes_are_followed_and_a_record_brings_the_region_back(open_page, photo, style, tmp_path, nameless):
    page = open_page()
    upload(page, "#content", photo)
    upload(page, "#style-1", style)
    choose(page, 4)
    until(page, "document.querySelector('#marking img').naturalWidth === 300")
    brush(page, (0.2, 0.3), (0.3, 0.3))
    page.wait_for_timeout(1500)
    repaint(page)

    one = saved(page, tmp_path / "one.png")
    followed(page, lambda: brush(page, (0.7, 0.7), (0.8, 0.7)))
    two = saved(page, tmp_path / "two.png")
    changed = np.abs(one - two).max(2)
    assert changed[:, : changed.shape[1] // 2].max() == 0 < changed[:, changed.shape[1] // 2 :].max()
    followed(page, page.locator("#marking .undo").click)
    assert (saved(page, tmp_path / "undone.png") == one).all()

    def painted(change, **wanted):
        """The result that follows a change, once it says that it was made so; its file is "made.png"."""
        change()
        end = time.monotonic() + LONG / 1000
        while time.monotonic() < end:
            settled(page)
            made, settings = saved(page, tmp_path / "made.png"), provenance.read(tmp_path / "made.png").settings
            if wanted.items() <= {"region": "everywhere", **settings}.items():  # which no record says
                return made
            page.wait_for_timeout(100)
        pytest.fail(f"{wanted} is not in {settings}")

    what_is_found_in_a_photo_is_painted_at_one_press(page, painted)
    switches_keep_faces_background_and_colours(page, painted)
    what_is_opaque_is_painted(page, painted, tmp_path)
    page.set_viewport_size({"width": 390, "height": 900})
    path = the_image_driven_tab_keeps_the_photo_around_what_is_brushed(page, photo, style, tmp_path, nameless)

    # Dropped on a page that knows nothing: the region is back, and it is said that the strokes are not.
    other = open_page()
    drop(other, "#restore-part", tmp_path / "two.png")
    other.locator("#drops dialog button[value=settings]").click()
    expect(other.locator("#drops .told")).to_contain_text("brush over the part again", timeout=LONG)
    expect(other.locator("#region input[value=mask]")).to_be_checked()
    expect(other.locator("#feather")).to_be_visible()
    # The settings of a picture that the Image-driven tab has made come back there.
    drop(other, "#restore-part", path)
    other.locator("#drops dialog button[value=settings]").click()
    expect(other.locator("#image-region input[value=mask]")).to_be_checked(timeout=LONG)
    expect(other.locator("#image-feather")).to_be_visible()


ASTRONAUT = Image.fromarray(data.astronaut())
FACE = np.s_[35:95, 95:145]  # at 256 pixels


def what_is_found_in_a_photo_is_painted_at_one_press(page, painted):
    page.locator("#size input[type=number]").fill("256")
    page.keyboard.press("Tab")
    page.locator("#example-contents button").nth(2).click()
    expect(page.locator("#content .image-frame img")).to_have_attribute("src", re.compile("astronaut"), timeout=LONG)
    was, where = np.asarray(ASTRONAUT.resize((256, 256), Image.Resampling.LANCZOS)).astype(int), {}
    for place, region in ((1, "subject"), (2, "person"), (3, "background")):
        made = painted(lambda place=place: choose(page, place), region=region, size=256)
        where[region] = np.abs(made - was).max(2) > 40
    for region in ("subject", "person"):
        assert where[region][FACE].mean() > 0.25 and where[region][:40, 200:].mean() < 0.1, region
    assert where["background"][FACE].mean() < 0.1 and where["background"].mean() > 0.1
    assert (where["background"] & where["subject"]).mean() < 0.05


def switches_keep_faces_background_and_colours(page, painted):
    was = np.asarray(ASTRONAUT.resize((256, 256), Image.Resampling.LANCZOS)).astype(int)

    def away(made, place=np.s_[:]):
        return np.abs(made[place] - was[place]).mean()

    faces = painted(lambda: choose(page, 0), region="everywhere", keep_faces=True)
    none = painted(page.locator("#keep-faces input").uncheck, keep_faces=False)
    colours = painted(page.locator("#keep-colours input").check, keep_colours=True)
    page.locator("#keep-colours input").uncheck()
    background = painted(page.locator("#keep-background input").check, keep_background=True, keep_colours=False)
    page.locator("#keep-background input").uncheck()
    corner = np.s_[:40, 230:]
    assert away(faces, FACE) < 0.9 * away(none, FACE)
    hues = [np.abs(np.diff(one, axis=2) - np.diff(was, axis=2)).mean() for one in (colours, none)]
    assert hues[0] < 0.5 * hues[1]
    assert away(background, corner) < 2 < away(none, corner)


def what_is_opaque_is_painted(page, painted, folder):
    cut = ASTRONAUT.convert("RGBA").resize((256, 256))
    cut.paste((0, 0, 0, 0), (128, 0, 256, 256))
    cut.save(folder / "cut.png")

    def upload_and_choose():
        upload(page, "#content", folder / "cut.png")
        choose(page, 5)

    painted(upload_and_choose, region="alpha")
    with Image.open(folder / "made.png") as made:
        opacity = np.asarray(made.convert("RGBA"))[..., 3]
    assert opacity[:, :124].min() == 255 and opacity[:, 132:].max() == 0


def the_image_driven_tab_keeps_the_photo_around_what_is_brushed(page, photo, style, tmp_path, nameless):
    """Gives back the file."""
    open_tab(page, "image")
    upload(page, "#image-content", photo)
    upload(page, "#image-style-1", style)
    choose(page, 4, "image-")
    until(page, "document.querySelector('#image-marking img').naturalWidth === 300")
    brush(page, (0.2, 0.5), (0.3, 0.5), tab="image-")
    page.wait_for_timeout(1500)  # the stroke is on its way
    assert nameless(page) == [] and page.evaluate("document.documentElement.scrollWidth") <= 390
    put(page, "image", size=200)
    run(page, "image")
    path = download(page, "image", tmp_path)
    made = np.asarray(Image.open(path).convert("RGB")).astype(int)
    was = np.asarray(prepare(pictures.open_picture(photo), 200)).astype(int)
    half = made.shape[1] // 2
    changed = np.abs(made - was).max(2)
    assert changed[:, half:].max() == 0 < changed[:, :half].max()
    record = provenance.read(path)
    assert record.settings["model"] == "painter" and record.settings["region"] == "mask"
    return path
