"""Batches made ahead by other processes, the same as if they were made on the spot."""

from collections.abc import Iterator

from torch.utils.data import DataLoader, Dataset

from styleshot_demo.training.small.samples import PairBatch, PairSampler


class BatchPrefetcher:
    """`feed(step)` is `samples.batch(count, step)`; steps have to follow one another where there are workers."""

    def __init__(self, samples: PairSampler, count: int, workers: int = 0, last: int = 1_000_000_000) -> None:
        self.samples, self.count, self.workers, self.last = samples, count, workers, last
        self._made: Iterator[tuple[int, PairBatch]] | None = None

    def __call__(self, step: int) -> PairBatch:
        if self.workers == 0:
            return self.samples.batch(self.count, step)
        if self._made is None:
            loader = DataLoader(
                _Steps(self.samples, self.count, self.last),
                batch_size=None,
                sampler=range(step, self.last),
                num_workers=self.workers,
                # The pictures are in memory already; a copy of them in each worker would not fit.
                multiprocessing_context="fork",
                prefetch_factor=4,
            )
            self._made = iter(loader)
        place, batch = next(self._made)
        if place != step:
            raise ValueError(f"step {step} after {place - 1}")
        return batch


class _Steps(Dataset):
    def __init__(self, samples: PairSampler, count: int, last: int) -> None:
        self.samples, self.count, self.last = samples, count, last

    def __len__(self) -> int:
        return self.last

    def __getitem__(self, step: int) -> tuple[int, PairBatch]:
        return step, self.samples.batch(self.count, step)
