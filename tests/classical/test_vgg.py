"""VGG-19 in its real file's format: random numbers under the names and shapes of timm/vgg19.tv_in1k."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from styleshot_demo.classical.vgg import VGG19, load_vgg19
from styleshot_demo.errors import Problem

PLAN = [64, 64, "M", 128, 128, "M", 256, 256, 256, 256, "M", 512, 512, 512, 512, "M", 512, 512, 512, 512, "M"]


@pytest.fixture(scope="module")
def reference() -> nn.Sequential:
    """The feature part of VGG-19 as torchvision lays it out."""
    torch.manual_seed(0)
    layers, last = [], 3
    for width in PLAN:
        if width == "M":
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(last, width, 3, padding=1), nn.ReLU()]
            last = width
    return nn.Sequential(*layers).eval()


@pytest.fixture(scope="module")
def file(reference, tmp_path_factory):
    path = tmp_path_factory.mktemp("vgg") / "model.safetensors"
    state = {f"features.{name}": value for name, value in reference.state_dict().items()}
    save_file(state | {"head.fc.weight": torch.zeros(10, 4096)}, path)
    return path


def test_features_are_those_of_the_reference(reference, file):
    model = load_vgg19(file)
    pixels = torch.rand(1, 3, 48, 64)
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    normal = (pixels - mean.view(1, 3, 1, 1)) / deviation.view(1, 3, 1, 1)
    # Places of the ReLUs in torchvision's numbering.
    for name, place in {"relu1_1": 1, "relu2_1": 6, "relu3_1": 11, "relu4_1": 20, "relu4_2": 22, "relu5_1": 29}.items():
        with torch.no_grad():
            expected = reference[: place + 1](normal)
            assert torch.allclose(model(pixels, [name])[name], expected, atol=1e-4), name


def test_only_what_is_asked_for_is_computed(file):
    model = load_vgg19(file)
    found = model(torch.rand(1, 3, 32, 32), ["relu1_1", "relu2_1"])
    assert set(found) == {"relu1_1", "relu2_1"}
    assert len(VGG19().features) == 13


def test_a_file_of_another_kind_is_a_problem(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"something": torch.zeros(3)}, path)
    with pytest.raises(Problem, match="damaged or of another kind"):
        load_vgg19(path)
