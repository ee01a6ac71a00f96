"""The networks of the classical methods, lent by the cache."""

from collections.abc import Generator
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

from styleshot_demo.events import Step
from styleshot_demo.messages import remark
from styleshot_demo.models import hub
from styleshot_demo.runners.weights import network_file, short_hash
from styleshot_demo.runtime.cache import ModelCache
from styleshot_demo.settings import Settings

if TYPE_CHECKING:
    from styleshot_demo.classical.fast import FastTransfer


def borrow_fast(
    settings: Settings, cache: ModelCache, device: str, borrowed: ExitStack, models: dict[str, str]
) -> "FastTransfer":
    """The fast painter, lent until `borrowed` ends; the hashes of its weights are put into `models`."""
    encoder, decoder = hub.require("encoder", settings), hub.require("fast", settings)

    def load() -> Any:
        from styleshot_demo.classical.weights import load_fast

        return load_fast(network_file(encoder), network_file(decoder), device)

    models |= short_hash(encoder, settings) | short_hash(decoder, settings)
    return borrowed.enter_context(cache.acquire(("fast", device), load, name="fast", device=device))


def borrow_vgg(
    settings: Settings, cache: ModelCache, device: str, borrowed: ExitStack, models: dict[str, str]
) -> Generator[Step, None, Any]:
    """Reads all of its 575 MB for their hash, the first time: tells how far that is, and can be stopped."""
    from styleshot_demo.classical.vgg import load_vgg19

    vgg = hub.require("vgg19", settings)
    with closing(hub.hashing_files(vgg, settings)) as reading:
        for fraction in reading:
            yield Step(0.0, remark("reading_model", model=vgg.model.title, percent=int(100 * fraction)))
    models |= short_hash(vgg, settings)
    path = network_file(vgg)
    return borrowed.enter_context(
        cache.acquire(("vgg19", device), lambda: load_vgg19(path, device), name="vgg19", device=device)
    )
