"""What a training of the small model is made of: sizes, shares, rates. Read from the TOML files in `recipes/`."""

import dataclasses
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from styleshot_demo.errors import Problem
from styleshot_demo.training.small.samples import Mix

FOLDER = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class Sizes:
    """How large the networks are."""

    channels: int = 32  # of the latents
    widths: tuple[int, ...] = (96, 128, 192)  # of the UNet; attention in all levels but the first
    layers: int = 1
    heads: int = 4
    width: int = 192  # of a token, text or style
    vocabulary: int = 2688
    text_layers: int = 3
    style_width: int = 160
    style_layers: int = 2
    patch_widths: tuple[tuple[int, ...], ...] = ((16, 24, 48, 96, 128), (24, 48, 96, 128), (32, 96, 128))
    control_widths: tuple[int, ...] = (8, 12, 24, 48, 96)
    prior_rank: int = 48
    decoder_widths: tuple[int, ...] = (96, 80, 64, 32, 16)


@dataclass(frozen=True)
class Phase:
    """One phase of training."""

    steps: int = 5000
    batch: int = 32
    rate: float = 7e-4
    warmup: int = 200  # steps until the full rate
    decay: float = 0.35  # last share of the steps, over which the rate falls
    ema: float = 0.998
    clip: float = 1.0
    weight_decay: float = 0.01
    seed: int = 0
    drop_text: float = 0.10  # share of the examples without words
    drop_style: float = 0.15
    drop_both: float = 0.05
    drop_content: float = 0.0
    strength_zero: int = 25  # every so many steps the style's attentions are left out, as at strength 0; 0: never
    train_unet: bool = False  # in the content phase: all other parts too
    content_every: int = 1  # in the content phase, every so many steps follow contours; the rest is as in the joint one
    content_drop_text: float = 0.5  # of steps that follow contours: lines and style alone should do
    shift: float = 1.0  # above 1: more of the training where there is more noise
    train_text: bool = False  # the text encoder too: what the phase `encoders` taught it is then soon lost in noise
    train_style: bool = True  # in the phase `encoders`, the style-aware encoder beside the text encoder
    train_patches: bool = True  # the patch networks of the style-aware encoder too
    validate_every: int = 500  # steps; 0: never
    sheet_every: int = 1000  # steps; 0: never
    checkpoint_every: int = 100
    mix: Mix = field(default_factory=Mix)


@dataclass(frozen=True)
class PhaseRecipe:
    """Sizes of the networks and one phase of their training."""

    sizes: Sizes = field(default_factory=Sizes)
    phase: Phase = field(default_factory=Phase)


def load(path: Path, **changed: Any) -> PhaseRecipe:
    """A recipe from a TOML file with the tables `sizes`, `phase` and `mix`; `changed` replaces fields of the phase."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        mix = Mix(**tables.get("mix", {}))
        given = {name: value for name, value in changed.items() if value is not None}
        phase = dataclasses.replace(Phase(**tables.get("phase", {}), mix=mix), **given)
        return PhaseRecipe(Sizes(**{name: _tuples(value) for name, value in tables.get("sizes", {}).items()}), phase)
    except (OSError, TypeError, tomllib.TOMLDecodeError) as error:
        raise Problem("recipe_unreadable", file=path.name) from error


def _tuples(value: Any) -> Any:
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value
