"""What a phase shows of itself while it runs: losses on what is held out, and a sheet of pictures."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import torch
from PIL import Image

from styleshot_demo.destinations import make_folder
from styleshot_demo.errors import Problem
from styleshot_demo.images.ops import grid, to_image
from styleshot_demo.training.small.augmentation import FINE, SIDE, background, contour, crop, placed
from styleshot_demo.training.small.networks import SCHEDULE
from styleshot_demo.training.small.objective import VelocityObjective
from styleshot_demo.training.small.pack import Pack
from styleshot_demo.training.small.samples import PairBatch, PairSampler

PROMPTS = ("red apple", "cat face", "rocket", "umbrella", "automobile", "house")
STEPS, GUIDANCE = 16, 3.0


def held_batches(pack: Pack, samples: PairSampler, count: int = 64) -> dict[str, PairBatch]:
    """Fixed examples: of the set that is held out, of things that are, and crops of paintings and photos that are."""
    rng = np.random.default_rng(123)
    contours = bool(samples.contours_every)
    batches = {}
    for name, places in (
        ("held_set", pack.emoji_places(held_set=True)),
        ("held_things", pack.emoji_places(held_things=True)),
        ("trained", pack.emoji_places()),
    ):
        if len(places) < 2:
            continue
        plans = []
        for target in rng.choice(places, count):
            others = [place for place in places if pack.sets[place] == pack.sets[target] and place != target]
            text = pack.things[pack.codes[target]]["name"]
            reference = int(rng.choice(others)) if others else int(target)
            plans.append({"kind": "thing", "target": int(target), "reference": reference, "text": text})
        batches[name] = samples.make(plans, rng, contours)
    held = np.concatenate([pack.picture_places(group, held=True) for group in ("paintings", "photos")])
    if len(held):
        plans = [{"kind": "picture", "target": int(n), "text": pack.captions[n]} for n in rng.choice(held, count)]
        batches["held_pictures"] = samples.make(plans, rng, contours)
    return batches


@torch.no_grad()
def losses(objective: VelocityObjective, batches: dict[str, PairBatch]) -> dict[str, float]:
    """Loss without any drops, by name of the batch; the noise is always the same."""
    plain = dataclasses.replace(
        objective.phase,
        drop_text=0.0,
        drop_style=0.0,
        drop_both=0.0,
        drop_content=0.0,
        content_drop_text=0.0,
        shift=1.0,
        strength_zero=0,
        seed=99,
    )
    fixed = VelocityObjective(
        objective.networks,
        objective.autoencoder,
        objective.tokenizer,
        objective.schedule,
        plain,
        objective.device,
        objective.dtype,
    )
    return {name: round(float(fixed.loss(batch, 1)), 5) for name, batch in batches.items()}


def contents(pack: Pack) -> list[Image.Image]:
    """Contours for the sheet, as many as there are `PROMPTS`: photos that are held out, and an emoji."""
    rng = np.random.default_rng(9)
    held = pack.picture_places("photos", held=True)
    found = [contour(crop(pack.pictures[n], rng, 0.9, FINE)) for n in rng.choice(held, len(PROMPTS) - 2)]
    emoji = pack.emoji_places(held_set=True)
    for place in rng.choice(emoji, len(PROMPTS) - len(found)):
        art = placed(torch.from_numpy(pack.emoji[int(place)]).permute(2, 0, 1)[None].float() / 255, rng)[0]
        found.append(contour((art[:3] + 1 - art[3:]).clamp(0, 1)))
    return [to_image(lines[None]) for lines in found]


def styles(pack: Pack) -> list[Image.Image]:
    """Style pictures for the sheet: emoji of several sets, and paintings that are held out."""
    rng = np.random.default_rng(5)
    found = []
    for name in ("fluent_3d", "emojitwo_bw", "emojitwo"):
        places = [n for n, one in enumerate(pack.sets) if one == name and not pack.things[pack.codes[n]]["held"]]
        if not places:
            continue
        art = torch.from_numpy(pack.emoji[int(rng.choice(places))]).permute(2, 0, 1)[None].float() / 255
        art = placed(art, rng)[0]
        ground = torch.from_numpy(background(rng)).float()
        found.append(to_image((art[:3] + (1 - art[3:]) * ground)[None]))
    held = pack.picture_places("paintings", held=True)
    for place in rng.permutation(held)[:2]:
        found.append(to_image(crop(pack.pictures[place], rng, 0.9)[None]))
    return found


@torch.no_grad()
def sheet(
    objective: VelocityObjective,
    style_images: Sequence[Image.Image],
    path: Path,
    prompts: Sequence[str] = PROMPTS,
    contents: Sequence[Image.Image] | None = None,
) -> None:
    """Prompts in columns, styles in rows, each row begun by its style; made by the pipeline that the program uses.

    `contents`: contours to follow, in place of the prompts; the networks then need a ControlNet.
    """
    from diffusers import AutoencoderKL, DPMSolverMultistepScheduler
    from diffusers.pipelines.stable_diffusion import StableDiffusionPipelineOutput

    from styleshot_demo.styleshot.pipeline import StyleShotPipeline

    networks = objective.networks
    networks.set_strength(1.0)
    pipeline = StyleShotPipeline(
        vae=cast(AutoencoderKL, objective.autoencoder),  # which has what a pipeline uses of one
        text_encoder=networks.text_encoder,
        tokenizer=objective.tokenizer,
        unet=networks.unet,
        scheduler=DPMSolverMultistepScheduler(**{k: v for k, v in SCHEDULE.items() if k != "clip_sample"}),
        style_encoder=networks.style_encoder,
        adapter=networks.adapter,
        controlnet=networks.controlnet,
    )
    pipeline.set_progress_bar_config(disable=True)
    rows = []
    with torch.autocast(objective.device.type, objective.dtype, enabled=objective.dtype is not None):
        for style in style_images:
            try:
                output = pipeline(
                    list(prompts) if contents is None else [""] * len(contents),
                    style,
                    negative_prompt="",
                    control_image=list(contents) if contents else None,
                    num_inference_steps=STEPS,
                    guidance_scale=GUIDANCE,
                    generator=torch.Generator().manual_seed(7),
                )
                made = cast(StableDiffusionPipelineOutput, output).images
            except Problem as problem:
                if problem.key != "not_finite":
                    raise
                made = [Image.new("RGB", (SIDE, SIDE))] * len(contents or prompts)  # no reason to end a training
            rows.append([style, *made])
    networks.adapter.attach(networks.unet)
    if contents:
        rows = [[Image.new("RGB", (SIDE, SIDE)), *contents], *rows]
    board = grid([[image.resize((SIDE, SIDE)) for image in row] for row in rows])
    make_folder(path.parent)
    board.save(path)
