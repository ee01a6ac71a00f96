"""Rows that come in turn make the maps that the whole picture makes, each computed once."""

import pytest
import torch
from torch.nn.functional import conv2d, pad

from styleshot_demo.classical.decoder import LAYERS, STRIDE, Decoder
from styleshot_demo.classical.features import WIDTHS, Encoder
from styleshot_demo.classical.row_streams import (
    COPY_THRESHOLD,
    ConvRows,
    MappedRows,
    ReadRows,
    RowWindow,
    SharedRows,
    WholeRows,
    bordered,
)


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def all_rows(source, *bottoms: int) -> torch.Tensor:
    return torch.cat([source.take(bottom) for bottom in (*bottoms, source.height)], 2)


@pytest.mark.parametrize("size", [(5, 7), (130, COPY_THRESHOLD // 128)])
@pytest.mark.parametrize("inset, mode", [(1, "reflect"), (0, "replicate")])
def test_pieces_are_bordered_as_the_whole_is(size, inset, mode) -> None:
    maps = noise(1, 3, *size)
    pieces = maps.split([2, *[1] * (size[0] - 2)], 2)
    with torch.inference_mode():
        for given in ([maps], pieces):
            assert torch.equal(bordered(given, inset=inset), pad(maps, (1, 1, 1, 1), mode=mode))
            inside = bordered(given, (False, False), inset)
            assert torch.equal(inside, pad(maps, (1, 1, 0, 0), mode=mode))


@pytest.mark.parametrize("bottoms", [(), (1,), (1, 2, 3), (6, 8), (10,)])
def test_a_convolution_in_rows(bottoms) -> None:
    maps, weight = noise(1, 3, 11, 6), noise(4, 3, 3, 3, seed=1)
    rows = ConvRows(lambda edges, window: conv2d(window, weight), RowWindow(WholeRows(maps)))
    wanted = conv2d(pad(maps, (1, 1, 1, 1), mode="reflect"), weight)
    torch.testing.assert_close(all_rows(rows, *bottoms), wanted)


@torch.inference_mode()
def test_each_pixel_is_read_once_and_in_turn_and_what_has_been_taken_is_given_up() -> None:
    pixels, seen = torch.rand(1, 3, 205, 37), []

    def read(top: int, bottom: int) -> torch.Tensor:
        seen.append((top, bottom))
        return pixels[:, :, top:bottom]

    source = ReadRows(205, read, step=24)
    deepest = Encoder().rows(source, {name: lambda rows, top: None for name in LAYERS})[-1]
    all_rows(deepest, 3, 9, 17)
    assert [top for top, _ in seen] == [0, *(bottom for _, bottom in seen[:-1])]
    assert all(bottom - top >= 24 for top, bottom in seen[:-1])
    assert source._block.shape[2] == seen[-1][1] - seen[-1][0], "the last block is all that is kept"


@pytest.mark.parametrize("size", [(96, 40), (101, 61), (33, 39)])
@torch.inference_mode()
def test_all_layers_of_the_encoder_see_all_rows(size) -> None:
    torch.manual_seed(0)
    encoder, pixels = Encoder().eval(), torch.rand(1, 3, *size)
    found = {name: [] for name in LAYERS}

    def observer(name: str):
        def observe(rows: torch.Tensor, top: int) -> None:
            assert top == sum(part.shape[2] for part in found[name])
            found[name].append(rows.clone())

        return observe

    sources = encoder.rows(WholeRows(pixels), {name: observer(name) for name in LAYERS})
    for bottom in range(1, sources[-1].height + 1):
        sources[-1].take(bottom)
    for source in sources[::-1]:
        if source.position < source.height:
            source.take(source.height)
    for name, maps in encoder(pixels, LAYERS).items():
        torch.testing.assert_close(torch.cat(found[name], 2), maps, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("fused", [(), ("relu3_1", "relu2_1"), ("relu1_1",)])
@torch.inference_mode()
def test_the_decoder_in_rows_paints_what_it_was_trained_to(fused) -> None:
    torch.manual_seed(0)
    decoder = Decoder(WIDTHS, fused=fused, blocks=2).eval()
    for block in decoder.blocks:
        torch.nn.init.normal_(block[1].weight, std=0.05)
    sides = {name: 2 ** (int(name[4]) - 1) for name in ("relu4_1", *fused)}
    maps = {name: noise(1, WIDTHS[name], 64 // side, 48 // side, seed=side) for name, side in sides.items()}
    style = noise(1, 2 * sum(WIDTHS[name] for name in LAYERS))
    wanted = decoder(maps, style)
    torch.testing.assert_close(decoder.infer(maps, style), wanted, atol=1e-3, rtol=1e-3)
    rows = decoder.rows({name: WholeRows(one) for name, one in maps.items()}, style)
    torch.testing.assert_close(all_rows(rows, STRIDE, 3 * STRIDE, 4 * STRIDE), wanted, atol=1e-3, rtol=1e-3)


def test_a_buffer_keeps_what_its_slowest_reader_lacks() -> None:
    maps = noise(1, 2, 12, 3)
    buffer = SharedRows(WholeRows(maps))
    fast, slow = buffer.reader(), MappedRows(buffer.reader(), lambda rows, top: rows + top)
    assert torch.equal(fast.take(9), maps[:, :, :9])
    assert torch.equal(slow.take(4), maps[:, :, :4])
    assert torch.equal(slow.take(10), maps[:, :, 4:10] + 4)
    assert torch.equal(fast.take(12), maps[:, :, 9:])
    buffer.append(maps[:, :, 8:], 8)  # what was there before is left out
    assert buffer.end == 12


def test_of_maps_that_come_two_rows_at_a_time_none_is_lost() -> None:
    maps, weight = noise(1, 2, 6, 5), noise(3, 2, 3, 3, seed=1)
    large = maps.repeat_interleave(2, 2).repeat_interleave(2, 3)

    def enlarged(edges, window: torch.Tensor) -> torch.Tensor:
        return window[:, :, 1:-1, 1:-1].repeat_interleave(2, 2).repeat_interleave(2, 3)

    shared = SharedRows(ConvRows(enlarged, RowWindow(WholeRows(maps), 2)))
    rows = ConvRows(lambda edges, window: conv2d(window, weight), RowWindow(shared.reader()))
    wanted = conv2d(pad(large, (1, 1, 1, 1), mode="reflect"), weight)
    torch.testing.assert_close(all_rows(rows, 1, 4, 5, 9), wanted)
    with pytest.raises(AssertionError):
        SharedRows(ConvRows(enlarged, RowWindow(WholeRows(maps), 2))).reader().take(3)
