"""StyleShot's trainings on accelerate: the same for a CPU, for one GPU and for many machines."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from itertools import islice
from pathlib import Path
from typing import cast

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedType
from torch import Tensor, nn

from styleshot_demo.destinations import make_folder
from styleshot_demo.training.core.checkpoint import Checkpoint
from styleshot_demo.training.core.device import module_to
from styleshot_demo.training.core.ema import ExponentialMovingAverage
from styleshot_demo.training.core.logbook import TrainingLog
from styleshot_demo.training.core.loop import PeriodicAction, Training, writing
from styleshot_demo.training.stages import state, validation
from styleshot_demo.training.stages.inputs import FrozenEncoders
from styleshot_demo.training.stages.parts import Base
from styleshot_demo.training.stages.recipe import StageRecipe
from styleshot_demo.training.stages.samples import Batch, Cutting, Gallery, batches
from styleshot_demo.training.stages.stage import Stage

LOG_EVERY = 10  # updates
SHOWN = 4  # examples on a validation sheet


def accelerator_of(recipe: StageRecipe, cpu: bool = False) -> Accelerator:
    """The processes and devices that `accelerate launch` has given, or this process alone."""
    precision = None if recipe.precision == "auto" else recipe.precision
    # None leaves it to the environment; the stubs know only of bool.
    return Accelerator(mixed_precision=precision, cpu=cast(bool, cpu or None))


def optimiser_of(parameters: Iterable[nn.Parameter], recipe: StageRecipe) -> torch.optim.AdamW:
    """The published optimiser, AdamW (Loshchilov and Hutter, 2019), with the recipe's learning rate and decay."""
    return torch.optim.AdamW(parameters, lr=recipe.rate, weight_decay=recipe.decay)


def train(
    stage: Stage,
    base: Base,
    gallery: Gallery,
    recipe: StageRecipe,
    out: Path,
    accelerator: Accelerator,
    prompts: Sequence[str] = (),
) -> dict[str, Tensor]:
    """Train, or go on where the run in the folder `out` stopped; returns all weights by name on the main process.

    Writes into `out`: log.jsonl (loss and learning rate, means since the line before), checkpoint.pt, validation/ and,
    where TensorBoard is installed, tensorboard/. Every process of the run has to call this.

    prompts  for the validation pictures; captions of the gallery where there are none

    Raises `Problem` other_run, training_diverged, cannot_write and what the gallery raises.
    """
    objective = stage.objective.train()
    if recipe.checkpointing:
        _recompute(stage)
    if accelerator.device.type == "cuda" and not _sharded(accelerator):
        _slim(stage, base, accelerator.mixed_precision)
    learning = [parameter for parameter in objective.parameters() if parameter.requires_grad]
    optimiser = optimiser_of(learning, recipe)
    model, optimiser = accelerator.prepare(objective, optimiser)
    inputs = FrozenEncoders(base.vae, base.text_encoder, base.tokenizer, accelerator.device)
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    average = ExponentialMovingAverage(learning, recipe.average) if recipe.average else None

    make_folder(out)
    parts = (model, optimiser.optimizer, average, accelerator.scaler)
    checkpoint = Checkpoint(
        out,
        {"stage": stage.name, **recipe.identity(accelerator.num_processes)},
        partial(state.collected, *parts),
        lambda found: state.restore(found, *parts),
        writes=accelerator.is_main_process,
        mmap=True,
    )
    first = checkpoint.load()
    rows = _rows(stage, gallery, recipe, accelerator, first)
    # After the reading processes have begun: what this process opens must not be shared with them.
    sheets = _sheets(stage, base, inputs, gallery, recipe, accelerator, prompts)
    with writing():
        book = TrainingLog(out, recipe.steps, first, accelerator.is_main_process)

    def update() -> None:
        if recipe.clip:
            accelerator.clip_grad_norm_(learning, recipe.clip)
        optimiser.step()

    def show(done: int) -> None:
        if sheets:
            sheet = sheets.sheet(accelerator.autocast())
            with writing():
                validation.write(sheet, out, done)
            book.picture(done, sheet)
        accelerator.wait_for_everyone()

    training = Training(
        optimiser=optimiser,
        gradients=lambda step: _gradients(model, rows, inputs, recipe, accelerator),
        update=update,
        rate=recipe.rate_at,
        steps=recipe.steps,
        checkpoint=checkpoint,
        checkpoint_every=recipe.checkpoint_every,
        average=average,
        events=[PeriodicAction(recipe.validate_every, show)],
        log_every=LOG_EVERY,
        reduce=lambda value: cast(Tensor, accelerator.reduce(value, "mean")),
        tolerant=False,
    )
    with book:
        training.run(book, first)
    return state.weights(model, average)


def _sharded(accelerator: Accelerator) -> bool:
    return accelerator.distributed_type == DistributedType.FSDP


def _rows(
    stage: Stage, gallery: Gallery, recipe: StageRecipe, accelerator: Accelerator, first: int
) -> Iterator[Batch]:
    """This process's batches, from update `first` on."""
    objective = stage.objective
    cut = Cutting(
        stage.bounds,
        stage.uses_content,
        recipe.seed,
        recipe.resolution,
        objective.style_aware_encoder.config["crop"],
        objective.scheduler.config["num_train_timesteps"],
    )
    return batches(
        gallery,
        cut,
        batch=recipe.batch,
        start=first * recipe.accumulate * recipe.batch,
        rank=accelerator.process_index,
        world=accelerator.num_processes,
        workers=recipe.workers,
    )


def _gradients(
    model: nn.Module, rows: Iterator[Batch], inputs: FrozenEncoders, recipe: StageRecipe, accelerator: Accelerator
) -> dict[str, Tensor]:
    """Leaves the gradients of one update, of the mean loss over its parts."""
    loss = torch.zeros((), device=accelerator.device)
    for part in range(recipe.accumulate):
        last = part == recipe.accumulate - 1
        with nullcontext() if last else accelerator.no_sync(model):
            share = model(**inputs.of(next(rows))) / recipe.accumulate
            accelerator.backward(share)
        loss += share.detach()
    return {"loss": loss}


def _sheets(
    stage: Stage,
    base: Base,
    inputs: FrozenEncoders,
    gallery: Gallery,
    recipe: StageRecipe,
    accelerator: Accelerator,
    prompts: Sequence[str],
) -> validation.Validation | None:
    """What paints the validation sheets, if this process does: a sharded network cannot be run by one."""
    if not recipe.validate_every or not accelerator.is_main_process or _sharded(accelerator):
        return None
    shown = list(islice(gallery.stream(0, 1, 0, 1, 0, 1), SHOWN))
    return validation.Validation(stage, base, inputs, shown, side=recipe.resolution, seed=recipe.seed, prompts=prompts)


def _recompute(stage: Stage) -> None:
    """Activations are made again in the backward pass instead of kept."""
    objective = stage.objective
    objective.unet.enable_gradient_checkpointing()
    if objective.controlnet is not None:
        objective.controlnet.enable_gradient_checkpointing()
    objective.style_aware_encoder.image_encoder.activation_checkpointing_enable()


def _slim(stage: Stage, base: Base, precision: str) -> None:
    """Weights that do not learn and are not part of the result, in the precision they are computed in anyway."""
    dtype = {"fp16": torch.float16, "bf16": torch.bfloat16}.get(precision)
    if dtype is None:
        return
    module_to(base.text_encoder, dtype)
    for name, parameter in stage.objective.unet.named_parameters():
        if not parameter.requires_grad and ".processor." not in name:
            parameter.data = parameter.data.to(dtype)
