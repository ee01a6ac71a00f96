"""What lies in the boxes of a tab while its style gets other pictures."""

import pytest
from PIL import Image

from styleshot_demo.library import Library, beside
from styleshot_demo.ui.laid_style import LaidStyle


def picture(number: int) -> Image.Image:
    return Image.new("RGB", (24, 24), ((number * 60) % 256, 90, (number * 113) % 256))


@pytest.fixture
def library(tmp_path):
    return Library(tmp_path / "styles")


@pytest.fixture
def lay(tmp_path):
    """Files of a style's pictures as boxes hold them, with the weights of the sliders; 0: taken out."""

    def laid(entry, *weights):
        paths = []
        for number, (image, _) in enumerate(entry.used()):
            paths.append(str(tmp_path / f"box {number}.png"))
            image.save(paths[-1])
            beside.write(tmp_path / f"box {number}.png", image.info["kept"])
        return [(path, weight) for path, weight in zip(paths, weights, strict=True) if weight]

    return laid


def test_what_was_set_stays_and_what_is_new_weighs_as_in_the_style(library, lay):
    entry = library.save("A", [(picture(0), 1.0), (picture(1), 0.5)])
    laid = LaidStyle.found(library, lay(entry, 0.3, 0.5))
    assert laid is not None
    grown, token = library.extend(entry.key, [(picture(2), 0.25)])
    assert [weight for _, weight in laid.anew(grown)] == [0.3, 0.5, 0.25]
    # Back again, with another weight set meanwhile.
    laid = LaidStyle.found(library, lay(grown, 0.3, 0.9, 0.25))
    assert laid is not None
    assert [weight for _, weight in laid.anew(library.restore(token))] == [0.3, 0.9]


def test_sliders_that_nobody_moved_follow_the_style(library, lay):
    entry = library.save("A", [(picture(number), 1.0) for number in range(4)], use=[0, 1])
    laid = LaidStyle.found(library, lay(entry, 1.0, 1.0))
    assert laid is not None
    grown, _ = library.extend(entry.key, [(picture(7), 0.5)], use=[1, 4])
    assert [weight for _, weight in laid.anew(grown)] == [1.0, 0.5]


def test_what_was_taken_out_of_its_box_is_not_put_back(library, lay):
    entry = library.save("A", [(picture(number), 1.0) for number in range(3)])
    laid = LaidStyle.found(library, lay(entry, 0.4, 0, 1.0))
    assert laid is not None
    grown, _ = library.extend(entry.key, [(picture(3), 1.0)])
    found = laid.anew(grown)
    assert [weight for _, weight in found] == [0.4, 1.0, 1.0]
    assert [image.tobytes() for image, _ in found] == [picture(number).tobytes() for number in (0, 2, 3)]
    # A lone picture weighs what it weighs in the style, whatever its hidden slider says.
    laid = LaidStyle.found(library, lay(grown, 0, 0, 1.0, 0))
    assert laid is not None
    assert [weight for _, weight in laid.anew(grown)] == [1.0]
    # So it is too while the style is not there.
    paths, token = lay(grown, 0, 0, 0.3, 0), library.delete(grown.key)
    laid = LaidStyle.found(library, paths)
    assert laid is not None
    assert [image.tobytes() for image, _ in laid.anew(library.restore(token))] == [picture(2).tobytes()]


def test_the_same_picture_twice_stays_twice(library, lay):
    entry = library.save("A", [(picture(0), 1.0), (picture(1), 1.0), (picture(0), 0.5)])
    laid = LaidStyle.found(library, lay(entry, 1.0, 1.0, 0.5))
    assert laid is not None
    grown, _ = library.extend(entry.key, [(picture(3), 1.0)])
    assert len(laid.anew(grown)) == 4


def test_a_style_that_was_deleted_comes_back_as_it_was_set(library, lay):
    entry = library.save("A", [(picture(0), 1.0), (picture(1), 1.0)])
    paths, token = lay(entry, 1.0, 0.2), library.delete(entry.key)
    laid = LaidStyle.found(library, paths)
    assert laid is not None
    assert [weight for _, weight in laid.anew(library.restore(token))] == [1.0, 0.2]


def test_boxes_with_anything_else_are_left_alone(library, lay, tmp_path):
    entry = library.save("A", [(picture(0), 1.0), (picture(1), 1.0)])
    picture(5).save(tmp_path / "other.png")
    assert LaidStyle.found(library, [*lay(entry, 1.0, 1.0), (str(tmp_path / "other.png"), 1.0)]) is None
    assert LaidStyle.found(library, []) is None
