"""What words foretell of a picture: a prior from the text encoder's tokens to latents that denoising can begin with.

A diffusion model that has seen few pictures draws from pure noise what it hardly knows. As in unCLIP (Ramesh et al.,
arXiv:2204.06125, section 2.2) a prior comes first: here a linear map from what the text encoder knows to a mean picture
of what is named. Denoising then begins part of the way, from that picture with noise (SDEdit: Meng et al.,
arXiv:2108.01073). The published StyleShot has none.
"""

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn


class LatentPrior(ModelMixin, ConfigMixin):
    """The last `fields`² tokens [B, T, width] -> latents [B, channels, side, side], side = fields * cells.

    Token n of them tells field (n // fields, n % fields), a square of cells. What it tells are numbers for the first
    `rank` principal components of such squares.
    """

    @register_to_config
    def __init__(self, width: int = 192, channels: int = 32, fields: int = 4, cells: int = 4, rank: int = 48) -> None:
        super().__init__()
        numbers = channels * cells**2
        self.told = nn.Parameter(torch.zeros(rank, width))
        self.usual = nn.Parameter(torch.zeros(fields**2, rank))  # where tokens tell nothing
        self.components = nn.Parameter(torch.zeros(numbers, rank))
        self.mean = nn.Parameter(torch.zeros(numbers))

    def forward(self, tokens: Tensor) -> Tensor:
        """Mean latents of what the tokens name, scaled as the autoencoder gives them."""
        own = tokens[:, -(self.config["fields"]**2) :].to(self.told)
        return self._joined((own @ self.told.T + self.usual) @ self.components.T + self.mean)

    @torch.no_grad()
    def fit(self, tokens: Tensor, latents: Tensor, ridge: float = 1e-3) -> dict[str, float]:
        """Set the maps by least squares from tokens [N, T, width] and latents [N, channels, side, side] that belong
        together; returns the shares of the latents' variance that the components keep, and that tokens tell."""
        own, squares = tokens[:, -(self.config["fields"]**2) :].double(), self._split(latents).double()
        mean = squares.mean((0, 1))
        rest = squares - mean
        flat = rest.flatten(0, 1)
        components = torch.linalg.eigh(flat.T @ flat)[1].flip(1)[:, : self.config["rank"]]
        numbers = rest @ components
        spread, wanted = own - own.mean(0), numbers - numbers.mean(0)
        x, y = spread.flatten(0, 1), wanted.flatten(0, 1)
        squared = x.T @ x
        squared.diagonal().add_(ridge * squared.diagonal().mean())
        told = torch.linalg.solve(squared, x.T @ y).T
        for name, value in (
            ("told", told),
            ("usual", numbers.mean(0) - own.mean(0) @ told.T),
            ("components", components),
            ("mean", mean),
        ):
            getattr(self, name).copy_(value)
        varying = (squares - squares.mean(0)).square().sum()
        missed = (self._split(self(tokens)).double() - squares).square().sum()
        return {"kept": float(wanted.square().sum() / varying), "told": float(1 - missed / varying)}

    def _split(self, latents: Tensor) -> Tensor:
        """[N, channels, side, side] -> [N, fields², channels * cells²]."""
        return F.pixel_unshuffle(latents, self.config["cells"]).flatten(2).transpose(1, 2)

    def _joined(self, squares: Tensor) -> Tensor:
        """The opposite of `_split`."""
        fields = self.config["fields"]
        return F.pixel_shuffle(squares.transpose(1, 2).unflatten(2, (fields, fields)), self.config["cells"])
