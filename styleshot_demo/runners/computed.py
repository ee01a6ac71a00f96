"""What was computed of a kept style picture, as its style file holds it: found by all that it depends on, and checked.

A stored value takes the place of a computed one to the byte or not at all: its key names the processor and the version
of torch, for another one rounds differently. What a file says is never believed for its shape: see `_READ`.
"""

import hashlib
from collections.abc import Callable, Hashable, Mapping
from functools import cache as once
from typing import TYPE_CHECKING, Any

from styleshot_demo.library.computed import WRITER, KeptPicture, Value, read
from styleshot_demo.runners.weights import TITLES
from styleshot_demo.runtime.cache import ModelCache
from styleshot_demo.runtime.storages import bytes_of

if TYPE_CHECKING:
    from torch import Tensor

    from styleshot_demo.classical.colour_clusters import ColourClusters
    from styleshot_demo.classical.statistics import Moments

KEPT_FILES = 8  # whose values are in memory
_ROUNDING = 1e-6  # share of the largest number
_COLOURS = 3


def key_of(device: str, *depends: Hashable) -> str:
    """The key of a value that was computed on `device` and depends on numbers, texts and tuples of these."""
    return hashlib.sha256(repr((_arithmetic(device), *depends)).encode()).hexdigest()[:32]


@once
def _arithmetic(device: str) -> str:
    """What decides how numbers are rounded."""
    import torch

    if device == "cpu":
        able = sorted(name for name, there in torch.cpu.get_capabilities().items() if there is True)
        return f"{torch.__version__} {torch.backends.cpu.get_cpu_capability()} {' '.join(able)}"
    name = torch.cuda.get_device_name(device) if device.startswith("cuda") else device
    return f"{torch.__version__} {name}"


def recall(cache: ModelCache, kept: KeptPicture, key: str) -> Value | None:
    """The tensors that the picture's style file holds under a key; they were looked at as `library.computed` does."""
    try:
        info = kept.path.stat()
    except OSError:
        return None
    place = ("computed", str(kept.path), info.st_mtime_ns, info.st_size)
    values = cache.recall(place)
    if values is None:
        values = read(kept.path)
        cache.remember(place, values, TITLES["computed"], KEPT_FILES, bytes_of)
    return values.get(key)


def keep(kept: KeptPicture, key: str, value: Value) -> None:
    """Lets the picture's style file hold tensors under a key, from the end of the run on."""
    WRITER.put(kept, key, value)


# Of the classical methods: the names that `CachedStyle` has for what it remembers -----------------------------------


def as_tensors(what: Hashable, value: Any) -> Value | None:
    """What a style file holds of a value of `CachedStyle`; None: nothing, as of strokes, large as pictures."""
    if what == "features":
        return {f"{layer}.{part}": number for layer, one in value.items() for part, number in _parts(one).items()}
    if what in ("colours", "oklab"):
        return _parts(value)
    if what == "clusters":
        return {"colours": value.colours, "shares": value.shares}
    return {"tones": value} if what == "tones" else None


def _parts(found: "Moments") -> "dict[str, Tensor]":
    return {"mean": found.mean, "covariance": found.covariance}


def from_tensors(what: Hashable, tensors: Value) -> Any:
    """The value of `CachedStyle` that a style file holds; None where these tensors can be none."""
    reader = _READ.get(what)
    try:
        return reader(tensors) if reader else None
    except (KeyError, ValueError, TypeError, IndexError, RuntimeError):
        return None


def is_kept(what: Hashable) -> bool:
    """Whether style files hold this value of `CachedStyle`."""
    return what in _READ


def _features(tensors: Value) -> "Mapping[str, Moments]":
    from styleshot_demo.classical.decoder import LAYERS
    from styleshot_demo.classical.features import WIDTHS

    return {
        layer: _moments({part: tensors[f"{layer}.{part}"] for part in ("mean", "covariance")}, WIDTHS[layer])
        for layer in LAYERS
    }


def _moments(tensors: Value, width: int) -> "Moments":
    """`ValueError` of what is no mean and covariance of vectors of so many features."""
    import torch

    from styleshot_demo.classical.statistics import Moments

    mean, covariance = tensors["mean"], tensors["covariance"]
    if mean.shape != (width,) or covariance.shape != (width, width) or mean.dtype != covariance.dtype:
        raise ValueError
    if mean.dtype not in (torch.float32, torch.float64) or not torch.equal(covariance, covariance.T):
        raise ValueError
    spread = torch.linalg.eigvalsh(covariance.double())
    if not float(spread[0]) >= -_ROUNDING * max(float(spread[-1]), _ROUNDING):  # also of what is not a number
        raise ValueError
    return Moments(mean, covariance)


def _colour_moments(tensors: Value) -> "Moments":
    return _moments(tensors, _COLOURS)


def _clusters(tensors: Value) -> "ColourClusters":
    import torch

    from styleshot_demo.classical.colour_clusters import CLUSTERS, ColourClusters

    colours, shares = tensors["colours"], tensors["shares"]
    count = len(shares)
    sound = shares.shape == (count,) and colours.shape == (count, _COLOURS) and 1 <= count <= CLUSTERS
    if not sound or {colours.dtype, shares.dtype} != {torch.float64} or float(colours.abs().max()) > 2:
        raise ValueError
    if float(shares.min()) < 0 or abs(float(shares.sum()) - 1) > _ROUNDING:
        raise ValueError
    return ColourClusters(colours, shares)


def _tones(tensors: Value) -> "Tensor":
    import torch

    from styleshot_demo.classical.tones import TONES

    tones = tensors["tones"]
    if tones.shape != (TONES,) or tones.dtype != torch.float32 or not bool(((tones >= 0) & (tones <= 1)).all()):
        raise ValueError
    return tones


_READ: dict[Hashable, Callable[[Value], Any]] = {
    "features": _features, "colours": _colour_moments, "oklab": _colour_moments, "clusters": _clusters,
    "tones": _tones,
}  # fmt: skip
