"""Settings of the program, read once from `STYLESHOT_*` variables; every default stands here."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from styleshot_demo import destinations
from styleshot_demo.errors import Problem

PACKAGE = Path(__file__).resolve().parent
# Weights, styles and art: inside the package where it was installed, beside it in a checkout.
ASSETS = PACKAGE / "assets" if (PACKAGE / "assets").is_dir() else PACKAGE.parent / "assets"
PRECISIONS = ("float32", "float16", "bfloat16")
PLACEMENTS = ("resident", "offload", "minimal")  # from the one that needs most memory to the one that needs least
MAX_PICTURE_MB = 30  # the picture gate opens no larger file, so neither can a host allow it


@dataclass(frozen=True)
class Settings:
    """What a host may choose. `Settings.from_environment()` reads the variables named on each line."""

    host: str = "127.0.0.1"  # STYLESHOT_HOST: address to listen on; 0.0.0.0 for every network
    port: int = 7860  # STYLESHOT_PORT
    device: str = "auto"  # STYLESHOT_DEVICE: auto, cpu, cuda, cuda:1, mps
    models: Path | None = None  # STYLESHOT_MODELS: folder with weights, in the hub's or the original demo's layout
    # STYLESHOT_CACHE_GB: for loaded models, GB in main memory and as much on each GPU; 0 means half of main memory, and
    # three quarters of what is free on a GPU
    cache_gb: float = 0.0
    provenance: bool = True  # STYLESHOT_PROVENANCE: write into each result how it was made
    offline: bool = False  # STYLESHOT_OFFLINE: never ask the network, not even when a person presses "fetch"
    max_upload_mb: int = MAX_PICTURE_MB  # STYLESHOT_MAX_UPLOAD_MB: 1 to 30
    max_pictures: int = 100  # STYLESHOT_MAX_PICTURES: that the page paints at once under "Many pictures", 1 to 1000
    placement: str = "auto"  # STYLESHOT_PLACEMENT: where StyleShot's weights lie: auto, resident, offload, minimal
    precision: str = "auto"  # STYLESHOT_PRECISION: what StyleShot computes in: auto, float32, float16, bfloat16
    # STYLESHOT_LIBRARY: folder of the styles that are kept, which a team may share; off: none are. By default that of
    # this user; none on a Space, whose visitors would all have the same one
    library: Path | None = field(default_factory=lambda: _own_styles())
    library_gb: float = 0.0  # STYLESHOT_LIBRARY_GB: that all of these may take; 0: as much as there is. On a Space 1
    # STYLESHOT_HISTORY: folder in which results are kept for those who made them, a folder for each browser; off: none
    # are. By default in the data folder of this user
    history: Path | None = field(default_factory=lambda: _data_folder("history"))
    history_gb: float = 2.0  # STYLESHOT_HISTORY_GB: that all of these may take; then the oldest go

    def __post_init__(self) -> None:
        """`Problem` bad_setting for a choice that there is not."""
        for name, choices in (("placement", PLACEMENTS), ("precision", PRECISIONS)):
            if getattr(self, name) not in ("auto", *choices):
                raise Problem("bad_setting", name=f"STYLESHOT_{name.upper()}", expected=", ".join(("auto", *choices)))
        for name in ("models", "library", "history"):
            if isinstance(getattr(self, name), str):
                object.__setattr__(self, name, Path(getattr(self, name)))

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Settings from the environment; `Problem` where a value cannot be used."""
        on_space = "SPACE_ID" in environ
        host = environ.get("STYLESHOT_HOST", "").strip().removeprefix("[").removesuffix("]")
        for name in ("HF_HUB_ETAG_TIMEOUT", "HF_HUB_DOWNLOAD_TIMEOUT"):  # the hub's library fails on them when imported
            if not re.fullmatch(r"\d{1,6}", environ.get(name, "10"), re.ASCII):
                raise Problem("bad_setting", name=name, expected="a whole number of seconds")
        return cls(
            host=host or ("0.0.0.0" if on_space else cls.host),
            port=_whole(environ, "STYLESHOT_PORT", cls.port, 1, 65535),
            device=_device(environ, "STYLESHOT_DEVICE", cls.device),
            models=_folder(environ, "STYLESHOT_MODELS"),
            cache_gb=_number(environ, "STYLESHOT_CACHE_GB", cls.cache_gb, 0, 4096),
            provenance=_switch(environ, "STYLESHOT_PROVENANCE", cls.provenance),
            offline=_switch(environ, "STYLESHOT_OFFLINE", cls.offline),
            max_upload_mb=_whole(environ, "STYLESHOT_MAX_UPLOAD_MB", cls.max_upload_mb, 1, MAX_PICTURE_MB),
            max_pictures=_whole(environ, "STYLESHOT_MAX_PICTURES", cls.max_pictures, 1, 1000),
            placement=_one_of(environ, "STYLESHOT_PLACEMENT", cls.placement, ("auto", *PLACEMENTS)),
            precision=_one_of(environ, "STYLESHOT_PRECISION", cls.precision, ("auto", *PRECISIONS)),
            library=_folder_or_off(environ, "STYLESHOT_LIBRARY", None if on_space else _own_styles()),
            library_gb=_number(environ, "STYLESHOT_LIBRARY_GB", 1.0 if on_space else cls.library_gb, 0, 4096),
            history=_folder_or_off(environ, "STYLESHOT_HISTORY", _data_folder("history")),
            history_gb=_number(environ, "STYLESHOT_HISTORY_GB", cls.history_gb, 0.05, 4096),
        )


def _folder_or_off(environ: Mapping[str, str], name: str, default: Path | None) -> Path | None:
    text = environ.get(name, "").strip()
    if not text:
        return default
    return None if text.lower() == "off" else _folder(environ, name)


def _own_styles() -> Path | None:
    return _data_folder("styles")


def _data_folder(name: str) -> Path | None:
    """A folder of this user's data, by the rules of the platform; None for a user without a home."""
    from platformdirs import user_data_dir

    try:
        folder = Path(user_data_dir("styleshot_demo", appauthor=False))
    except (OSError, RuntimeError, ValueError):
        return None
    return folder / name if folder.is_absolute() else None


def _number(environ: Mapping[str, str], name: str, default: float, low: float, high: float) -> float:
    text = environ.get(name, "").strip()
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise Problem("bad_setting", name=name, expected=f"a number between {low:g} and {high:g}")
    return value


def _whole(environ: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    value = _number(environ, name, default, low, high)
    if value != int(value):
        raise Problem("bad_setting", name=name, expected=f"a whole number between {low} and {high}")
    return int(value)


def _folder(environ: Mapping[str, str], name: str) -> Path | None:
    """A folder that may not be there yet, but could be."""
    text = environ.get(name)
    if not text:
        return None
    try:
        folder = Path(text).expanduser()
        destinations.check_place(folder)
    except (Problem, RuntimeError):  # `~someone` who is not known
        raise Problem("bad_setting", name=name, expected="the name of a folder") from None
    return folder


def _device(environ: Mapping[str, str], name: str, default: str) -> str:
    text = environ.get(name, "").strip().lower()
    if not text:
        return default
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d{1,3})?", text):
        raise Problem("bad_setting", name=name, expected="auto, cpu, cuda, cuda:1 (or another number) or mps")
    return text


def _one_of(environ: Mapping[str, str], name: str, default: str, choices: tuple[str, ...]) -> str:
    text = environ.get(name, "").strip().lower()
    if not text:
        return default
    if text not in choices:
        raise Problem("bad_setting", name=name, expected=", ".join(choices[:-1]) + f" or {choices[-1]}")
    return text


def _switch(environ: Mapping[str, str], name: str, default: bool) -> bool:
    text = environ.get(name, "").strip().lower()
    if not text:
        return default
    if text in {"1", "on", "true", "yes"}:
        return True
    if text in {"0", "off", "false", "no"}:
        return False
    raise Problem("bad_setting", name=name, expected="on or off")
