import io
import json
import os
import stat
import struct
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nasty
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageFile

import styleshot_demo
from styleshot_demo import pictures
from styleshot_demo.errors import Problem
from styleshot_demo.pictures import open_picture

MODES = (
    "1",
    "L",
    "LA",
    "La",
    "P",
    "PA",
    "RGB",
    "RGBA",
    "RGBa",
    "RGBX",
    "CMYK",
    "YCbCr",
    "HSV",
    "LAB",
    "I",
    "F",
    "I;16",
)
calm = settings(deadline=None, derandomize=True, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def problem(source: object) -> str:
    with pytest.raises(Problem) as caught:
        open_picture(source)
    return caught.value.key


def noise(height: int, width: int, channels: int, kind: type = np.uint8) -> np.ndarray:
    return np.random.default_rng(7).integers(0, np.iinfo(kind).max, (height, width, channels), kind, endpoint=True)


def difference(image: Image.Image, expected: np.ndarray) -> int:
    got = np.asarray(image).astype(int)
    assert got.shape == expected.shape
    return int(np.abs(got - expected.astype(int)).max())


# Nasty files --------------------------------------------------------------------------------------------------------

# Run in a process of its own, so that its memory is its own. `ru_maxrss` would start at what the parent had, so the
# high-water mark comes from /proc where there is one, and is set back before each file.
PROBE = """
import json, pathlib, resource, sys, time
from styleshot_demo.errors import Problem
from styleshot_demo.pictures import open_picture

def peak():
    try:
        status = pathlib.Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20

idle = peak()
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    try:
        pathlib.Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass
    start = time.process_time()
    try:
        image, answer = open_picture(path), "opens"
        assert image.mode in ("RGB", "RGBA") and image.info == {}
    except Problem as problem:
        answer = problem.key
    except BaseException as error:
        answer = repr(error)
    image = None
    row = {"name": path.name, "answer": answer, "megabytes": peak() - idle, "cpu_seconds": time.process_time() - start}
    print(json.dumps(row), flush=True)
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    folder = tmp_path_factory.mktemp("nasty")
    for name, (make, _) in nasty.NASTY.items():
        (folder / name).write_bytes(make())
    root = str(Path(styleshot_demo.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", PROBE, str(folder)],
        capture_output=True,
        text=True,
        timeout=1200,
        env=os.environ | {"PYTHONPATH": root},
    )
    for path in folder.iterdir():
        path.unlink()
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {row["name"]: row for row in rows} | {"exit": {"code": done.returncode}}


@pytest.mark.timeout(1500)  # the first one makes and opens all of them
@pytest.mark.parametrize("name", nasty.NASTY)
def test_nasty_file(answers: dict[str, dict], name: str) -> None:
    assert name in answers, "the process died on this file or one before"
    row = answers[name]
    assert row["answer"] == nasty.NASTY[name][1]
    assert row["megabytes"] < (256 if name.startswith("quarter_") else 1024)
    assert row["cpu_seconds"] < 20


@pytest.mark.timeout(1500)
def test_nasty_files_leave_the_process_alive(answers: dict[str, dict]) -> None:
    assert answers["exit"]["code"] == 0


@calm
@given(st.binary(max_size=300))
def test_random_bytes_never_crash(data: bytes) -> None:
    assert problem(data) in {"not_a_picture", "format_refused", "picture_truncated", "picture_damaged"}


STARTS = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF89a",
    b"RIFF\x40\0\0\0WEBPVP8X",
    b"BM",
    b"II*\0\x08\0\0\0",
    b"MM\0+",
)


@calm
@given(st.sampled_from(STARTS), st.binary(max_size=200))
def test_random_bytes_behind_a_good_start_never_crash(start: bytes, data: bytes) -> None:
    try:
        open_picture(start + data)
    except Problem as found:
        assert found.key != "unexpected"


GOOD = {
    "png": nasty.encoded(nasty.photo(), "PNG"),
    "png_palette": nasty.encoded(nasty.photo().quantize(9), "PNG", transparency=3),
    "jpeg": nasty.jpeg_with(*nasty.jpeg_profile_parts(nasty.srgb_profile())),
    "jpeg_progressive": nasty.encoded(nasty.photo(), "JPEG", progressive=True),
    "gif": nasty.encoded(nasty.photo().quantize(9), "GIF", transparency=3),
    "webp": nasty.encoded(nasty.photo(mode="RGBA"), "WEBP"),
    "bmp": nasty.encoded(nasty.photo(), "BMP"),
    "tiff": nasty.encoded(nasty.photo(), "TIFF"),
    "tiff_lzw": nasty.encoded(nasty.photo(), "TIFF", compression="tiff_lzw"),
    "tiff_jpeg": nasty.encoded(nasty.photo(), "TIFF", compression="jpeg"),
    "avif": nasty.encoded(nasty.photo(), "AVIF"),
    "heic": nasty.heic(nasty.photo()),
    "tga": nasty.encoded(nasty.photo(), "TGA"),
    "tga_runs": nasty.encoded(nasty.photo(mode="RGBA"), "TGA", compression="tga_rle"),
    "jpeg2000": nasty.encoded(nasty.photo(), "JPEG2000"),
    "jpeg2000_tiles": nasty.encoded(nasty.photo(), "JPEG2000", tile_size=(32, 32), irreversible=True),
}


@settings(calm, max_examples=300)
@given(
    st.sampled_from(sorted(GOOD)),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6),
    st.booleans(),
)
def test_a_good_file_with_wrong_bytes_never_crashes(name: str, changes: list[tuple[float, int]], early: bool) -> None:
    data = bytearray(GOOD[name])
    reach = min(len(data), 200) if early else len(data)
    for place, value in changes:
        data[int(place * (reach - 1))] = value
    try:
        image = open_picture(bytes(data))
    except Problem:
        return
    assert image.mode in ("RGB", "RGBA")
    pictures.check_size(*image.size)


# Formats and modes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GOOD)
def test_every_format_opens(name: str) -> None:
    image = open_picture(GOOD[name])
    assert image.size == (64, 48)
    expected = np.asarray(nasty.photo())
    error = np.abs(np.asarray(image.convert("RGB")).astype(int) - expected)[16:32, 16:48].mean()
    assert error < (40 if name in ("gif", "png_palette") else 6)  # nine colours are few


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_opens(mode: str) -> None:
    if mode == "LAB":
        space = ImageCms.createProfile("LAB")
        image = ImageCms.profileToProfile(nasty.photo(), ImageCms.createProfile("sRGB"), space, outputMode="LAB")
    elif mode == "I;16":
        image = Image.fromarray(np.asarray(nasty.photo(mode="L")).astype(np.uint16) * 257)
    elif mode in ("La", "RGBa"):
        image = nasty.photo(mode=mode.upper()).convert(mode)
    elif mode == "PA":
        image = nasty.photo().quantize(256).convert("PA")
    else:
        image = nasty.photo(mode="L").convert(mode) if mode in ("I", "F") else nasty.photo(mode=mode)
    assert image.mode == mode
    before = image.tobytes()
    result = open_picture(image)
    assert result.mode == "RGB"
    assert result.size == image.size
    grey = mode in ("1", "L", "LA", "La", "I", "F", "I;16")
    expected = np.asarray(nasty.photo(mode="1" if mode == "1" else "L" if grey else "RGB").convert("RGB")).astype(int)
    error = np.abs(np.asarray(result).astype(int) - expected)
    assert error.mean() < {"P": 30, "PA": 12, "LAB": 2, "HSV": 3, "YCbCr": 2}.get(mode, 0.01)
    assert image.mode == mode
    assert image.tobytes() == before


@pytest.mark.parametrize("mode", ["LA", "RGBA", "RGBa"])
def test_transparency_is_kept(mode: str) -> None:
    image = nasty.photo(mode="RGBA" if mode.startswith("RGB") else "LA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    result = open_picture(image.convert(mode))
    assert result.mode == "RGBA"
    assert np.array_equal(np.asarray(result.getchannel("A")), np.asarray(image.getchannel("A")))


def test_opaque_alpha_is_left_out() -> None:
    assert open_picture(Image.new("RGBA", (20, 20), (1, 2, 3, 255))).mode == "RGB"
    assert open_picture(Image.new("RGBA", (20, 20), (1, 2, 3, 254))).mode == "RGBA"


def test_transparent_palette_entry() -> None:
    image = Image.new("P", (20, 20), 1)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.paste(0, (0, 0, 10, 20))
    for kind in ("PNG", "GIF"):
        result = open_picture(nasty.encoded(image, kind, transparency=0))
        assert result.mode == "RGBA"
        assert result.getpixel((5, 5))[3] == 0
        assert result.getpixel((15, 5)) == (0, 0, 255, 255)


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_transparent_shade_of_a_grey_png(bits: int) -> None:
    side, top = 32, 2**bits - 1
    values = np.full((side, side), top)
    values[:, 16:] = 1 if bits > 1 else 0
    packed = np.packbits(
        np.unpackbits(values.astype(">u2").view(np.uint8), axis=1).reshape(side, side, 16)[..., -bits:]
    )
    rows = b"".join(b"\0" + row.tobytes() for row in packed.reshape(side, -1))
    key = nasty.png_chunk(b"tRNS", struct.pack(">H", top))
    result = open_picture(nasty.png(side, side, bits, 0, rows, [key]))
    assert result.mode == "RGBA"
    assert result.getpixel((3, 3)) == (255, 255, 255, 0)
    assert result.getpixel((20, 3))[3] == 255


@pytest.mark.parametrize("bits", [8, 16])
def test_transparent_colour_of_a_png(bits: int) -> None:
    pixels = np.zeros((20, 20, 3), np.uint8 if bits == 8 else ">u2")
    pixels[:10] = 200 * (257 if bits == 16 else 1)
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    key = nasty.png_chunk(b"tRNS", struct.pack(">HHH", *pixels[0, 0].tolist()))
    result = open_picture(nasty.png(20, 20, bits, 2, rows, [key]))
    assert result.getpixel((3, 3)) == (200, 200, 200, 0)
    assert result.getpixel((3, 15)) == (0, 0, 0, 255)


def png_rows(values: np.ndarray) -> bytes:
    return b"".join(b"\0" + row.tobytes() for row in values.astype(">u2"))


@pytest.mark.parametrize(
    ("colours", "channels"), [(0, [0, 0, 0]), (2, [0, 1, 2]), (4, [0, 0, 0, 1]), (6, [0, 1, 2, 3])]
)
def test_16_bit_png(colours: int, channels: list[int]) -> None:
    values = noise(24, 40, len(set(channels)), np.uint16)
    result = open_picture(nasty.png(40, 24, 16, colours, png_rows(values)))
    assert difference(result, values[..., channels] / 257) <= 1


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", [1, 8])
def test_16_bit_tiff(order: str, compression: int) -> None:
    values = noise(24, 40, 4, np.uint16)

    def file(part: np.ndarray, photometric: int, **more: list[int]) -> bytes:
        channels = part.shape[2]
        data = part.astype(order + "u2").tobytes()
        data = zlib.compress(data) if compression == 8 else data
        return nasty.tiff(nasty.tiff_tags(40, 24, [16] * channels, photometric, compression, **more), data, order)

    eight = values / 257
    assert difference(open_picture(file(values[..., :3], 2)), eight[..., :3]) <= 1
    assert difference(open_picture(file(values, 2, t338=[2])), eight) <= 1
    assert difference(open_picture(file(values[..., :1], 1)), eight[..., [0, 0, 0]]) <= 1
    if order == "<":  # white is zero
        assert difference(open_picture(file(values[..., :1], 0)), 255 - eight[..., [0, 0, 0]]) <= 1


def test_12_bit_tiff_scales_from_its_own_range() -> None:
    packed = bytes.fromhex("fff800") * (16 * 16 // 2)  # 4095, 2048
    result = open_picture(nasty.tiff(nasty.tiff_tags(16, 16, [12], 1), packed))
    assert [result.getpixel((x, 0))[0] for x in (0, 1)] == [255, 128]


def test_tiff_that_pillow_would_read_as_noise_is_refused() -> None:
    plane = noise(24, 40, 1, np.uint16).astype("<u2").tobytes()
    tags = nasty.tiff_tags(40, 24, [16] * 3, 2, t284=[2])
    tags |= {273: (4, [8, 8 + len(plane), 8 + 2 * len(plane)]), 279: (4, [len(plane)] * 3)}
    assert problem(nasty.tiff(tags, plane * 3)) == "picture_damaged"
    shades = zlib.compress(np.linspace(0, 1, 24 * 40).astype(">f4").tobytes())
    assert problem(nasty.tiff(nasty.tiff_tags(40, 24, [32], 1, 8, t339=[3]), shades, ">")) == "picture_damaged"


@pytest.mark.parametrize(
    ("white", "kind"), [(1.0, "f4"), (255, "f4"), (65535, "f4"), (255, "i4"), (65535, "i4"), (9**8, "i4")]
)
def test_grey_of_unstated_range(white: float, kind: str) -> None:
    values = np.linspace(0, white, 16 * 20).astype(kind).reshape(16, 20)
    result = open_picture(Image.fromarray(values))
    assert difference(result.getchannel(0), np.rint(values / white * 255)) <= 1


def test_grey_with_numbers_that_are_none() -> None:
    values = np.full((16, 16), 0.5, np.float32)
    values[0, :4] = np.nan, np.inf, -np.inf, 1
    result = open_picture(Image.fromarray(values))
    assert [result.getpixel((x, 0))[0] for x in range(5)] == [0, 0, 0, 255, 128]


def test_cmyk_jpeg_keeps_its_colours() -> None:
    red = Image.new("CMYK", (32, 32), (0, 255, 255, 0))
    assert difference(open_picture(nasty.encoded(red, "JPEG", quality=95)), np.full((32, 32, 3), (255, 0, 0))) <= 3


def test_first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "lime", "blue")]
    for kind in ("GIF", "PNG", "WEBP", "TIFF"):
        data = nasty.encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        assert open_picture(data).getpixel((9, 9))[0] > 200


def test_multi_picture_jpeg_of_a_phone() -> None:
    data = nasty.encoded(nasty.photo(), "MPO", save_all=True, append_images=[nasty.photo(32, 32)])
    assert open_picture(data).size == (64, 48)
    assert open_picture(Image.open(io.BytesIO(data))).size == (64, 48)


@calm
@given(st.sampled_from(["L", "LA", "RGB", "RGBA", "1"]), st.integers(16, 60), st.integers(16, 60), st.integers(0, 999))
def test_png_comes_back_exactly(mode: str, width: int, height: int, seed: int) -> None:
    channels = max(1, len(mode))
    values = np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)
    image = Image.fromarray(values.squeeze(-1) if channels == 1 else values, "L" if mode == "1" else mode).convert(mode)
    wanted = image.convert("RGBA" if mode in ("LA", "RGBA") and values[..., -1].min() < 255 else "RGB")
    for source in (nasty.encoded(image, "PNG"), image):
        result = open_picture(source)
        assert result.mode == wanted.mode
        assert result.tobytes() == wanted.tobytes()


# Orientation and colour profiles ------------------------------------------------------------------------------------


def exif(orientation: int) -> bytes:
    block = Image.Exif()
    block[0x010F] = "a maker whose name is stored elsewhere"
    block[0x0112] = orientation
    return block.tobytes()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(kind: str, orientation: int) -> None:
    upright = Image.new("RGB", (40, 20), "black")
    upright.paste("red", (0, 0, 20, 10))
    upright.paste("lime", (20, 0, 40, 10))
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # undone by these Transpose numbers
    stored = upright.transpose(Image.Transpose(turns[orientation])) if orientation > 1 else upright
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 95, "subsampling": 0}}.get(kind, {})
    data = nasty.encoded(stored, kind, exif=exif(orientation), **options)
    for source in (data, Image.open(io.BytesIO(data))):
        result = open_picture(source)
        assert result.size == (40, 20)
        assert np.abs(np.asarray(result).astype(int) - np.asarray(upright)).mean() < 5


def icc(space: bytes, *tags: tuple[bytes, bytes], pcs: bytes = b"XYZ ", kind: bytes = b"mntr") -> bytes:
    """A colour profile of version 2, made by hand."""
    start = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, content in tags:
        content += bytes(-len(content) % 4)
        table += name + struct.pack(">II", start + len(body), len(content))
        body += content
    head = struct.pack(">I4sI4s4s4s", start + len(body), b"lcms", 0x02100000, kind, space, pcs)
    head += struct.pack(">6H", 2024, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    head += struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
    return head.ljust(128, b"\0") + table + body


GREY_LINEAR = icc(
    b"GRAY", (b"wtpt", b"XYZ \0\0\0\0" + struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)), (b"kTRC", b"curv" + bytes(8))
)


def cmyk_profile() -> bytes:
    """Black ink means white paper in this one, and the other inks nothing."""
    line = bytes(range(256))
    corners = b"".join(bytes([255 * (corner & 1), 128, 128]) for corner in range(16))
    unit = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + unit + line * 4 + corners + line * 3
    return icc(b"CMYK", (b"A2B0", table), pcs=b"Lab ", kind=b"prtr")


def swapped_profile() -> bytes:
    """sRGB with red and green exchanged."""
    profile = nasty.srgb_profile()
    head, table = profile[:132], profile[132:]
    table = table.replace(b"rXYZ", b"????", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"????", b"gXYZ", 1)
    return head + table


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_colour_profile_is_applied(kind: str) -> None:
    red = Image.new("RGB", (32, 32), "red")
    data = nasty.encoded(red, kind, icc_profile=swapped_profile())
    for source in (data, Image.open(io.BytesIO(data))):
        result = open_picture(source)
        assert difference(result, np.full((32, 32, 3), (0, 255, 0))) <= 6
        assert result.info == {}


def test_colour_profile_leaves_alpha_alone() -> None:
    image = Image.new("RGBA", (32, 32), (255, 0, 0, 77))
    assert open_picture(nasty.encoded(image, "PNG", icc_profile=swapped_profile())).getpixel((0, 0)) == (0, 255, 0, 77)


def test_grey_profile() -> None:
    image = Image.new("L", (32, 32), 55)  # linear light 55/255 is 0.2157, in sRGB 129
    assert abs(open_picture(nasty.encoded(image, "PNG", icc_profile=GREY_LINEAR)).getpixel((0, 0))[0] - 129) <= 1
    deep = Image.fromarray(np.full((32, 32), 55 * 257, np.uint16))
    assert abs(open_picture(nasty.encoded(deep, "PNG", icc_profile=GREY_LINEAR)).getpixel((0, 0))[0] - 129) <= 1
    assert open_picture(nasty.encoded(image, "PNG", icc_profile=nasty.srgb_profile())).getpixel((0, 0)) == (55, 55, 55)


def test_grey_picture_with_the_profile_of_a_screen() -> None:
    def colour(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))

    primaries = {b"r": (0.4360, 0.2225, 0.0139), b"g": (0.3851, 0.7169, 0.0971), b"b": (0.1431, 0.0606, 0.7139)}
    tags = [(name + b"XYZ", colour(*values)) for name, values in primaries.items()]
    tags += [(name + b"TRC", b"curv" + bytes(8)) for name in primaries]
    linear = icc(b"RGB ", (b"wtpt", colour(0.9642, 1, 0.8249)), *tags)
    image = Image.new("L", (32, 32), 55)
    result = open_picture(nasty.encoded(image, "PNG", icc_profile=linear)).getpixel((0, 0))
    assert max(abs(value - 129) for value in result) <= 2


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_profile(kind: str) -> None:
    for ink, paper in ((0, 0), (255, 255)):
        image = Image.new("CMYK", (32, 32), (0, 0, 0, ink))
        result = open_picture(nasty.encoded(image, kind, icc_profile=cmyk_profile()))
        assert difference(result, np.full((32, 32, 3), paper)) <= 2


@pytest.mark.parametrize(
    "profile",
    [b"", b"no profile", bytes(5000), nasty.srgb_profile()[:300], GREY_LINEAR, cmyk_profile(), b"x" * 5 * 2**20],
    ids=["empty", "short", "zeros", "cut", "grey", "cmyk", "large"],
)
def test_useless_profile_is_ignored(profile: bytes) -> None:
    image = Image.new("RGB", (32, 32), (200, 100, 50))
    plain = open_picture(image)
    image.info["icc_profile"] = profile
    assert open_picture(image).tobytes() == plain.tobytes()
    assert open_picture(nasty.jpeg_with(*nasty.jpeg_profile_parts(profile), image=image)).size == (32, 32)


# Sources ------------------------------------------------------------------------------------------------------------


def test_every_kind_of_source_gives_the_same(tmp_path: Path) -> None:
    path = tmp_path / "bär 熊.png"
    path.write_bytes(GOOD["png"])
    wanted = open_picture(GOOD["png"]).tobytes()
    with path.open("rb") as stream:
        sources = [path, str(path), io.BytesIO(GOOD["png"]), stream, Image.open(path)]
        assert all(open_picture(source).tobytes() == wanted for source in sources)


def test_sources_that_are_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (
        tmp_path / "none.png",
        str(tmp_path / "none.png"),
        "a\0b.png",
        "",
        tmp_path / "pipe",
        "x" * 9999,
    ):
        assert problem(path) == "picture_missing"
    for folder in (tmp_path, str(tmp_path)):
        assert problem(folder) == "picture_is_folder"
    closed = io.BytesIO(GOOD["png"])
    closed.close()
    for source in (closed, io.StringIO("text"), 7, None, [], object()):
        assert problem(source) == "not_a_picture"


def test_no_path_in_any_sentence(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"hello")
    for path in (tmp_path / "secret.png", tmp_path / "secret.gif"):
        with pytest.raises(Problem) as caught:
            open_picture(path)
        assert "secret" not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_too_many_bytes(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    with path.open("wb") as stream:
        stream.write(GOOD["png"])
        stream.truncate(pictures.MAX_BYTES + 1)
    assert problem(path) == "too_many_bytes"
    with path.open("rb") as stream:
        assert problem(stream) == "too_many_bytes"
    with path.open("r+b") as stream:
        stream.truncate(pictures.MAX_BYTES)
    assert open_picture(path).size == (64, 48)


@pytest.mark.parametrize(
    ("size", "key"),
    [
        ((16, 15), "too_small"),
        ((16, 161), "too_long"),
        ((1610, 161), None),
        ((1611, 161), "too_long"),
        ((6400, 6251), "too_many_pixels"),
    ],
)
def test_sizes(size: tuple[int, int], key: str | None) -> None:
    image = Image.new("1", size)
    if key is None:
        assert open_picture(image).size == size
    else:
        assert problem(image) == key
        assert problem(nasty.encoded(image, "PNG")) == key


def test_images_of_refused_formats_and_closed_ones() -> None:
    image = Image.open(io.BytesIO(nasty.encoded(nasty.photo(), "PPM")))
    assert problem(image) == "format_refused"
    image = Image.open(io.BytesIO(nasty.encoded(nasty.photo(), "TIFF")))
    image.close()
    assert problem(image) == "picture_damaged"
    assert problem(Image.open(io.BytesIO(GOOD["png"][: len(GOOD["png"]) // 2]))) in (
        "picture_truncated",
        "picture_damaged",
    )


def test_result_is_the_callers_own() -> None:
    image = nasty.photo()
    image.info["comment"] = "secret"
    result = open_picture(image)
    result.paste("red", (0, 0, 64, 48))
    assert image.tobytes() == nasty.photo().tobytes()
    assert result.info == {}
    assert image.info == {"comment": "secret"}


def test_threads_and_pillow_settings() -> None:
    before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    names = sorted(GOOD) * 6
    wanted = {name: open_picture(GOOD[name]).tobytes() for name in GOOD}

    def work(name: str) -> bool:
        return open_picture(GOOD[name]).tobytes() == wanted[name]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, names))
    assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)


# Work on opened pictures --------------------------------------------------------------------------------------------


@calm
@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 120), st.sampled_from(["RGB", "RGBA", "L"]))
def test_fit_longest(width: int, height: int, size: int, mode: str) -> None:
    result = pictures.fit_longest(Image.new(mode, (width, height)), size)
    assert max(result.size) == size
    assert min(result.size) == max(1, round(min(width, height) * size / max(width, height)))
    assert (result.width >= result.height) == (width >= height) or abs(result.width - result.height) <= 1
    assert result.mode == mode


def test_fit_longest_does_not_bleed_invisible_colours() -> None:
    image = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    image.paste((255, 255, 255, 255), (0, 0, 32, 64))
    result = np.asarray(pictures.fit_longest(image, 40))
    seen = result[..., 3] > 16
    assert seen.any()
    assert result[seen][:, :3].min() >= 250


def test_fit_longest_of_the_same_size_is_a_copy() -> None:
    image = nasty.photo()
    result = pictures.fit_longest(image, 64)
    assert result is not image
    assert result.tobytes() == image.tobytes()


def test_alpha_splits_and_joins() -> None:
    image = nasty.photo(mode="RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    colours, alpha = pictures.split_alpha(image)
    assert (colours.mode, alpha.mode) == ("RGB", "L")
    assert pictures.join_alpha(colours, alpha).tobytes() == image.tobytes()
    assert pictures.split_alpha(colours)[1] is None
    assert pictures.join_alpha(colours, None).tobytes() == colours.tobytes()
    assert pictures.join_alpha(colours.resize((30, 20)), alpha).size == (30, 20)


def test_digest_tells_pictures_apart() -> None:
    images = [
        Image.new("RGB", (20, 30)),
        Image.new("RGB", (30, 20)),
        Image.new("RGBA", (20, 30)),
        Image.new("RGB", (20, 30), (0, 0, 1)),
    ]
    digests = [pictures.digest(image) for image in images]
    assert len(set(digests)) == 4
    assert all(len(value) == 64 for value in digests)
    assert pictures.digest(images[0].copy()) == digests[0]
    assert pictures.digest(open_picture(nasty.encoded(images[0], "PNG"))) == digests[0]


# Saving -------------------------------------------------------------------------------------------------------------


def test_save_png_comes_back(tmp_path: Path) -> None:
    image = nasty.photo(mode="RGBA")
    image.putalpha(100)
    image.info["icc_profile"] = nasty.srgb_profile()
    path = tmp_path / "out.png"
    path.write_bytes(b"an older file")
    pictures.save_png(image, path, {"made": "by hand"}, "<x>é</x>".encode())
    stream = io.BytesIO()
    pictures.save_png(image, stream, {"made": "by hand"}, "<x>é</x>".encode())
    assert path.read_bytes() == stream.getvalue()
    with Image.open(path) as saved:
        saved.load()
        assert saved.tobytes() == image.tobytes()
        assert saved.text == {"made": "by hand", "XML:com.adobe.xmp": "<x>é</x>"}
        assert "icc_profile" not in saved.info
    assert os.listdir(tmp_path) == ["out.png"]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


def test_save_png_without_more_writes_only_pixels() -> None:
    stream = io.BytesIO()
    pictures.save_png(nasty.photo(), stream)
    assert {kind for kind, _, _ in pictures.png_chunks(stream.getvalue())} == {b"IHDR", b"IDAT", b"IEND"}


def test_failed_save_says_so_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder").mkdir()
    full = io.BytesIO()
    full.close()
    for destination in (tmp_path / "none" / "out.png", tmp_path / "folder", str(tmp_path / "a\0.png"), full, "", "/"):
        with pytest.raises(Problem) as caught:
            pictures.save_png(nasty.photo(), destination)
        assert caught.value.key == "cannot_write"
    old = tmp_path / "old.png"
    old.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(Problem):
        pictures.save_png(nasty.photo(), old)
    assert old.read_bytes() == b"old"
    assert sorted(os.listdir(tmp_path)) == ["folder", "old.png"]


def test_a_link_is_written_through(tmp_path: Path) -> None:
    real, link = tmp_path / "real.png", tmp_path / "link.png"
    real.write_bytes(b"before")
    link.symlink_to(real)
    pictures.write_bytes(b"after", link)
    assert link.is_symlink() and real.read_bytes() == b"after"
