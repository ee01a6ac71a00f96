"""Files that go wrong elsewhere, and kinds of their own: what comes out of the gate is the picture that was put in."""

import io
import subprocess
import sys
import zlib
from pathlib import Path

import nasty
import numpy as np
import pytest
import shown
from PIL import Image

from styleshot_demo import containers, pictures
from styleshot_demo.errors import Problem
from styleshot_demo.formats import boxes, colours
from styleshot_demo.pictures import open_picture

FILES = shown.FILES
ROOT = Path(__file__).resolve().parent.parent


def problem(source: object) -> str:
    with pytest.raises(Problem) as caught:
        open_picture(source)
    return caught.value.key


def apart(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of two pictures of the same size, in levels of 255."""
    first, second = (np.asarray(image.convert("RGBA")).astype(float) for image in (one, other))
    assert first.shape == second.shape
    return float(np.abs(first - second).mean())


def case(name: str) -> Image.Image:
    return open_picture(FILES / name)


# The cases ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["no_end_marker.jpg", "riff_size_one_too_big.webp", "strip_count_too_big.tif", "drawing.tga", "web.avif",
             "phone.heic", "two_exif_segments.jpg", "tiff_named.jpg"]
)  # fmt: skip
def test_the_picture_is_there_and_upright(name: str) -> None:
    assert apart(case(name), case("tiff_named.jpg")) < 4


def test_run_lengths_with_odd_counts() -> None:
    assert apart(case("rle4_odd_runs.bmp"), case("rle4_odd_runs.expected.png")) == 0


def test_the_ground_around_the_first_frame_is_transparent() -> None:
    image = case("frame_smaller_than_canvas.gif")
    assert (image.mode, image.size) == ("RGBA", (100, 100))
    opacity = np.asarray(image)[..., 3]
    assert 0 < (opacity == 255).sum() < opacity.size and set(np.unique(opacity)) == {0, 255}


def test_camera_raw_is_refused_as_that() -> None:
    with pytest.raises(Problem) as caught:
        case("raw_like.dng")
    assert caught.value.key == "camera_raw" and "raw" in caught.value.what


def test_gamma_and_code_points_count() -> None:
    plain = np.asarray(open_picture(shown.png())).astype(float)
    linear = np.asarray(open_picture(shown.png(shown.gama(100_000)))).astype(float)
    expected = np.where(plain / 255 <= 0.0031308, plain * 12.92, 255 * (1.055 * (plain / 255) ** (1 / 2.4) - 0.055))
    assert np.abs(linear - expected).max() <= 1
    brown = open_picture(shown.png(shown.cicp(12, 13), image=Image.new("RGB", (61, 40), (180, 100, 50))))
    assert brown.getpixel((0, 0)) == (193, 95, 34)  # as Chromium 156 has it


# Ends -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_blocks": 4}])
def test_a_jpeg_opens_without_its_end_but_not_without_pixels(options: dict) -> None:
    noise = Image.fromarray(np.random.default_rng(4).integers(0, 256, (60, 90, 3), np.uint8))
    data = nasty.encoded(noise, "JPEG", **options)
    whole = open_picture(data)
    for cut in (1, 2):
        assert apart(open_picture(data[:-cut]), whole) == 0
    for cut in (8, 20, 200, len(data) // 2):
        assert problem(data[:-cut]) == "picture_truncated"


def test_a_jpeg_ends_at_its_end() -> None:
    data = nasty.encoded(nasty.photo(), "JPEG")
    assert apart(open_picture(data + b"\xff\xd8\xff\xda" * 5000), open_picture(data)) == 0


@pytest.mark.parametrize(
    ("kind", "options"), [("PNG", {}), ("GIF", {}), ("BMP", {}), ("TIFF", {"compression": "tiff_lzw"})]
)
def test_no_byte_less_gives_another_picture(kind: str, options: dict) -> None:
    """However much is cut off: the same picture, or a sentence."""
    data = nasty.encoded(nasty.photo(61, 40).quantize(32) if kind == "GIF" else nasty.photo(61, 40), kind, **options)
    whole, opened = open_picture(data), 0
    for cut in range(1, 60):
        try:
            image = open_picture(data[:-cut])
        except Problem:
            continue
        opened += 1
        assert apart(image, whole) == 0
    assert opened or kind == "TIFF"


def test_the_last_checksum_of_a_png_is_no_pixel() -> None:
    whole = open_picture(shown.png())
    for name in ("png_wrong_checksum", "png_wrong_checksum_and_more"):
        assert apart(open_picture(shown.PNG[name]()), whole) == 0
    # What is packed may be broken itself, or far too much.
    assert problem(shown.packed_png(lambda data: data[:9] + b"\xff" * (len(data) - 9))) == "picture_damaged"
    assert containers.png_with_checksum(shown.packed_png(lambda _: zlib.compress(bytes(10**7))[:-4] + bytes(4))) is None


def test_strips_that_are_said_to_be_too_long() -> None:
    pixels = bytes(range(240)) * 32
    for compression, packed in ((1, pixels), (8, zlib.compress(pixels))):
        tags = nasty.tiff_tags(80, 32, [8, 8, 8], 2, compression)
        good = open_picture(nasty.tiff(tags, packed))
        data = bytearray(nasty.tiff(tags, packed))
        place = data.index(b"\x17\x01\x04\0\1\0\0\0") + 8
        data[place : place + 4] = (len(data) + 99).to_bytes(4, "little")
        assert apart(open_picture(bytes(data)), good) == 0


# TIFF -----------------------------------------------------------------------------------------------------------------


def test_a_thumbnail_in_front_is_not_taken_for_the_picture() -> None:
    image = open_picture(nasty.tiff_with_sub_directory(1))
    assert image.size == (64, 48)
    assert [image.getpixel((x, 9))[0] for x in (0, 63)] == [0, 63]


def test_a_first_page_is_the_picture_whatever_follows() -> None:
    pages = [Image.new("RGB", size, colour) for size, colour in (((20, 20), "red"), ((90, 90), "blue"))]
    assert open_picture(nasty.encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])).size == (20, 20)


# HEIC and AVIF --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
@pytest.mark.parametrize("kind", ["HEIC", "AVIF"])
def test_modes_of_heic_and_avif(kind: str, mode: str) -> None:
    image = nasty.photo(mode=mode)
    if mode.endswith("A"):
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    data = nasty.heic(image, quality=95) if kind == "HEIC" else nasty.encoded(image, "AVIF", quality=95)
    opened = open_picture(data)
    assert opened.mode == ("RGBA" if mode.endswith("A") else "RGB")
    assert apart(opened, image) < 4


def test_premultiplied_opacity() -> None:
    image = shown.with_alpha()
    opened = open_picture(nasty.encoded(image, "AVIF", quality=95, alpha_premultiplied=True))
    seen = np.asarray(opened)[..., 3] > 40
    error = np.abs(np.asarray(opened).astype(float) - np.asarray(image))[seen]
    assert error.mean() < 4


def test_heic_of_ten_bits_and_of_tiles() -> None:
    import pillow_heif

    values = np.asarray(nasty.photo(200, 150)).astype(np.uint16) * 257
    for mode, content in (("RGB;16", values), ("L;16", values[..., 0])):
        stream = io.BytesIO()
        pillow_heif.from_bytes(mode, (200, 150), content.tobytes()).save(stream, quality=95)
        expected = Image.fromarray((content >> 8).astype(np.uint8))
        assert apart(open_picture(stream.getvalue()), expected) < 4
    assert apart(open_picture(nasty.heic(nasty.photo(200, 150), quality=95, tile_size=64)), nasty.photo(200, 150)) < 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_containers_own_turn_counts_and_once(orientation: int) -> None:
    upright = open_picture(shown.turned("JPEG", orientation, quality=95))
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = nasty.heic(shown.photo(), quality=95, exif=exif.tobytes())
    assert apart(open_picture(data), upright) < 5
    assert apart(open_picture(shown.turned("AVIF", orientation, quality=95)), upright) < 5


def test_display_p3_of_a_phone() -> None:
    """By a profile and by code points."""
    image = shown.photo()
    assert apart(open_picture(nasty.heic(image, icc_profile=shown.swapped_profile())), image) > 20
    p3 = open_picture(FILES / "avif_p3.avif")
    plain = open_picture(FILES / "avif_10bit_444.avif")
    assert 3 < apart(p3, plain) < 30


def test_what_heic_and_avif_state_of_their_size() -> None:
    for data in (nasty.heic(nasty.photo()), nasty.encoded(nasty.photo(), "AVIF")):
        kind = containers.kind_of(data)
        still = boxes.look(data)
        # HEVC is coded in whole blocks, and the container may state their size and cut it.
        assert still.kind == kind and still.size in ((64, 48), (64, 64))
        assert 64 * 48 <= still.coded <= 64 * 64
    assert boxes.look(nasty.heic(nasty.photo(200, 150), tile_size=64)).coded == 12 * 64 * 64


def test_only_the_gate_opens_heic() -> None:
    code = (
        "import io, sys; from PIL import Image; from styleshot_demo.pictures import open_picture\n"
        "assert open_picture(sys.argv[1]).size == (120, 80)\n"
        "try: Image.open(sys.argv[1])\n"
        "except OSError: print('refused')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(FILES / "phone.heic")], capture_output=True, text=True, cwd=ROOT
    )
    assert done.stdout.strip() == "refused", done.stderr


# JPEGs of phones ------------------------------------------------------------------------------------------------------


def test_a_jpeg_of_48_megapixels_comes_at_half_its_size_and_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    large = Image.new("RGB", (8064, 6048), "teal")
    large.paste("orange", (0, 0, 4032, 3024))
    image = open_picture(nasty.encoded(large, "JPEG", exif=exif.tobytes()))
    assert image.size == (3024, 4032)
    assert image.getpixel((2900, 100))[0] > 200 and image.getpixel((100, 100))[0] < 60


def test_how_many_pixels_are_too_many() -> None:
    for data, most in (
        (nasty.jpeg_of_size(10_001, 10_000), 100),
        (nasty.of_size(nasty.heic(nasty.photo()), 8000, 6300), 50),
    ):
        with pytest.raises(Problem) as caught:
            open_picture(data)
        assert (caught.value.key, caught.value.values["limit"]) == ("too_many_pixels", most)
    # What libjpeg would keep of four colours in several scans.
    assert containers.jpeg_coefficients(nasty.encoded(Image.new("CMYK", (640, 480)), "JPEG")) == 640 * 480 * 4 * 2


# BMP, TGA and JPEG 2000 -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("four", [False, True])
def test_run_lengths_give_the_indices_they_were_made_of(four: bool) -> None:
    image = np.asarray(open_picture(shown.BMP["bmp_runs_4" if four else "bmp_runs_8"]()))
    palette = np.frombuffer(shown.PALETTE, np.uint8).reshape(-1, 4)[:, 2::-1]
    assert np.array_equal(image, palette[shown.INDICES & (15 if four else 255)])


def tga(image: Image.Image, **options: object) -> bytes:
    return nasty.encoded(image, "TGA", **options)


@pytest.mark.parametrize("options", [{}, {"compression": "tga_rle"}, {"orientation": 1}])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P"])
def test_targa(mode: str, options: dict) -> None:
    image = nasty.photo().quantize(64) if mode == "P" else nasty.photo(mode=mode)
    if mode.endswith("A"):
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    opened = open_picture(tga(image, **options))
    assert apart(opened, image) == 0


def test_a_targa_whose_fourth_byte_is_no_opacity() -> None:
    data = bytearray(tga(Image.new("RGBA", (20, 20), (9, 99, 199, 0))))
    assert open_picture(bytes(data)).getpixel((3, 3)) == (9, 99, 199)
    data = bytearray(tga(Image.new("RGBA", (20, 20), (9, 99, 199, 7))))
    data[17] &= 0xF0
    assert open_picture(bytes(data)).getpixel((3, 3)) == (9, 99, 199)


def test_icons_are_still_called_by_their_name() -> None:
    for number, name in ((1, "ICO"), (2, "CUR")):
        data = b"\0\0" + bytes([number, 0]) + nasty.encoded(nasty.photo(), "ICO", sizes=[(32, 32)])[4:]
        with pytest.raises(Problem) as caught:
            open_picture(data)
        assert caught.value.values == {"format": name}


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
@pytest.mark.parametrize("bare", [False, True])
def test_jpeg_2000(mode: str, bare: bool) -> None:
    image = nasty.photo(mode=mode)
    if mode.endswith("A"):
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    assert apart(open_picture(nasty.encoded(image, "JPEG2000", no_jp2=bare)), image) == 0


def test_a_large_jpeg_2000_comes_at_half_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_HALVED_J2K", 64 * 48 - 1)
    image = open_picture(nasty.encoded(nasty.photo(), "JPEG2000"))
    assert image.size == (32, 24)


# Colours --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("codes", [(12, 13), (9, 16), (9, 18), (12, 8), (5, 5)])
def test_large_pictures_get_the_same_colours(codes: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    space = colours.from_codes(*codes)
    image = Image.fromarray(np.random.default_rng(1).integers(0, 256, (200, 300, 3), np.uint8))
    exact = colours.to_srgb(image, space)
    monkeypatch.setattr(colours, "_EXACT", 0)
    assert apart(colours.to_srgb(image, space), exact) < 0.5


@pytest.mark.parametrize("codes", [(p, t) for p in (1, 4, 8, 9, 11, 12) for t in (1, 4, 7, 8, 13)])
def test_grey_stays_grey_and_white_stays_white(codes: tuple[int, int]) -> None:
    space = colours.from_codes(*codes)
    ramp = np.arange(256, dtype=np.uint8)[None, :, None].repeat(16, 0).repeat(3, 2)
    values = np.asarray(colours.to_srgb(Image.fromarray(ramp), space))[0].astype(int)
    assert np.ptp(values, axis=1).max() <= 1
    assert values[0].max() == 0 and values[255].min() >= 254
    assert (np.diff(values[:, 1]) >= 0).all()


def test_spaces_that_are_none() -> None:
    assert colours.from_codes(2, 13) is None and colours.from_codes(1, 9) is None
    assert colours.from_gamma(0, None) is None
    assert colours.from_gamma(50_000, (0,) * 8) is None
    assert colours.from_gamma(50_000, (31270, 32900, 64000, 33000, 64000, 33000, 64000, 33000)) is None
    assert colours.from_gamma(45_455, None) == colours.SRGB
