"""Which kind of file some bytes are, by what is in them: the name of a file says nothing."""

import struct

from styleshot_demo.errors import Problem
from styleshot_demo.formats import bmp, boxes, tga

FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "HEIC", "BMP", "TIFF", "GIF", "TGA", "JPEG2000")

_REFUSED = (
    (b"8BPS", "Photoshop"),
    (b"%PDF", "PDF"),
    (b"%!PS", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"gimp xcf", "GIMP"),
    (b"qoif", "QOI"),
    (b"DDS ", "DDS"),
    (b"icns", "ICNS"),
    (b"\xd7\xcd\xc6\x9a", "WMF"),
)
# Camera raw that is no TIFF by its first bytes: Fujifilm, Sigma, Minolta, Olympus, Panasonic.
_RAW = (b"FUJIFILMCCD-RAW", b"FOVb", b"\0MRM", b"IIRO", b"IIRS", b"MMOR", b"IIU\0")
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIF_BRANDS = {b"mif1", b"mif2", b"mif3", b"msf1"}


def kind_of(data: bytes) -> str:
    """Which of `FORMATS` the first bytes announce; `Problem` for anything else. The name of a file says nothing."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    if data.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "TIFF"
    if data.startswith((b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")):
        return "JPEG2000"
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in bmp.HEADERS:
        return "BMP"
    for start, name in _REFUSED:
        if data.startswith(start):
            raise Problem("format_refused", format=name)
    if data.startswith(_RAW):
        raise Problem("camera_raw")
    if data[4:8] == b"ftyp":
        return _kind_of_boxes(data)
    if data[:4] in (b"\0\0\1\0", b"\0\0\2\0") and _is_icon(data):
        raise Problem("format_refused", format="ICO" if data[2] == 1 else "CUR")
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(b"<") and b"<svg" in head:
        raise Problem("format_refused", format="SVG")
    if tga.is_one(data):  # last: it has nothing at its start to be known by
        return "TGA"
    raise Problem("not_a_picture")


def _kind_of_boxes(data: bytes) -> str:
    named = boxes.brands(data)
    first = data[8:12]
    if first == b"crx ":
        raise Problem("camera_raw")
    if first == b"jxl ":
        raise Problem("format_refused", format="JPEG XL")
    if first in _AVIF_BRANDS or first in _HEIF_BRANDS and named & _AVIF_BRANDS:
        return "AVIF"
    if first in _HEIC_BRANDS or first in _HEIF_BRANDS and named & _HEIC_BRANDS:
        return "HEIC"
    if first in _HEIF_BRANDS:
        raise Problem("format_refused", format="HEIF")
    raise Problem("not_a_picture")


def _is_icon(data: bytes) -> bool:
    """Whether the list of pictures makes sense that follows where a Targa has its colours."""
    count = int.from_bytes(data[4:6], "little")
    if not 0 < count <= 256 or len(data) < 22:
        return False
    size, place = struct.unpack_from("<II", data, 14)
    return data[9] == 0 and size > 0 and place >= 6 + 16 * count
