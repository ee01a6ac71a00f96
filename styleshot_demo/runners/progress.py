"""How far all pictures of a run are, and how long the rest takes."""

import math
import time

from styleshot_demo.messages import Remark, remark
from styleshot_demo.runners.remaining import Clock, RemainingTime, Work

# Shares of the progress bar: what comes before the first step, and what decoding is beside the steps.
BEGIN, DECODE = 0.03, 0.1
DECODE_STEPS = 1.5  # steps that decoding takes as long as, until it has been measured: by their operations


class StepProgress:
    """Of several pictures that are denoised and decoded one after another."""

    def __init__(self, pictures: int, steps: int, clock: Clock = time.perf_counter) -> None:
        self.pictures, self.steps = pictures, steps
        self.done = 0
        self.fraction = BEGIN
        # The first step is slower: memory is claimed, kernels are chosen.
        work = {"first": Work(1, 1), "step": Work(pictures * steps - 1, 1), "decode": Work(pictures, DECODE_STEPS)}
        self._remaining = RemainingTime(work, clock)
        self._first = True

    def begin(self) -> None:
        """A picture is begun."""
        self._remaining.begin()

    def step(self, index: int, total: int) -> Remark:
        """Evaluation `index` of `total` of the picture is done."""
        self._remaining.done("first" if self._first else "step")
        self._first = False
        # Some schedulers evaluate more often than they were asked to.
        self._remaining.expect("step", total - index + (self.pictures - self.done - 1) * total)
        self.fraction = BEGIN + (1 - BEGIN) * (self.done + (1 - DECODE) * index / total) / self.pictures
        # A person counts the steps asked for.
        values = {
            "step": math.ceil(index * self.steps / total), "total": self.steps, "seconds": self._remaining.seconds()
        }  # fmt: skip
        if self.pictures == 1:
            return remark("iterating", **values)
        return remark("denoising", picture=self.done + 1, pictures=self.pictures, **values)

    def end(self) -> None:
        """The picture is decoded."""
        self._remaining.done("decode")
        self.done += 1
        self.fraction = BEGIN + (1 - BEGIN) * self.done / self.pictures
