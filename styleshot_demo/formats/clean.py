"""What is left of a picture file once it has been taken apart."""

from typing import NamedTuple

from styleshot_demo.formats.colours import Space

MAX_PROFILE = 4 * 2**20  # bytes; the largest printing profiles in use have about 3 MB


class Clean(NamedTuple):
    """The bytes for the decoder, and what the decoder is not asked about.

    profile      an ICC profile, or None
    orientation  1 to 8, as in EXIF
    space        how the file states its colours by numbers; it counts for more than the profile
    canvas       (width, height, left, top): the first frame lies there on transparent ground; None: it is everything
    mended       pieces that were said to be longer than the file have been cut: if pixels are missing, that is why
    """

    data: bytes
    profile: bytes | None = None
    orientation: int = 1
    space: Space | None = None
    canvas: tuple[int, int, int, int] | None = None
    mended: bool = False
