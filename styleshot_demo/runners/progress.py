"""How far all pictures of a run are, and how long the rest takes."""

import math
import time

from styleshot_demo.messages import Remark, remark

# Shares of the progress bar: what comes before the first step, and what decoding is beside the steps.
BEGIN, DECODE = 0.03, 0.1


class StepProgress:
    """Of several pictures that are denoised and decoded one after another."""

    def __init__(self, pictures: int, steps: int) -> None:
        self.pictures, self.steps = pictures, steps
        self.done = 0
        self.fraction = BEGIN
        self._stepped: list[float] = []
        self._decoded: list[float] = []
        self._last = 0.0

    def begin(self) -> None:
        """A picture is begun."""
        self._last = time.perf_counter()

    def step(self, index: int, total: int) -> Remark:
        """Evaluation `index` of `total` of the picture is done."""
        now = time.perf_counter()
        self._stepped.append(now - self._last)
        self._last = now
        # The first step is slower: memory is claimed, kernels are chosen.
        recent = self._stepped[1:] or self._stepped
        rest = total - index + (self.pictures - self.done - 1) * total
        left = sum(recent) / len(recent) * rest
        if self._decoded:
            left += sum(self._decoded) / len(self._decoded) * (self.pictures - self.done)
        self.fraction = BEGIN + (1 - BEGIN) * (self.done + (1 - DECODE) * index / total) / self.pictures
        # Some schedulers evaluate more often than they were asked to; a person counts the steps asked for.
        values = {"step": math.ceil(index * self.steps / total), "total": self.steps, "seconds": round(left)}
        if self.pictures == 1:
            return remark("iterating", **values)
        return remark("denoising", picture=self.done + 1, pictures=self.pictures, **values)

    def end(self) -> None:
        """The picture is decoded."""
        self._decoded.append(time.perf_counter() - self._last)
        self.done += 1
        self.fraction = BEGIN + (1 - BEGIN) * self.done / self.pictures
