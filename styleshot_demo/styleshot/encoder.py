"""The style-aware encoder: three patch networks of different depth and a ViT (StyleShot, arXiv:2407.01414)."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from styleshot_demo.styleshot.patches import COUNTS, CROP

UNSHUFFLE = 8
# Blocks 0 and 1 always keep the size; the halvings follow at once.
FIRST_HALVING = 2


def _wide(device: str) -> AbstractContextManager:
    """Out of a training's float16: patch networks reach 3e6 on ordinary pictures, and float16 ends at 65,504."""
    if torch.is_autocast_enabled(device) and torch.get_autocast_dtype(device) == torch.float16:
        return torch.autocast(device, enabled=False)
    return nullcontext()


class ResidualBlock(nn.Module):
    """[halve], [1x1 convolution where the width changes], x + conv1x1(relu(conv3x3(x)))."""

    def __init__(self, width_in: int, width: int, halve: bool) -> None:
        super().__init__()
        self.halve = halve
        self.in_conv = nn.Conv2d(width_in, width, 1) if width_in != width else None
        self.block1 = nn.Conv2d(width, width, 3, padding=1)
        self.block2 = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        if self.halve:
            x = F.avg_pool2d(x, 2)
        if self.in_conv is not None:
            x = self.in_conv(x)
        return x + self.block2(F.relu(self.block1(x)))


class PatchNetwork(nn.Module):
    """Patches [N, 3, side, side] -> one vector each, [N, hidden_size]. Smaller patches need fewer blocks."""

    def __init__(self, widths: list[int], side: int, hidden_size: int, unshuffle: int = UNSHUFFLE) -> None:
        super().__init__()
        self.unshuffle = unshuffle
        # From side/unshuffle pixels down to 2 by the blocks, and from 2 to 1 by the last pooling.
        halvings = (side // unshuffle).bit_length() - 2
        if len(widths) < FIRST_HALVING + halvings:
            raise ValueError(f"patches of {side} pixels need at least {FIRST_HALVING + halvings} blocks: {widths}")
        self.conv_in = nn.Conv2d(3 * unshuffle**2, widths[0], 3, padding=1)
        self.body = nn.Sequential(
            *(
                ResidualBlock(widths[max(n - 1, 0)], width, FIRST_HALVING <= n < FIRST_HALVING + halvings)
                for n, width in enumerate(widths)
            )
        )
        self.adapter = nn.Linear(widths[-1], hidden_size)

    def forward(self, patches: Tensor) -> Tensor:
        x = self.body(self.conv_in(F.pixel_unshuffle(patches, self.unshuffle)))
        return self.adapter(F.avg_pool2d(x, 2).flatten(1))


class StyleAwareEncoder(ModelMixin, ConfigMixin):
    """Patches of a style picture -> three embeddings [B, 3, projection_dim]: of large, middle and small features.

    The sequence has 59 places: class vector, 8 large patches, class vector, 16 middle, class vector, 32 small. State
    keys are those of the published `style_aware_encoder.bin`, `image_encoder.vision_model.embeddings.*` included,
    which no forward pass reads. The defaults are the published size (ViT-H/14). `crop` is the side in pixels that
    style pictures are brought to, `unshuffle` the side of the cells the patch networks see first.
    """

    @register_to_config
    def __init__(
        self,
        hidden_size: int = 1280,
        intermediate_size: int = 5120,
        num_hidden_layers: int = 32,
        num_attention_heads: int = 16,
        hidden_act: str = "gelu",
        layer_norm_eps: float = 1e-5,
        projection_dim: int = 1024,
        vision_image_size: int = 224,
        vision_patch_size: int = 14,
        patch_widths: Sequence[Sequence[int]] = (
            (320, 640, 640, 640, 1280, 1280),
            (320, 640, 640, 1280, 1280),
            (320, 640, 1280, 1280),
        ),
        crop: int = CROP,
        unshuffle: int = UNSHUFFLE,
    ) -> None:
        super().__init__()
        self.image_encoder = CLIPVisionModelWithProjection(
            CLIPVisionConfig(
                hidden_size=hidden_size,
                intermediate_size=intermediate_size,
                num_hidden_layers=num_hidden_layers,
                num_attention_heads=num_attention_heads,
                hidden_act=hidden_act,
                layer_norm_eps=layer_norm_eps,
                projection_dim=projection_dim,
                image_size=vision_image_size,
                patch_size=vision_patch_size,
            )
        )
        sides = (crop // 4, crop // 8, crop // 16)
        self.cnn = nn.ModuleList(
            PatchNetwork(list(widths), side, hidden_size, unshuffle)
            for widths, side in zip(patch_widths, sides, strict=True)
        )
        self.style_embeddings = nn.ParameterList(nn.Parameter(torch.zeros(hidden_size)) for _ in COUNTS)
        self.position_embedding = nn.Embedding(sum(COUNTS) + len(COUNTS), hidden_size)

    def embed(self, high: Tensor, middle: Tensor, low: Tensor) -> Tensor:
        """Patches as in `patches.Patches` -> the sequence before its first layer norm, [B, 59, hidden_size]."""
        batch = high.shape[0]
        sequence = []
        with _wide(high.device.type):
            for level, network, class_vector in zip((high, middle, low), self.cnn, self.style_embeddings, strict=True):
                vectors = network(level.flatten(0, 1).to(self.dtype))
                sequence += [class_vector.expand(batch, 1, -1), vectors.unflatten(0, (batch, -1))]
            return torch.cat(sequence, dim=1) + self.position_embedding.weight

    def forward(self, high: Tensor, middle: Tensor, low: Tensor) -> Tensor:
        """Patches as in `patches.Patches` -> [B, 3, projection_dim], in the encoder's dtype."""
        vision = self.image_encoder.vision_model
        x = vision.pre_layrnorm(self.embed(high, middle, low))
        x = vision.encoder(inputs_embeds=x).last_hidden_state
        class_places = [sum(COUNTS[:n]) + n for n in range(len(COUNTS))]
        return self.image_encoder.visual_projection(vision.post_layernorm(x[:, class_places]))
