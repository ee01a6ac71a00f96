"""The content picture of the live map is opened once, however often the slider moves."""

import pytest
from PIL import Image

from styleshot_demo import pictures
from styleshot_demo.errors import Problem
from styleshot_demo.ui import lines


def test_a_picture_is_opened_again_only_for_another_path_or_size(tmp_path, picture, monkeypatch):
    path = tmp_path / "photo.png"
    picture.resize((400, 300)).save(path)
    opened = []
    real = pictures.open_picture
    monkeypatch.setattr(pictures, "open_picture", lambda source: opened.append(source) or real(source))
    first = lines.brought(str(path), 150, None)
    assert first[2].size == (200, 152) and first[1] == 152  # multiples of 8, as the job has them
    assert lines.brought(str(path), 150, first) is first
    assert len(opened) == 1
    assert lines.brought(str(path), 256, first)[2].size[1] == 256
    assert len(opened) == 2


def test_no_picture_gives_no_lines_and_a_bad_one_is_refused(tmp_path):
    assert lines.brought(None, 256, None) is None
    (tmp_path / "bad.png").write_bytes(b"no picture")
    with pytest.raises(Problem):
        lines.brought(str(tmp_path / "bad.png"), 256, None)


def test_a_map_is_shown_as_it_is():
    assert 'src="data:image/png;base64,' in lines._shown(Image.new("RGB", (8, 8)))
