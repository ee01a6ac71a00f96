"""What a style gallery hands to training: one picture with its caption, its content picture and its style's name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, slots=True)
class TrainingExample:
    """One training example.

    picture: the stylised picture, RGB, any size; the style reference of the published recipe is this very picture.
    prompt: its caption with the words of style removed ("a red fox"); may be empty.
    content: contour or lineart of `picture`, RGB, of the same size, white lines on black; None where only stage 1
    (style-aware encoder and adapters, no ControlNet) is to be trained.
    style: the name of its style; examples with the same name share a style.
    """

    picture: Image.Image
    prompt: str
    content: Image.Image | None
    style: str
