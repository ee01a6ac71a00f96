"""Picture files taken apart before any decoder sees them: only what the pixels need is kept.

The colour profile and the orientation are pulled out here, so no decoder ever sees text, comments, EXIF, later frames
or a TIFF tag that asks for gigabytes. Bytes in, bytes out; pixels are the business of `pictures`.

Pillow, told which `formats=` to open, already keeps other decoders away and warns of too many pixels once it has read
a header. What stays open then is closed here, each by a module of `formats`:

kinds      formats are told apart without Pillow, by their first bytes, and what is refused is called by its name
png        text chunks, unpacked profiles and what is behind the pixels are never read; an animation's first frame is
           found where the usual picture is none of its frames; a cut file whose rows are all there still opens
jpeg       hundreds of scans, each of which costs a pass over the picture, and coefficients beyond what memory allows
webp, gif  later frames are neither counted nor decoded, and the size is known before the decoder reserves memory
boxes      of AVIF and HEIC only the still picture is left, and coded data may not be far larger than it is said to be
jpeg2000   the number of tiles, for each of which the decoder keeps some kilobytes
tiff       tags that announce gigabytes, and endless chains of directories
bmp, tga   headers that Pillow reads otherwise than browsers do, or not at all
exif       a full reader follows every offset, and a small block can make it copy itself thousands of times
"""

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from styleshot_demo.errors import Problem
from styleshot_demo.formats import bmp, boxes, gif, jpeg, jpeg2000, png, tiff, webp
from styleshot_demo.formats.clean import MAX_PROFILE, Clean
from styleshot_demo.formats.exif import exif_orientation
from styleshot_demo.formats.jpeg import JPEG_XMP
from styleshot_demo.formats.jpeg import coefficients as jpeg_coefficients
from styleshot_demo.formats.jpeg import segments as jpeg_segments
from styleshot_demo.formats.jpeg import without_end as jpeg_without_end
from styleshot_demo.formats.kinds import FORMATS, kind_of
from styleshot_demo.formats.png import chunks_of as png_chunks
from styleshot_demo.formats.png import inflate
from styleshot_demo.formats.png import with_checksum as png_with_checksum
from styleshot_demo.formats.webp import chunks_of as riff_chunks


def clean(kind: str, data: bytes) -> Clean:
    """A file of the kind that `kind_of` found, with only what its pixels need.

    Raises `Problem` picture_truncated, picture_damaged or camera_raw. A decoder may still find the pixels broken.
    """
    with _ends_early():
        return _CLEANERS[kind](data)


def announced_size(kind: str, data: bytes) -> tuple[int, int] | None:
    """(width, height) of the kinds whose decoder may reserve memory on opening, or that are decoded at a smaller size.

    None for the others, whose header Pillow reads first. `Problem` picture_truncated or picture_damaged.
    """
    with _ends_early():
        return _SIZES[kind](data) if kind in _SIZES else None


@contextmanager
def _ends_early() -> Iterator[None]:
    try:
        yield
    except (struct.error, IndexError, OverflowError):
        raise Problem("picture_truncated") from None


def _clean_bmp(data: bytes) -> Clean:
    return Clean(data, bmp.profile(data))


def _bmp_size(data: bytes) -> tuple[int, int]:
    head = bmp.read_header(data)
    return head.width, head.height


def _clean_boxes(data: bytes) -> Clean:
    still = boxes.look(data)
    # libheif turns and mirrors by itself.
    orientation = still.orientation if still.kind == "AVIF" else 1
    profile = still.profile if still.profile and len(still.profile) <= MAX_PROFILE else None
    return Clean(boxes.without_notes(data), profile, orientation, still.space)


def _boxes_size(kind: str) -> Callable[[bytes], tuple[int, int]]:
    def size(data: bytes) -> tuple[int, int]:
        still = boxes.look(data)
        width, height = still.size
        # Decoders reserve what the coded data state; that may not be far from what the container states.
        if still.kind != kind or still.coded > 3 * width * height + 2**20:
            raise Problem("picture_damaged")
        return width, height

    return size


_CLEANERS: dict[str, Callable[[bytes], Clean]] = {
    "PNG": png.clean,
    "JPEG": jpeg.clean,
    "WEBP": webp.clean,
    "GIF": gif.clean,
    "TIFF": tiff.clean,
    "BMP": _clean_bmp,
    "AVIF": _clean_boxes,
    "HEIC": _clean_boxes,
    "TGA": Clean,
    "JPEG2000": Clean,
}
_SIZES: dict[str, Callable[[bytes], tuple[int, int] | None]] = {
    "JPEG": jpeg.size,
    "WEBP": webp.size_of,
    "GIF": gif.size_of,
    "BMP": _bmp_size,
    "AVIF": _boxes_size("AVIF"),
    "HEIC": _boxes_size("HEIC"),
    "JPEG2000": jpeg2000.size_of,
}
