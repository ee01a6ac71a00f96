"""Where people are: MediaPipe's selfie segmentation, around the faces that `faces` finds.

The network was made for one person before a camera: of pictures without people it makes something all the same, and
small people it overlooks. So it looks at the whole picture and at a part around each face, and of what it sees only
that counts which a face belongs to. Who turns their back is not found.
"""

from collections.abc import Sequence
from typing import cast

import cv2
import numpy as np
from PIL import Image

from styleshot_demo.helpers import networks
from styleshot_demo.helpers.faces import Face, faces
from styleshot_demo.helpers.masks import as_mask
from styleshot_demo.helpers.refining import refined
from styleshot_demo.images.ops import on_white

SIDE = 256  # pixels that the network sees, whatever the part's shape
CANVAS = 768  # longest side, pixels, of what the parts are put together on
AROUND = (3, 2, 3, 6)  # faces to the left, above, to the right and below the middle of one
MOST = 12  # faces that get a part of their own, the largest ones
SOFT = 0.2  # share of a part's side over which it ends, where the picture goes on
SEEN = 0.2  # least share of a person in a pixel


def person_mask(picture: Image.Image, found: Sequence[Face] | None = None) -> Image.Image | None:
    """How far each pixel belongs to a person, mode "L": 255 is a person. None where nobody is found.

    picture  of any mode; what is transparent counts as white
    found    its faces, where they are known already
    """
    found = faces(picture) if found is None else found
    if not found:
        return None
    pixels = np.asarray(on_white(picture))
    height, width = pixels.shape[:2]
    network = networks.load(networks.PERSON)
    scale = min(1.0, CANVAS / max(height, width))
    canvas = np.zeros((max(1, round(height * scale)), max(1, round(width * scale))), np.float32)
    for part in dict.fromkeys([(0, 0, width, height), *(_around(face, width, height) for face in found[:MOST])]):
        left, top, right, bottom = part
        seen = cv2.resize(pixels[top:bottom, left:right], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        network.setInput(cv2.dnn.blobFromImage(seen, 1 / 255))
        shares = network.forward()[0, 0] * _fading(part, width, height)
        # On the canvas at least one pixel, and never beyond it.
        x, y = round(left * scale), round(top * scale)
        wide = min(canvas.shape[1], max(x + 1, round(right * scale))) - x
        high = min(canvas.shape[0], max(y + 1, round(bottom * scale))) - y
        place = canvas[y : y + high, x : x + wide]
        np.maximum(place, cv2.resize(shares, (wide, high), interpolation=cv2.INTER_LINEAR), out=place)
    canvas *= _with_faces(canvas, found, scale)
    if not (canvas > 0.5).any():
        return None
    return as_mask(refined(canvas, pixels))


def _around(face: Face, width: int, height: int) -> tuple[int, int, int, int]:
    """The part of a picture that a person with this face may fill: left, top, right, bottom, pixels."""
    x, y = (face.box[0] + face.box[2]) / 2, (face.box[1] + face.box[3]) / 2
    left, above, right, below = (count * face.size for count in AROUND)
    return (
        max(0, int(x - left)),
        max(0, int(y - above)),
        min(width, int(x + right) + 1),
        min(height, int(y + below) + 1),
    )


def _fading(part: tuple[int, int, int, int], width: int, height: int) -> np.ndarray:
    """[SIDE, SIDE] in [0, 1]: 0 where a part ends but the picture does not, so that no edge of it shows."""
    left, top, right, bottom = part
    across, down = np.ones((2, SIDE), np.float32)
    ramp = np.linspace(0, 1, int(SOFT * SIDE), dtype=np.float32)
    for line, first, last in ((across, left > 0, right < width), (down, top > 0, bottom < height)):
        if first:
            line[: len(ramp)] = ramp
        if last:
            line[-len(ramp) :] = ramp[::-1]
    return np.minimum(down[:, None], across)


def _with_faces(canvas: np.ndarray, found: Sequence[Face], scale: float) -> np.ndarray:
    """1 where what was seen hangs together with a face, else 0: as `canvas`, float32."""
    count, labels = cv2.connectedComponents((canvas > SEEN).astype(np.uint8))
    labels = cast(np.ndarray, labels)  # of whole numbers, which its stubs do not say
    kept = np.zeros(count, np.float32)
    for face in found:
        left, top, right, bottom = (round(side * scale) for side in face.box)
        kept[np.unique(labels[top : bottom + 1, left : right + 1])] = 1
    kept[0] = 0  # where nobody is
    return kept[labels]
