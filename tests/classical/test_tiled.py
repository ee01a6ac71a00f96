"""What is painted in tiles is what would have been painted at once."""

import gc
import weakref

import pytest
import torch

from styleshot_demo.classical import fast, tiled, tiled_colour
from styleshot_demo.classical.colour import transfer_colours
from styleshot_demo.classical.decoder import Decoder
from styleshot_demo.classical.fast import FastTransfer
from styleshot_demo.classical.features import WIDTHS, Encoder
from styleshot_demo.classical.grain import flat_masks
from styleshot_demo.classical.lazy_picture import LazyPicture
from styleshot_demo.classical.tiled import stylise_tiled
from styleshot_demo.classical.tiled_colour import transfer_colours_tiled
from styleshot_demo.classical.tiles import Box
from styleshot_demo.classical.weights import load_fast
from styleshot_demo.settings import ASSETS

LEVEL = 1 / 255


@pytest.fixture(scope="module")
def painter() -> FastTransfer:
    return load_fast(ASSETS / "weights/encoder.safetensors", ASSETS / "weights/fast.safetensors")


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch):
    monkeypatch.setattr(fast, "STRIP", 96**2)
    monkeypatch.setattr(tiled, "POSTPROCESS_TILE", 96)
    monkeypatch.setattr(tiled_colour, "COLOUR_TILE", 96)


def busy(seed: int, height: int, width: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    small = torch.rand(1, 3, height // 6, width // 6, generator=generator)
    return torch.nn.functional.interpolate(small, size=(height, width), mode="bicubic").clamp(0, 1)


def drawing(height: int, width: int) -> torch.Tensor:
    """A disc and a bar on white: flat, with edges, some of them between tiles."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    content = torch.ones(1, 3, height, width)
    content[0, 0, (rows - 90) ** 2 + (columns - 100) ** 2 < 40**2] = 0.2
    content[..., 150:170, 20:] = torch.tensor([0.1, 0.3, 0.8]).view(1, 3, 1, 1)
    return content


def joined(parts, like: torch.Tensor) -> torch.Tensor:
    """What the parts make, each pixel of which has to come exactly once."""
    made, last = torch.full_like(like, float("nan")), 0.0
    for part in parts:
        assert last <= part.fraction <= 1
        last = part.fraction
        if part.box is not None:
            assert part.box.crop(made).isnan().all()
            part.box.crop(made).copy_(part.pixels)
    assert last == 1
    return made


STYLES = [(busy(1, 90, 101), 0.7), (busy(2, 64, 80), 0.3)]


def at_once_and_in_tiles(painter, content, strength=1.0, transform="wct", grain=0.5):
    at_once = painter.decode(painter.encode(content, STYLES, transform, grain, 3), strength)
    return at_once, joined(
        stylise_tiled(painter, LazyPicture.from_pixels(content), STYLES, strength, transform, grain, 3), content
    )


@pytest.mark.parametrize("size", [(250, 203), (97, 300), (16, 220), (192, 96), (33, 40)])
def test_no_tile_shows(painter, size):
    at_once, in_tiles = at_once_and_in_tiles(painter, busy(0, *size))
    assert float((at_once - in_tiles).abs().max()) < LEVEL


@pytest.mark.parametrize("strength, transform", [(1.0, "wct"), (0.4, "wct"), (1.0, "adain")])
def test_no_tile_shows_in_flat_areas(painter, strength, transform):
    content = drawing(201, 230)
    assert flat_masks(content).drawing_score == 1
    at_once, in_tiles = at_once_and_in_tiles(painter, content, strength, transform)
    assert float((at_once - in_tiles).abs().max()) < LEVEL


def test_maps_that_do_not_fit_are_computed_again_to_the_same_picture(painter, monkeypatch):
    """`share` of their bytes finds room; from .5 on all of them do, in half precision."""
    content = drawing(201, 230)

    def in_tiles():
        parts = stylise_tiled(painter, LazyPicture.from_pixels(content), STYLES, 1.0, "wct", 0.5, 3)
        return joined(parts, content)

    kept = in_tiles()
    pixels = content.shape[2] * content.shape[3]
    needed = sum(4 * painter.decoder.widths[name] / 4 ** (int(name[4]) - 1) for name in painter.decoder.input_layers)
    for share in (0, 0.15, 0.25, 0.4, 0.6):
        monkeypatch.setattr(tiled, "KEPT_BYTES", int(pixels * (tiled.PAINTED_BYTES + share * needed)))
        assert float((in_tiles() - kept).abs().max()) < (2 * LEVEL if share else LEVEL), share


@pytest.mark.parametrize("room", [0, tiled.KEPT_BYTES])
@pytest.mark.parametrize("until", [0.01, 0.5, 0.95, 1.0])
def test_what_is_stopped_gives_its_memory_back_at_once(painter, monkeypatch, room, until):
    monkeypatch.setattr(tiled, "KEPT_BYTES", room)
    seen = []
    start = tiled._TiledTransfer.__init__
    monkeypatch.setattr(
        tiled._TiledTransfer, "__init__", lambda self, *given: seen.append(weakref.ref(self)) or start(self, *given)
    )
    gc.disable()  # which comes when it likes
    try:
        parts = stylise_tiled(painter, LazyPicture.from_pixels(drawing(201, 230)), STYLES, 0.5, grain=0.5)
        next(part for part in parts if part.fraction >= until)
        parts.close()
        del parts
        assert seen[0]() is None
    finally:
        gc.enable()


def test_a_large_style_is_read_in_strips_to_the_same_moments(painter, monkeypatch):
    style = busy(5, 205, 133)
    at_once = painter.style_moments(style)
    monkeypatch.setattr(fast, "STYLE_AT_ONCE", 0)
    for name, found in painter.style_moments(style).items():
        torch.testing.assert_close(found.mean, at_once[name].mean, atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(found.covariance, at_once[name].covariance, atol=1e-3, rtol=1e-2)


def test_a_decoder_without_fused_depths_and_with_more_blocks():
    torch.manual_seed(0)
    painter = FastTransfer(Encoder().eval(), Decoder(WIDTHS, blocks=2).eval())
    for block in painter.decoder.blocks:
        torch.nn.init.normal_(block[1].weight, std=0.05)
    at_once, in_tiles = at_once_and_in_tiles(painter, busy(0, 205, 130), grain=0.0)
    assert float((at_once - in_tiles).abs().max()) < LEVEL


def test_no_more_than_a_tile_is_ever_read_for_colours():
    content, largest = busy(0, 300, 300), []

    def read(box: Box) -> torch.Tensor:
        largest.append(max(box.height, box.width))
        return box.crop(content)

    for _ in transfer_colours_tiled(LazyPicture(300, 300, read), [(STYLES[0][0], 1.0)], "reinhard", 1.0):
        pass
    assert max(largest) <= 96


@pytest.mark.parametrize("method", ["monge-kantorovich", "reinhard"])
@pytest.mark.parametrize("strength", [1.0, 0.5])
def test_colours_are_moved_by_one_map(method, strength):
    content = busy(4, 250, 203)
    in_tiles = joined(transfer_colours_tiled(LazyPicture.from_pixels(content), STYLES, method, strength), content)
    at_once = transfer_colours(content, STYLES, method, strength)
    assert float((at_once - in_tiles).abs().max()) < LEVEL
