"""Destinations of results, for the functions below the command line."""

import errno
import os

import numpy as np
import pytest
import torch
from PIL import Image

from styleshot_demo.destinations import NOT_WRITTEN, check_file, check_folder, check_new, make_folder, not_written
from styleshot_demo.errors import Problem
from styleshot_demo.formats import saving
from styleshot_demo.formats.saving import write_bytes


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
    assert key(check_file, tmp_path / "nowhere" / "new.png") == "cannot_write"
    assert key(check_file, tmp_path, (".png",)) == key(check_file, tmp_path) == "file_is_folder"
    (tmp_path / "link.png").symlink_to(tmp_path / "gone.png")
    assert key(check_file, tmp_path / "link.png") == "link_leads_nowhere"
    (tmp_path / "gone.png").touch()
    check_file(tmp_path / "link.png")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "x"), "no_space_left"),
        (OSError(errno.EDQUOT, "x"), "no_space_left"),
        (OSError(errno.EROFS, "x"), "disk_read_only"),
        (OSError(errno.EACCES, "x"), "cannot_write"),
        (TimeoutError(), "cannot_write"),
        (ValueError("a zero byte"), "cannot_write"),
    ],
)
def test_why_a_result_was_not_written(tmp_path, monkeypatch, error, said):
    assert not_written(error).key == said and said in NOT_WRITTEN

    def fails(*_):
        raise error

    monkeypatch.setattr(saving, "put", fails)
    assert key(write_bytes, b"x", tmp_path / "out.png") == said and not list(tmp_path.iterdir())


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
