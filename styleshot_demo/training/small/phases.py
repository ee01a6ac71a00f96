"""The phases of the small model's training, each one function from files to a checkpoint."""

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from styleshot_demo.destinations import make_folder
from styleshot_demo.errors import Problem
from styleshot_demo.training.core.checkpoint import NAME as CHECKPOINT
from styleshot_demo.training.core.checkpoint import latest
from styleshot_demo.training.core.device import device_and_dtype, module_to
from styleshot_demo.training.small import export, tokenizer, validation
from styleshot_demo.training.small import networks as nets
from styleshot_demo.training.small.decoder import current
from styleshot_demo.training.small.encoders import Captions, EncoderObjective, EncoderPretraining
from styleshot_demo.training.small.feed import BatchPrefetcher
from styleshot_demo.training.small.loop import Hooks, train
from styleshot_demo.training.small.objective import VelocityObjective
from styleshot_demo.training.small.pack import Pack
from styleshot_demo.training.small.places import AUTOENCODER, CONTENT, ENCODERS, JOINT, STARTED, TOKENIZER
from styleshot_demo.training.small.recipe import Phase, PhaseRecipe, Sizes
from styleshot_demo.training.small.samples import Mix, PairBatch, PairSampler
from styleshot_demo.training.small.tokenizer import WORDS
from styleshot_demo.training.small.triplets import Triplets

FIT_PICTURES = 3000
Batch = TypeVar("Batch")


def fit(pack: Pack, out: Path, sizes: Sizes, seed: int = 0) -> dict[str, float]:
    """Write the tokenizer and the autoencoder's linear maps into folders of `out`; returns what the maps keep."""
    make_folder(out)
    size = tokenizer.write(pack.all_captions(), out / TOKENIZER, sizes.vocabulary)
    samples = PairSampler(pack, Mix(things=0.5, restyled_things=0, pictures=0.5, restyled_photos=0), seed=seed)
    pixels = torch.cat([samples.batch(100, step).targets for step in range(-(-FIT_PICTURES // 100))])
    model = nets.autoencoder(sizes)
    figures = model.fit(pixels * 2 - 1)
    model.save_pretrained(out / AUTOENCODER)
    return {**figures, "tokens": size}


def encoders(
    pack: Pack,
    triplets: Triplets | None,
    out: Path,
    recipe: PhaseRecipe,
    device: str = "auto",
    precision: str = "auto",
    start: Path | None = None,
    workers: int = 0,
    **limits: Any,
) -> dict[str, Any]:
    """Text encoder and style-aware encoder before diffusion (`encoders.py`); the checkpoint lies in `out/encoders`.

    With a recipe without `train_style`, and from `start`, words are learnt further beneath a UNet that reads them.
    Arguments are those of `joint`.
    """
    _adopt(start, out, ENCODERS)
    objective, samples = _begin(pack, triplets, out, recipe, device, precision, content=False)
    if start is not None:
        _load(objective.networks, export.read(start))
    phase = recipe.phase
    objective.networks.to_channels_last()
    _remember(start, out / ENCODERS)
    pretraining = EncoderPretraining(objective.networks, recipe.sizes, samples.style_count).to(objective.device)
    named = Captions(pack, objective.autoencoder, phase.seed)
    encoding = EncoderObjective(
        pretraining, objective.autoencoder, objective.tokenizer, named, phase, objective.device, objective.dtype
    )
    encoding.choose_directions()
    held = cache(lambda: validation.held_batches(pack, samples))  # takes seconds, and not every run validates
    hooks = Hooks(validate=lambda step: encoding.figures(held()), sheet=lambda step: None)
    feed: Callable[[int], PairBatch | None]
    feed = BatchPrefetcher(samples, phase.batch, workers, phase.steps) if phase.train_style else lambda step: None
    parameters = pretraining.trained(phase.train_style)
    return _train(encoding.loss, feed, pretraining, parameters, out / ENCODERS, objective, phase, hooks, limits)


def joint(
    pack: Pack,
    triplets: Triplets | None,
    out: Path,
    recipe: PhaseRecipe,
    device: str = "auto",
    precision: str = "auto",
    start: Path | None = None,
    workers: int = 0,
    **limits: Any,
) -> dict[str, Any]:
    """UNet, style-aware encoder and adapter together; the checkpoint lies in `out/joint`.

    It begins with what `encoders` made, which only a recipe with `train_text` can do without.

    start   a folder of exported weights to begin from instead
    workers processes that make batches ahead
    limits  `stop_at` and `until` of `loop.train`
    """
    _adopt(start, out, JOINT)
    objective, samples = _begin(pack, triplets, out, recipe, device, precision, content=False)
    networks = objective.networks
    if start is not None:
        _load(networks, _read(start, out))
    elif (state := latest(out / ENCODERS)) is not None:
        _load(networks, state["average"])
    elif not recipe.phase.train_text:
        raise Problem("phase_missing", phase="encoders")
    networks.style_encoder.cnn.requires_grad_(recipe.phase.train_patches)
    networks.text_encoder.requires_grad_(recipe.phase.train_text)
    parameters = [value for value in networks.parameters() if value.requires_grad]
    return _run(objective, samples, parameters, out / JOINT, recipe, start, workers, limits)


def content(
    pack: Pack,
    triplets: Triplets | None,
    out: Path,
    recipe: PhaseRecipe,
    device: str = "auto",
    precision: str = "auto",
    start: Path | None = None,
    workers: int = 0,
    **limits: Any,
) -> dict[str, Any]:
    """The ControlNet on top of what the joint phase made; the checkpoint lies in `out/content`.

    It starts as a copy of the UNet's first half and sees the style's tokens alone, as published. With the recipe's
    `train_unet` all other parts go on learning beside it.

    start   a folder of exported weights to begin from, with or without a ControlNet, instead of `out/joint`
    """
    _adopt(start, out, CONTENT)
    objective, samples = _begin(pack, triplets, out, recipe, device, precision, content=True)
    networks = objective.networks
    if start is not None:
        weights = _read(start, out)
    elif (state := latest(out / JOINT)) is not None:
        weights = state["average"]
    else:
        raise Problem("phase_missing", phase="joint")
    networks.load_states(weights)
    if "controlnet" not in weights:
        networks.begin_controlnet()
    for name in nets.TRAINED:
        getattr(networks, name).requires_grad_(recipe.phase.train_unet)
    networks.adapter.requires_grad_(recipe.phase.train_unet)
    networks.style_encoder.cnn.requires_grad_(recipe.phase.train_unet and recipe.phase.train_patches)
    networks.text_encoder.requires_grad_(recipe.phase.train_unet and recipe.phase.train_text)
    parameters = [value for value in networks.parameters() if value.requires_grad]
    return _run(objective, samples, parameters, out / CONTENT, recipe, start, workers, limits)


def _run(
    objective: VelocityObjective,
    samples: PairSampler,
    parameters: list[torch.nn.Parameter],
    folder: Path,
    recipe: PhaseRecipe,
    start: Path | None,
    workers: int,
    limits: dict[str, Any],
) -> dict[str, Any]:
    phase = recipe.phase
    objective.networks.to_channels_last()
    _remember(start, folder)
    # Both take seconds, and not every run validates.
    held = cache(lambda: validation.held_batches(samples.pack, samples))
    lines = cache(lambda: validation.contents(samples.pack) if samples.contours_every else None)
    shown = validation.styles(samples.pack)
    hooks = Hooks(
        validate=lambda step: validation.losses(objective, held()),
        sheet=lambda step: validation.sheet(
            objective, shown, folder / "sheets" / f"{step:06d}.png", contents=lines() or None
        ),
    )
    feed = BatchPrefetcher(samples, phase.batch, workers, phase.steps)
    return _train(objective.loss, feed, objective.networks, parameters, folder, objective, phase, hooks, limits)


def _train(
    loss_of: Callable[[Batch, int], torch.Tensor],
    feed: Callable[[int], Batch],
    networks: nets.Networks | EncoderPretraining,
    parameters: list[torch.nn.Parameter],
    folder: Path,
    objective: VelocityObjective,
    phase: Phase,
    hooks: Hooks,
    limits: dict[str, Any],
) -> dict[str, Any]:
    # Sequences are so short here that on a CPU plain matrix products beat the fused attention, by a quarter of a step.
    attention = [SDPBackend.MATH] if objective.device.type == "cpu" else [SDPBackend.FLASH_ATTENTION, SDPBackend.MATH]

    def loss(step: int) -> torch.Tensor:
        with sdpa_kernel(attention):
            return loss_of(feed(step), step)

    return train(networks, parameters, loss, phase, folder, hooks, **limits)


def _adopt(start: Path | None, out: Path, phase: str) -> None:
    """Take over the words and latents that exported weights were trained with.

    A tokenizer made anew numbers its words otherwise, and principal components may come out with other signs.
    """
    if start is None or (out / phase / CHECKPOINT).exists():
        return
    for theirs, ours in (("tokenizer", TOKENIZER), ("vae", AUTOENCODER)):
        if (start / theirs).is_dir():
            shutil.copytree(start / theirs, out / ours, dirs_exist_ok=True)
    if (start / WORDS).is_file():
        shutil.copyfile(start / WORDS, out / TOKENIZER / WORDS)


def _remember(start: Path | None, folder: Path) -> None:
    """Keep what is told of the weights that a phase began with: it is part of what became of them."""
    if start is not None and (start / export.ABOUT).is_file() and not (folder / STARTED).exists():
        make_folder(folder)
        shutil.copyfile(start / export.ABOUT, folder / STARTED)


def _read(start: Path, out: Path) -> dict[str, dict[str, torch.Tensor]]:
    """Exported weights, with the words that the run has learnt further."""
    weights = export.read(start)
    if (out / ENCODERS / STARTED).exists() and (state := latest(out / ENCODERS)) is not None:
        weights["text_encoder"] = state["average"]["text_encoder"]
    return weights


def _load(networks: nets.Networks, states: dict[str, dict[str, torch.Tensor]]) -> None:
    parts = {*nets.TRAINED, *(["controlnet"] if networks.controlnet is not None else [])}
    networks.load_states({name: state for name, state in states.items() if name in parts})


def _begin(
    pack: Pack, triplets: Triplets | None, out: Path, recipe: PhaseRecipe, device: str, precision: str, content: bool
) -> tuple[VelocityObjective, PairSampler]:
    if not (out / AUTOENCODER).is_dir() or not (out / TOKENIZER).is_dir():
        raise Problem("phase_missing", phase="autoencoder")
    where, dtype = device_and_dtype(device, precision)
    torch.manual_seed(recipe.phase.seed)
    words = nets.load_tokenizer(out / TOKENIZER)
    networks = nets.Networks(recipe.sizes, words, content).to(where)
    autoencoder = module_to(current(out), where)
    objective = VelocityObjective(networks, autoencoder, words, nets.schedule(), recipe.phase, where, dtype)
    return objective, PairSampler(
        pack, recipe.phase.mix, triplets, recipe.phase.seed, recipe.phase.content_every if content else 0
    )
