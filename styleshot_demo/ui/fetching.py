"""A download that a person has asked for, as it is shown on the page."""

from collections.abc import Generator, Sequence
from contextlib import closing

from styleshot_demo.models import hub
from styleshot_demo.settings import Settings
from styleshot_demo.ui import widgets
from styleshot_demo.ui.words import tr


def shown(names: Sequence[str], settings: Settings) -> Generator[str, None, None]:
    """Fetches models one after another; yields the progress as HTML, and nothing more once they are here.

    Closing it stops the download. Raises the hub's `Problem`s.
    """
    yield widgets.progress(0, tr("checking"))
    for name in names:
        with closing(hub.fetching(name, settings)) as steps:
            for step in steps:
                done, size, rate = (hub.readable(count) for count in (step.done, step.bytes, step.rate))
                yield widgets.progress(step.fraction, tr("fetching", file=step.file, done=done, size=size, rate=rate))


def allowed(settings: Settings) -> bool:
    """Whether anything may be fetched at all; how the network is remains to be seen."""
    from huggingface_hub import constants

    return not (settings.offline or constants.HF_HUB_OFFLINE)
