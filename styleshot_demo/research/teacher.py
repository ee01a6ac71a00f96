"""The teacher of the classical networks: a 16x-compressed VGG-19 (Wang et al., Collaborative Distillation, CVPR 2020).

Only training and evaluation read it, from a folder that the person names; the program runs without it.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from styleshot_demo.classical.vgg import maps_of

_STAGES = (("11", "12"), ("21", "22"), ("31", "32", "33", "34"), ("41", "42", "43", "44"), ("51",))


class Teacher(nn.Module):
    """Feature maps of the compressed network up to relu5_1, from its file `5SE.pth`."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        state = torch.load(Path(folder) / "5SE.pth", map_location="cpu", weights_only=True)
        self.colour = self._module(state, "conv0")
        self.layers = nn.ModuleDict(
            {f"relu{name[0]}_{name[1]}": self._module(state, f"conv{name}") for stage in _STAGES for name in stage}
        )
        self.expansions = nn.ModuleDict(
            {f"relu{stage}_1": self._module(state, f"conv{stage}1_aux") for stage in (3, 4, 5)}
        )
        self.requires_grad_(False).eval()

    @staticmethod
    def _module(state: dict[str, Tensor], name: str) -> nn.Conv2d:
        weight = state[f"{name}.weight"]
        out, into, kernel, _ = weight.shape
        layer = nn.Conv2d(into, out, kernel, padding=kernel // 2, padding_mode="reflect" if kernel > 1 else "zeros")
        layer.load_state_dict({"weight": weight, "bias": state[f"{name}.bias"]})
        return layer

    def forward(self, pixels: Tensor, wanted: set[str]) -> dict[str, Tensor]:
        """Feature maps by layer name; pixels [N, 3, H, W], RGB in [0, 1]."""
        return maps_of(self.colour(pixels), self.layers.items(), wanted)

    def expanded(self, pixels: Tensor) -> dict[str, Tensor]:
        """relu1_1 and relu2_1 as they are; relu3_1 to relu5_1 with 256, 512 and 512 channels.

        The expansion is what the compressed maps say of VGG-19's own. Near the pixels it would add nothing but work.
        """
        found = self(pixels, {"relu1_1", "relu2_1", *self.expansions})
        return found | {name: torch.relu(layer(found[name])) for name, layer in self.expansions.items()}
