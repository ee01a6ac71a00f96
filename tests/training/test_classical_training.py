"""The training code, small: synthetic pictures and a teacher with random weights in the real file's format."""

import json

import numpy as np
import pytest
import torch
from classifiers import save_onnx
from PIL import Image

from styleshot_demo.classical.decoder import Decoder
from styleshot_demo.classical.features import Encoder
from styleshot_demo.errors import Problem
from styleshot_demo.research.onnx_network import OnnxNetwork
from styleshot_demo.training import classical_decoder
from styleshot_demo.training.classical_decoder import DecoderRecipe, train_decoder, without_colour_gradient
from styleshot_demo.training.classical_encoder import LAYERS, distil
from styleshot_demo.training.core.checkpoint import latest
from styleshot_demo.training.core.schedules import cosine
from styleshot_demo.training.folders import Crops, pictures_in, split
from styleshot_demo.training.single_network import train

TEACHER_WIDTHS = {1: (16, 16), 2: (32, 32), 3: (64, 64, 64, 64), 4: (128, 128, 128, 128), 5: (128,)}


@pytest.fixture(autouse=True)
def few_validated(monkeypatch):
    """Four pairs of 64 pixels tell here what sixteen of 256 do for real pictures, and sooner."""
    monkeypatch.setattr(classical_decoder, "HELD", 4)
    monkeypatch.setattr(classical_decoder, "HELD_SIZE", 64)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for kind in ("photos", "paintings"):
        (root / kind).mkdir()
        for number in range(24):
            small = Image.fromarray(rng.integers(0, 255, (9, 12, 3), dtype=np.uint8))
            small.resize((96, 72), Image.Resampling.BICUBIC).save(root / kind / f"{number:02d}.png")
    torch.manual_seed(0)
    state, last = {"conv0.weight": 50 * torch.randn(3, 3, 1, 1), "conv0.bias": torch.zeros(3)}, 3
    for stage, widths in TEACHER_WIDTHS.items():
        for number, width in enumerate(widths, 1):
            state[f"conv{stage}{number}.weight"] = torch.randn(width, last, 3, 3) * (2 / (9 * last)) ** 0.5
            state[f"conv{stage}{number}.bias"] = torch.zeros(width)
            last = width
    for stage, width, wide in ((3, 64, 256), (4, 128, 512), (5, 128, 512)):
        state[f"conv{stage}1_aux.weight"] = torch.randn(wide, width, 1, 1) * (2 / width) ** 0.5
        state[f"conv{stage}1_aux.bias"] = torch.zeros(wide)
    torch.save(state, root / "5SE.pth")
    return root


def test_split_is_by_name_and_stays(data):
    paths = pictures_in(data / "photos")
    train_paths, held = split(paths, 0.3)
    assert len(paths) == 24 and held and train_paths
    assert not set(train_paths) & set(held) and set(train_paths) | set(held) == set(paths)
    fewer_train, fewer_held = split(paths[::2], 0.3)
    assert set(fewer_held) <= set(held) and set(fewer_train) <= set(train_paths)


def test_crops_repeat_by_seed_and_step(data):
    crops = Crops(pictures_in(data / "photos"), 32)
    assert torch.equal(crops.batch(3, 5, 7), crops.batch(3, 5, 7))
    assert not torch.equal(crops.batch(3, 5, 7), crops.batch(3, 5, 8))
    batch = crops.batch(3, 0, 0)
    assert batch.shape == (3, 3, 32, 32) and batch.min() >= 0 and batch.max() <= 1


def test_learning_rate_rises_then_falls():
    rates = [cosine(step, 1000, 100, 0.02) for step in range(1000)]
    assert rates[0] < 0.05 and max(rates) == pytest.approx(1.0, abs=0.02) and rates[-1] < 0.03


def distil_small(data, out, steps):
    return distil(
        data / "photos", data / "paintings", data, out, steps=steps, batch=2, size=48, device="cpu", precision="fp32"
    )


def test_distillation_lowers_every_error_and_logs_it(data, tmp_path):
    distil_small(data, tmp_path, 30)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    figures = [line["validation"] for line in lines if "validation" in line]
    assert set(figures[0]) == set(LAYERS)
    assert all(figures[-1][name] < figures[0][name] for name in LAYERS)


class Killed(Exception):
    pass


def quadratic(out, steps, stop_at=None):
    torch.manual_seed(0)
    model = torch.nn.Linear(4, 1)

    def loss_of(step):
        if step == stop_at:
            raise Killed
        inputs = torch.randn(8, 4, generator=torch.Generator().manual_seed(step))
        return {"error": (model(inputs) - inputs.sum(1, keepdim=True)).square().mean()}

    return train(model, loss_of, out=out, steps=steps, rate=0.05, config={"a": 1}, checkpoint_every=5)


def test_a_killed_run_goes_on_to_the_same_weights(tmp_path):
    whole = quadratic(tmp_path / "whole", 20)
    with pytest.raises(Killed):
        quadratic(tmp_path / "cut", 20, stop_at=13)
    assert latest(tmp_path / "cut")["step"] == 10
    resumed = quadratic(tmp_path / "cut", 20)
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_folder_with_another_run_is_refused(tmp_path):
    quadratic(tmp_path, 5)
    with pytest.raises(Problem, match="other settings"):
        train(torch.nn.Linear(4, 1), lambda step: {}, out=tmp_path, steps=5, rate=0.1, config={"a": 2})


def test_decoder_learns_to_rebuild_and_to_repaint(data, tmp_path):
    torch.manual_seed(0)
    recipe = DecoderRecipe(steps=32, rebuild_steps=24, batch=2, size=48)
    train_decoder(
        data / "photos", data / "paintings", data, Encoder(), tmp_path, recipe, device="cpu", precision="fp32"
    )
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    first, last = (line["validation"] for line in (lines[0], lines[-1]))
    assert last["psnr"] > first["psnr"] and last["content"] < first["content"]


def test_other_networks_have_their_share_of_the_losses(data, tmp_path):
    networks = [OnnxNetwork(save_onnx(tmp_path / name), "torch") for name in ("one.onnx", "two.onnx")]

    def losses(name, **options):
        torch.manual_seed(0)
        recipe = DecoderRecipe(steps=2, rebuild_steps=0, batch=2, size=48, **options)
        sides = data / "photos", data / "paintings"
        given = {"networks": networks} if options else {}
        train_decoder(*sides, data, Encoder(), tmp_path / name, recipe, device="cpu", precision="fp32", **given)
        lines = [json.loads(line) for line in (tmp_path / name / "log.jsonl").read_text().splitlines()]
        return lines, latest(tmp_path / name)["identity"]

    lines, config = losses("with", network_share=0.4)
    expected = {f"{network}_{name}" for network in ("one", "two") for name in ("content", "gram", "sliced")}
    assert expected <= set(lines[-1]["validation"])
    assert config["networks"] == ["one.onnx", "two.onnx"] and config["network_share"] == 0.4
    lines, config = losses("without")
    assert set(lines[-1]["validation"]) == {"content", "gram", "sliced", "psnr"}
    assert not any(name.startswith("network") for name in config)


def test_networks_take_turns(data, tmp_path):
    """The second network is met in the fifth step, and not in the four before."""

    class Met(Exception):
        pass

    class Noting(OnnxNetwork):
        def forward(self, pixels):
            if torch.is_grad_enabled() and pixels.requires_grad:
                met.append(self)
                if self is other:
                    raise Met
            return super().forward(pixels)

    met, path = [], save_onnx(tmp_path / "one.onnx")
    one, other = Noting(path, "torch"), Noting(path, "torch")
    recipe = DecoderRecipe(steps=5, rebuild_steps=0, batch=2, size=48)
    sides = data / "photos", data / "paintings"
    with pytest.raises(Met):
        train_decoder(
            *sides, data, Encoder(), tmp_path / "out", recipe, networks=[one, other], device="cpu", precision="fp32"
        )
    # The first step rebuilds, and asks none of them.
    assert met == [one] * 3 + [other] and latest(tmp_path / "out") is None


def test_blocks_that_are_added_to_a_decoder_change_nothing_at_first(data, tmp_path):
    start = Decoder(Encoder().widths, fused=("relu2_1",))
    recipe = DecoderRecipe(steps=1, rebuild_steps=0, batch=2, size=48, rate=0.0, blocks=2)
    made = train_decoder(
        data / "photos", data / "paintings", data, Encoder(), tmp_path, recipe, start=start, device="cpu"
    )
    assert made.architecture == start.architecture | {"blocks": 2}
    given = {"relu4_1": torch.rand(1, 77, 6, 8), "relu2_1": torch.rand(1, 27, 24, 32)}
    look = torch.rand(1, 2 * sum(start.widths.values()))
    with torch.no_grad():
        torch.testing.assert_close(made(given, look), start(given, look), atol=1e-5, rtol=0)
        for _, second in made.blocks:
            second.weight.normal_(0, 0.05)
        assert not torch.allclose(made(given, look), start(given, look), atol=1e-3)
        torch.testing.assert_close(made.infer(given, look), made(given, look), atol=1e-4, rtol=0)


def test_a_gradient_asks_for_no_other_brightness_contrast_or_tint():
    torch.manual_seed(0)
    mixing = torch.tensor([[0.2, 0.1, 0.0], [0.0, 0.15, 0.05], [0.05, 0.0, 0.1]])
    pixels = (0.5 + torch.einsum("ij,njhw->nihw", mixing, torch.randn(2, 3, 12, 16))).requires_grad_()
    same = without_colour_gradient(pixels)
    torch.testing.assert_close(same, pixels, atol=1e-5, rtol=0)
    (gradient,) = torch.autograd.grad((same * torch.randn(2, 3, 12, 16)).sum(), pixels)
    assert float(gradient.abs().mean()) > 0.1
    assert float(gradient.sum((2, 3)).abs().max()) < 0.01
    for direction in (pixels, pixels * torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1)):
        assert float((gradient * direction.detach()).sum((1, 2, 3)).abs().max()) < 0.05
