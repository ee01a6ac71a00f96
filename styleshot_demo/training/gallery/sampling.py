"""In which order a gallery's pictures are seen, so that the many of one style do not drown the few of another."""

import numpy as np


def shares(counts: np.ndarray, balance: float) -> np.ndarray:
    """How many examples of an epoch each style gets, int64 [styles]; an epoch has as many as there are pictures.

    counts   pictures of each style, int [styles], each at least 1
    balance  0: as many as the style has pictures; 1: every style the same; between, in proportion to
             count ** (1 - balance), as languages are balanced in multilingual training (Conneau et al., XLM-R, 2020)
    """
    total = int(counts.sum())
    weights = counts.astype(np.float64) ** (1 - balance)
    exact = total * weights / weights.sum()
    result = np.floor(exact + 1e-9).astype(np.int64)
    rest = total - int(result.sum())
    result[np.argsort(result - exact, kind="stable")[:rest]] += 1
    return result


class EpochOrder:
    """Position -> picture, without end: epoch after epoch, each in an order of its own, the same for the same seed.

    A style's pictures follow each other without repetition until all have been seen, also from one epoch to the next.
    Memory: 16 bytes a picture.
    """

    def __init__(self, codes: np.ndarray, seed: int = 0, balance: float = 0.5) -> None:
        """`codes`: the style of each picture, int [pictures], from 0."""
        self._seed = seed
        present, inverse, counts = np.unique(codes, return_inverse=True, return_counts=True)
        del present
        self._grouped = np.argsort(inverse, kind="stable")
        self._ends = np.cumsum(counts)
        self._shares = shares(counts, balance) if len(counts) else counts
        self._epoch = -1
        self._order = np.empty(0, np.int64)

    def __len__(self) -> int:
        """Examples of an epoch."""
        return len(self._grouped)

    def __getitem__(self, position: int) -> int:
        """The picture at a position, 0 or more; position // len is the epoch."""
        epoch, place = divmod(position, len(self))
        if epoch != self._epoch:
            self._order, self._epoch = self.epoch(epoch), epoch
        return int(self._order[place])

    def epoch(self, number: int) -> np.ndarray:
        """The pictures of one epoch, int64 [pictures]."""
        parts = []
        start = 0
        for style, (end, share) in enumerate(zip(self._ends, self._shares, strict=True)):
            members = self._grouped[start:end]
            start = end
            first = number * int(share)
            rounds = range(first // len(members), (first + int(share) - 1) // len(members) + 1)
            deck = [np.random.default_rng((self._seed, style, turn)).permutation(members) for turn in rounds]
            parts.append(np.concatenate(deck)[first - rounds.start * len(members) :][:share])
        return np.random.default_rng((self._seed, number)).permutation(np.concatenate(parts))


def chosen(codes: np.ndarray, per_style: int | None, seed: int) -> np.ndarray:
    """Pictures for a new gallery, int64: at most `per_style` of each style at random (None: all), styles mixed."""
    rng = np.random.default_rng(seed)
    mixed = rng.permutation(len(codes))
    if per_style is None:
        return mixed
    by_style = mixed[np.argsort(codes[mixed], kind="stable")]
    _, starts, counts = np.unique(codes[by_style], return_index=True, return_counts=True)
    within = np.arange(len(by_style)) - np.repeat(starts, counts)
    return rng.permutation(by_style[within < per_style])
