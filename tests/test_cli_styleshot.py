"""`text` and `image` from outside, on a tiny StyleShot in the published files' formats."""

import json

import pytest
import tiny_models
from PIL import Image
from styleshot import tiny
from typer.testing import CliRunner

from styleshot_demo import provenance
from styleshot_demo.cli.app import app


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return tiny_models.build(tmp_path_factory.mktemp("models"))


@pytest.fixture
def run(models, tmp_path, monkeypatch):
    monkeypatch.setenv("STYLESHOT_MODELS", str(models))
    monkeypatch.setenv("STYLESHOT_DEVICE", "cpu")
    monkeypatch.chdir(tmp_path)
    tiny.picture((60, 160, 90), (160, 128)).save("photo.png")
    tiny.picture((200, 40, 90), (128, 128)).save("style.png")
    return lambda *args: CliRunner().invoke(app, [str(arg) for arg in args])


def test_text_makes_numbered_files_that_say_how_they_were_made(run):
    done = run("text", "a red apple", "style.png", "-o", "out.png", "--count", 2, "--size", 128, "--steps", 1,
               "--seed", 5, "--json")  # fmt: skip
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["files"] == ["out-1.png", "out-2.png"] and told["seed"] == 5
    for number, file in enumerate(told["files"]):
        with Image.open(file) as image:
            assert image.size == (128, 128)
        record = provenance.read(file)
        assert record.settings["prompt"] == "a red apple" and record.seed == 5 + number
        assert record.settings["model"] == "styleshot"


def test_text_follows_a_sketch_or_says_why_not(run):
    common = ("style.png", "-o", "out.png", "--size", 128, "--steps", 1, "--follow-sketch")
    done = run("text", "a castle", *common, "--json")
    assert done.exit_code == 0, done.output
    settings = json.loads(done.stdout)["settings"]
    assert settings["follow_sketch"] is True and settings["model"] == "styleshot"
    done = run("text", "qxq", *common)
    assert done.exit_code == 1 and "there is no sketch to follow: qxq." in done.stderr


def test_an_image_has_the_photos_shape_and_a_mask_says_where_it_is_painted(run):
    mask = Image.new("L", (160, 128))
    mask.paste(255, (0, 0, 80, 128))
    mask.save("mask.png")
    done = run("image", "photo.png", "style.png", "-o", "out.png", "--size", 128, "--steps", 1, "--mask", "mask.png",
               "--threshold", 90, "--json")  # fmt: skip
    assert done.exit_code == 0, done.output
    settings = json.loads(done.stdout)["settings"]
    assert (settings["region"], settings["threshold"]) == ("mask", 90)
    right = (80, 0, 160, 128)
    with Image.open("out.png") as made, Image.open("photo.png") as photo:
        assert made.size == (160, 128)
        assert made.crop(right).tobytes() == photo.crop(right).tobytes() and made.tobytes() != photo.tobytes()


@pytest.mark.parametrize(
    "wrong",
    [
        ("text", "x", "style.png", "-o", "out.png", "--style-strength", 3),
        ("text", "x", "style.png", "-o", "out.txt"),
        ("text", "x", "style.png", "-o", "out.png", "--weight", 1, "--weight", 2),
        ("image", "photo.png", "style.png", "-o", "out.png", "--preprocessor", "depth"),
        ("image", "nothing.png", "style.png", "-o", "out.png"),
        ("image", "photo.png", "style.png", "-o", "photo.png"),
    ],
)
def test_what_cannot_be_asked_for_is_said_at_once(run, wrong):
    done = run(*wrong)
    assert done.exit_code == 2 and done.stdout == ""
    assert "Traceback" not in done.stderr and done.stderr.count("\n") == 1


def test_without_weights_it_says_which_are_missing(run, tmp_path, monkeypatch):
    monkeypatch.setenv("STYLESHOT_MODELS", str(tmp_path / "empty"))
    done = run("text", "x", "style.png", "-o", "out.png", "--model", "styleshot")
    assert done.exit_code == 1 and "GB" in done.stderr and not (tmp_path / "out.png").exists()


def test_convert_writes_a_folder_that_opens(run):
    from styleshot_demo.styleshot.pipeline import StyleShotPipeline

    done = run("models", "convert", "--to", "whole", "--preprocessor", "lineart")
    assert done.exit_code == 0 and done.stdout == "whole\n", done.output
    assert StyleShotPipeline.from_pretrained("whole").controlnet is not None
    assert run("models", "convert", "--to", "whole").exit_code == 2  # not empty any more
    assert run("models", "convert", "--to", "other", "--preprocessor", "depth").exit_code == 2


@pytest.mark.parametrize("prompt", ["three sailing boats at sunset", "日落时的三艘帆船"])
def test_without_weights_words_are_composed_and_the_scene_is_told(run, tmp_path, monkeypatch, prompt):
    monkeypatch.setenv("STYLESHOT_MODELS", str(tmp_path / "empty"))
    done = run("text", prompt, "style.png", "-o", "out.png", "--size", 256, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["settings"]["model"] == "composer"
    assert told["notes"] == ["Composed from Noto drawings and painted by Fast"]
    assert [(one["name"], one["count"]) for one in told["scene"]["things"]] == [("sailboat", 3)]
    with Image.open("out.png") as image:
        assert image.size == (256, 256)
    assert provenance.read("out.png").settings["scene"]


def test_the_composer_can_be_asked_for_and_says_what_it_does_not_know(run):
    done = run("text", "a castle and a zeppeliner", "style.png", "-o", "out.png", "--model", "composer", "--size", 256)
    assert done.exit_code == 0 and "Not known here: zeppeliner" in done.stderr
    done = run("text", "qxq", "style.png", "-o", "none.png", "--model", "composer")
    assert done.exit_code == 1 and "The composer does not know what this is: qxq." in done.stderr
    assert run("image", "photo.png", "style.png", "-o", "none.png", "--model", "composer").exit_code == 2
