"""What callers hand a pipeline, checked and in one form: texts, style pictures with their weights, strengths, seeds."""

from collections.abc import Sequence

import torch
from PIL import Image
from torch import Tensor

MAX_STRENGTH = 2.0  # of style
MAX_CONTENT_STRENGTH = 4.0  # as published, more than 2 is of no use; small ControlNets need more


def texts(prompt: str | Sequence[str] | None, negative: str | Sequence[str] | None) -> tuple[list[str], list[str]]:
    """Both as lists of the same length."""
    prompts, negatives = ([text or ""] if isinstance(text, str | None) else list(text) for text in (prompt, negative))
    if not prompts or not all(isinstance(text, str) for text in (*prompts, *negatives)):
        raise ValueError("prompt and negative_prompt have to be a text or a list of texts")
    if len(negatives) == 1:
        negatives *= len(prompts)
    if len(negatives) != len(prompts):
        raise ValueError(f"{len(negatives)} negative prompts for {len(prompts)} prompts")
    return prompts, negatives


def pictures(style_image: Image.Image | Sequence[Image.Image] | None) -> list[Image.Image]:
    """The style pictures as a list, which is empty where there is none."""
    if style_image is None:
        return []
    return [style_image] if isinstance(style_image, Image.Image) else list(style_image)


def seeds_of(generator: torch.Generator | list[torch.Generator] | None, batch: int) -> list[int]:
    """The seed each picture's patches are shuffled by. No number is drawn, so the noise stays plain diffusion's."""
    if generator is None:
        return [torch.initial_seed()] * batch
    generators = [generator] * batch if isinstance(generator, torch.Generator) else generator
    return [each.initial_seed() for each in generators]


def style_shares(
    style_image: Image.Image | Sequence[Image.Image] | None,
    style_tokens: Tensor | None,
    style_strength: float | Sequence[float],
    style_weights: Sequence[float] | None,
) -> tuple[list[float], Tensor]:
    """Strengths (one, or one per style) and weights, [styles] float64, that sum to 1; ValueError where they do not fit.

    The arguments are those of `StyleShotPipeline.iterate`.
    """
    count = len(pictures(style_image)) if style_tokens is None else style_tokens.shape[1]
    given = style_strength if isinstance(style_strength, Sequence) else [style_strength]
    strengths: list[float] = list(given)
    for strength in strengths:
        check_strength("style_strength", strength)
    if len(strengths) not in (1, count):
        raise ValueError(f"{len(strengths)} style strengths for {count} styles")
    weights = torch.tensor([1.0] * count if style_weights is None else list(style_weights), dtype=torch.float64)
    if len(weights) != count or (weights < 0).any() or (count and not weights.sum() > 0):
        raise ValueError(f"style_weights has to be {count} numbers, none negative, not all 0: {style_weights}")
    return strengths, weights / weights.sum()


def check_strength(name: str, value: float, limit: float = MAX_STRENGTH) -> None:
    """ValueError unless the strength `name` lies between 0 and `limit`."""
    if not 0 <= value <= limit:
        raise ValueError(f"{name} has to lie between 0 and {limit:g}, not {value}")


def check_start(denoising_start: float, latents: Tensor | None) -> None:
    """ValueError unless a run can begin at that share of its steps, and has latents where that is not the first."""
    if not 0 <= denoising_start < 1:
        raise ValueError(f"denoising_start has to be at least 0 and less than 1, not {denoising_start}")
    if denoising_start and latents is None:
        raise ValueError("denoising_start needs latents to go on from")


def check_generators(generator: torch.Generator | list[torch.Generator] | None, batch: int) -> None:
    """ValueError for a list of them that is not as long as the batch."""
    if isinstance(generator, list | tuple) and len(generator) != batch:
        raise ValueError(f"{len(generator)} generators for {batch} pictures")
