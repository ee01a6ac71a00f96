"""The large enlarger: the published architecture and file, the same in tiles."""

import os

import enlarger_weights
import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data
from torch.nn.functional import conv2d

from styleshot_demo.errors import Problem
from styleshot_demo.helpers.enlarging import enlarging
from styleshot_demo.helpers.x4plus import X4Plus, load_x4plus


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return enlarger_weights.write(tmp_path_factory.mktemp("weights") / "RealESRGAN_x4plus.pth")


@pytest.fixture(scope="module")
def model(file):
    return load_x4plus(file)


def test_it_is_the_network_that_was_published() -> None:
    with torch.device("meta"):
        state = X4Plus().state_dict()
    assert {name: tuple(value.shape) for name, value in state.items()} == enlarger_weights.shapes()
    assert len(state) == 702 and sum(value.numel() for value in state.values()) == 16_697_987


@torch.inference_mode()
def test_it_computes_what_the_papers_say(model) -> None:
    """Once more, convolution by convolution, with the file's own names."""
    state = {name: value.double() for name, value in enlarger_weights.random_state().items()}

    def conv(x, name):
        return conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=1)

    def leaky(x):
        return torch.where(x > 0, x, 0.2 * x)

    def twice(x):
        return x.repeat_interleave(2, 2).repeat_interleave(2, 3)

    pixels = torch.rand(1, 3, 6, 7, generator=torch.Generator().manual_seed(1))
    first = x = conv(pixels.double(), "conv_first")
    for block in range(23):
        inner = x
        for dense in (1, 2, 3):
            seen = [inner]
            for number in range(1, 5):
                seen.append(leaky(conv(torch.cat(seen, 1), f"body.{block}.rdb{dense}.conv{number}")))
            inner = inner + 0.2 * conv(torch.cat(seen, 1), f"body.{block}.rdb{dense}.conv5")
        x = x + 0.2 * inner
    x = first + conv(x, "conv_body")
    x = leaky(conv(twice(x), "conv_up1"))
    x = leaky(conv(twice(x), "conv_up2"))
    expected = conv(leaky(conv(x, "conv_hr")), "conv_last")
    made = model(pixels)
    assert made.shape == (1, 3, 24, 28) and expected.std() > 0.1
    assert (made - expected).abs().max() < 1e-4


def test_no_tile_shows(model) -> None:
    picture = Image.fromarray(data.astronaut()).crop((200, 80, 280, 92))

    def made(tile):
        steps = enlarging(picture, 4, model, tile=tile)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return np.asarray(end.value).astype(int)

    whole = made(80)
    assert whole.std() > 30 and np.abs(made(40) - whole).max() <= 1


def test_it_can_be_stopped_between_tiles(model) -> None:
    steps = enlarging(Image.fromarray(data.astronaut()).crop((0, 0, 24, 8)), 2, model, tile=8)
    assert next(steps) == pytest.approx(1 / 3)
    steps.close()


class Harmful:
    def __reduce__(self):
        return os.mkdir, ("harm",)


def test_damaged_and_other_files_are_named_and_no_code_of_theirs_is_run(file, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    # Right but for what is changed below, and small on the disk.
    state = {name: torch.zeros(1).expand(shape) for name, shape in enlarger_weights.shapes().items()}
    other, lost = dict(state), dict(state)
    other["conv_up1.weight"] = torch.zeros(64, 64, 1, 1)
    del lost["body.22.rdb3.conv5.bias"]
    held = [{"params_ema": inner} for inner in (other, lost, None)]
    for number, content in enumerate((state, {"params": state}, [state], *held, Harmful())):
        torch.save(content, tmp_path / f"{number}.pth")
    (tmp_path / "cut.pth").write_bytes(file.read_bytes()[:1_000_000])
    (tmp_path / "empty.pth").write_bytes(b"")
    torch.save({"params_ema": state}, tmp_path / "right")
    load_x4plus(tmp_path / "right")
    (tmp_path / "text.pth").write_bytes(b"no network")
    (tmp_path / "pickle.pth").write_bytes(b"\x80\x02 is how pickles begin")
    for path in (*sorted(tmp_path.glob("*.pth")), tmp_path / "nowhere.pth"):
        with pytest.raises(Problem) as told:
            load_x4plus(path)
        assert told.value.key == "weights_broken" and "x4plus" in told.value.what, path.name
    assert not (tmp_path / "harm").exists()
