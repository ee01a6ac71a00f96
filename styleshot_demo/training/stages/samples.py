"""From examples to what one update sees; every random number of a sample is a function of the seed and its place.

A run is one endless row of samples, dealt out to the processes one by one. An update takes the next
`processes * accumulate * batch` of them, so a continued run, a run on more processes and one that accumulates more all
see the same examples with the same random numbers.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Protocol

import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from styleshot_demo.images.ops import to_tensor
from styleshot_demo.styleshot import patches
from styleshot_demo.styleshot.patches import COUNTS, Order, Patches
from styleshot_demo.training.gallery.examples import TrainingExample
from styleshot_demo.training.stages.objective import DropBounds


class Gallery(Protocol):
    """Where examples come from."""

    def stream(
        self, rank: int, world: int, start: int, batch: int, worker: int, workers: int
    ) -> Iterator[TrainingExample]:
        """Process `rank` of `world`: its examples without end from its `start`-th on; every `workers`-th batch."""
        ...


@dataclass(frozen=True)
class Sample:
    """One example, cut up, with its random numbers.

    picture   float32 [3, R, R] in [-1, 1]
    patches   of one picture: [1, 8, 3, S/4, S/4] and so on, shuffled, in [-1, 1]
    text      empty where dropped
    control   float32 [3, R, R] in 0..1, black where dropped; None without content pictures
    timestep  0 to the scheduler's number of time steps - 1
    seed      for the noise
    """

    picture: Tensor
    patches: Patches
    text: str
    drop_style: bool
    control: Tensor | None
    timestep: int
    seed: int


@dataclass(frozen=True)
class Batch:
    """Samples side by side: tensors have them in their first dimension."""

    pictures: Tensor
    patches: Patches
    texts: list[str]
    drop_style: Tensor
    control: Tensor | None
    timesteps: Tensor
    seeds: list[int]


@dataclass(frozen=True)
class Cutting:
    """How examples become samples.

    resolution  R, side of what is learnt to be drawn, pixels
    style_side  S, side of the square the style encoder's patches are cut from, pixels
    timesteps   the scheduler's number of time steps
    """

    bounds: DropBounds
    uses_content: bool
    seed: int
    resolution: int = patches.CROP
    style_side: int = patches.CROP
    timesteps: int = 1000

    def __call__(self, example: TrainingExample, place: int) -> Sample:
        """`place`: where in the endless row the example stands."""
        generator = torch.Generator().manual_seed(seed_of(self.seed, "sample", place))
        number = torch.rand(1, generator=generator, dtype=torch.float64)
        timestep = int(torch.randint(self.timesteps, (), generator=generator))
        order = Order(*(torch.randperm(places, generator=generator) for places in COUNTS))
        drop = self.bounds(number)
        control = None
        if self.uses_content:
            assert example.content is not None  # galleries of such a stage have no other examples
            control = control_tensor(example.content, self.resolution)
            control = torch.zeros_like(control) if drop.content else control
        # As published, the style reference is the training picture itself.
        style = picture_tensor(example.picture, self.style_side)
        same = self.resolution == self.style_side
        return Sample(
            picture=style if same else picture_tensor(example.picture, self.resolution),
            patches=patches.shuffle(patches.split(style[None]), order),
            text="" if drop.text else example.prompt,
            drop_style=bool(drop.style),
            control=control,
            timestep=timestep,
            seed=seed_of(self.seed, "noise", place),
        )


class SampleStream(IterableDataset):
    """The samples of one process, from its `start`-th on; workers take turns batch by batch."""

    def __init__(self, gallery: Gallery, cut: Cutting, batch: int, start: int, rank: int, world: int) -> None:
        self.gallery = gallery
        self.cut = cut
        self.batch = batch
        self.start = start
        self.rank = rank
        self.world = world

    def __iter__(self) -> Iterator[Sample]:
        info = get_worker_info()
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
        own = (number for number in count() if number // self.batch % workers == worker)
        examples = self.gallery.stream(self.rank, self.world, self.start, self.batch, worker, workers)
        for example, number in zip(examples, own, strict=False):
            yield self.cut(example, (self.start + number) * self.world + self.rank)


def batches(
    gallery: Gallery, cut: Cutting, *, batch: int, start: int = 0, rank: int = 0, world: int = 1, workers: int = 0
) -> Iterator[Batch]:
    """The batches of one process without end; `start` counts its samples, a multiple of `batch`."""
    samples = SampleStream(gallery, cut, batch, start, rank, world)
    return iter(DataLoader(samples, batch, collate_fn=together, num_workers=workers, persistent_workers=workers > 0))


def seed_of(*parts: object) -> int:
    """A seed for anything that can be written down, the same on every machine; 63 bits."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8], "little") >> 1


def picture_tensor(image: Image.Image, side: int) -> Tensor:
    """The published crop, float32 [3, side, side] in [-1, 1]."""
    return patches.normalised(patches.crop(image, side))[0]


def control_tensor(image: Image.Image, side: int) -> Tensor:
    """The same crop of a contour or line drawing, float32 [3, side, side] in 0..1."""
    # Not from [-1, 1], which would cost the last bit.
    return to_tensor(patches.crop(image, side))[0]


def together(samples: Sequence[Sample]) -> Batch:
    """Samples -> `Batch`."""
    controls = [sample.control for sample in samples if sample.control is not None]
    return Batch(
        pictures=torch.stack([sample.picture for sample in samples]),
        patches=Patches(*(torch.cat(level) for level in zip(*(sample.patches for sample in samples), strict=True))),
        texts=[sample.text for sample in samples],
        drop_style=torch.tensor([sample.drop_style for sample in samples]),
        control=torch.stack(controls) if controls else None,
        timesteps=torch.tensor([sample.timestep for sample in samples]),
        seeds=[sample.seed for sample in samples],
    )
