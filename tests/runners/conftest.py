import pytest
from PIL import Image

from styleshot_demo import Settings, Studio


def gradient(width: int, height: int, turn: int = 0) -> Image.Image:
    """A picture in which every place differs, so that a shifted or mirrored result shows."""
    across = Image.linear_gradient("L").rotate(90).resize((width, height))
    down = Image.linear_gradient("L").resize((width, height))
    noise = Image.effect_noise((width, height), 60) if turn < 0 else across.transpose(Image.Transpose.ROTATE_180)
    bands = [across, down, noise.resize((width, height))]
    return Image.merge("RGB", bands[turn:] + bands[:turn])


@pytest.fixture(scope="session")
def picture():
    """`picture(width, height, turn)` makes a content or style picture; `turn` changes its colours."""
    return gradient


@pytest.fixture
def studio():
    return Studio(Settings(device="cpu"))
