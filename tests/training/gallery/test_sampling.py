"""The order of an epoch: balanced, complete, the same for the same seed."""

import numpy as np
import pytest

from styleshot_demo.training.gallery.sampling import EpochOrder, chosen, shares

CODES = np.repeat([0, 1, 2], [1000, 50, 10])


@pytest.mark.parametrize(
    ("balance", "expected"),
    [(0.0, [1000, 50, 10]), (1.0, [353, 353, 353])],
)
def test_shares_run_from_as_they_come_to_all_the_same(balance: float, expected: list[int]) -> None:
    result = shares(np.array([1000, 50, 10]), balance)
    assert result.sum() == 1060
    assert np.abs(result - expected).max() <= 1


def test_between_them_a_small_style_gets_more_than_its_part_and_a_large_one_less() -> None:
    result = shares(np.array([1000, 50, 10]), 0.5)
    assert result[0] < 1000 and result[1] > 50 and result[2] > 10
    assert result[0] > result[1] > result[2]
    assert result[2] / result[0] == pytest.approx(0.1, rel=0.02)  # the root of 1 : 100


def test_an_epoch_holds_each_style_in_its_share() -> None:
    for number in (0, 3):
        epoch = EpochOrder(CODES, seed=1, balance=1.0).epoch(number)
        assert len(epoch) == len(CODES)
        assert np.abs(np.bincount(CODES[epoch]) - 353).max() <= 1


def test_without_balance_an_epoch_is_a_permutation() -> None:
    order = EpochOrder(CODES, seed=1, balance=0.0)
    for number in (0, 1):
        assert sorted(order.epoch(number)) == list(range(len(CODES)))
    assert list(order.epoch(0)) != list(order.epoch(1))


def test_no_picture_of_a_style_comes_twice_before_all_of_it_have_come() -> None:
    order = EpochOrder(CODES, seed=3, balance=1.0)
    seen = np.concatenate([order.epoch(number) for number in range(6)])
    for style in range(3):
        counts = np.bincount(seen[CODES[seen] == style], minlength=len(CODES))[style == CODES]
        assert counts.max() - counts.min() <= 1


def test_the_order_comes_from_the_seed_and_nothing_else() -> None:
    first, again, other = EpochOrder(CODES, seed=5), EpochOrder(CODES, seed=5), EpochOrder(CODES, seed=6)
    places = [3, 2000, 0, 1059, 1060, 3]
    assert [first[place] for place in places] == [again[place] for place in reversed(places)][::-1]
    assert [first[place] for place in range(100)] != [other[place] for place in range(100)]
    assert [first[place] for place in range(1060)] == list(again.epoch(0))


def test_styles_are_mixed_within_an_epoch() -> None:
    epoch = CODES[EpochOrder(CODES, seed=0, balance=1.0).epoch(0)]
    halves = np.bincount(epoch[:530]), np.bincount(epoch[530:])
    assert np.abs(halves[0] - halves[1]).max() < 100


def test_a_million_pictures_cost_little_memory() -> None:
    import tracemalloc

    codes = np.random.default_rng(0).integers(0, 500, 1_000_000).astype(np.int32)
    tracemalloc.start()
    order = EpochOrder(codes)
    order[1_500_000]
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 20e6 and peak < 100e6


def test_a_new_gallery_takes_at_most_so_many_of_each_style() -> None:
    picked = chosen(CODES, 30, seed=0)
    assert list(np.bincount(CODES[picked])) == [30, 30, 10]
    assert len(set(picked)) == 70
    assert len(set(CODES[picked[:20]])) == 3  # mixed
    assert sorted(chosen(CODES, None, seed=0)) == list(range(1060))
    assert list(chosen(CODES, 30, seed=0)) == list(picked) != list(chosen(CODES, 30, seed=1))
    assert not len(chosen(np.empty(0, np.int32), 3, seed=0))
