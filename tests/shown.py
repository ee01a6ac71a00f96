"""Pictures of many kinds that browsers show: what the gate makes of each has to look like it.

`SHOWN` names them; each maker gives the bytes of a file. The AVIFs in tests/pictures were made with avifenc from
`nasty.photo()`, since Pillow writes them with 8 bits and in sRGB only.
"""

import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import nasty
import numpy as np
from PIL import Image

FILES = Path(__file__).parent / "pictures"
WIDTH, HEIGHT = 61, 40  # no multiple of 4 or 8, so that padding counts


def photo() -> Image.Image:
    return nasty.photo(WIDTH, HEIGHT)


def with_alpha() -> Image.Image:
    image = photo().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


def turned(kind: str, orientation: int, **options: object) -> bytes:
    return nasty.encoded(photo(), kind, exif=exif_of(orientation), **options)


def exif_of(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


# PNG ----------------------------------------------------------------------------------------------------------------

P3 = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)


def gama(value: int) -> bytes:
    return nasty.png_chunk(b"gAMA", struct.pack(">I", value))


def chrm(*values: int) -> bytes:
    return nasty.png_chunk(b"cHRM", struct.pack(">8I", *values))


def cicp(primaries: int, transfer: int, matrix: int = 0, full: int = 1) -> bytes:
    return nasty.png_chunk(b"cICP", bytes([primaries, transfer, matrix, full]))


def iccp(profile: bytes) -> bytes:
    return nasty.png_chunk(b"iCCP", b"x\0\0" + zlib.compress(profile))


def swapped_profile() -> bytes:
    """A profile in which red and blue have changed places: nobody overlooks it."""
    return nasty.srgb_profile().replace(b"rXYZ", b"tttt").replace(b"bXYZ", b"rXYZ").replace(b"tttt", b"bXYZ")


def png(*chunks: bytes, image: Image.Image | None = None, bits: int = 8) -> bytes:
    values = np.asarray(image or photo())
    colours = {2: 0, 3: {3: 2, 4: 6}.get(values.shape[-1])}[values.ndim]
    values = values.astype(">u2") * 257 if bits == 16 else values
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    return nasty.png(WIDTH, HEIGHT, bits, colours, rows, chunks)


def damaged(chunk: bytes) -> bytes:
    """A chunk whose checksum is wrong."""
    return chunk[:-4] + bytes(4)


def packed_png(change: Callable[[bytes], bytes]) -> bytes:
    """A PNG whose packed pixels, with their own checksum at the end, are changed."""
    data = png()
    start = data.index(b"IDAT") + 4
    packed = data[start : start + int.from_bytes(data[start - 8 : start - 4], "big")]
    return data[: start - 8] + nasty.png_chunk(b"IDAT", change(packed)) + nasty.png_chunk(b"IEND", b"")


def png_interlaced() -> bytes:
    values, packed = np.asarray(photo()), b""
    for x, y, right, down in (
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ):
        packed += b"".join(b"\0" + row.tobytes() for row in values[y::down, x::right])
    data = bytearray(nasty.png(WIDTH, HEIGHT, 8, 2, packed))
    data[28] = 1
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


PNG: dict[str, Callable[[], bytes]] = {
    "png": png,
    "png_interlaced": png_interlaced,
    "png_16": lambda: png(bits=16),
    "png_16_gamma": lambda: png(gama(100_000), bits=16),
    "png_grey_gamma": lambda: png(gama(100_000), image=photo().convert("L")),
    "png_alpha": lambda: png(image=with_alpha()),
    "png_alpha_gamma": lambda: png(gama(60_000), image=with_alpha()),
    "png_palette": lambda: nasty.encoded(photo().quantize(16), "PNG"),
    "png_palette_trns": lambda: nasty.encoded(photo().quantize(16), "PNG", transparency=bytes(range(0, 256, 17))),
    "png_colour_key": lambda: png(nasty.png_chunk(b"tRNS", struct.pack(">HHH", *photo().getpixel((9, 9))))),
    **{
        f"png_gamma_{value}": (lambda value=value: png(gama(value)))
        for value in (0, 10, 30_000, 44_000, 45_455, 47_000, 50_000, 100_000)
    },
    "png_chrm_alone": lambda: png(chrm(*P3)),
    "png_gamma_chrm": lambda: png(gama(50_000), chrm(*P3)),
    "png_gamma_22_chrm": lambda: png(chrm(*P3), gama(45_455)),
    "png_gamma_broken_chrm": lambda: png(gama(50_000), chrm(*[0] * 8)),
    "png_gamma_white_d50": lambda: png(gama(50_000), chrm(34567, 35850, 64000, 33000, 30000, 60000, 15000, 6000)),
    "png_srgb_over_gamma": lambda: png(gama(100_000), nasty.png_chunk(b"sRGB", b"\0")),
    "png_icc": lambda: png(iccp(swapped_profile())),
    "png_icc_over_gamma": lambda: png(gama(100_000), iccp(nasty.srgb_profile())),
    "png_broken_icc_and_gamma": lambda: png(iccp(b"abc" * 99), gama(100_000)),
    "png_cicp_over_icc": lambda: png(iccp(swapped_profile()), cicp(12, 13)),
    "png_cicp_srgb_over_icc": lambda: png(iccp(swapped_profile()), cicp(1, 13)),
    "png_cicp_over_gamma": lambda: png(gama(100_000), cicp(1, 13)),
    "png_cicp_unknown_curve": lambda: png(gama(100_000), cicp(1, 9)),
    "png_cicp_narrow": lambda: png(cicp(12, 13, full=0)),
    **{
        f"png_cicp_{primaries}_{transfer}": (lambda codes=(primaries, transfer): png(cicp(*codes)))
        for primaries, transfer in (
            *((primaries, 13) for primaries in (1, 4, 5, 6, 9, 11, 12, 22)),
            *((1, transfer) for transfer in (1, 4, 5, 6, 7, 8, 11, 14, 15, 17)),
            *((primaries, transfer) for primaries in (1, 9, 12) for transfer in (16, 18)),
        )
    },
    "png_cicp_p3_alpha": lambda: png(cicp(12, 13), image=with_alpha()),
    "png_cicp_grey_pq": lambda: png(cicp(9, 16), image=photo().convert("L")),
    "png_animated": lambda: nasty.encoded(photo(), "PNG", save_all=True, append_images=[photo().rotate(180)]),
    "png_animated_beside_its_picture": lambda: nasty.encoded(
        photo(), "PNG", save_all=True, append_images=[photo().rotate(180), photo().rotate(90)], default_image=True
    ),
    "png_without_end": lambda: png()[:-12],
    "png_cut_in_checksum": lambda: png()[:-18],
    "png_wrong_checksum": lambda: packed_png(lambda data: data[:-4] + bytes(4)),
    "png_wrong_checksum_and_more": lambda: packed_png(lambda data: data[:-4] + b"more than there is"),
    "png_damaged_gamma": lambda: png(damaged(gama(100_000))),
    "png_damaged_orientation": lambda: png(damaged(nasty.png_chunk(b"eXIf", exif_of(6)[6:]))),
    "png_two_gammas": lambda: png(gama(100_000), gama(30_000)),
    "png_two_cicps": lambda: png(cicp(12, 13), cicp(9, 16)),
    "png_empty_srgb_and_gamma": lambda: png(nasty.png_chunk(b"sRGB", b""), gama(100_000)),
    **{f"png_turned_{o}": (lambda o=o: turned("PNG", o)) for o in range(1, 9)},
}

# GIF ----------------------------------------------------------------------------------------------------------------


def gif(screen: tuple[int, int], at: tuple[int, int], transparent: int | None = None, background: int = 0) -> bytes:
    """A frame of 32 x 24 anywhere on a screen."""
    data = nasty.encoded(photo().resize((32, 24)).quantize(16), "GIF")
    start = 13 + (3 << (data[10] & 7) + 1)
    frame = data.index(b"\x2c", start)
    control = b"\x21\xf9\4" + bytes([transparent is not None, 0, 0, transparent or 0, 0])
    head = b"GIF89a" + struct.pack("<HHBBB", *screen, data[10], background, 0) + data[13:start]
    return head + control + b"\x2c" + struct.pack("<HHHH", *at, 32, 24) + data[frame + 9 :]


GIF: dict[str, Callable[[], bytes]] = {
    "gif": lambda: gif((32, 24), (0, 0)),
    "gif_transparent": lambda: gif((32, 24), (0, 0), 0),
    "gif_offset": lambda: gif((64, 48), (5, 7)),
    "gif_offset_transparent": lambda: gif((64, 48), (5, 7), 3),
    "gif_background": lambda: gif((64, 48), (5, 7), None, 3),
    "gif_frame_larger": lambda: gif((20, 18), (0, 0)),
    "gif_frame_sticks_out": lambda: gif((40, 30), (20, 10)),
    "gif_no_screen": lambda: gif((0, 0), (0, 0)),
    "gif_interlaced": lambda: nasty.encoded(photo().quantize(16), "GIF", interlace=1),
    "gif_animated": lambda: nasty.encoded(photo(), "GIF", save_all=True, append_images=[photo().rotate(180)]),
    "gif_without_end": lambda: gif((32, 24), (0, 0))[:-2],
}

# JPEG and WebP ------------------------------------------------------------------------------------------------------


def jpeg_of_exifs(*tags: tuple[int, int | str]) -> bytes:
    """With an Exif segment for each (tag, value)."""
    blocks = []
    for tag, value in tags:
        block = Image.Exif()
        block[tag] = value
        blocks.append((0xE1, block.tobytes()))
    return nasty.jpeg_with(*blocks, image=photo())


def webp_frame_on_canvas(flags: int) -> bytes:
    """An animation whose first frame of 32 x 24 lies at (10, 6) on a canvas of 64 x 48."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)

    def three(*values: int) -> bytes:
        return b"".join(value.to_bytes(3, "little") for value in values)

    inner = nasty.encoded(photo().resize((32, 24)), "WEBP", lossless=True)[12:]
    frame = chunk(b"ANMF", three(5, 3, 31, 23, 100) + b"\0" + inner)
    body = b"WEBP" + chunk(b"VP8X", bytes([flags, 0, 0, 0]) + three(63, 47))
    body += chunk(b"ANIM", struct.pack("<IH", 0xFF00C800, 0)) + frame * 2
    return b"RIFF" + struct.pack("<I", len(body)) + body


JPEG: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: nasty.encoded(photo(), "JPEG", quality=90),
    "jpeg_444": lambda: nasty.encoded(photo(), "JPEG", subsampling=0),
    "jpeg_progressive": lambda: nasty.encoded(photo(), "JPEG", progressive=True),
    "jpeg_restarts": lambda: nasty.encoded(photo(), "JPEG", restart_marker_blocks=3),
    "jpeg_grey": lambda: nasty.encoded(photo().convert("L"), "JPEG"),
    "jpeg_rgb": lambda: nasty.encoded(photo(), "JPEG", keep_rgb=True),
    "jpeg_cmyk": lambda: nasty.encoded(photo().convert("CMYK"), "JPEG", quality=95),
    "jpeg_icc": lambda: nasty.jpeg_with(*nasty.jpeg_profile_parts(swapped_profile()), image=photo()),
    "jpeg_grey_icc": lambda: nasty.encoded(photo().convert("L"), "JPEG", icc_profile=nasty.srgb_profile()),
    "jpeg_two_exifs": lambda: jpeg_of_exifs((0x0112, 6), (0x010F, "a maker")),
    "jpeg_two_orientations": lambda: jpeg_of_exifs((0x0112, 6), (0x0112, 3)),
    "jpeg_exif_of_another_pad": lambda: jpeg_of_exifs((0x0112, 6)).replace(b"Exif\0\0", b"Exif\0\xff"),
    "jpeg_several_orientations_in_one": lambda: jpeg_of_exifs((0x0112, 6)).replace(b"\0\3\0\0\0\1", b"\0\3\0\0\0\2"),
    "jpeg_late_orientation": lambda: jpeg_of_exifs((0x010F, "a maker"), (0x0112, 6)),
    **{f"jpeg_turned_{o}": (lambda o=o: turned("JPEG", o)) for o in range(1, 9)},
}
WEBP: dict[str, Callable[[], bytes]] = {
    "webp": lambda: nasty.encoded(photo(), "WEBP"),
    "webp_lossless": lambda: nasty.encoded(photo(), "WEBP", lossless=True),
    "webp_alpha": lambda: nasty.encoded(with_alpha(), "WEBP"),
    "webp_lossless_alpha": lambda: nasty.encoded(with_alpha(), "WEBP", lossless=True),
    "webp_icc": lambda: nasty.encoded(photo(), "WEBP", lossless=True, icc_profile=swapped_profile()),
    "webp_animated": lambda: nasty.encoded(photo(), "WEBP", save_all=True, append_images=[photo().rotate(180)]),
    "webp_frame_on_canvas": lambda: webp_frame_on_canvas(2),
    "webp_frame_on_clear_canvas": lambda: webp_frame_on_canvas(18),
}

# BMP ----------------------------------------------------------------------------------------------------------------


def bmp(bits: int, pixels: bytes, palette: bytes = b"", size: int = 40, compression: int = 0, **more: object) -> bytes:
    """`more`: masks (behind the usual header), rest (of a long header), colours, height, gap (before the pixels)."""
    height, masks = more.get("height", HEIGHT), more.get("masks", b"")
    values = (size, WIDTH, height, 1, bits, compression, len(pixels), 0, 0, more.get("colours", 0), 0)
    head = struct.pack("<IiiHHIIiiII", *values)
    if size == 12:
        head = struct.pack("<IHHHH", 12, WIDTH, height, 1, bits)
    elif size < 40:
        head = head[:size]
    elif size > 40:
        head, masks = (head + masks + more.get("rest", b"")).ljust(size, b"\0"), b""
    head += masks + palette + bytes(more.get("gap", 0))
    return b"BM" + struct.pack("<IHHI", 14 + len(head) + len(pixels), 0, 0, 14 + len(head)) + head + pixels


def bmp_rows(values: np.ndarray) -> bytes:
    return b"".join(row.tobytes() + bytes(-len(row.tobytes()) % 4) for row in values[::-1])


def bmp_indices(bits: int) -> bytes:
    rows = []
    for row in INDICES[::-1] & (2**bits - 1):
        packed = np.packbits(np.unpackbits(row[:, None], axis=1)[:, 8 - bits :].ravel()).tobytes()
        rows.append(packed + bytes(-len(packed) % 4))
    return b"".join(rows)


INDICES = (np.arange(HEIGHT)[:, None] * 7 + np.arange(WIDTH) * 3).astype(np.uint8)
_RANDOM = np.random.default_rng(3)
PALETTE = b"".join(bytes(row) + b"\0" for row in _RANDOM.integers(0, 256, (256, 3), np.uint8))
_RGB = np.asarray(photo())
_BGR = _RGB[..., ::-1]
_BGRA = np.dstack([_BGR, INDICES])
_MASKS = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
_555 = ((_RGB[..., 0] >> 3).astype("<u2") << 10) | ((_RGB[..., 1] >> 3).astype("<u2") << 5) | (_RGB[..., 2] >> 3)
_565 = ((_RGB[..., 0] >> 3).astype("<u2") << 11) | ((_RGB[..., 1] >> 2).astype("<u2") << 5) | (_RGB[..., 2] >> 3)
_ODD = ((_RGB[..., 0] >> 2).astype("<u4") << 20) | (_RGB[..., 1].astype("<u4") << 10) | (_RGB[..., 2] >> 4)


def masks(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def runs(four: bool, skips: bool = False, end: bytes = b"\0\1") -> bytes:
    """Runs and literals of every length from 1 to 8; with `skips` a few pixels are left out by delta escapes."""
    random, packed = np.random.default_rng(5), b""
    for number, row in enumerate(INDICES[::-1]):
        place = 0
        while place < WIDTH:
            if skips and number % 5 == 2 and place == 0:
                packed += b"\0\2\x07\0"
                place = 7
            count = min(int(random.integers(1, 9)), WIDTH - place)
            values = [int(value) & (15 if four else 255) for value in row[place : place + count]]
            if count >= 3 and random.random() < 0.6:
                literal = values + [0] * (count % 2)
                literal = [literal[at] << 4 | literal[at + 1] for at in range(0, count, 2)] if four else values
                packed += bytes([0, count, *literal]) + b"\0" * (len(literal) % 2)
            elif four:
                count = min(count, 2)
                packed += bytes([count, values[0] << 4 | values[count - 1]])
            else:
                count = 1
                packed += bytes([1, values[0]])
            place += count
        packed += b"\0\0"
    return packed + end


def bmp_with_profile() -> bytes:
    pixels, profile = bmp_rows(_BGR), swapped_profile()
    rest = b"DEBM" + bytes(48) + struct.pack("<IIII", 0, 124 + len(pixels), len(profile), 0)
    return bmp(24, pixels, size=124, masks=_MASKS, rest=rest) + profile


BMP: dict[str, Callable[[], bytes]] = {
    **{
        f"bmp_{bits}_bits": (lambda bits=bits: bmp(bits, bmp_indices(bits), PALETTE[: 4 * 2**bits]))
        for bits in (1, 2, 4, 8)
    },
    "bmp_few_colours": lambda: bmp(4, bmp_indices(4), PALETTE[:20], colours=5),
    "bmp_8_os2": lambda: bmp(8, bmp_indices(8), b"".join(PALETTE[at : at + 3] for at in range(0, 1024, 4)), 12),
    "bmp_8_os2_long": lambda: bmp(8, bmp_indices(8), PALETTE, 64),
    **{
        f"bmp_24_header_{size}": (lambda size=size: bmp(24, bmp_rows(_BGR), size=size))
        for size in (12, 16, 40, 52, 56, 64, 108, 124)
    },
    "bmp_downward": lambda: bmp(24, bmp_rows(_BGR), height=-HEIGHT),
    "bmp_gap": lambda: bmp(24, bmp_rows(_BGR), gap=10),
    "bmp_profile": bmp_with_profile,
    "bmp_32": lambda: bmp(32, bmp_rows(_BGRA)),
    "bmp_32_masks": lambda: bmp(32, bmp_rows(_BGRA), compression=3, masks=_MASKS[:12]),
    "bmp_32_masks_swapped": lambda: bmp(32, bmp_rows(_BGRA), compression=3, masks=masks(0xFF, 0xFF00, 0xFF0000)),
    "bmp_32_masks_odd": lambda: bmp(32, bmp_rows(_ODD), compression=3, masks=masks(0x3F << 20, 0xFF << 10, 0xF)),
    "bmp_32_alpha_masks": lambda: bmp(32, bmp_rows(_BGRA), compression=6, masks=_MASKS),
    **{
        f"bmp_32_alpha_header_{size}": (lambda size=size: bmp(32, bmp_rows(_BGRA), b"", size, 3, masks=_MASKS))
        for size in (56, 108, 124)
    },
    "bmp_32_alpha_without_masks": lambda: bmp(32, bmp_rows(_BGRA), size=108, masks=_MASKS),
    "bmp_16": lambda: bmp(16, bmp_rows(_555)),
    "bmp_16_565": lambda: bmp(16, bmp_rows(_565), compression=3, masks=masks(0xF800, 0x7E0, 0x1F)),
    "bmp_16_444": lambda: bmp(16, bmp_rows(_565), compression=3, masks=masks(0xF00, 0xF0, 0xF)),
    "bmp_16_4444": lambda: bmp(16, bmp_rows(_565), b"", 56, 3, masks=masks(0xF00, 0xF0, 0xF, 0xF000)),
    "bmp_runs_8": lambda: bmp(8, runs(False), PALETTE, compression=1),
    "bmp_runs_8_skips": lambda: bmp(8, runs(False, True), PALETTE, compression=1),
    "bmp_runs_8_without_end": lambda: bmp(8, runs(False, end=b""), PALETTE, compression=1),
    "bmp_runs_8_short_lines": lambda: bmp(8, b"\x20\x05\0\0" * HEIGHT + b"\0\1", PALETTE, compression=1),
    "bmp_runs_8_long_lines": lambda: bmp(8, b"\x50\x05\x07\x03\0\0" * HEIGHT + b"\0\1", PALETTE, compression=1),
    "bmp_runs_8_long_literals": lambda: bmp(
        8, b"\x38\x05\0\x08abcdefgh\0\0" * HEIGHT + b"\0\1", PALETTE, compression=1
    ),
    "bmp_runs_8_early_end": lambda: bmp(8, b"\x20\x05\0\2\3\4\x08\x09\0\1", PALETTE, compression=1),
    "bmp_runs_8_downward": lambda: bmp(8, runs(False), PALETTE, compression=1, height=-HEIGHT),
    "bmp_runs_4": lambda: bmp(4, runs(True), PALETTE[:64], compression=2),
    "bmp_runs_4_skips": lambda: bmp(4, runs(True, True), PALETTE[:64], compression=2),
}

# AVIF ---------------------------------------------------------------------------------------------------------------

AVIF: dict[str, Callable[[], bytes]] = {
    "avif": lambda: nasty.encoded(photo(), "AVIF"),
    "avif_icc": lambda: nasty.encoded(photo(), "AVIF", icc_profile=swapped_profile()),
    "avif_grey": lambda: nasty.encoded(photo().convert("L"), "AVIF"),
    **{f"avif_turned_{o}": (lambda o=o: turned("AVIF", o)) for o in range(1, 9)},
    **{path.stem: path.read_bytes for path in sorted(FILES.glob("avif_*.avif"))},
}
# The end is missing, or what says where it is, but no pixel: Chromium leaves the last rows bare, or shows nothing.
CASES: Sequence[str] = (
    "two_exif_segments.jpg",
    "rle4_odd_runs.bmp",
    "frame_smaller_than_canvas.gif",
    "gamma_linear.png",
    "cicp_display_p3.png",
    "web.avif",
)
SHOWN = PNG | GIF | JPEG | WEBP | BMP | AVIF | {name: (FILES / name).read_bytes for name in CASES}
