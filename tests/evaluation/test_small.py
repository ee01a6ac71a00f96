"""The figures of the small model: right for pictures whose answer is known, and complete."""

import itertools

import numpy as np
import pytest
import torch
from PIL import Image
from training.small.made import write_data

from styleshot_demo import Settings, TextJob
from styleshot_demo.evaluation import small
from styleshot_demo.events import Finished, Result
from styleshot_demo.training.small.pack import Pack, write


@pytest.fixture(scope="module")
def packed(tmp_path_factory) -> Pack:
    folder = tmp_path_factory.mktemp("evaluation")
    write(write_data(folder / "data"), folder / "pack.zip")
    return Pack(folder / "pack.zip")


class Painter:
    """In place of the studio: `paint(job)` makes the picture."""

    def __init__(self, paint) -> None:
        self.settings = Settings(provenance=False)
        self.paint, self.jobs = paint, []

    def finish(self, job) -> Result:
        self.jobs.append(job)
        return Finished(Result([self.paint(job)], None, job.seed, 0.0, {}, {}, [])).result


def perfect(pack: Pack):
    """Paints what was asked for: the thing by its name, else the content; in the style's colours by its strength."""
    by_name = {pack.things[pack.codes[n]]["name"]: int(n) for n in pack.emoji_places(held_set=True)}

    def paint(job) -> Image.Image:
        style = job.styles[0][0].resize((256, 256)).convert("RGB")
        if not isinstance(job, TextJob):
            return style
        thing = small.on_white(pack, by_name[job.prompt])
        return thing if job.style_strength == 1.0 and job.seed < 1000 else Image.blend(thing, style, job.style_strength)

    return paint


def figures(pack: Pack, paint, **counts: int) -> dict[str, float]:
    given = small.Counts(**({"things": 0, "text_pairs": 0, "image_pairs": 0, "sweeps": 0} | counts))
    return small.evaluate(pack, Painter(paint), given)["figures"]


def test_a_painter_of_one_picture_is_at_chance(packed):
    grey = Image.new("RGB", (256, 256), (128, 128, 128))
    found = figures(packed, lambda job: grey, things=8, text_pairs=13, image_pairs=13)
    assert found["top1"] <= 2 / 8
    assert found["style_text"] <= 2 / 13
    assert found["edge_f1"] < 0.5  # two of the contents have no edge either


def test_edges_count_when_the_content_is_kept(packed):
    found = figures(packed, lambda job: job.content, image_pairs=6)
    assert found["edge_f1"] == 1.0


def test_a_perfect_painter_reaches_everything_and_every_picture_is_counted_and_on_a_sheet(packed, tmp_path):
    painter, told = Painter(perfect(packed)), []
    report = small.evaluate(
        *(packed, painter, small.Counts(6, 6, 6, 1)),
        steps=7,
        on_picture=lambda done, total: told.append((done, total)),
        sheets=tmp_path / "sheets",
    )
    found = report["figures"]
    assert found["top5"] == found["top1"] == 1.0
    assert found["style_text"] == found["style_image"] == 1.0
    assert found["strength"] > 0.9
    assert {job.model for job in painter.jobs} == {"small"} and {job.steps for job in painter.jobs} == {7}
    assert told == list(zip(range(1, 24), itertools.repeat(23), strict=False))
    assert len(painter.jobs) == report["pictures"] == 23
    assert [row["must_reach"] for row in report["table"]] == [0.35, 0.5, 0.6, 0.55, 0.8]
    assert report["judge"] == "the built-in encoder"
    assert {path.stem for path in (tmp_path / "sheets").glob("*.png")} == {"things", "text", "image", "strength"}


def test_styles_and_contents_are_ones_that_training_did_not_see(packed):
    rng = np.random.default_rng(0)
    held = {packed.pictures[n].tobytes() for n in packed.picture_places("paintings", held=True)}
    assert len(small.style_pictures(packed, rng)) == len(held) + len(set(packed.sets))
    assert all(image.size == (256, 256) for image in small.content_pictures(packed, rng))


def test_rank_and_spearman():
    gallery = torch.eye(3)
    assert small.rank(torch.tensor([0.1, 0.9, 0.3]), gallery, 1) == 0
    assert small.rank(torch.tensor([0.1, 0.9, 0.3]), gallery, 0) == 2
    assert small.spearman([1, 2, 3, 9], [0, 1, 2, 3]) == pytest.approx(1)
    assert small.spearman([4, 3, 2, 1], [0, 1, 2, 3]) == pytest.approx(-1)


def test_equal_numbers_share_a_rank():
    # By hand: ranks 1.5, 1.5, 3, 4 against 1, 2, 3, 4 correlate with 4.5 / sqrt(4.5 * 5).
    assert small.spearman([1, 1, 2, 3], [0, 1, 2, 3]) == pytest.approx(4.5 / 22.5**0.5)
    assert small.spearman([1, 1, 2, 3], [0, 1, 2, 3]) == small.spearman([0, 1, 2, 3], [1, 1, 2, 3])
    assert small.spearman([2, 1, 1], [1, 2, 3]) == pytest.approx(-(3**0.5) / 2)


@pytest.mark.filterwarnings("error")
def test_what_never_changes_follows_nothing():
    assert small.spearman([5, 5, 5, 5], [0, 1, 2, 3]) == 0
    assert small.spearman([0, 1, 2, 3], [5, 5, 5, 5]) == 0
