"""How long, how fast and how carefully to train; the defaults are the published ones."""

from dataclasses import asdict, dataclass
from typing import Any

from styleshot_demo.errors import Problem
from styleshot_demo.training.core.schedules import cosine, warming_up

SCHEDULES = ("constant", "cosine")
PRECISIONS = ("auto", "no", "fp16", "bf16")
# What may change when a run is continued: it decides what is seen of the weights, or how far they go.
FREE = ("steps", "checkpoint_every", "validate_every", "workers", "checkpointing", "batch", "accumulate")


@dataclass(frozen=True)
class StageRecipe:
    """One training run.

    steps             weight updates in all, also of a continued run
    batch             examples at once in each process
    accumulate        batches whose gradients make one update
    rate              highest learning rate of AdamW
    decay             weight decay
    schedule          "constant", or "cosine" down to zero at the last step
    warmup            updates until the learning rate is at its highest
    clip              highest norm of all gradients together; 0 for no clipping
    average           decay of an exponential moving average of the weights, which is then the result; 0 for none
    seed              decides every random number, so that the same seed is the same run
    resolution        side of the training pictures, pixels; style references are seen at the encoder's own size
    precision         "no" (float32), "fp16", "bf16", or "auto": what `accelerate launch` was told, else float32
    checkpointing     recompute activations in the backward pass: less memory, a third more time
    workers           processes that read pictures, for each training process
    checkpoint_every  updates between checkpoints
    validate_every    updates between validation pictures; 0 for none
    """

    steps: int = 100_000
    batch: int = 4
    accumulate: int = 1
    rate: float = 1e-4
    decay: float = 0.01
    schedule: str = "constant"
    warmup: int = 0
    clip: float = 0.0
    average: float = 0.0
    seed: int = 0
    resolution: int = 512
    precision: str = "auto"
    checkpointing: bool = False
    workers: int = 0
    checkpoint_every: int = 500
    validate_every: int = 1000

    def __post_init__(self) -> None:
        for name, choices in (("schedule", SCHEDULES), ("precision", PRECISIONS)):
            if getattr(self, name) not in choices:
                value = str(getattr(self, name))[:40]
                raise Problem("unknown_choice", value=value, name=name, choices=", ".join(choices))
        for name, low, high in (
            ("steps", 1, 10**9),
            ("batch", 1, 4096),
            ("accumulate", 1, 4096),
            ("rate", 0, 1),
            ("decay", 0, 1),
            ("warmup", 0, 10**9),
            ("clip", 0, 10**6),
            ("average", 0, 1),
            ("seed", 0, 2**32 - 1),
            ("resolution", 64, 2048),
            ("workers", 0, 256),
            ("checkpoint_every", 1, 10**9),
            ("validate_every", 0, 10**9),
        ):
            if not low <= getattr(self, name) <= high:
                raise Problem("out_of_range", name=name, value=getattr(self, name), low=low, high=high)
        if self.resolution % 64:
            raise Problem("resolution_step", value=self.resolution)

    def rate_at(self, step: int) -> float:
        """The learning rate of update `step`, counted from 0."""
        constant = self.schedule == "constant"
        return self.rate * (warming_up(step, self.warmup) if constant else cosine(step, self.steps, self.warmup))

    def identity(self, processes: int) -> dict[str, Any]:
        """What has to be the same for a run to be continued.

        Of batch, accumulation and processes only the product: the same examples then make the same update.
        """
        kept = {name: value for name, value in asdict(self).items() if name not in FREE}
        return kept | {"examples_per_update": self.batch * self.accumulate * processes}
