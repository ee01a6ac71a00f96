"""Figures of faces: what keeps them, against what paints over them."""

import json

import numpy as np
import pytest
from PIL import Image
from skimage import data
from typer.testing import CliRunner

from styleshot_demo.cli.app import app
from styleshot_demo.evaluation.portraits import figures, overlap
from styleshot_demo.helpers.faces import faces


@pytest.fixture(scope="module")
def portrait() -> Image.Image:
    return Image.fromarray(data.astronaut())


def test_a_face_that_stays_and_one_that_goes(portrait) -> None:
    found = faces(portrait)
    (same,) = figures(portrait, found, portrait)
    assert same == {"edge_f1": 1.0, "found": 1.0, "shift": 0.0, "skin": 0.0}
    green = Image.merge("RGB", [portrait.getchannel(0).point(lambda value: value // 2), *portrait.split()[:2]])
    (turned,) = figures(portrait, found, green)
    assert turned["skin"] > 45
    (gone,) = figures(portrait, found, Image.new("RGB", portrait.size, "grey"))
    assert gone["found"] == 0 and np.isnan(gone["shift"]) and gone["edge_f1"] == 0


def test_how_much_boxes_overlap() -> None:
    assert overlap((0, 0, 2, 2), (0, 0, 2, 2)) == pytest.approx(1)
    assert overlap((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 1, 1), (2, 2, 3, 3)) == 0


def test_from_the_shell_with_a_sheet(portrait, tmp_path) -> None:
    for folder in ("portraits", "styles"):
        (tmp_path / folder).mkdir()
    portrait.save(tmp_path / "portraits/one.png")
    Image.effect_noise((300, 300), 60).save(tmp_path / "portraits/nobody.png")
    stripes = np.indices((256, 256)).sum(0) // 6 % 2
    Image.fromarray((stripes[..., None] * [40, 200, 60]).astype(np.uint8)).save(tmp_path / "styles/stripes.png")
    sheet = tmp_path / "sheet.jpg"
    asked = ["evaluate", "classical", "--portraits", tmp_path / "portraits", "--style", tmp_path / "styles"]
    done = CliRunner().invoke(app, [*map(str, asked), "--size", "320", "--sheet", str(sheet), "--json"])
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["portraits"], told["faces"], told["styles"]) == (1, 1, 1)
    kept, painted = told["methods"]["fast"]["kept"], told["methods"]["fast"]["painted"]
    assert kept["edge_f1"] > painted["edge_f1"] and kept["skin"] < painted["skin"]
    assert Image.open(sheet).width > 4 * 100
