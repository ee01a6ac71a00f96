"""Style transfer: StyleShot on Stable Diffusion 1.5 beside classical neural style transfer."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from styleshot_demo.jobs import ClassicalJob, EnlargeJob, ImageJob, TextJob
    from styleshot_demo.settings import Settings
    from styleshot_demo.studio import Studio

__version__ = "0.1.0"
__all__ = ["ClassicalJob", "EnlargeJob", "ImageJob", "Settings", "Studio", "TextJob", "__version__"]
_HOMES = {"Settings": "settings", "Studio": "studio"}  # of the other names: jobs


def __getattr__(name: str) -> Any:
    """Imports what is asked for, and not before: the command line is first to see to it that it can be stopped."""
    if name in __all__:
        return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'jobs')}"), name)
    if name in ("jobs", *_HOMES.values()):
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
