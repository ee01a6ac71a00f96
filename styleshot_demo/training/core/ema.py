"""An exponential moving average of weights.

The EMAModel of diffusers would change the numbers: its first update forgets the start altogether, where this one keeps
a tenth of it, and it does not round as `lerp` does. Elementwise as this is, sharded weights average as well.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class ExponentialMovingAverage:
    """`decay` per update, less in the first ones: (1 + n) / (10 + n), so that the start is soon forgotten."""

    def __init__(self, parameters: Iterable[nn.Parameter], decay: float) -> None:
        self.parameters = list(parameters)
        self.decay = decay
        self.values: list[Tensor] = [parameter.detach().clone() for parameter in self.parameters]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """After update `step`, counted from 0."""
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self.values, [parameter.detach() for parameter in self.parameters], 1 - decay)

    @torch.no_grad()
    def take(self) -> None:
        """What stands in the parameters now is the average, as when a run is continued."""
        for value, parameter in zip(self.values, self.parameters, strict=True):
            value.copy_(parameter.detach())

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The averages stand in the parameters for the length of the block."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for value, parameter in zip(self.values, self.parameters, strict=True):
            kept = parameter.detach().clone()
            parameter.copy_(value)
            value.copy_(kept)
