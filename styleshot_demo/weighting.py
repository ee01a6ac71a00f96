"""Sums of tensors by weight, in which the order and the type are said once."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from torch import Tensor


def weighted_sum(parts: "Iterable[tuple[Tensor, float]]") -> "Tensor":
    """The sum of weight * tensor over (tensor, weight) pairs, at least one, of one shape, added in their order."""
    # Added one to the other: the rounding of a reduction over a stack is another, and pictures would change.
    return cast("Tensor", sum(weight * part for part, weight in parts))
