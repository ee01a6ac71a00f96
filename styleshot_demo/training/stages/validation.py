"""Pictures made while training: a few examples' styles with other examples' words and lines."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, cast

import torch
from diffusers.pipelines.stable_diffusion import StableDiffusionPipelineOutput
from PIL import Image

from styleshot_demo.destinations import make_folder
from styleshot_demo.errors import Problem
from styleshot_demo.images.ops import grid
from styleshot_demo.styleshot.pipeline import StyleShotPipeline
from styleshot_demo.training.gallery.examples import TrainingExample
from styleshot_demo.training.stages.inputs import FrozenEncoders
from styleshot_demo.training.stages.parts import Base
from styleshot_demo.training.stages.stage import Stage

FOLDER = "validation"


class Validation:
    """The same pictures again and again, so that they can be compared: same words, styles, noise."""

    def __init__(
        self,
        stage: Stage,
        base: Base,
        inputs: FrozenEncoders,
        examples: Sequence[TrainingExample],
        *,
        side: int,
        seed: int,
        prompts: Sequence[str] = (),
        steps: int = 20,
    ) -> None:
        """`prompts`: one is painted in the style of each example in turn; the next example's own where left out."""
        self.stage, self.base, self.inputs = stage, base, inputs
        self.examples, self.prompts = list(examples), list(prompts)
        self.side, self.seed, self.steps = side, seed, steps

    @torch.no_grad()
    def sheet(self, autocast: AbstractContextManager | None = None) -> Image.Image:
        """One row for each example: its style, the lines that are followed where there are such, the result."""
        objective = self.stage.objective
        scheduler = cast(Any, self.base.scheduler)
        pipeline = StyleShotPipeline(
            vae=self.inputs.vae,
            text_encoder=self.inputs.text_encoder,
            tokenizer=self.inputs.tokenizer,
            unet=objective.unet,
            scheduler=type(scheduler).from_config(scheduler.config),
            style_encoder=objective.style_aware_encoder,
            adapter=objective.adapter,
            controlnet=objective.controlnet,
        )
        pipeline.set_progress_bar_config(disable=True)
        rows = []
        with autocast or nullcontext():
            for place, example in enumerate(self.examples):
                other = self.examples[(place + 1) % len(self.examples)]
                control = None
                if self.stage.uses_content:
                    assert other.content is not None  # galleries of such a stage have no other examples
                    control = _square(other.content, self.side)
                prompt = self.prompts[place % len(self.prompts)] if self.prompts else other.prompt
                try:
                    output = pipeline(
                        prompt,
                        example.picture,
                        control_image=control,
                        height=self.side,
                        width=self.side,
                        num_inference_steps=self.steps,
                        generator=torch.Generator().manual_seed(self.seed + place),
                    )
                    made = cast(StableDiffusionPipelineOutput, output).images[0]
                except Problem as problem:
                    if problem.key != "not_finite":
                        raise
                    made = Image.new("RGB", (self.side, self.side))  # a sheet is no reason to end a training
                shown = [_square(example.picture, self.side), *([control] if control else []), made]
                rows.append(shown)
        return grid(rows, gap=8)


def write(sheet: Image.Image, out: Path, step: int) -> Path:
    """Into the run's folder; returns the file."""
    path = out / FOLDER / f"{step:07d}.png"
    make_folder(path.parent)
    sheet.save(path)
    return path


def _square(image: Image.Image, side: int) -> Image.Image:
    from styleshot_demo.styleshot.patches import crop

    return crop(image, side)
