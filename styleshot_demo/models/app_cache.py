"""Where this program's own files lie, apart from the models that it shares with others: converted weights, hashes.

That is the cache folder of this user, by the rules of the platform: `~/.cache/styleshot_demo` on Linux, or what
`XDG_CACHE_HOME` says. Nothing there is needed: what is lost is made again.
"""

import contextlib
from pathlib import Path

from styleshot_demo.models.hashes import HashRecord
from styleshot_demo.settings import Settings

NAME = "styleshot_demo"


def folders(settings: Settings) -> list[Path]:
    """Folders to write to, best first; they may not be there yet, nor let themselves be written to.

    The second one, the folder that `Settings.models` names, is for machines without a home that can be written to.
    """
    from platformdirs import user_cache_dir

    found = []
    # Where this user has no home, or Windows knows no folder for such things.
    with contextlib.suppress(OSError, RuntimeError, ValueError):
        cache = Path(user_cache_dir(NAME, appauthor=False))
        if cache.is_absolute():
            found.append(cache)
    return [*found, *([settings.models] if settings.models else [])]


def older(settings: Settings) -> list[Path]:
    """Folders that earlier versions of the program wrote to, beside the models; what is there is still used."""
    from huggingface_hub import constants

    return [*([settings.models] if settings.models else []), Path(constants.HF_HUB_CACHE)]


def record(settings: Settings) -> HashRecord:
    """The record of what was downloaded and hashed."""
    return HashRecord(*folders(settings), older=older(settings))
