"""Pictures that came from a browser: which ones there are, and what each result is called."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from styleshot_demo import names
from styleshot_demo.batch.listing import Item, targets_of


def uploaded(files: Iterable[tuple[Path, str]], ending: str) -> list[Item]:
    """(where it lies, its name or path below a folder) of each picture -> what is to be painted, in the same order.

    Names become such as every disk takes, and a folder that all of them lie in is left out, as `listed` leaves out the
    one that is named. What was chosen twice is taken once. `ending` of the results, with its dot.
    """
    once = dict.fromkeys((path, names.kept(name)) for path, name in files)
    inner = _inside([name for _, name in once])
    targets = targets_of(inner, ending)
    return [Item(path, name, target) for (path, _), name, target in zip(once, inner, targets, strict=True)]


def _inside(paths: Sequence[str]) -> list[str]:
    tops = {path.partition("/")[0] if "/" in path else "" for path in paths}
    if len(tops) != 1 or tops == {""}:
        return list(paths)
    return [path.partition("/")[2] for path in paths]
