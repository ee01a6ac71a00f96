"""Options that name an image classifier to compare pictures by, for training and for evaluation."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from styleshot_demo.cli.report import asked
from styleshot_demo.jobs import choice

if TYPE_CHECKING:
    from styleshot_demo.training.onnx_network import OnnxNetwork

Feed = Annotated[
    str, typer.Option(metavar="caffe|tf|torch", help="What that network takes: one of Keras' modes of preprocessing.")
]


def opened(file: Path | None, feed: str) -> "OnnxNetwork | None":
    """The classifier in an ONNX file, if one is named."""
    if file is None:
        return None
    from styleshot_demo.training.onnx_network import FEEDS, OnnxNetwork

    with asked(str(file)):
        return OnnxNetwork(file, choice("network_feed", feed, tuple(FEEDS)))
