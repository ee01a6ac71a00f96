"""Options that name an image classifier to compare pictures by, for training and for evaluation."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from styleshot_demo.cli.report import asked
from styleshot_demo.errors import Problem
from styleshot_demo.jobs import choice

if TYPE_CHECKING:
    from styleshot_demo.research.onnx_network import OnnxNetwork

Feed = Annotated[
    str, typer.Option(metavar="caffe|tf|torch", help="What that network takes: one of Keras' modes of preprocessing.")
]

Feeds = Annotated[
    list[str] | None,
    typer.Option(
        metavar="caffe|tf|torch",
        help="What the networks take: one of Keras' modes for all, or one for each in turn.",
        show_default="torch",
    ),
]


def opened(file: Path | None, feed: str) -> "OnnxNetwork | None":
    """The classifier in an ONNX file, if one is named."""
    return None if file is None else _opened(file, feed)


def all_opened(files: Sequence[Path], feeds: Sequence[str]) -> "list[OnnxNetwork]":
    """The classifiers in several ONNX files; `feeds` has one name for each of them, or one for all."""
    with asked():
        if len(feeds) not in (1, len(files)):
            raise Problem("feeds_differ", feeds=len(feeds), networks=len(files))
    return [_opened(file, feeds[place % len(feeds)]) for place, file in enumerate(files)]


def _opened(file: Path, feed: str) -> "OnnxNetwork":
    from styleshot_demo.research.onnx_network import FEEDS, OnnxNetwork

    with asked(str(file)):
        return OnnxNetwork(file, choice("network_feed", feed, tuple(FEEDS)))
