"""The networks' files, and OpenCV to run them.

A network is read anew for each picture: that takes a moment, two threads never share one, and nothing stays in memory.
Only where that moment counts, `load_cached` keeps one.
Where they come from: `assets/bring_helpers.py`; whose they are: `assets/CREDITS.md`.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from styleshot_demo.errors import Problem
from styleshot_demo.settings import ASSETS

FOLDER = ASSETS / "weights" / "helpers"
SUBJECT = "u2netp.onnx"
PERSON = "selfie_segmentation.tflite"
FACES = "face_detection_short_range.tflite"
ENLARGE = "realesr_animevideov3.safetensors"


def load(name: str) -> Any:
    """A `cv2.dnn.Net` from a file of `FOLDER`; `Problem` weights_broken where it is lost or damaged."""
    path = FOLDER / name
    read = cv2.dnn.readNetFromONNX if path.suffix == ".onnx" else cv2.dnn.readNetFromTFLite
    try:
        # From bytes: OpenCV cannot open every path that Python can.
        return read(np.frombuffer(path.read_bytes(), np.uint8))
    except (OSError, cv2.error) as error:
        raise Problem("weights_broken", model=Path(name).stem) from error


_idle: dict[Path, Any] = {}
_changing = threading.Lock()


@contextmanager
def load_cached(name: str) -> Iterator[Any]:
    """`load`, of a network that stays for the next picture, with the memory for the largest input that it got.

    Who asks while it is in use gets another one. One that fails is not kept.
    """
    path = FOLDER / name
    with _changing:
        network = _idle.pop(path, None)
    if network is None:
        network = load(name)
    yield network
    with _changing:
        _idle[path] = network


@contextmanager
def many_threads() -> Iterator[None]:
    """As many threads for a large network as torch has; our programs give OpenCV one (`process.begin`)."""
    import torch

    before = cv2.getNumThreads()
    cv2.setNumThreads(torch.get_num_threads())
    try:
        yield
    finally:
        cv2.setNumThreads(before)
