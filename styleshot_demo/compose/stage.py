"""The ground plan of a place: where its horizon lies, and its shore. Backdrops and layout agree on it."""

import numpy as np

from styleshot_demo.compose.textures import smooth

# Row of the horizon, or of the far edge of the floor, as a share of the height.
HORIZON = {
    "meadow": 0.50, "mountains": 0.62, "forest": 0.60, "desert": 0.52, "beach": 0.40, "sea": 0.50, "under water": 0.78,
    "street": 0.66, "room": 0.66, "table": 0.56, "sky": 0.9, "space": 1.0, "snow": 0.52, "plain": 0.70,
    "white": 0.70,
}  # fmt: skip


def shore_edge(width: int, height: int, side: str) -> np.ndarray:
    """[W]: the rows where the headland by the sea begins, without its roughness."""
    x = np.arange(width, dtype=np.float32) / width
    x = x if side == "left" else 1 - x
    return (0.60 + 0.06 * x + 0.62 * smooth(x, 0.42, 1.02)) * height
