"""Styles that each have a part of the picture, as IP-Adapter masks have it in diffusers (arXiv:2308.06721)."""

from collections.abc import Mapping
from typing import Any

import torch.nn.functional as F
from diffusers.models.attention_processor import Attention, IPAdapterAttnProcessor2_0
from torch import Tensor

Levels = Mapping[int, list[Tensor]]


def levels_of(masks: Tensor, size: tuple[int, int]) -> Levels:
    """The masks as large as each level of a UNet sees them.

    masks  [styles, H, W] in 0..1, where each style is
    size   height and width of the latents, which every level halves, rounding up

    Returns number of positions -> a mask [1, 1, 1, positions] for each style.
    """
    found: dict[int, list[Tensor]] = {}
    height, width = size
    while True:
        level = F.adaptive_avg_pool2d(masks[:, None].float(), (height, width))
        # As one row: the processor guesses height and width of another shape, and for some sizes wrongly.
        found.setdefault(height * width, list(level.reshape(len(masks), 1, 1, 1, height * width)))
        if (height, width) == (1, 1):
            return found
        height, width = -(-height // 2), -(-width // 2)


class MaskedStyles:
    """A processor whose sets of style tokens each reach no further than their mask."""

    def __init__(self, processor: IPAdapterAttnProcessor2_0, levels: Levels) -> None:
        self._processor, self._levels = processor, levels

    def __call__(
        self, attn: Attention, hidden_states: Tensor, encoder_hidden_states: Any = None, **arguments: Any
    ) -> Tensor:
        text, styles = encoder_hidden_states
        processor: Any = self._processor  # whose types say less than it takes
        return processor(
            attn,
            hidden_states,
            encoder_hidden_states=(text, [tokens.unsqueeze(1) for tokens in styles]),
            ip_adapter_masks=self._levels[hidden_states.shape[1]],
            **arguments,
        )
