"""How a picture was made: written into the file beside the pixels, and read back without trusting a byte of it.

PNG carries the record as JSON in a text chunk, JPEG, WebP and TIFF inside their XMP packet. All of them carry XMP with
the IPTC digital source type, by which other programs can tell that a model had a hand in the picture
(https://cv.iptc.org/newscodes/digitalsourcetype/).
"""

import importlib.metadata
import io
import json
import platform
import struct
import sys
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from PIL import Image

from styleshot_demo import __version__, containers, jobs, pictures
from styleshot_demo.errors import Problem

if TYPE_CHECKING:
    import numpy as np

FORMAT = 1  # of the record; raised when an older reader would misunderstand it
KEYWORD = "styleshot"  # of the PNG text chunk
MAX_RECORD = 32_768  # characters of JSON; twice a long prompt, and a JPEG's XMP has room for 65,502 bytes
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")  # of files that results can be saved as
QUALITY = 95  # of JPEG and WebP
LIBRARIES = (
    "pillow",
    "numpy",
    "torch",
    "diffusers",
    "transformers",
    "controlnet-aux",
    "opencv-python-headless",
    "resvg-py",
)

_MAX_ENTRIES = 100  # of a mapping or list
_MAX_NAME = 200  # characters of a key, a hash, a version
_MAX_TEXT = 8_000  # characters of a setting, such as a prompt
_MAX_GRID = 2000  # characters of what differs in a grid
_MAX_NUMBER = 2**53
_TERMS = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_OPEN, _CLOSE = "<styleshot:record>", "</styleshot:record>"

Setting = None | bool | int | float | str | list[Any]


@dataclass(frozen=True)
class Record:
    """What made a picture.

    settings  the job's `settings()`; "job" names its kind where it is not "classical"
    models    name -> first hex digits of the sha256 of the weights that were used
    seed      of this very picture, 0 to 2**31 - 1
    versions  of this program, Python and the libraries that were loaded
    format    of the record itself
    computed  what it was computed on: device ("cpu", "cuda", "mps"), precision, placement
    inputs    "content", "styles", "mask": file names of the pictures that went in, or None; "content_sha256",
              "style_sha256", "mask_sha256": first hex digits of the sha256 of their pixels; "style_pictures": where
              styles of many took part, of how many pictures each of "styles" is the mean, itself among them
    """

    settings: Mapping[str, Setting]
    models: Mapping[str, str]
    seed: int
    versions: Mapping[str, str] = field(default_factory=dict)
    format: int = FORMAT
    computed: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, Setting] = field(default_factory=dict)

    @property
    def job(self) -> str:
        """The kind of job: "classical", "text", "image" or "enlarge"."""
        return str(self.settings.get("job", "classical"))


def record(settings: Mapping[str, Any], models: Mapping[str, str], seed: int) -> Record:
    """A record of settings, with the versions of what is loaded now."""
    modules = {
        "pillow": "PIL",
        "controlnet-aux": "controlnet_aux",
        "opencv-python-headless": "cv2",
        "resvg-py": "resvg_py",
    }
    versions = {"styleshot_demo": __version__, "python": platform.python_version()}
    for name in LIBRARIES:
        if modules.get(name, name) in sys.modules:
            try:
                versions[name] = importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                continue
    return Record(dict(settings), dict(models), seed, versions)


def enlarged(made_by: Record, factor: int, models: Mapping[str, str]) -> Record | None:
    """The record of a picture after it was made `factor` times as large; `models` are those that did that.

    None where it would no longer be one that can be read: a record from a file may be as long as records get.
    """
    times = made_by.settings.get("enlarged", 1)
    settings = {**made_by.settings, "enlarged": factor * times if isinstance(times, int) else factor}
    again = record(settings, {**made_by.models, **models}, made_by.seed)
    again = replace(again, computed=made_by.computed, inputs=made_by.inputs)
    try:
        return _checked(_parse(_to_json(again).encode("ascii")))
    except (ValueError, TypeError, KeyError):
        return None


# Writing ------------------------------------------------------------------------------------------------------------


def write(
    image: Image.Image, destination: str | Path | BinaryIO, made_by: Record | None, deep: "np.ndarray | None" = None
) -> None:
    """Saves a result with its record, or with no metadata at all if that is None.

    image        RGB or RGBA; JPEG, which has no transparency, shows it on white
    destination  a path that ends in one of `SUFFIXES`, or a binary stream, which gets a PNG
    deep         the same in 16 bits a channel, [H, W, 3 or 4]: what PNG and TIFF get

    Raises `Problem`: output_format, cannot_write.
    """
    suffix = Path(destination).suffix.lower() if isinstance(destination, str | Path) else ".png"
    if suffix not in SUFFIXES:
        raise Problem("output_format", suffix=suffix[:20] or "nameless")
    if suffix == ".png":
        text, packet = None, None
        if made_by is not None:
            text, packet = {KEYWORD: _to_json(made_by)}, _xmp(made_by, "")
        pictures.save_png(image, destination, text, packet, deep)
        return
    bare = image.copy()
    bare.info = {}  # Pillow would write what the image carries along
    packet = None if made_by is None else _xmp(made_by, _OPEN + _to_json(made_by) + _CLOSE)
    if suffix in (".tif", ".tiff"):
        pictures.save_tiff(bare, destination, packet, deep)
        return
    extra = {} if packet is None else {"xmp": packet}
    encoded = io.BytesIO()
    if suffix == ".webp":
        bare.save(encoded, format="WEBP", quality=QUALITY, method=4, **extra)
    else:
        if bare.mode == "RGBA":
            paper = Image.new("RGBA", bare.size, "white")
            bare = Image.alpha_composite(paper, bare)
        bare.convert("RGB").save(encoded, format="JPEG", quality=QUALITY, subsampling=0, **extra)
    pictures.write_bytes(encoded.getvalue(), destination)


def source_type(made_by: Record) -> str:
    """The IPTC digital source type, a URL, of a picture that was made so."""
    if made_by.job == "text" and made_by.settings.get("model") != "composer":
        return _TERMS + "trainedAlgorithmicMedia"
    alone = not {"enlarged", "grid"} & made_by.settings.keys()  # other cells of a grid may be made otherwise
    if made_by.settings.get("method") == "colour" and alone:
        return _TERMS + "algorithmicallyEnhanced"  # arithmetic on the colours of a photo; nothing was learnt
    if made_by.settings.get("method") == "patches" and alone:
        return _TERMS + "composite"
    return _TERMS + "compositeWithTrainedAlgorithmicMedia"


def _to_json(made_by: Record) -> str:
    """ASCII JSON without <, > and &, so that it can stand inside XML as it is."""
    text = json.dumps(asdict(made_by), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    if len(text) > MAX_RECORD:
        raise ValueError("the settings are too long to be stored")
    return text


def _xmp(made_by: Record, inner: str) -> bytes:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        ' xmlns:styleshot="urn:styleshot_demo:record#">'
        f"<xmp:CreatorTool>styleshot_demo {__version__}</xmp:CreatorTool>"
        f"<Iptc4xmpExt:DigitalSourceType>{source_type(made_by)}</Iptc4xmpExt:DigitalSourceType>"
        f"{inner}</rdf:Description></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="w"?>'
    ).encode()


# Reading ------------------------------------------------------------------------------------------------------------


def read(source: str | Path | bytes | BinaryIO) -> Record:
    """The record in a PNG, JPEG, WebP or TIFF file; the pixels are not looked at.

    Raises `Problem`: no_provenance where there is none, provenance_unusable where it is damaged, hostile or of a
    later format, those of `pictures.read_bytes`, and of a file that is no picture or of a refused kind what
    `pictures.open_picture` says of it. Keys that are not known are ignored.
    """
    data = pictures.read_bytes(source)
    text = _find(data)
    if text is None:
        containers.kind_of(data)  # which raises, where it is none that could say anything
        raise Problem("no_provenance")
    return parse(text)


def parse(text: str | bytes) -> Record:
    """A record from its JSON, in ASCII, wherever that comes from; `Problem` provenance_unusable, as `read`."""
    try:
        text = text.encode("ascii") if isinstance(text, str) else text
        return _checked(_parse(text))
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Problem("provenance_unusable") from None


def _find(data: bytes) -> bytes | None:
    """The record's JSON as it stands in the file, or None. XML is searched, never parsed."""
    packet = None
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return _find_in_png(data)
        if data.startswith(b"\xff\xd8\xff"):
            for marker, start, end in pictures.jpeg_segments(data):
                if marker == 0xE1 and data.startswith(pictures.JPEG_XMP, start):
                    packet = data[start:end]
        elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            for kind, start, end in pictures.riff_chunks(data):
                if kind == b"XMP ":
                    packet = data[start:end]
        elif data.startswith(b"II*\0"):  # as we write it
            packet = data
    except (struct.error, IndexError, Problem):
        raise Problem("no_provenance") from None
    if packet is None:
        return None
    start = packet.find(_OPEN.encode())
    end = packet.find(_CLOSE.encode(), start)
    return packet[start + len(_OPEN) : end] if 0 <= start < end else None


def _find_in_png(data: bytes) -> bytes | None:
    keyword = KEYWORD.encode() + b"\0"
    for kind, start, end in pictures.png_chunks(data):
        if not data.startswith(keyword, start, end):
            continue
        content = start + len(keyword)
        if kind == b"tEXt":
            return data[content:end]
        if kind == b"zTXt":  # not as we write it, but as programs that make files smaller do
            return pictures.inflate(data[content + 1 : end], MAX_RECORD) or b""
    return None


def _parse(text: bytes) -> Any:
    if len(text) > MAX_RECORD:
        raise ValueError

    def refuse(name: str) -> Any:
        raise ValueError(name)

    return json.loads(text.decode("ascii"), parse_constant=refuse)


def _checked(value: Any) -> Record:
    """A record whose every part has the right type and size; raises ValueError, TypeError or KeyError otherwise."""
    if not isinstance(value, dict) or type(value["format"]) is not int or value["format"] != FORMAT:
        raise ValueError
    seed = value["seed"]
    if type(seed) is not int or not 0 <= seed <= jobs.MAX_SEED:
        raise ValueError
    return Record(
        settings=_mapping(value["settings"], _setting),
        models=_mapping(value.get("models", {}), _name),
        seed=seed,
        versions=_mapping(value.get("versions", {}), _name),
        computed=_mapping(value.get("computed", {}), _name),
        inputs=_mapping(value.get("inputs", {}), _setting),
    )


def _mapping(value: Any, check: Callable[[Any], Any]) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) > _MAX_ENTRIES:
        raise ValueError
    return {_name(key): check(part) for key, part in value.items()}


def _name(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _MAX_NAME or not value.isprintable():
        raise ValueError
    return value


def _setting(value: Any, nested: bool = False) -> Setting:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        if not abs(value) <= _MAX_NUMBER:  # so that NaN fails too
            raise ValueError
        return value
    if isinstance(value, str):
        # Not `isprintable`: that refuses the wide space of Chinese text and the joiner inside emoji.
        if len(value) > _MAX_TEXT or any(unicodedata.category(sign) in ("Cc", "Cs") and sign != "\n" for sign in value):
            raise ValueError
        return value
    if isinstance(value, list) and not nested and len(value) <= _MAX_ENTRIES:
        return [_setting(part, nested=True) for part in value]
    raise ValueError


def with_grid(made_by: Record, words: str, models: Mapping[str, str]) -> Record:
    """What a sheet of several pictures says: how one of them was made, the models of all, and what differs, such as
    "strength=0.2,0.6"; of very many long names the first."""
    return replace(made_by, settings={**made_by.settings, "grid": words[:_MAX_GRID]}, models=dict(models))


# From a record back to a job ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Restored:
    """What a record can give to a new job.

    job            its kind, a key of `JOBS`
    settings       keyword arguments for the job class, all of them valid; pictures are not among them
    style_weights  the weights of the style pictures as they were given, in order; empty if they are not known
    inputs         as in `Record`
    dropped        names of settings whose value was not valid, or that no job of this kind has
    enlarged       how many times as large the picture was made afterwards; 1 where it was not
    scene          what was composed, as JSON text that nobody has checked, or None
    """

    job: str
    settings: dict[str, Any]
    style_weights: tuple[float, ...] = ()
    dropped: tuple[str, ...] = ()
    inputs: Mapping[str, Setting] = field(default_factory=dict)
    enlarged: int = 1
    scene: str | None = None


# In a record, but no settings: the kind of job, which strengths a strip of an earlier version shows, what differs on a
# sheet, after which step somebody stopped, how many times as large it was made afterwards, what the composer understood
# of the prompt.
DERIVED = {"job", "sweep", "grid", "stopped_at", "enlarged", "scene"}

# The kinds of job that a record can be turned into, each with what checks its fields: name -> check(name, value).
JOBS: dict[str, Mapping[str, Callable[[str, Any], Any]]] = {
    "classical": jobs.check_each(jobs.ClassicalJob),
    "text": jobs.check_each(jobs.TextJob),
    "image": jobs.check_each(jobs.ImageJob),
}


def restore(made_by: Record) -> Restored:
    """The settings of a record as arguments for a new job; `Problem` provenance_unusable for an unknown kind of job.

    Of a picture that was enlarged afterwards they are those of the picture before.
    """
    checks = JOBS.get(made_by.job)
    if checks is None:
        raise Problem("provenance_unusable")
    settings: dict[str, Any] = {}
    weights: tuple[float, ...] = ()
    dropped = []
    for name, value in {**made_by.settings, "seed": made_by.seed}.items():
        try:
            if name == "style_weights":
                weights = _weights(value)
            elif name not in DERIVED:
                settings[name] = checks[name](name, value)
        except (Problem, KeyError):
            dropped.append(name)
    times = made_by.settings.get("enlarged")
    times = times if type(times) is int and times > 1 else 1
    scene = made_by.settings.get("scene")
    scene = scene if isinstance(scene, str) else None
    return Restored(made_by.job, settings, weights, tuple(dropped), made_by.inputs, times, scene)


def _weights(value: Any) -> tuple[float, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= jobs.MAX_STYLES:
        raise KeyError
    return tuple(jobs.number("style_weights", weight, 0, 100) for weight in value)


def classical_settings(made_by: Record) -> dict[str, Any]:
    """Keyword arguments for `jobs.ClassicalJob` but its pictures; `restore` tells also what had to be dropped."""
    restored = restore(made_by)
    if restored.job != "classical":
        raise Problem("provenance_unusable")
    return restored.settings
