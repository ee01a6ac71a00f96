"""The endless row of samples: the same for every division among processes, workers and continued runs."""

from itertools import islice

import pytest
import torch

from styleshot_demo.errors import Problem
from styleshot_demo.training.gallery.opening import open_gallery
from styleshot_demo.training.stages.objective import CONTENT_BOUNDS, STYLE_BOUNDS
from styleshot_demo.training.stages.recipe import StageRecipe
from styleshot_demo.training.stages.samples import Cutting, batches, seed_of


def silent(name, problem):
    pass


@pytest.fixture
def gallery(pictures):
    return open_gallery(pictures, seed=3, report=silent)


CUT = Cutting(STYLE_BOUNDS, False, seed=3, resolution=64)


def seeds(gallery, count, **share):
    return [batch.seeds for batch in islice(batches(gallery, CUT, **share), count)]


def test_two_processes_share_what_one_sees(gallery):
    alone = seeds(gallery, 4, batch=4)
    halves = [seeds(gallery, 4, batch=2, rank=rank, world=2) for rank in (0, 1)]
    for whole, first, second in zip(alone, *halves, strict=True):
        assert sorted(whole) == sorted(first + second)


def test_pictures_go_with_their_places(gallery):
    alone = next(batches(gallery, CUT, batch=4))
    second = next(batches(gallery, CUT, batch=2, rank=1, world=2))
    for place, seed in enumerate(second.seeds):
        same = alone.seeds.index(seed)
        assert torch.equal(second.pictures[place], alone.pictures[same])
        assert torch.equal(second.patches.low[place], alone.patches.low[same])
        assert second.timesteps[place] == alone.timesteps[same]


def test_a_continued_row_goes_on(gallery):
    assert seeds(gallery, 2, batch=2, start=4) == seeds(gallery, 4, batch=2)[2:]


def test_workers_change_nothing(gallery):
    plain = list(islice(batches(gallery, CUT, batch=2, start=2), 3))
    worked = list(islice(batches(gallery, CUT, batch=2, start=2, workers=2), 3))
    assert [one.seeds for one in plain] == [one.seeds for one in worked]
    assert all(torch.equal(one.pictures, other.pictures) for one, other in zip(plain, worked, strict=True))


def test_what_a_sample_holds(gallery):
    batch = next(batches(gallery, CUT, batch=3))
    assert batch.pictures.shape == (3, 3, 64, 64) and batch.pictures.min() >= -1 and batch.pictures.max() <= 1
    assert [tuple(level.shape[1:]) for level in batch.patches] == [(8, 3, 128, 128), (16, 3, 64, 64), (32, 3, 32, 32)]
    assert batch.control is None
    assert set(batch.texts) <= {"", "thing", "thing 0", "thing 1", "thing 2"}


def test_texts_styles_and_contents_are_dropped_together(drawn):
    gallery = open_gallery(drawn, seed=0, contents=True, report=silent)
    cut = Cutting(CONTENT_BOUNDS, True, seed=0, resolution=64, style_side=64)
    everything = 0
    for batch in islice(batches(gallery, cut, batch=8), 20):
        assert batch.control.min() >= 0 and batch.control.max() <= 1
        for place, text in enumerate(batch.texts):
            black = not batch.control[place].any()
            assert text or (black and batch.drop_style[place])
            everything += not text
    assert 0 < everything < 30


def test_seeds_are_the_same_on_every_machine():
    assert seed_of(0, "sample", 1) == 6605720979299630148


def test_rates():
    recipe = StageRecipe(steps=100, rate=1.0, schedule="cosine", warmup=10)
    assert recipe.rate_at(0) == pytest.approx(0.1) and recipe.rate_at(9) == 1.0
    assert recipe.rate_at(55) == pytest.approx(0.5) and recipe.rate_at(99) < 0.001
    assert StageRecipe(rate=0.3).rate_at(10**6) == 0.3


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        ({"schedule": "linear"}, "unknown_choice"),
        ({"precision": "fp8"}, "unknown_choice"),
        ({"rate": float("nan")}, "out_of_range"),
        ({"batch": 0}, "out_of_range"),
        ({"resolution": 100}, "resolution_step"),
    ],
)
def test_recipes_that_make_no_sense(asked, key):
    with pytest.raises(Problem) as problem:
        StageRecipe(**asked)
    assert problem.value.key == key
