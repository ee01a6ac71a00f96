"""Examples: the reference shares the style and nothing else, and a step is always the same batch."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from styleshot_demo.training.small.augmentation import contour, hue_turn
from styleshot_demo.training.small.feed import BatchPrefetcher
from styleshot_demo.training.small.samples import Mix, PairSampler
from styleshot_demo.training.small.triplets import Triplets, write

ONLY_THINGS = Mix(things=1, restyled_things=0, pictures=0, restyled_photos=0, palette=0)


def test_a_batch_depends_on_its_step_alone(packed):
    first, again = PairSampler(packed, Mix(), seed=3), PairSampler(packed, Mix(), seed=3)
    first.batch(4, 0)
    one, other = first.batch(8, 5), again.batch(8, 5)
    assert torch.equal(one.targets, other.targets) and one.texts == other.texts
    assert not torch.equal(one.targets, first.batch(8, 6).targets)
    assert one.targets.shape == one.references.shape == (8, 3, 128, 128)
    assert one.targets.min() >= 0 and one.targets.max() <= 1


def test_workers_make_the_same_batches(packed):
    samples = PairSampler(packed, Mix(), seed=1)
    feed = BatchPrefetcher(samples, 3, workers=2, last=9)
    for step in range(4, 7):
        assert torch.equal(feed(step).targets, samples.batch(3, step).targets)
    with pytest.raises(ValueError, match="step"):
        feed(99)


def test_the_reference_is_another_thing_of_the_same_set_on_the_same_ground(packed):
    samples = PairSampler(packed, ONLY_THINGS)
    rng = np.random.default_rng(0)
    for target in samples.emoji:
        other = samples.other(int(target), rng)
        assert packed.sets[other] == packed.sets[target]
        assert packed.codes[other] != packed.codes[target]
    batch = samples.batch(16, 0)
    corners = [pictures[:, :, 2, 2] for pictures in (batch.targets, batch.references)]
    assert torch.allclose(*corners, atol=0.02)


def test_turned_colours_keep_grey(packed):
    matrix = hue_turn(0.3)
    assert np.allclose(matrix @ np.ones(3), 1)
    assert not np.allclose(matrix @ (1, 0, 0), (1, 0, 0))
    plain = PairSampler(packed, ONLY_THINGS).batch(8, 1)
    turned = PairSampler(packed, dataclasses.replace(ONLY_THINGS, palette=1)).batch(8, 1)
    assert plain.targets.shape == turned.targets.shape
    assert not torch.allclose(plain.targets, turned.targets)


def test_contours_follow_the_target(packed):
    batch = PairSampler(packed, ONLY_THINGS, contours_every=1).batch(4, 0)
    assert batch.contours.shape == (4, 3, 256, 256)
    assert set(batch.contours.unique().tolist()) <= {0.0, 1.0}
    assert torch.equal(batch.contours[0], contour(batch.targets[0]))
    assert batch.contours.mean() > 0.001


class Negative:
    """In place of the fast network: it turns pictures into their negatives."""

    def encode(self, content, styles):
        return content

    def decode(self, content):
        return 1 - content


def test_triplets_are_continued_and_lead_back_to_their_photos(packed, tmp_path: Path):
    path, whole = tmp_path / "triplets.zip", tmp_path / "whole.zip"
    write(packed, whole, Negative(), things=4, photos=4)
    for name in ("part", "triplets"):  # the second run finds the file of a first one that was stopped
        stopped = Interrupted(3) if name == "part" else Negative()
        try:
            write(packed, path, stopped, things=4, photos=4, save_every=1)
        except KeyboardInterrupt:
            assert len(Triplets(path).images) == 3
    found, wanted = Triplets(path), Triplets(whole)
    assert np.array_equal(found.images, wanted.images)
    assert (found.sources, found.boxes) == (wanted.sources, wanted.boxes)
    restyled, source = found.pixels(0)
    assert (restyled + source - 1).abs().mean() < 0.05

    samples = PairSampler(packed, Mix(0, 0.5, 0, 0.5), found, contours_every=1)
    batch = samples.batch(8, 0)
    assert set(batch.kinds) == {"restyled_thing", "restyled_photo"}
    assert batch.contours.shape == (8, 3, 256, 256)


class Interrupted(Negative):
    def __init__(self, after: int) -> None:
        self.left = after

    def decode(self, content):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return super().decode(content)


def test_only_every_so_many_batches_have_contours(packed):
    samples = PairSampler(packed, ONLY_THINGS, contours_every=3)
    assert [samples.batch(2, step).contours is not None for step in range(4)] == [True, False, False, True]


def test_styles_are_numbered_by_set_and_picture(packed):
    samples = PairSampler(packed, ONLY_THINGS)
    batch = samples.batch(12, 0)
    assert set(batch.styles.tolist()) == {samples.set_names.index(name) for name in ("flat", "line")}
    pictures = PairSampler(packed, Mix(0, 0, 1, 0)).batch(6, 0)
    assert pictures.styles.min() >= len(samples.set_names)
    assert pictures.styles.max() < samples.style_count
