"""Files taken apart: what is kept, what is pulled out, and what ends in a sentence."""

import io
import struct
import zlib

import nasty
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from styleshot_demo import containers, pictures
from styleshot_demo.errors import Problem

KINDS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "AVIF", "TGA", "JPEG2000")
calm = settings(deadline=None, derandomize=True, max_examples=100, suppress_health_check=[HealthCheck.too_slow])


def exif(orientation: int) -> bytes:
    block = Image.Exif()
    block[0x010F] = "a maker whose name is stored elsewhere"
    block[0x0112] = orientation
    return block.tobytes()


def good(kind: str, **options: object) -> bytes:
    return nasty.encoded(nasty.photo(), kind, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_are_known_by_their_first_bytes(kind: str) -> None:
    assert containers.kind_of(good(kind)) == kind


@pytest.mark.parametrize(
    ("data", "key", "word"),
    [
        (b"8BPS\0\1", "format_refused", "Photoshop"),
        (b"%PDF-1.7", "format_refused", "PDF"),
        (b"\0\0\0\x0cJXL \r\n", "format_refused", "JPEG XL"),
        (b"\0\0\0\x1cftypcrx ", "camera_raw", "camera raw"),
        (b"\xef\xbb\xbf <?xml version='1.0'?><SVG", "format_refused", "SVG"),
        (b"BM" + bytes(20), "not_a_picture", "not a picture"),
        (b"hello", "not_a_picture", "not a picture"),
        (b"", "not_a_picture", "not a picture"),
    ],
)
def test_other_kinds_are_refused_by_name(data: bytes, key: str, word: str) -> None:
    with pytest.raises(Problem) as raised:
        containers.kind_of(data)
    assert raised.value.key == key
    assert word in raised.value.what


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_left_has_the_same_pixels(kind: str) -> None:
    data = good(kind)
    clean = containers.clean(kind, data)
    assert clean.orientation == 1 and clean.profile is None
    with Image.open(io.BytesIO(data)) as before, Image.open(io.BytesIO(clean.data), formats=[kind]) as after:
        assert after.convert("RGB").tobytes() == before.convert("RGB").tobytes()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_the_profile_comes_out(kind: str) -> None:
    profile = nasty.srgb_profile()
    assert containers.clean(kind, good(kind, icc_profile=profile)).profile == profile


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_orientation_comes_out(kind: str) -> None:
    assert containers.clean(kind, good(kind, exif=exif(6))).orientation == 6


def test_text_and_comments_never_reach_the_decoder() -> None:
    data = good("PNG")
    text = nasty.png_chunk(b"tEXt", b"Comment\0secret")
    clean = containers.clean("PNG", data[:33] + text + data[33:]).data
    assert b"secret" not in clean and clean == data
    assert b"secret" not in containers.clean("JPEG", good("JPEG", comment=b"secret", exif=exif(3))).data
    assert b"secret" not in containers.clean("GIF", good("GIF", comment=b"secret")).data


def test_a_gif_keeps_its_first_frame_alone() -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "lime", "blue")]
    data = nasty.encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    with Image.open(io.BytesIO(containers.clean("GIF", data).data)) as image:
        assert image.n_frames == 1 and image.convert("RGB").getpixel((3, 3)) == (255, 0, 0)


@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 80}, {"exif": exif(2)}])
def test_a_webp_announces_its_size(options: dict) -> None:
    assert containers.announced_size("WEBP", good("WEBP", **options)) == (64, 48)


def test_the_size_of_a_webp_is_checked_before_its_decoder_may_reserve_it() -> None:
    data = good("WEBP", exif=exif(2))
    assert data[12:16] == b"VP8X"
    data = data[:24] + b"\xff\x3f\0\xff\x3f\0" + data[30:]
    assert containers.announced_size("WEBP", data) == (16384, 16384)
    with pytest.raises(Problem) as raised:
        pictures.open_picture(data)
    assert raised.value.key == "too_many_pixels"
    assert containers.announced_size("PNG", good("PNG")) is None


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "AVIF"])  # of others nothing is taken apart
@pytest.mark.parametrize("length", [30, 60])
def test_a_file_that_ends_early_is_said(kind: str, length: int) -> None:
    with pytest.raises(Problem) as raised:
        containers.clean(kind, good(kind)[:length])
    assert raised.value.key in ("picture_truncated", "picture_damaged")


@calm
@given(st.sampled_from(KINDS), st.data())
def test_wrong_bytes_end_in_a_sentence(kind: str, data: st.DataObject) -> None:
    broken = bytearray(good(kind))
    for _ in range(4):
        broken[data.draw(st.integers(0, min(len(broken), 300) - 1))] = data.draw(st.integers(0, 255))
    try:
        clean = containers.clean(kind, bytes(broken))
        containers.announced_size(kind, bytes(broken))
    except Problem as problem:
        assert problem.key in ("picture_truncated", "picture_damaged")
    else:
        assert len(clean.data) <= len(broken) + 100 and clean.orientation in range(1, 9)


def test_a_wrong_orientation_is_ignored() -> None:
    for block in (exif(9), exif(0), b"", b"Exif\0\0II*\0\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff", None, "text"):
        assert containers.exif_orientation(block) == 1
    assert containers.exif_orientation(exif(6)) == 6


def test_unpacking_stops_at_its_limit() -> None:
    packed = zlib.compress(bytes(1000))
    assert containers.inflate(packed, 1000) == bytes(1000)
    assert containers.inflate(packed, 999) is None
    assert containers.inflate(packed[:-5], 1000) is None
    assert containers.inflate(b"nonsense", 1000) is None


def test_readers_stop_where_the_file_does() -> None:
    png = good("PNG")
    assert [kind for kind, _, _ in containers.png_chunks(png)][-1] == b"IEND"
    for reader, data in (
        (containers.png_chunks, png[:-3]),
        (containers.riff_chunks, good("WEBP")[:-6]),
        (containers.jpeg_segments, b"\xff\xd8" + struct.pack(">HH", 0xFFE1, 900)),
    ):
        with pytest.raises(Problem) as raised:
            list(reader(data))
        assert raised.value.key == "picture_truncated"


def test_the_gate_still_hands_out_the_names() -> None:
    for name in ("FORMATS", "JPEG_XMP", "exif_orientation", "inflate", "jpeg_segments", "png_chunks", "riff_chunks"):
        assert getattr(pictures, name) is getattr(containers, name)
