"""The loop of all trainings, on accelerate: the same for a CPU, for one GPU and for many machines."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import islice
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedType
from torch import Tensor

from styleshot_demo.destinations import make_folder
from styleshot_demo.errors import Problem
from styleshot_demo.training.stages import state, validation
from styleshot_demo.training.stages.average import Average
from styleshot_demo.training.stages.inputs import Inputs
from styleshot_demo.training.stages.logbook import Logbook
from styleshot_demo.training.stages.parts import Base
from styleshot_demo.training.stages.recipe import Recipe
from styleshot_demo.training.stages.samples import Cutting, Gallery, batches
from styleshot_demo.training.stages.stage import Stage

LOG_EVERY = 10  # updates; the first ones are logged one by one
SHOWN = 4  # examples on a validation sheet


def accelerator_of(recipe: Recipe, cpu: bool = False) -> Accelerator:
    """The processes and devices that `accelerate launch` has given, or this process alone."""
    precision = None if recipe.precision == "auto" else recipe.precision
    return Accelerator(mixed_precision=precision, cpu=cpu or None)


def train(
    stage: Stage,
    base: Base,
    gallery: Gallery,
    recipe: Recipe,
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
    sharded = accelerator.distributed_type == DistributedType.FSDP
    if accelerator.device.type == "cuda" and not sharded:
        _slim(stage, base, accelerator.mixed_precision)
    learning = [parameter for parameter in objective.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(learning, lr=recipe.rate, weight_decay=recipe.decay)
    model, optimiser = accelerator.prepare(objective, optimiser)
    inputs = Inputs(base.vae, base.text_encoder, base.tokenizer, accelerator.device)
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    average = Average(learning, recipe.average) if recipe.average else None

    main, world = accelerator.is_main_process, accelerator.num_processes
    identity = {"stage": stage.name, **recipe.identity(world)}
    kept = (out, identity, model, optimiser.optimizer, average, accelerator.scaler)
    make_folder(out)
    first = state.load(*kept)
    cut = Cutting(
        stage.bounds,
        stage.uses_content,
        recipe.seed,
        recipe.resolution,
        objective.style_aware_encoder.config.crop,
        objective.scheduler.config.num_train_timesteps,
    )
    rows = batches(
        gallery,
        cut,
        batch=recipe.batch,
        start=first * recipe.accumulate * recipe.batch,
        rank=accelerator.process_index,
        world=world,
        workers=recipe.workers,
    )
    sheets = None
    # After the reading processes have begun: what this process opens must not be shared with them.
    if recipe.validate_every and main and not sharded:  # a sharded network cannot be run by one process
        shown = list(islice(gallery.stream(0, 1, 0, 1, 0, 1), SHOWN))
        sheets = validation.Validation(
            stage, base, inputs, shown, side=recipe.resolution, seed=recipe.seed, prompts=prompts
        )
    with _writing():
        book = Logbook(out, recipe.steps, first, main)
    losses: list[Tensor] = []
    try:
        for step in range(first, recipe.steps):
            rate = recipe.rate_at(step)
            for group in optimiser.param_groups:
                group["lr"] = rate
            loss = torch.zeros((), device=accelerator.device)
            for part in range(recipe.accumulate):
                last = part == recipe.accumulate - 1
                with nullcontext() if last else accelerator.no_sync(model):
                    share = model(**inputs.of(next(rows))) / recipe.accumulate
                    accelerator.backward(share)
                loss += share.detach()
            losses.append(loss)
            if recipe.clip:
                accelerator.clip_grad_norm_(learning, recipe.clip)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            if average:
                average.update(step)

            done = step + 1
            book.advance(done)
            saves = done % recipe.checkpoint_every == 0 or done == recipe.steps
            if saves or done <= LOG_EVERY or done % LOG_EVERY == 0:
                mean = float(accelerator.reduce(torch.stack(losses).mean(), "mean"))
                losses.clear()
                if not math.isfinite(mean):
                    raise Problem("training_diverged", step=done)
                book.figures(done, loss=mean, rate=rate)
            if saves:
                with _writing():
                    state.save(done, *kept, main)
            if recipe.validate_every and (done % recipe.validate_every == 0 or done == recipe.steps):
                if sheets:
                    with average.in_place() if average else nullcontext():
                        sheet = sheets.sheet(accelerator.autocast())
                    with _writing():
                        validation.write(sheet, out, done)
                    book.picture(done, sheet)
                accelerator.wait_for_everyone()
    finally:
        book.close()
    return state.weights(model, average)


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Problem("cannot_write") from error


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
    base.text_encoder.to(dtype)
    for name, parameter in stage.objective.unet.named_parameters():
        if not parameter.requires_grad and ".processor." not in name:
            parameter.data = parameter.data.to(dtype)
