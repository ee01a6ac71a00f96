"""Whether a file of weights is all there."""

import os
from pathlib import Path

import torch
from safetensors.torch import save_file

from styleshot_demo.models.integrity import is_whole


def test_a_file_is_looked_at_again_when_it_has_changed(tmp_path) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"weight": torch.zeros(8)}, path)
    assert is_whole(path)
    path.write_bytes(path.read_bytes()[:-4])
    assert not is_whole(path)
    save_file({"weight": torch.zeros(9)}, path)
    assert is_whole(path)
    os.unlink(path)
    assert not is_whole(path)


def test_what_the_system_refuses_once_is_asked_again(tmp_path, monkeypatch) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"weight": torch.zeros(8)}, path)

    def refused(*_, **__):
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refused)
        assert not is_whole(path)
    assert is_whole(path)
