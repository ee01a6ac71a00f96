"""A style is read once: the next photo is painted by what is remembered of it, to the same bytes."""

import pytest
from PIL import Image, ImageDraw
from skimage import data

from styleshot_demo import ClassicalJob, ImageJob, Settings, Studio, TextJob
from styleshot_demo.classical.features import Encoder
from styleshot_demo.runners import styles
from styleshot_demo.runners.weights import TITLES
from styleshot_demo.settings import ASSETS

STYLE, OTHER = (ASSETS / "styles" / name for name in ("batik.jpg", "wave-print.jpg"))


@pytest.fixture
def passes(monkeypatch) -> list[tuple[int, int]]:
    """Height and width of every picture that the encoder reads."""
    seen: list[tuple[int, int]] = []
    forward = Encoder.forward

    def counted(self, pixels, *given, **named):
        seen.append(tuple(pixels.shape[2:]))
        return forward(self, pixels, *given, **named)

    monkeypatch.setattr(Encoder, "forward", counted)
    return seen


def photos() -> list[Image.Image]:
    return [Image.fromarray(data.astronaut()).resize((320, 240)), Image.fromarray(data.coffee()).resize((320, 200))]


def drawings() -> list[Image.Image]:
    """Things on white, whose ground is given strokes of the style and its tones."""
    made = []
    for colour in ("navy", "darkred"):
        image = Image.new("RGB", (256, 192), "white")
        ImageDraw.Draw(image).ellipse((60, 40, 180, 150), fill=colour)
        made.append(image)
    return made


def test_fast_reads_a_style_once_and_paints_the_same(studio, passes) -> None:
    first, second = photos()
    studio.finish(ClassicalJob(first, [STYLE], size=320))
    assert len(passes) == 2, "the photo and the style"
    passes.clear()
    made = studio.finish(ClassicalJob(second, [STYLE], size=320)).images[0]
    assert passes == [(200, 320)], "the photo alone"
    anew = Studio(Settings(device="cpu")).finish(ClassicalJob(second, [STYLE], size=320)).images[0]
    assert made.tobytes() == anew.tobytes()


@pytest.mark.parametrize(
    ("contents", "given"),
    [
        (drawings, {"seed": 3}),
        (photos, {"transform": "adain", "grain": 1.0, "colours_from": "first", "styles": [STYLE, OTHER]}),
        (photos, {"whole": True}),
        (drawings, {"whole": True, "brush_size": 320}),
        (photos, {"method": "colour"}),
        (photos, {"method": "colour", "whole": True}),
    ],
    ids=["drawing", "colours from", "whole", "whole drawing", "colour", "whole colour"],
)
def test_what_is_remembered_changes_no_byte(studio, passes, contents, given) -> None:
    given = {"styles": [STYLE], "size": 256, **given}
    counts = []

    def painted(studio: Studio, content: Image.Image) -> Image.Image:
        passes.clear()
        image = studio.finish(ClassicalJob(content, **given)).images[0]
        counts.append(len(passes))
        return image

    first, second = contents()
    painted(studio, first)
    made, anew = painted(studio, second), painted(Studio(Settings(device="cpu")), second)
    assert made.tobytes() == anew.tobytes()
    assert counts[1] < counts[2] or given.get("method") == "colour"


def test_a_composed_picture_reads_the_style_of_the_last(studio, passes) -> None:
    for prompt, wanted in (("a red apple on a table", 2), ("a blue boat", 1)):
        passes.clear()
        made = studio.finish(TextJob([STYLE], prompt, model="composer", size=256)).images[0]
        assert len(passes) == wanted
    anew = Studio(Settings(device="cpu")).finish(TextJob([STYLE], prompt, model="composer", size=256)).images[0]
    assert made.tobytes() == anew.tobytes()


def test_other_tabs_read_no_style_again_that_fast_has_read(studio, passes) -> None:
    first, second = photos()
    studio.finish(ClassicalJob(first, [STYLE], size=256))
    passes.clear()
    studio.finish(ImageJob(second, [STYLE], model="painter", size=160))
    assert len(passes) == 1


def test_another_size_network_or_picture_is_read_for_itself(studio, passes) -> None:
    first, second = photos()
    studio.finish(ClassicalJob(first, [STYLE], size=256))
    for job in (
        ClassicalJob(second, [STYLE], size=320),
        ClassicalJob(second, [OTHER], size=256),
    ):
        passes.clear()
        studio.finish(job)
        assert len(passes) == 2
    memo = styles.style_cache(studio.cache, "picture", 256, "cpu", {"encoder": "a", "fast": "b"})
    memo.put("colours", 1)
    for models in ({"encoder": "a", "fast": "c"}, {"encoder": "c", "fast": "b"}):
        assert styles.style_cache(studio.cache, "picture", 256, "cpu", models).get("colours") is None
    assert memo.get("colours") == 1


def test_what_is_remembered_is_bounded_and_can_be_unloaded(studio, passes, monkeypatch) -> None:
    monkeypatch.setattr(styles, "KEPT_STATISTICS", 5)
    monkeypatch.setattr(styles, "KEPT_STROKES", 1)
    drawing, _ = drawings()
    for style in (STYLE, OTHER):
        studio.finish(ClassicalJob(drawing, [style], size=256))
    names = [entry.name for entry in studio.cache._entries.values()]
    assert (names.count(TITLES["styles"]), names.count(TITLES["strokes"])) == (5, 1)
    rows = {row.name: row.bytes for row in studio.cache.loaded()}
    assert 0 < rows[TITLES["styles"]] < 400_000 and rows[TITLES["strokes"]] <= 256 * 256 * 12
    assert studio.cache.unload(TITLES["styles"])
    passes.clear()
    studio.finish(ClassicalJob(photos()[0], [style], size=256))
    assert len(passes) == 2
