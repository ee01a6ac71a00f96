"""Models that are one network in one file."""

from pathlib import Path

from styleshot_demo.models import hub
from styleshot_demo.runners.weights.catalogue import WEIGHTS
from styleshot_demo.settings import Settings


def network_file(found: hub.FoundModel) -> Path:
    """The file that holds the weights of a model that is one network."""
    return next(path for path in found.files.values() if path.suffix in WEIGHTS)


def short_hash(found: hub.FoundModel, settings: Settings) -> dict[str, str]:
    """Name of such a model -> first 16 hex digits of the sha256 of its weights."""
    name, digests = network_file(found).name, hub.hashes(found, settings)
    return {found.model.name: next(digest[:16] for path, digest in digests.items() if path.endswith(name))}
