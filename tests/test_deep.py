"""16 bits a channel: in by the gate, out as PNG and TIFF."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from styleshot_demo import pictures
from styleshot_demo.formats import sixteen_bit


def gradient(channels: int = 3) -> np.ndarray:
    values = np.random.default_rng(0).integers(0, 65535, (5, 7, channels)).astype(np.uint16)
    smooth = np.stack([cv2.resize(values[..., one], (211, 97)) for one in range(channels)], -1)
    if channels == 4:
        smooth[..., 3] = 65535
    return smooth


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("write", [sixteen_bit.to_png, sixteen_bit.to_tiff])
def test_what_is_written_is_read_again_by_us_and_by_others(write, channels):
    pixels = gradient(channels)
    data = write(pixels)
    image, found = pictures.open_deep(data)
    assert image.mode == "RGB" and image.size == (211, 97) and (found == pixels[..., :3]).all()
    other = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert (other[..., [2, 1, 0, 3][:channels]] == pixels).all()
    Image.open(io.BytesIO(data)).load()


def test_8_bit_tiffs_are_read_by_others():
    pixels = (gradient() >> 8).astype(np.uint8)
    assert (np.asarray(Image.open(io.BytesIO(sixteen_bit.to_tiff(pixels, b"<xmp>")))) == pixels).all()
    assert pictures.open_deep(sixteen_bit.to_tiff(pixels))[1] is None


def test_grey_becomes_grey_in_three_channels():
    done, data = cv2.imencode(".png", gradient()[..., 0])
    assert done
    found = pictures.open_deep(data.tobytes())[1]
    assert (found == gradient()[..., :1]).all()


def tiff_with(tag: int, kind: int, count: int, value: int) -> bytes:
    """The gradient's TIFF with one more tag of one number, put in place of the predictor's order by a new directory."""
    data = bytearray(sixteen_bit.to_tiff(gradient()))
    place = int.from_bytes(data[4:8], "little")
    number = int.from_bytes(data[place : place + 2], "little")
    entries = [bytes(data[at : at + 12]) for at in range(place + 2, place + 2 + 12 * number, 12)]
    parts = ((tag, 2), (kind, 2), (count, 4), (value, 4))
    entries.append(b"".join(part.to_bytes(size, "little") for part, size in parts))
    data[4:8] = len(data).to_bytes(4, "little")
    return bytes(data) + (number + 1).to_bytes(2, "little") + b"".join(sorted(entries)) + bytes(4)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_comes_upright(orientation):
    image, found = pictures.open_deep(tiff_with(274, 3, 1, orientation))
    assert found.shape[1::-1] == image.size == ((211, 97) if orientation < 5 else (97, 211))
    assert np.abs(found / 257 - np.asarray(image)).max() < 2


def test_colours_of_another_space_come_over_smoothly():
    lab = ImageCms.createProfile("sRGB")
    profile = bytearray(ImageCms.ImageCmsProfile(lab).tobytes())
    # The primaries of red and blue change their places: no sRGB, by far.
    red, blue = profile.find(b"rXYZ"), profile.find(b"bXYZ")
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    pixels = np.tile(np.linspace(0, 65535, 1300).astype(np.uint16)[None, :, None], (130, 1, 3))
    pixels[..., 2] //= 3
    stream = io.BytesIO()
    Image.new("RGB", (1, 1)).save(stream, format="PNG", icc_profile=bytes(profile))
    from styleshot_demo.containers import png_chunks

    chunk = next(stream.getvalue()[start:end] for kind, start, end in png_chunks(stream.getvalue()) if kind == b"iCCP")
    image, found = pictures.open_deep(sixteen_bit.to_png(pixels, [(b"iCCP", chunk)]))
    assert image.getpixel((1299, 0))[0] < 120 and image.getpixel((1299, 0))[2] > 200
    assert found is not None and np.abs(found / 257 - np.asarray(image)).max() < 2
    assert len(np.unique(found[..., 2])) > 600


def test_damage_is_told_and_never_guessed_at():
    data = sixteen_bit.to_png(gradient())
    with pytest.raises(pictures.Problem):
        pictures.open_deep(data[: len(data) // 2])
