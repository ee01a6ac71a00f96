"""VGG-19 as a source of features for `optimise`, from the file `model.safetensors` of timm/vgg19.tv_in1k."""

from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from styleshot_demo.errors import Problem

_STAGES = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 1))


class VGG19(nn.Module):
    """VGG-19 up to relu5_1 (Simonyan & Zisserman, ICLR 2015); called like `features.Encoder`."""

    def __init__(self) -> None:
        super().__init__()
        # Places follow torchvision's numbering, in which each ReLU and each pooling counts.
        layers, names, last, place = {}, [], 3, 0
        for stage, (width, count) in enumerate(_STAGES, 1):
            for number in range(1, count + 1):
                layers[str(place)] = nn.Conv2d(last, width, 3, padding=1)
                names.append(f"relu{stage}_{number}")
                last, place = width, place + 2
            place += 1
        self.features = nn.ModuleDict(layers)
        self.names = names
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1), persistent=False)

    mean: Tensor
    deviation: Tensor

    def forward(self, pixels: Tensor, wanted: Iterable[str]) -> dict[str, Tensor]:
        """Feature maps by layer name; pixels [N, 3, H, W], RGB in [0, 1]."""
        layers = zip(self.names, self.features.values(), strict=True)
        return maps_of((pixels - self.mean) / self.deviation, layers, set(wanted))


def maps_of(x: Tensor, layers: Iterable[tuple[str, nn.Module]], wanted: set[str]) -> dict[str, Tensor]:
    """The wanted maps of a VGG's (name, convolution) pairs, "relu1_1" the first; between stages lies a pooling."""
    found, stage = {}, "1"
    for name, layer in layers:
        if name[4] != stage:
            stage = name[4]
            x = nn.functional.max_pool2d(x, 2)
        x = torch.relu(layer(x))
        if name in wanted:
            found[name] = x
            if len(found) == len(wanted):
                break
    return found


def load_vgg19(path: Path, device: str = "cpu") -> VGG19:
    """VGG-19 from its file; layers beyond relu5_1 are left on disk."""
    model = VGG19()
    try:
        state = load_file(path)
        model.load_state_dict({name: state[name].float() for name in model.state_dict()})
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise Problem("weights_broken", model="VGG-19") from error
    return model.requires_grad_(False).eval().to(  # pyright: ignore[reportCallIssue]  its stubs leave out the memory format
        device, memory_format=torch.channels_last
    )
