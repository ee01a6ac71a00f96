"""The styles of a job as the classical methods read them: what was computed of one serves the next photo too."""

from collections.abc import Callable, Generator, Hashable, Iterator, Mapping, Sequence
from functools import cache as cache_once
from typing import TYPE_CHECKING, Any

from PIL import Image

from styleshot_demo import jobs, pictures
from styleshot_demo.events import Step
from styleshot_demo.images.ops import to_tensor
from styleshot_demo.library.computed import KeptPicture, count_of
from styleshot_demo.messages import Remark, remark
from styleshot_demo.plan import Plan
from styleshot_demo.runners import computed
from styleshot_demo.runners.weights import PAINTER, TITLES
from styleshot_demo.runtime.cache import ModelCache
from styleshot_demo.runtime.storages import bytes_of

if TYPE_CHECKING:
    import torch

    from styleshot_demo.classical.cached_style import CachedStyle, StyleCache
    from styleshot_demo.classical.fast import FastTransfer

    CachedStyles = list[tuple[CachedStyle, float]]

KEPT_STATISTICS = 1024  # four or five of each style, some 100 kB together
KEPT_STROKES = 8  # as large as the style is seen: 12 bytes a pixel


def style_cache(
    cache: ModelCache,
    digest: str,
    size: int,
    device: str,
    models: Mapping[str, str],
    picture: Image.Image | None = None,
) -> "StyleCache":
    """What was computed of one picture, seen at `size`, by the painter whose hashes are in `models`: in the cache.

    picture  the picture itself: of one that a style file holds, what is not in the cache is looked for and kept there
    """
    # Here, not above: `classical` takes as long to import as torch does.
    from styleshot_demo.classical.cached_style import StyleCache

    painter = tuple(models.get(name, "") for name in PAINTER)
    name = ("style", digest, size, device, *painter)
    kept: KeptPicture | None = None if picture is None else picture.info.get("kept")

    @cache_once
    def seen() -> str:
        """Of the pixels that are read: the same of a picture that the page has brought to size already."""
        assert picture is not None
        return pictures.digest(pictures.fit_longest(picture, size)) + group_of(picture)

    class SharedStyleCache(StyleCache):
        def get(self, what: Hashable) -> Any:
            found = cache.recall((*name, what))
            if found is not None or kept is None or not computed.is_kept(what):
                return found
            stored = computed.recall(cache, kept, self._key(what))
            found = None if stored is None else computed.from_tensors(what, stored)
            if found is not None:
                self._remember(what, found)
            return found

        def put(self, what: Hashable, value: Any) -> None:
            self._remember(what, value)
            tensors = None if kept is None else computed.as_tensors(what, value)
            if kept is not None and tensors is not None:
                computed.keep(kept, self._key(what), tensors)

        @staticmethod
        def _key(what: Hashable) -> str:
            return computed.key_of(device, "classical", seen(), painter, what)

        def _remember(self, what: Hashable, value: Any) -> None:
            strokes = isinstance(what, tuple) and what[0] == "strokes"
            title, most = (TITLES["strokes"], KEPT_STROKES) if strokes else (TITLES["styles"], KEPT_STATISTICS)
            cache.remember((*name, what), value, title, most, bytes_of)

    return SharedStyleCache()


def styles_of(
    cache: ModelCache,
    styles: Sequence[tuple[Image.Image, float]],
    size: int,
    device: str,
    models: Mapping[str, str],
) -> "CachedStyles":
    """The styles of a job, their longest side at `size` pixels; weights sum to 1. None is read before it has to be."""
    from styleshot_demo.classical.cached_style import CachedStyle

    def reader(picture: Image.Image) -> "Callable[[], torch.Tensor]":
        return lambda: to_tensor(pictures.fit_longest(picture, size), device)

    made = []
    for (picture, _), share in zip(styles, jobs.normalised_weights(styles), strict=True):
        digest = identity(picture)
        known = style_cache(cache, digest, size, device, models, picture=picture)
        group = members(picture, size, device)
        made.append((CachedStyle(reader(picture), known, digest, group, count_of(picture)), share))
    return made


def read_groups(
    styles: "CachedStyles",
    painter: "FastTransfer | None",
    wanted: Sequence[str] = (),
    begin: float = 0.0,
    end: float = 0.5,
) -> Generator[Step, None, float]:
    """Reads what styles of many pictures stand for, and says after each picture how far that is, between two fractions
    of the run; returns the last that was said, or `begin` where nothing had to be read.

    painter  None: what `colour` takes of a style
    wanted   as `CachedStyle.read_members`; empty: all that the painter takes
    """
    wanted = wanted or (("oklab",) if painter is None else ("features", "colours", "tones"))
    unread = [style for style, _ in styles if style.unread(wanted)]
    number, total = 0, sum(style.count for style in unread)
    for style in unread:
        for _ in style.read_members(wanted, None if painter is None else painter.style_moments):
            number += 1
            yield reading_step(number, total, begin, end)
    return end if number else begin


def reading_step(number: int, total: int, begin: float, end: float) -> Step:
    """That so many of all pictures of styles of many are read, between two fractions of the run."""
    return Step(begin + (end - begin) * number / total, remark("reading_style", number=number, total=total))


def group_of(picture: Image.Image) -> str:
    """By which the pictures are known that a picture of a kept style stands for; empty where it stands for itself."""
    kept: KeptPicture | None = picture.info.get("kept")
    return repr(kept.members) if kept and kept.members else ""


def told_of_groups(plan: "Plan[Any]") -> list[Remark]:
    """Whether a style of many pictures paints by all of them or by those alone that are most typical of it."""
    count, used = plan.style_pictures, len(plan.job.styles)
    if count == used:
        return []
    if plan.by_typical:
        return [remark("style_by_typical", count=count, used=used)]
    return [remark("style_by_all", count=count)]


def known_by(picture: Image.Image) -> str:
    """By which a style picture is known, with those that it stands for."""
    return pictures.digest(picture) + group_of(picture)


def identity(picture: Image.Image) -> str:
    """By which a style picture is told from others in memory. What a style file says of its pictures is for those who
    use that file: it may be wrong, and others may have the same picture from elsewhere."""
    kept: KeptPicture | None = picture.info.get("kept")
    return known_by(picture) + (str(kept.path) if kept else "")


def members(
    picture: Image.Image, size: int, device: str
) -> "Callable[[], Iterator[tuple[torch.Tensor, float]]] | None":
    """What `CachedStyle.members` is of a picture."""
    kept: KeptPicture | None = picture.info.get("kept")
    if kept is None or not kept.members:
        return None

    def opened() -> "Iterator[tuple[torch.Tensor, float]]":
        for image, share in kept.pictures():
            yield to_tensor(pictures.fit_longest(image, size), device), share

    return opened


def pictures_key(content: Image.Image, styles: "CachedStyles") -> tuple[Hashable, ...]:
    """What tells the pictures of one job, with their weights, from those of others."""
    return pictures.digest(content), tuple((style.digest, share) for style, share in styles)


def pixels_of(styles: "CachedStyles") -> "list[tuple[torch.Tensor, float]]":
    """The pictures themselves, [1, 3, H, W], with their weights."""
    return [(style.pixels, share) for style, share in styles]
