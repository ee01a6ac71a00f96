"""A small autoencoder: pictures to latents by one fixed linear map, latents to pictures by a small network.

The encoder halves the picture, cuts it into squares of 8 pixels and keeps the first principal components of each
(fitted on training pictures), scaled. It has nothing to learn, so diffusion can be trained before the decoder is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn


@dataclass
class EncoderOutput:
    """What `encode` returns, as diffusers' autoencoders do."""

    latent_dist: "DeterministicDistribution"


@dataclass
class Decoded:
    """What `decode` returns, as diffusers' autoencoders do."""

    sample: Tensor


@dataclass
class DeterministicDistribution:
    """A distribution without spread."""

    mean: Tensor

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """The mean."""
        return self.mean

    def mode(self) -> Tensor:
        """The mean."""
        return self.mean


class Block(nn.Module):
    """x + conv(silu(conv(x))), 3x3 each."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.silu(self.first(F.silu(x))))


class PatchAutoencoder(ModelMixin, ConfigMixin):
    """Pictures [B, 3, H, W] in [-1, 1] (H and W multiples of 16) <-> latents [B, channels, H/16, W/16].

    Has what pipelines use of diffusers' `AutoencoderKL`. `block_out_channels` are the decoder's widths at strides 16,
    8, 4, 2 and 1. The decoder adds to the linear inverse, so it begins where principal components end.
    """

    mean: Tensor
    analysis: Tensor
    synthesis: Tensor

    @register_to_config
    def __init__(
        self,
        latent_channels: int = 32,
        patch: int = 8,
        reduce: int = 2,
        block_out_channels: Sequence[int] = (128, 96, 64, 32, 16),
        blocks: Sequence[int] = (2, 2, 1, 1, 0),
        scaling_factor: float = 1.0,
    ) -> None:
        super().__init__()
        numbers = 3 * patch**2
        self.register_buffer("mean", torch.zeros(numbers))
        # [channels, numbers]: rows are principal components times their scale; and the way back.
        self.register_buffer("analysis", torch.eye(latent_channels, numbers))
        self.register_buffer("synthesis", torch.eye(numbers, latent_channels))
        widths = list(block_out_channels)
        layers: list[nn.Module] = [nn.Conv2d(latent_channels, widths[0], 3, padding=1)]
        for place, (width, count) in enumerate(zip(widths, blocks, strict=True)):
            layers += [Block(width) for _ in range(count)]
            if place + 1 < len(widths):
                layers += [nn.Conv2d(width, 4 * widths[place + 1], 3, padding=1), nn.PixelShuffle(2)]
        last = nn.Conv2d(widths[-1], 3, 3, padding=1)
        layers += [nn.SiLU(), last]
        self.decoder = nn.Sequential(*layers)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(cast(Tensor, last.bias))

    def encode(self, pixels: Tensor) -> EncoderOutput:
        """Latents, not yet multiplied by `scaling_factor`."""
        return EncoderOutput(DeterministicDistribution(self.latents(F.avg_pool2d(pixels, self.config["reduce"]))))

    def latents(self, small: Tensor) -> Tensor:
        """`encode` for pictures that are already `reduce` times smaller, [B, 3, H/2, W/2]."""
        cells = F.pixel_unshuffle(small, self.config["patch"])
        weight = self.analysis[:, :, None, None]
        return F.conv2d(cells - self.mean[None, :, None, None], weight)

    def decode_linear(self, latents: Tensor) -> Tensor:
        """The linear inverse, [B, 3, H/2, W/2]."""
        cells = F.conv2d(latents, self.synthesis[:, :, None, None], self.mean)
        return F.pixel_shuffle(cells, self.config["patch"])

    def decode(self, latents: Tensor, return_dict: bool = True) -> Decoded | tuple[Tensor]:
        """The picture, [B, 3, H, W], about [-1, 1]."""
        smooth = F.interpolate(self.decode_linear(latents), scale_factor=self.config["reduce"], mode="bilinear")
        sample = smooth + self.decoder(latents)
        return Decoded(sample) if return_dict else (sample,)

    @torch.no_grad()
    def fit(self, small: Tensor) -> dict[str, float]:
        """Set the linear maps from pictures [N, 3, h, w] in [-1, 1]; returns what is kept of their variance.

        Components are scaled by the root of their spread, not to equal spread: coarse colour should outweigh fine
        detail in the diffusion loss, but not drown it. A common factor then brings the latents to unit variance.
        """
        cells = F.pixel_unshuffle(small, self.config["patch"]).movedim(1, -1).flatten(0, 2).double()
        mean = cells.mean(0)
        covariance = (cells - mean).T @ (cells - mean) / len(cells)
        variances, vectors = torch.linalg.eigh(covariance)
        channels = self.config["latent_channels"]
        variances, vectors = variances.flip(0), vectors.flip(1)[:, :channels]
        spread = variances[:channels].sqrt()
        scale = spread**-0.5
        scale /= ((spread * scale) ** 2).mean().sqrt()
        self.mean.copy_(mean)
        self.analysis.copy_((vectors * scale).T)
        self.synthesis.copy_(vectors / scale)
        lost = variances[channels:].sum() / len(variances)
        return {"kept": float(1 - variances[channels:].sum() / variances.sum()), "psnr": float(10 * (4 / lost).log10())}

    def enable_tiling(self) -> None:
        """Nothing: the decoder takes little memory."""

    def disable_tiling(self) -> None:
        """Nothing."""
