"""Destinations of results, for the functions below the command line."""

import os

import numpy as np
import pytest
import torch
from PIL import Image

from styleshot_demo.destinations import check_file, check_folder, check_new, make_folder
from styleshot_demo.errors import Problem


@pytest.fixture
def taken(tmp_path):
    (tmp_path / "taken").write_text("mine")
    yield tmp_path / "taken"
    assert (tmp_path / "taken").read_text() == "mine"


def key(call, *given, **named) -> str:
    with pytest.raises(Problem) as caught:
        call(*given, **named)
    assert os.sep not in str(caught.value), "no path leaks"
    return caught.value.key


def test_folders(tmp_path, taken):
    for folder in (taken, taken / "below", taken / "far" / "below"):
        for call in (check_folder, check_new, make_folder):
            assert key(call, folder) == "not_a_folder"
    assert key(make_folder, tmp_path / (300 * "x")) == "cannot_write"
    make_folder(tmp_path / "one" / "two")
    make_folder(tmp_path / "one" / "two")
    check_new(tmp_path / "one" / "two")
    assert key(check_new, tmp_path / "one") == "folder_not_empty"
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert key(make_folder, tmp_path / "link") == "not_a_folder"


def test_files(tmp_path, taken):
    check_file(tmp_path / "new.png", (".png",))
    check_file(taken)
    assert key(check_file, tmp_path / "new.tar", (".png",)) == "output_format"
    assert key(check_file, taken / "new.png") == "not_a_folder"
    assert key(check_file, tmp_path / (300 * "x")) == "name_too_long"
    for file in (tmp_path, tmp_path / "nowhere" / "new.png"):
        assert key(check_file, file) == "cannot_write"


def test_what_trains_and_measures_says_so_too(taken):
    from styleshot_demo.classical.weights import save
    from styleshot_demo.evaluation import sheets, small
    from styleshot_demo.training import single_network
    from styleshot_demo.training.small import pack, tokenizer, triplets

    picture = Image.new("RGB", (8, 8))
    model = torch.nn.Linear(1, 1)
    more = {"steps": 1, "rate": 1.0, "config": {}}
    assert key(single_network.train, model, lambda _: {}, out=taken / "run", **more) == "not_a_folder"
    assert key(save, model, taken / "weights.safetensors", {}) == "not_a_folder"
    assert key(tokenizer.write, ["a"], taken / "words") == "not_a_folder"
    assert key(small._save, taken / "sheets", "name", [[picture]]) == "not_a_folder"
    assert key(sheets.write, picture, taken / "sheet.png") == "cannot_write"
    emoji = taken.parent / "emoji"
    emoji.mkdir()
    (emoji / "metadata.jsonl").write_text("")
    assert key(pack.write, taken.parent, taken / "pack.zip") == "not_a_folder"
    empty = type("Pack", (), {"emoji_places": lambda self: np.array([], int), "picture_places": lambda *_: []})()
    assert key(triplets.write, empty, taken / "triplets.zip", None, things=0, photos=0) == "not_a_folder"
