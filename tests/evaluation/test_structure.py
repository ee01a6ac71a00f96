"""Which styles are told in grey: the figures, and that neither colour nor lightness counts."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data
from typer.testing import CliRunner

from styleshot_demo.cli.app import app
from styleshot_demo.evaluation.structure import evaluate_structure, grey

STYLES = Path(__file__).parents[2] / "assets/styles"


@pytest.fixture
def folders(tmp_path):
    contents, styles = tmp_path / "contents", tmp_path / "styles"
    contents.mkdir()
    styles.mkdir()
    Image.fromarray(data.chelsea()).save(contents / "cat.png")
    for name in ("risograph", "ink-wash"):
        Image.open(STYLES / f"{name}.jpg").resize((256, 256)).save(styles / f"{name}.png")
    return contents, styles


def test_a_style_is_told_by_its_structure(folders, tmp_path) -> None:
    figures = evaluate_structure(*folders, size=256, methods=("patches",), sheet=tmp_path / "sheet.png")
    assert figures["contents"] == 1 and figures["styles"] == 2
    assert figures["methods"]["patches"] == {"told": 1.0, "styles": ["ink-wash", "risograph"]}
    assert Image.open(tmp_path / "sheet.png").width > 700


def test_what_tells_has_neither_colour_nor_tone() -> None:
    light = np.tile(np.linspace(100, 130, 256), (64, 1))
    pale = Image.fromarray(np.stack([light, light * 0.5, light * 0.2], 2).astype(np.uint8))
    made = np.asarray(grey(pale))
    assert np.ptp(made, axis=2).max() == 0 and made.min() == 0 and made.max() == 255


def test_two_folders_at_once_are_refused(folders) -> None:
    contents, styles = map(str, folders)
    asked = ["evaluate", "classical", "--content", contents, "--structure", contents, "--style", styles]
    told = CliRunner().invoke(app, asked)
    assert told.exit_code == 2 and "More than one folder of contents" in told.stderr
