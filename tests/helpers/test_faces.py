"""Faces, in portraits and in groups, and none where there are none."""

import numpy as np
import pytest
from PIL import Image
from skimage import data

from styleshot_demo.errors import Problem
from styleshot_demo.helpers import networks
from styleshot_demo.helpers.faces import LANDMARKS, faces

FACE = (178, 72, 274, 178)  # of the astronaut, from the brows to the chin, as a person would draw it


def overlap(one, other) -> float:
    wide, high = (min(one[side + 2], other[side + 2]) - max(one[side], other[side]) for side in (0, 1))
    shared = max(wide, 0) * max(high, 0)
    sizes = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return shared / (sum(sizes) - shared)


@pytest.fixture(scope="module")
def astronaut() -> Image.Image:
    return Image.fromarray(data.astronaut())


def test_a_face_is_found_where_it_is(astronaut) -> None:
    (face,) = faces(astronaut)
    assert overlap(face.box, FACE) > 0.7 and 0.72 <= face.score <= 1
    right_eye, left_eye, nose, mouth, right_ear, left_ear = face.landmarks
    assert len(face.landmarks) == len(LANDMARKS)
    for found, place in ((right_eye, (206, 107)), (left_eye, (245, 107)), (nose, (224, 130)), (mouth, (225, 149))):
        assert np.hypot(*np.subtract(found, place)) < 8
    assert right_ear[0] < right_eye[0] < nose[0] < left_eye[0] < left_ear[0]  # the person's right


@pytest.mark.parametrize("name", ["coffee", "chelsea", "rocket"])
def test_no_face_is_made_up(name) -> None:
    assert faces(Image.fromarray(getattr(data, name)())) == []


def test_small_faces_of_a_group_are_found(astronaut) -> None:
    # Twelve people in a picture in which each face is a fortieth of the side.
    person = astronaut.crop((120, 20, 340, 300)).resize((110, 140), Image.Resampling.LANCZOS)
    group = Image.new("RGB", (1200, 800), (120, 130, 140))
    places = [(60 + 290 * column, 60 + 250 * row) for row in range(3) for column in range(4)]
    for place in places:
        group.paste(person, place)
    boxes = [face.box for face in faces(group)]
    assert len(boxes) == len(places)
    for left, top in places:
        there = [left + 29, top + 26, left + 77, top + 79]
        assert max(overlap(box, there) for box in boxes) > 0.5


def test_a_photo_of_a_camera_is_looked_at_as_a_smaller_one_and_boxes_are_its_own(astronaut) -> None:
    large = astronaut.resize((4096, 4096), Image.Resampling.BICUBIC)
    (face,) = faces(large)
    assert overlap([side / 8 for side in face.box], FACE) > 0.7
    x, y = face.landmarks[LANDMARKS.index("nose")]
    assert np.hypot(x / 8 - 224, y / 8 - 130) < 8


def test_a_face_that_a_large_photo_cuts_off_lies_within_it(astronaut) -> None:
    large = astronaut.crop((20, 0, 433, 165)).resize((3001, 1199), Image.Resampling.BICUBIC)
    (face,) = faces(large)
    left, top, right, bottom = face.box
    assert 0 <= left < right <= 3001 and 0 <= top < bottom <= 1199 and bottom > 1150


def test_the_largest_face_comes_first(astronaut) -> None:
    both = Image.new("RGB", (900, 512), "grey")
    both.paste(astronaut.resize((300, 300)), (560, 100))
    both.paste(astronaut, (0, 0))
    first, second = faces(both)
    assert first.size > second.size and first.box[2] < 512 < second.box[0]


def test_any_mode_and_the_same_each_time(astronaut) -> None:
    once = faces(astronaut)
    assert faces(astronaut) == once == faces(astronaut.convert("RGBA"))
    (grey,) = faces(astronaut.convert("L"))
    assert overlap(grey.box, FACE) > 0.6


def test_a_tiny_picture_has_no_face_and_no_error() -> None:
    assert faces(Image.new("RGB", (16, 160), "white")) == []


def test_lost_weights_are_named(astronaut, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(networks, "FOLDER", tmp_path)
    for content in (None, b"", b"no network"):
        if content is not None:
            (tmp_path / networks.FACES).write_bytes(content)
        with pytest.raises(Problem) as told:
            faces(astronaut)
        assert told.value.key == "weights_broken"
