"""The judges of what the composer paints. The network is SqueezeNet with random weights: its published ones are no part
of the program, and random features tell a few plain things and styles too."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from typer.testing import CliRunner

from styleshot_demo.cli.app import app
from styleshot_demo.compose import art
from styleshot_demo.errors import Problem
from styleshot_demo.evaluation.compose_judges import StyleJudge, ThingJudge
from styleshot_demo.evaluation.compose_painted import evaluate_painted
from styleshot_demo.evaluation.drawing_sets import DrawingSet
from styleshot_demo.research.squeezenet import SqueezeNet

STYLES = Path(__file__).parents[2] / "assets/styles"
NAMES = ("hammer", "red apple", "guitar", "sailboat", "ladder", "pizza", "cactus", "soccer ball")


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("judge") / "squeezenet1_1.pth"
    torch.save(torchvision.models.squeezenet1_1(weights=None).state_dict(), path)
    return path


@pytest.fixture(scope="module")
def judge(weights) -> SqueezeNet:
    return SqueezeNet(weights)


@pytest.fixture(scope="module")
def drawings(tmp_path_factory) -> Path:
    """The composer's own drawings as an Iconify set: with them the judges have to be right."""
    icons = {name.replace(" ", "-"): {"body": art.svg(name)} for name in NAMES}
    path = tmp_path_factory.mktemp("own") / "icons.json"
    path.write_text(json.dumps({"prefix": "own", "icons": icons, "width": 128, "height": 128}))
    return path


def test_names_aliases_and_mirrored_drawings_of_a_set(tmp_path) -> None:
    icons = {"crepe-mans-left": {"body": '<path d="M10 0h5v10h-5z" fill="red"/><path d="M15 5h5v5h-5z"/>', "left": 8}}
    aliases = {"right": {"parent": "crepe-mans-left", "hFlip": True}, "again": {"parent": "right", "hFlip": True}}
    path = tmp_path / "icons.json"
    path.write_text(json.dumps({"prefix": "small", "icons": icons, "aliases": aliases, "width": 20, "height": 20}))
    found = DrawingSet(path)
    assert found.title == "small" and "Crêpe: man's left" in found and "right" in found and "wrong" not in found
    drawn, mirrored, again = (np.asarray(found.draw(name, 40)) for name in ("crêpe mans left", "right", "again"))
    assert drawn.shape == (20, 20, 4)
    assert tuple(drawn[5, 5]) == (255, 0, 0, 255) and tuple(drawn[15, 15]) == (0, 0, 0, 255) and drawn[5, 15, 3] == 0
    np.testing.assert_array_equal(mirrored, drawn[:, ::-1])
    np.testing.assert_array_equal(again, drawn)


@pytest.mark.parametrize("text", ["", "no JSON", "[1]", '{"icons": {}}', '{"prefix": "a"}'])
def test_what_is_no_set_of_drawings_is_a_problem(tmp_path, text) -> None:
    (tmp_path / "icons.json").write_text(text)
    with pytest.raises(Problem) as caught:
        DrawingSet(tmp_path / "icons.json")
    assert caught.value.key == "drawings_unusable"


def test_a_thing_is_told_where_the_box_is(judge, drawings) -> None:
    things = ThingJudge(judge, [DrawingSet(drawings)], NAMES)
    picture = Image.new("RGB", (400, 220), (200, 120, 90))
    for name, left in (("guitar", 10), ("pizza", 220)):
        drawing = art.draw(name, 160)
        picture.paste(drawing, (left, 30), drawing)
    left, right = (10, 30, 170, 190), (220, 30, 380, 190)
    assert things.place("guitar", picture, left) == 0 and things.place("pizza", picture, right) == 0
    assert things.place("guitar", picture, right) > 0 and things.place("pizza", picture, left) > 0


def test_a_style_is_told_by_a_part_of_it(judge) -> None:
    pictures = [Image.open(STYLES / f"{name}.jpg").convert("RGB") for name in ("engraving", "batik", "pastel-chalk")]
    styles = StyleJudge(judge, pictures)
    assert [styles.style(one.crop((0, 0, one.width // 2, one.height // 2))) for one in pictures] == [0, 1, 2]


def test_what_is_composed_is_judged_and_so_is_its_sketch(judge, drawings, tmp_path) -> None:
    for name in ("engraving", "oil-impasto"):
        (tmp_path / f"{name}.jpg").symlink_to(STYLES / f"{name}.jpg")
    told = []
    figures = evaluate_painted(
        judge, [DrawingSet(drawings)], names=6, each=1, styles=tmp_path, on_picture=lambda *done: told.append(done)
    )
    thing, style = figures["right_thing"], figures["right_style"]
    assert told == [(1, 2), (2, 2)] and thing["of"] == style["of"] == 2 and thing["names"] == 6
    assert thing["chance"] == round(5 / 6, 4) and thing["sketch"] == 1 and len(thing["missed"]) <= 2
    assert style["painted"] == 1 and style["sketch"] == 0.5 and style["chance"] == 0.5
    assert style["styles"] == ["engraving", "oil-impasto"]


def test_half_a_judge_cannot_be_asked_for(weights, drawings, tmp_path) -> None:
    halves = (["--squeezenet", weights], ["--drawings", drawings], ["--paintings", tmp_path])
    for asked in halves:
        done = CliRunner().invoke(app, ["evaluate", "compose", *map(str, asked)])
        assert done.exit_code == 2 and "--squeezenet and --drawings" in done.stderr, asked
    (tmp_path / "icons.json").write_text("{}")
    done = CliRunner().invoke(
        app, ["evaluate", "compose", "--squeezenet", str(weights), "--drawings", str(tmp_path / "icons.json")]
    )
    assert done.exit_code == 2 and "no set of drawings" in done.stderr
