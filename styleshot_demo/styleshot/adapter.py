"""From style embeddings to six tokens, and from these into the UNet's attentions (StyleShot, arXiv:2407.01414)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import torch
from diffusers import ConfigMixin, ModelMixin, UNet2DConditionModel
from diffusers.configuration_utils import register_to_config
from diffusers.models.attention_processor import Attention, IPAdapterAttnProcessor2_0
from torch import Tensor, nn

from styleshot_demo.styleshot.masked import Levels, MaskedStyles
from styleshot_demo.styleshot.sharing import exclusive

TOKENS_PER_LEVEL = 2
LEVELS = 3


class TokenProjection(nn.Module):
    """One style embedding [..., embed_dim] -> two tokens [..., 2, token_dim]."""

    def __init__(self, embed_dim: int, token_dim: int) -> None:
        super().__init__()
        self.proj = nn.Linear(embed_dim, TOKENS_PER_LEVEL * token_dim)
        self.norm = nn.LayerNorm(token_dim)

    def forward(self, embedding: Tensor) -> Tensor:
        return self.norm(self.proj(embedding).unflatten(-1, (TOKENS_PER_LEVEL, -1)))


class StyleAdapter(ModelMixin, ConfigMixin):
    """The three projections and the key and value weights of each cross-attention.

    `attention_widths` has one number for each attention processor of the UNet in the order of `unet.attn_processors`:
    its width for cross-attentions, 0 for self-attentions, which style does not reach. State keys are those of the
    published `ip.bin`, but for `to_k_ip.0.weight`, the name in diffusers, where that has `to_k_ip.weight`.
    """

    @register_to_config
    def __init__(self, attention_widths: list[int], token_dim: int = 768, embed_dim: int = 1024) -> None:
        super().__init__()
        self.style_image_proj_modules = nn.ModuleList(TokenProjection(embed_dim, token_dim) for _ in range(LEVELS))
        self.adapter_modules = nn.ModuleDict(
            {
                str(place): IPAdapterAttnProcessor2_0(width, token_dim, num_tokens=(TOKENS_PER_LEVEL * LEVELS,))
                for place, width in enumerate(attention_widths)
                if width
            }
        )

    @classmethod
    def from_unet(cls, unet: UNet2DConditionModel, embed_dim: int = 1024) -> "StyleAdapter":
        """An untrained adapter for a UNet: keys and values start as copies of its own, as the published training."""
        attentions = [_attention(unet, name) for name in unet.attn_processors]
        widths = [one.to_q.out_features if one.is_cross_attention else 0 for one in attentions]
        adapter = cls(attention_widths=widths, token_dim=unet.config["cross_attention_dim"], embed_dim=embed_dim)
        with torch.no_grad():
            for place, processor in zip(adapter.adapter_modules, adapter._processors, strict=True):
                keys, values = _linears(processor)
                keys.weight.copy_(cast(nn.Linear, attentions[int(place)].to_k).weight)
                values.weight.copy_(cast(nn.Linear, attentions[int(place)].to_v).weight)
        return adapter

    def forward(self, embeddings: Tensor) -> Tensor:
        """Style embeddings [..., 3, embed_dim] -> tokens [..., 6, token_dim]."""
        levels = embeddings.to(self.dtype).unbind(-2)
        projected = [project(level) for project, level in zip(self.style_image_proj_modules, levels, strict=True)]
        return torch.cat(projected, dim=-2)

    def negative(self) -> Tensor:
        """The tokens of "no style", [6, token_dim]: projections of zero embeddings, which are not zero tokens."""
        return self(torch.zeros(LEVELS, self.config["embed_dim"], device=self.device, dtype=self.dtype))

    def attach(self, unet: UNet2DConditionModel, strengths: Sequence[float] = (1.0,)) -> None:
        """Let style into the UNet's cross-attentions for good, as a training does: the processors are this adapter's.

        The UNet then wants `encoder_hidden_states=(text, [tokens, ...])`, with as many sets of tokens [B, 6, token_dim]
        as there are `strengths`. The weights stay this adapter's: nothing is copied.
        """
        for attention, processor in zip(self._attentions(unet), self._processors, strict=True):
            _set(processor, strengths, *_linears(processor))
            _put(attention, processor)

    def attachment(
        self, unet: UNet2DConditionModel, strengths: Sequence[float], levels: Levels | None = None
    ) -> "Attachment":
        """`attach` with processors of its own, which is in place only while the UNet is called for one run.

        levels  where each set of tokens reaches, of `masked.levels_of`; None: everywhere
        """
        processors = [self._processor(own, strengths) for own in self._processors]
        if levels is not None:
            masked = [MaskedStyles(processor, levels) for processor in processors]
            return Attachment(unet, self._attentions(unet), masked)
        return Attachment(unet, self._attentions(unet), processors)

    @contextmanager
    def attached(self, unet: UNet2DConditionModel, strengths: Sequence[float]) -> Iterator[None]:
        """`attachment`, in place for the length of a block."""
        with self.attachment(unet, strengths).in_place():
            yield

    @property
    def _processors(self) -> list[IPAdapterAttnProcessor2_0]:
        return [cast(IPAdapterAttnProcessor2_0, processor) for processor in self.adapter_modules.values()]

    def _attentions(self, unet: UNet2DConditionModel) -> list[Attention]:
        """The UNet's attentions that style reaches."""
        names = list(unet.attn_processors)
        if len(names) != len(self.config["attention_widths"]):
            raise ValueError(f"the adapter is for {len(self.config['attention_widths'])} attentions, not {len(names)}")
        return [_attention(unet, names[int(place)]) for place in self.adapter_modules]

    @staticmethod
    def _processor(own: IPAdapterAttnProcessor2_0, strengths: Sequence[float]) -> IPAdapterAttnProcessor2_0:
        with torch.device("meta"):  # its weights are thrown away at once
            made = IPAdapterAttnProcessor2_0(own.hidden_size, own.cross_attention_dim, own.num_tokens)
        _set(made, strengths, *_linears(own))
        return made


class Attachment:
    """One run's style in a UNet that it shares with others, who find it as they left it.

    The processors are the run's own, their weights the adapter's. Made by `StyleAdapter.attachment`.
    """

    def __init__(
        self,
        unet: nn.Module,
        attentions: Sequence[Attention],
        processors: Sequence[IPAdapterAttnProcessor2_0 | MaskedStyles],
    ) -> None:
        self._unet = unet
        self._places = list(zip(attentions, processors, strict=True))

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """For the length of a block, in which no other run can have the UNet."""
        with exclusive(self._unet):
            before = [attention.processor for attention, _ in self._places]
            try:
                for attention, processor in self._places:
                    _put(attention, processor)
                yield
            finally:
                for (attention, _), processor in zip(self._places, before, strict=True):
                    _put(attention, processor)


def _attention(unet: UNet2DConditionModel, name: str) -> Attention:
    """The attention whose processor has that name."""
    return cast(Attention, unet.get_submodule(name.removesuffix(".processor")))


def _linears(processor: IPAdapterAttnProcessor2_0) -> tuple[nn.Linear, nn.Linear]:
    """The layers that make keys and values of the style's tokens."""
    keys, values = cast(nn.ModuleList, processor.to_k_ip), cast(nn.ModuleList, processor.to_v_ip)
    return cast(nn.Linear, keys[0]), cast(nn.Linear, values[0])


def _set(
    processor: IPAdapterAttnProcessor2_0, strengths: Sequence[float], keys: nn.Linear, values: nn.Linear
) -> None:
    """Takes a set of tokens for each strength, which all pass through the same weights."""
    cast(Any, processor).scale = list(strengths)
    processor.to_k_ip = nn.ModuleList([keys] * len(strengths))
    processor.to_v_ip = nn.ModuleList([values] * len(strengths))


def _put(attention: Attention, processor: Any) -> None:
    """`attention.set_processor`, which would print the old one's weights into its log for every step."""
    del attention.processor  # a module's place cannot be taken by what is none
    attention.processor = processor
