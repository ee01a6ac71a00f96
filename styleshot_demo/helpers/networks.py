"""The networks' files, and OpenCV to run them.

A network is read anew for each picture: that takes a moment, two threads never share one, and nothing stays in memory.
Where they come from: `assets/bring_helpers.py`; whose they are: `assets/CREDITS.md`.
"""

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
