"""Makes files that a picture reader may choke on: broken, lying, and far larger inside than outside.

Each maker gives bytes; `NASTY` names them and says what the gate has to answer: the key of a problem, or "opens".
"""

import io
import struct
import zlib
from collections.abc import Callable, Iterable

from PIL import Image, ImageCms

OPENS = "opens"


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """An image in a file format of Pillow's."""
    stream = io.BytesIO()
    image.save(stream, format=kind, **options)
    return stream.getvalue()


def photo(width: int = 64, height: int = 48, mode: str = "RGB") -> Image.Image:
    """A small picture with smooth colours, so that lossy formats keep it."""
    across = Image.linear_gradient("L").rotate(90).resize((width, height))
    down = Image.linear_gradient("L").resize((width, height))
    return Image.merge("RGB", (across, down, across.transpose(Image.Transpose.ROTATE_180))).convert(mode)


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


# PNG ----------------------------------------------------------------------------------------------------------------


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(
    width: int,
    height: int,
    bits: int,
    colours: int,
    rows: bytes | int,
    before: Iterable[bytes] = (),
    after: bytes = b"",
) -> bytes:
    """A PNG from rows with their filter bytes, or so many zeros; `before` and `after` are chunks around the pixels."""
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0))
    body = png_chunk(b"IDAT", packed_zeros(rows) if isinstance(rows, int) else zlib.compress(rows, 1))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(before) + body + after + png_chunk(b"IEND", b"")


def png_with(*chunks: bytes) -> bytes:
    """A good small PNG with more chunks before its pixels."""
    return png(32, 32, 8, 2, (b"\0" + b"\x80\x40\x20" * 32) * 32, chunks)


def packed_zeros(count: int) -> bytes:
    """So many zero bytes as zlib packs them, put together from equal blocks, without packing all of them."""

    def block(size: int) -> bytes:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        return packer.compress(bytes(size)) + packer.flush(zlib.Z_FULL_FLUSH)

    checksum = struct.pack(">HH", count % 65_521, 1)  # Adler-32 of zeros
    return b"\x78\x9c" + block(2**20) * (count >> 20) + block(count % 2**20) + b"\x03\0" + checksum


def text_bomb() -> bytes:
    return png_with(png_chunk(b"zTXt", b"Comment\0\0" + packed_zeros(50 << 20)))


def many_text_bombs() -> bytes:
    bomb = png_chunk(b"iTXt", b"Comment\0\1\0\0\0" + packed_zeros(20 << 20))
    return png_with(*[bomb] * 100)


def profile_bomb() -> bytes:
    return png_with(png_chunk(b"iCCP", b"sRGB\0\0" + packed_zeros(200 << 20)))


def exif_of_overlapping_values(entries: int, size: int) -> bytes:
    """An EXIF block whose entries all point at the same long value: a full reader copies it for each of them."""
    head = b"II*\0" + struct.pack("<IH", 8, entries)
    start = 8 + 2 + 12 * entries + 4
    rows = b"".join(struct.pack("<HHII", 0x9000 + index, 7, size, start) for index in range(entries))
    return head + rows + bytes(4) + bytes(size)


def png_lying_animation() -> bytes:
    control = png_chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))
    frame = png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 2**31 - 1, 2**31 - 1, 0, 0, 0, 0, 0, 0))
    return png_with(control, frame)


# JPEG ---------------------------------------------------------------------------------------------------------------


def jpeg_with(*segments: tuple[int, bytes], image: Image.Image | None = None, **options: object) -> bytes:
    """A good JPEG with more segments at its start."""
    data = encoded(image or photo(), "JPEG", **options)
    extra = b"".join(struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body for marker, body in segments)
    return data[:2] + extra + data[2:]


def jpeg_exif_bomb() -> bytes:
    block = exif_of_overlapping_values(2000, 2**20)
    parts = [block[start : start + 65_000] for start in range(0, len(block), 65_000)]
    return jpeg_with(*((0xE1, b"Exif\0\0" + part) for part in parts))


def jpeg_of_size(width: int, height: int) -> bytes:
    """A JPEG whose header states another size than it has."""
    data = bytearray(encoded(photo(), "JPEG"))
    place = data.index(b"\xff\xc0")
    struct.pack_into(">HH", data, place + 5, height, width)
    return bytes(data)


def jpeg_profile_parts(profile: bytes) -> list[tuple[int, bytes]]:
    size = 65_000
    parts = [profile[start : start + size] for start in range(0, len(profile), size)]
    return [(0xE2, b"ICC_PROFILE\0" + bytes([i % 255 + 1, len(parts) % 256]) + part) for i, part in enumerate(parts)]


def jpeg_of_many_scans() -> bytes:
    data = encoded(photo(), "JPEG", progressive=True)
    scan = data.rindex(b"\xff\xda")
    return data[:scan] + data[scan:-2] * 500 + data[-2:]


# GIF ----------------------------------------------------------------------------------------------------------------


def gif_of_frames(count: int) -> bytes:
    data = encoded(photo().quantize(16), "GIF")
    frame = data[data.index(b"\x2c", 13 + 48) : -1]
    return data[:-1] + frame * (count - 1) + b";"


def gif_with_comments(megabytes: int) -> bytes:
    data = encoded(photo().quantize(16), "GIF")
    start = 13 + (3 << (data[10] & 7) + 1)
    comment = b"\x21\xfe" + (b"\xff" + b"x" * 255) * (megabytes * 4096) + b"\0"
    return data[:start] + comment + data[start:]


def gif_of_size(width: int, height: int) -> bytes:
    data = bytearray(encoded(photo().quantize(16), "GIF"))
    struct.pack_into("<HH", data, 6, width, height)
    return bytes(data)


def gif_frame_outside() -> bytes:
    """The frame is far larger than the screen that the header states."""
    data = bytearray(encoded(photo().quantize(16), "GIF"))
    place = data.index(b"\x2c", 13 + 48)
    struct.pack_into("<HHHH", data, place + 1, 60_000, 60_000, 65_000, 65_000)
    return bytes(data)


# WebP and BMP -------------------------------------------------------------------------------------------------------


def webp_of_canvas(width: int, height: int) -> bytes:
    body = b"\0\0\0\0" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    inner = encoded(photo(), "WEBP")[12:]
    content = b"WEBPVP8X" + struct.pack("<I", len(body)) + body + inner
    return b"RIFF" + struct.pack("<I", len(content)) + content


def webp_of_frames(count: int) -> bytes:
    frames = [Image.new("RGB", (32, 32), (i % 256, i // 256, 0)) for i in range(count)]
    return encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:])


def bmp(width: int, height: int, bits: int, compression: int, pixels: bytes, colours: int = 0) -> bytes:
    offset = 54 + 4 * colours
    head = b"BM" + struct.pack("<IHHI", offset + len(pixels), 0, 0, offset)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(pixels), 0, 0, colours, 0)
    return head + info + bytes(4 * colours) + pixels


# TIFF ---------------------------------------------------------------------------------------------------------------

_SHORT, _LONG, _BYTES = 3, 4, 7


def tiff(
    tags: dict[int, tuple[int, list[int] | bytes]], pixels: bytes = b"", order: str = "<", next_page: int = 0
) -> bytes:
    """A TIFF whose pixels start at byte 8; `tags` maps a number to (type, values). 273 and 279 get filled in."""
    tags = {273: (_LONG, [8]), 279: (_LONG, [len(pixels)]), **tags}
    directory = 8 + len(pixels)
    beyond = directory + 2 + 12 * len(tags) + 4
    rows, values = b"", b""
    for tag, (kind, content) in sorted(tags.items()):
        code = {_SHORT: "H", _LONG: "I"}.get(kind, "B")
        packed = content if isinstance(content, bytes) else struct.pack(f"{order}{len(content)}{code}", *content)
        if len(packed) > 4:
            place = struct.pack(order + "I", beyond + len(values))
            values += packed + b"\0" * (len(packed) % 2)
        else:
            place = packed.ljust(4, b"\0")
        count = len(content)
        rows += struct.pack(order + "HHI", tag, kind, count) + place
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", directory)
    count_word = struct.pack(order + "H", len(tags))
    return head + pixels + count_word + rows + struct.pack(order + "I", next_page) + values


def tiff_tags(
    width: int, height: int, bits: list[int], photometric: int, compression: int = 1, **more: list[int]
) -> dict[int, tuple[int, list[int] | bytes]]:
    """The tags of a one-strip picture; more tags as t338=[2]."""
    tags: dict[int, tuple[int, list[int] | bytes]] = {
        256: (_LONG, [width]),
        257: (_LONG, [height]),
        258: (_SHORT, bits),
        259: (_SHORT, [compression]),
        262: (_SHORT, [photometric]),
        277: (_SHORT, [len(bits)]),
        278: (_LONG, [height]),
    }
    return tags | {int(name[1:]): (_LONG if max(values) > 65535 else _SHORT, values) for name, values in more.items()}


def tiff_of_overlapping_tags() -> bytes:
    """A thousand private tags that all point at the same 20 MB."""
    size = 20 * 2**20
    tags = tiff_tags(32, 32, [8, 8, 8], 2)
    data = bytearray(tiff(tags | {40_000 + i: (_LONG, [0]) for i in range(1000)}, bytes(size)))
    place = struct.unpack_from("<I", data, 4)[0] + 2
    for entry in range(place, place + 12 * (len(tags) + 1002), 12):
        if struct.unpack_from("<H", data, entry)[0] >= 40_000:
            struct.pack_into("<HII", data, entry + 2, _BYTES, size, 8)
    return bytes(data)


def tiff_with_count(tag: int, count: int) -> bytes:
    """A good small TIFF in which one tag states that it has `count` values."""
    tags = tiff_tags(32, 32, [8, 8, 8], 2) | {40_000: (_LONG, [0])}
    data = bytearray(tiff(tags, bytes(32 * 32 * 3)))
    place = data.index(struct.pack("<HH", tag, tags.get(tag, (_LONG, []))[0]), 8 + 32 * 32 * 3)
    struct.pack_into("<I", data, place + 4, count)
    return bytes(data)


def tiff_huge_tile() -> bytes:
    """A picture of 32 x 32 in one tile of 24,000 x 24,000, packed into a few kilobytes."""
    packed = packed_zeros(24_000 * 24_000 * 3)
    tags = tiff_tags(32, 32, [8, 8, 8], 2, 8, t322=[24_000], t323=[24_000], t324=[8], t325=[len(packed)])
    del tags[278]
    return tiff(tags, packed)


def tiff_million_tiles() -> bytes:
    count = 2_000_000
    tags = tiff_tags(4000, 4000, [8], 1, t322=[1], t323=[1])
    return tiff(tags | {324: (_LONG, [8] * count), 325: (_LONG, [1] * count)}, bytes(16))


def tiff_of_pages(count: int) -> bytes:
    pages = [Image.new("L", (32, 32), i % 256) for i in range(count)]
    return encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])


def tiff_page_loop() -> bytes:
    pixels = bytes(32 * 32 * 3)
    return tiff(tiff_tags(32, 32, [8, 8, 8], 2), pixels, next_page=8 + len(pixels))


def tiff_with_sub_directory(photometric: int) -> bytes:
    """A thumbnail of 32 x 32 first; the full picture of 64 x 48 in grey is in a directory below it."""
    inner = tiff(tiff_tags(64, 48, [8], photometric), bytes(range(64)) * 48)
    tags = tiff_tags(32, 32, [8], 1, t254=[1]) | {330: (_LONG, [0])}
    data = bytearray(tiff(tags, bytes(1024)))
    start = len(data)
    data += inner
    (below,) = struct.unpack_from("<I", inner, 4)
    for entry in range(start + below + 2, start + below + 2 + 12 * 9, 12):
        if struct.unpack_from("<H", data, entry)[0] == 273:
            struct.pack_into("<I", data, entry + 8, start + 8)
    place = data.index(struct.pack("<HHI", 330, _LONG, 1)) + 8
    struct.pack_into("<I", data, place, start + below)
    return bytes(data)


# HEIC, AVIF, JPEG 2000 and TGA ----------------------------------------------------------------------------------------


def heic(image: Image.Image, **options: object) -> bytes:
    import pillow_heif

    stream = io.BytesIO()
    pillow_heif.from_pillow(image).save(stream, enc_params={"preset": "ultrafast"}, **options)
    return stream.getvalue()


def avif_exif_bomb() -> bytes:
    bomb = exif_of_overlapping_values(2000, 2**20)
    harmless = exif_of_overlapping_values(0, len(bomb) - 14)
    return encoded(photo(), "AVIF", exif=harmless).replace(harmless, bomb)


def of_size(data: bytes, width: int, height: int) -> bytes:
    """A HEIC or AVIF whose boxes state another size than it has."""
    changed = bytearray(data)
    place = data.find(b"ispe")
    while place >= 0:
        struct.pack_into(">II", changed, place + 8, width, height)
        place = data.find(b"ispe", place + 4)
    return bytes(changed)


def j2k_of_size(width: int, height: int, tile: int = 60_000) -> bytes:
    data = bytearray(encoded(photo(), "JPEG2000", no_jp2=True))
    struct.pack_into(">II", data, 8, width, height)
    struct.pack_into(">II", data, 24, min(width, tile), min(height, tile))
    return bytes(data)


def tga(width: int, height: int, runs: bytes) -> bytes:
    """Of 24 bits, in runs."""
    return struct.pack("<BBBHHBHHHHBB", 0, 0, 10, 0, 0, 0, 0, 0, width, height, 24, 32) + runs


# As large as the gate lets through ----------------------------------------------------------------------------------

LARGE = (6400, 6250)  # 40 megapixels exactly
# A quarter of that, for all but one: opening one takes seconds, and memory for each pixel.
QUARTER = (3200, 3125)


def quarter(mode: str, kind: str, value: object = 0, **options: object) -> bytes:
    return encoded(Image.new(mode, QUARTER, value), kind, **options)


def quarter_tiff(bits: list[int], photometric: int, **more: list[int]) -> bytes:
    width, height = QUARTER
    packed = packed_zeros(width * height * sum(bits) // 8)
    return tiff(tiff_tags(width, height, bits, photometric, 8, **more), packed)


def large_png(size: tuple[int, int], bits: int, colours: int, channels: int, *chunks: bytes) -> bytes:
    width, height = size
    return png(width, height, bits, colours, height * (1 + width * bits * channels // 8), chunks)


# The list -----------------------------------------------------------------------------------------------------------

SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"></svg>'
_BRAND = struct.pack(">I", 24) + b"ftyp%s\0\0\0\0mif1" + bytes(64)


def _cut(kind: str, share: float, **options: object) -> Callable[[], bytes]:
    def make() -> bytes:
        data = encoded(photo(200, 150), kind, **options)
        return data[: int(len(data) * share)]

    return make


NASTY: dict[str, tuple[Callable[[], bytes], str]] = {
    # Not pictures, or not of a kind that is accepted
    "empty": (lambda: b"", "not_a_picture"),
    "one_byte": (lambda: b"\x89", "not_a_picture"),
    "text": (lambda: b"BMX is a sport. " * 100, "not_a_picture"),
    "html": (lambda: b"<!doctype html><p>hello", "not_a_picture"),
    "gzip": (lambda: b"\x1f\x8b" + bytes(100), "not_a_picture"),
    "svg": (lambda: SVG, "format_refused"),
    "svg_bare": (lambda: b"\xef\xbb\xbf  <SVG onload='x'/>", "format_refused"),
    "pdf": (lambda: b"%PDF-1.7\n" + bytes(100), "format_refused"),
    "eps": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n" + bytes(100), "format_refused"),
    "psd": (lambda: b"8BPS\0\1" + bytes(100), "format_refused"),
    "ico": (lambda: encoded(photo(), "ICO"), "format_refused"),
    "cur": (lambda: b"\0\0\2" + encoded(photo(), "ICO", sizes=[(32, 32)])[3:], "format_refused"),
    "jpeg_xl": (lambda: _BRAND % b"jxl ", "format_refused"),
    "heif_of_another_codec": (lambda: _BRAND.replace(b"mif1", b"jpeg") % b"mif1", "format_refused"),
    "mp4": (lambda: _BRAND % b"isom", "not_a_picture"),
    "zeros": (lambda: bytes(5000), "not_a_picture"),
    # Camera raw
    "raw_cr2": (lambda: b"II*\0\x10\0\0\0CR\2\0" + bytes(100), "camera_raw"),
    "raw_cr3": (lambda: _BRAND % b"crx ", "camera_raw"),
    "raw_fujifilm": (lambda: b"FUJIFILMCCD-RAW 0201" + bytes(100), "camera_raw"),
    "raw_olympus": (lambda: b"IIRO\x08\0\0\0" + bytes(100), "camera_raw"),
    "raw_panasonic": (lambda: b"IIU\0\x08\0\0\0" + bytes(100), "camera_raw"),
    "raw_pentax": (lambda: tiff(tiff_tags(64, 48, [16], 32803), bytes(64 * 48 * 2)), "camera_raw"),
    "raw_nikon": (lambda: tiff_with_sub_directory(32803), "camera_raw"),
    "raw_dng_thumbnail": (lambda: tiff_with_sub_directory(34892), "camera_raw"),
    "raw_dng": (lambda: tiff(tiff_tags(64, 48, [8], 1) | {50706: (_BYTES, b"\1\4\0\0")}, bytes(3072)), "camera_raw"),
    "raw_sony_compressed": (lambda: tiff(tiff_tags(64, 48, [8], 1, 32767), bytes(3072)), "camera_raw"),
    # HEIC and AVIF whose boxes lie
    "avif_empty": (lambda: _BRAND % b"avif", "picture_damaged"),
    "heic_empty": (lambda: _BRAND % b"heic", "picture_damaged"),
    "avif_larger_inside": (lambda: of_size(encoded(Image.new("L", (2400, 2000)), "AVIF"), 64, 48), "picture_damaged"),
    "heic_larger_inside": (lambda: of_size(heic(Image.new("L", (2400, 2000))), 64, 48), "picture_damaged"),
    "avif_huge": (lambda: of_size(encoded(photo(), "AVIF"), 60_000, 60_000), "too_many_pixels"),
    "heic_huge": (lambda: of_size(heic(photo()), 60_000, 60_000), "too_many_pixels"),
    "avif_exif_bomb": (avif_exif_bomb, OPENS),
    "avif_200_frames": (
        lambda: encoded(photo(), "AVIF", speed=10, save_all=True, append_images=[photo()] * 200),
        OPENS,
    ),
    "heic_exif_bomb": (lambda: heic(photo(), exif=exif_of_overlapping_values(2000, 2**20)), OPENS),
    "heic_named_avif": (lambda: heic(photo()).replace(b"ftypheic", b"ftypavif", 1), "picture_damaged"),
    # JPEG 2000 and TGA
    "jpeg2000_huge": (lambda: j2k_of_size(60_000, 60_000), "too_many_pixels"),
    "jpeg2000_many_tiles": (lambda: j2k_of_size(3984, 3984, 16), "picture_damaged"),
    "jpeg2000_larger_inside": (
        lambda: encoded(photo(), "JPEG2000").replace(struct.pack(">II", 64, 48), struct.pack(">II", 50_000, 50_000)),
        "too_many_pixels",
    ),
    "jpeg2000_wrong_size": (lambda: j2k_of_size(6000, 6000), OPENS),
    "tga_huge": (lambda: tga(60_000, 6_000, b"\xff\0\0\0" * (60_000 * 6_000 // 256)), "too_many_pixels"),
    "tga_few_runs": (lambda: tga(6000, 6000, b"\xff\0\0\0" * (6000 * 6000 // 256)), "picture_damaged"),
    # Cut off
    **{
        f"cut_{kind.lower()}_{int(share * 100)}": (_cut(kind, share), "picture_truncated")
        for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")
        for share in (0.5, 0.9)
    },
    **{f"cut_{kind.lower()}_50": (_cut(kind, 0.5), "picture_truncated") for kind in ("AVIF", "TGA")},
    "cut_jpeg2000_50": (_cut("JPEG2000", 0.5), "picture_damaged"),
    "cut_heic": (lambda: heic(photo())[:-20], "picture_truncated"),
    "cut_jpeg_of_phone": (lambda: encoded(photo(200, 150), "JPEG")[:-4], "picture_truncated"),
    "cut_jpeg_progressive": (lambda: encoded(photo(200, 150), "JPEG", progressive=True)[:-6], "picture_truncated"),
    "cut_bmp_runs": (lambda: bmp(64, 64, 8, 1, b"\x40\5\0\0" * 60, 256), "picture_truncated"),
    "cut_tiff_deflate": (lambda: tiff(tiff_tags(64, 64, [8], 1, 8, t279=[9999]), b"xx"), "picture_truncated"),
    "png_signature_only": (lambda: b"\x89PNG\r\n\x1a\n", "picture_truncated"),
    "jpeg_start_only": (lambda: b"\xff\xd8\xff", "picture_truncated"),
    "gif_header_only": (lambda: b"GIF89a" + bytes(4), "picture_truncated"),
    "tiff_header_only": (lambda: b"II*\0", "picture_truncated"),
    "bigtiff_far_directory": (lambda: b"II+\0\x08\0\0\0" + b"\xff" * 8, "picture_truncated"),
    # Too large, by the header alone
    "png_huge": (lambda: png(50_000, 50_000, 8, 6, b""), "too_many_pixels"),
    "png_largest": (lambda: png(2**31 - 1, 2**31 - 1, 16, 6, b""), "too_many_pixels"),
    "png_real_bomb": (lambda: png(20_000, 20_000, 1, 0, 2501 * 20_000), "too_many_pixels"),
    "png_just_over": (lambda: png(6400, 6251, 8, 0, b""), "too_many_pixels"),
    "jpeg_huge": (lambda: jpeg_of_size(65_500, 65_500), "too_many_pixels"),
    "gif_huge": (lambda: gif_of_size(65_535, 65_535), "too_many_pixels"),
    "gif_frame_outside": (gif_frame_outside, "too_many_pixels"),
    "webp_huge": (lambda: webp_of_canvas(60_000, 60_000), "too_many_pixels"),
    "webp_largest": (lambda: webp_of_canvas(2**24, 2**24), "too_many_pixels"),
    "bmp_huge": (lambda: bmp(40_000, -40_000, 24, 0, b""), "too_many_pixels"),
    "tiff_huge": (lambda: tiff(tiff_tags(100_000, 100_000, [8], 1), b"x"), "too_many_pixels"),
    "small": (lambda: encoded(photo(15, 64), "PNG"), "too_small"),
    "long": (lambda: encoded(photo(16, 161), "PNG"), "too_long"),
    "no_height": (lambda: png(64, 0, 8, 0, b""), "picture_damaged"),
    # Lying, or larger inside than outside
    "png_text_bomb": (text_bomb, OPENS),
    "png_many_text_bombs": (many_text_bombs, OPENS),
    "png_profile_bomb": (profile_bomb, OPENS),
    "png_broken_profile": (lambda: png_with(png_chunk(b"iCCP", b"x\0\0" + zlib.compress(b"acsp" * 99))), OPENS),
    "png_exif_bomb": (lambda: png_with(png_chunk(b"eXIf", exif_of_overlapping_values(3000, 2**20))), OPENS),
    "png_lying_animation": (png_lying_animation, OPENS),
    "png_two_headers": (
        lambda: png_with(png_chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 6, 0, 0, 0))),
        "too_many_pixels",
    ),
    "png_late_header": (
        lambda: png(
            32,
            32,
            8,
            0,
            bytes(33 * 32),
            after=png_chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 6, 0, 0, 0)),
        ),
        OPENS,
    ),
    "png_few_rows": (lambda: png(64, 64, 8, 2, bytes(193 * 20)), OPENS),
    "png_broken_pixels": (
        lambda: png(64, 64, 8, 2, b"").replace(zlib.compress(b"", 1), b"\x78\x01\xff\xff\xff\xff\xff\xff"),
        "picture_damaged",
    ),
    "png_no_palette": (lambda: png(32, 32, 8, 3, bytes(33 * 32)), "picture_damaged"),
    "png_bad_colour_type": (lambda: png(32, 32, 3, 7, bytes(33 * 32)), "picture_damaged"),
    "jpeg_exif_bomb": (jpeg_exif_bomb, OPENS),
    "jpeg_endless_comments": (lambda: jpeg_with(*[(0xFE, b"x" * 60_000)] * 400), OPENS),
    "jpeg_profile_of_15_mb": (lambda: jpeg_with(*jpeg_profile_parts(bytes(15_000_000))), OPENS),
    "jpeg_broken_profile": (lambda: jpeg_with(*jpeg_profile_parts(srgb_profile()[:200] + bytes(99))), OPENS),
    "jpeg_500_scans": (jpeg_of_many_scans, "picture_damaged"),
    "gif_20000_frames": (lambda: gif_of_frames(20_000), OPENS),
    "gif_comments": (lambda: gif_with_comments(25), OPENS),
    "webp_300_frames": (lambda: webp_of_frames(300), OPENS),
    "webp_wrong_canvas": (lambda: webp_of_canvas(6000, 6000), "picture_damaged"),
    "bmp_no_pixels": (lambda: bmp(6000, 6000, 24, 0, b""), "picture_truncated"),
    "bmp_run_lengths": (lambda: bmp(6000, 6000, 8, 1, b"\x01\x05" * 1_000_000, 256), "picture_damaged"),
    "bmp_endless_run_lengths": (lambda: bmp(6000, 6000, 4, 2, b"\0\3\x12\x30" * 7_000_000, 16), "picture_damaged"),
    "bmp_many_colours": (
        lambda: bmp(64, 64, 8, 0, bytes(64 * 64), 0)[:46] + b"\xff" * 4 + bytes(9),
        "picture_truncated",
    ),
    "bmp_masks_with_gaps": (
        lambda: bmp(64, 64, 16, 3, struct.pack("<III", 0xF0F0, 15, 0) + bytes(9000)),
        "picture_damaged",
    ),
    "tiff_overlapping_tags": (tiff_of_overlapping_tags, OPENS),
    "tiff_endless_private_tag": (lambda: tiff_with_count(40_000, 2**32 - 1), OPENS),
    "tiff_endless_strips": (lambda: tiff_with_count(273, 2**32 - 1), "picture_damaged"),
    "tiff_endless_bits": (lambda: tiff_with_count(258, 2**31), "picture_damaged"),
    "tiff_huge_tile": (tiff_huge_tile, "picture_damaged"),
    "tiff_million_tiles": (tiff_million_tiles, "picture_damaged"),
    "tiff_300_pages": (lambda: tiff_of_pages(300), OPENS),
    "tiff_page_loop": (tiff_page_loop, OPENS),
    "tiff_65535_samples": (lambda: tiff(tiff_tags(32, 32, [8], 1, t277=[65_535]), bytes(4096)), "picture_damaged"),
    "tiff_64_bits": (lambda: tiff(tiff_tags(32, 32, [64], 1), bytes(32 * 32 * 8)), "picture_damaged"),
    "tiff_lzma": (lambda: tiff(tiff_tags(32, 32, [8], 1, 34_925), bytes(99)), "picture_damaged"),
    "tiff_rows_per_strip": (lambda: tiff(tiff_tags(32, 32, [8], 1, t278=[2**32 - 1]), bytes(1024)), OPENS),
    # As large as is accepted, or a quarter of it
    "quarter_png_grey_16": (lambda: large_png(QUARTER, 16, 0, 1, png_chunk(b"tRNS", b"\0\0")), OPENS),
    "large_png_rgba_16": (lambda: large_png(LARGE, 16, 6, 4), OPENS),
    "quarter_png_profile": (
        lambda: large_png(QUARTER, 8, 6, 4, png_chunk(b"iCCP", b"s\0\0" + zlib.compress(srgb_profile()))),
        OPENS,
    ),
    "quarter_jpeg": (
        lambda: quarter("RGB", "JPEG", progressive=True, subsampling=0, icc_profile=srgb_profile()),
        OPENS,
    ),
    "quarter_jpeg_cmyk": (lambda: quarter("CMYK", "JPEG", progressive=True), OPENS),
    "large_jpeg_100": (lambda: encoded(Image.new("RGB", (10_000, 10_000), "teal"), "JPEG", quality=40), OPENS),
    "quarter_png_display_p3": (lambda: large_png(QUARTER, 8, 2, 3, png_chunk(b"cICP", b"\x0c\x10\0\1")), OPENS),
    "quarter_avif": (lambda: quarter("RGB", "AVIF", speed=10), OPENS),
    "quarter_tga": (lambda: quarter("RGBA", "TGA", (9, 9, 9, 99), compression="tga_rle"), OPENS),
    "quarter_webp": (lambda: quarter("RGB", "WEBP", method=0), OPENS),
    "quarter_webp_lossless": (
        lambda: quarter("RGBA", "WEBP", (9, 9, 9, 99), lossless=True, method=0, quality=0),
        OPENS,
    ),
    "quarter_gif": (lambda: quarter("P", "GIF", transparency=0), OPENS),
    "quarter_bmp_run_lengths": (
        lambda: bmp(*QUARTER, 8, 1, (b"\xff\1" * 12 + b"\x8c\1" + b"\0\0") * QUARTER[1] + b"\0\1", 256),
        OPENS,
    ),
    "quarter_tiff_rgba_16": (lambda: quarter_tiff([16, 16, 16, 16], 2, t338=[2]), OPENS),
    "quarter_tiff_float": (lambda: quarter_tiff([32], 1, t339=[3]), OPENS),
    "quarter_tiff_lab": (lambda: quarter_tiff([8, 8, 8], 8), OPENS),
    "quarter_tiff_turned": (lambda: quarter_tiff([8, 8, 8], 2, t274=[6]), OPENS),
}
