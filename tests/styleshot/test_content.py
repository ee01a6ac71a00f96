import numpy as np
import pytest
import torch
from PIL import Image

from styleshot_demo.styleshot import content


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """Random detectors through files; they only have to be sensitive to the picture."""
    from controlnet_aux.hed import ControlNetHED_Apache2
    from controlnet_aux.lineart import Generator

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("networks")
    torch.save(ControlNetHED_Apache2().state_dict(), folder / "hed.pth")
    torch.save(Generator(3, 1, 3).state_dict(), folder / "lineart.pth")
    return content.load_hed(folder / "hed.pth"), content.load_lineart(folder / "lineart.pth")


def noise(size):
    values = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(values)


@pytest.mark.parametrize("size", [(33, 50), (64, 64), (71, 17)])
def test_maps_keep_the_size_of_the_picture(networks, size):
    hed, lineart = networks
    assert content.contour(noise(size), hed).size == size
    assert content.lineart(noise(size), lineart).size == size


@pytest.mark.parametrize("mode", ["L", "RGBA", "P"])
def test_any_mode(networks, mode):
    picture = noise((40, 40)).convert(mode)
    assert content.contour(picture, networks[0]).mode == content.lineart(picture, networks[1]).mode == "RGB"


def test_threshold_and_growth(networks):
    hed, _ = networks
    picture = noise((48, 48))
    strength = (content.edges(picture, hed) * 255).astype(np.uint8)
    threshold = int(np.percentile(strength, 97))
    assert 0 < (strength > threshold).sum() < strength.size / 10
    lines = np.asarray(content.contour(picture, hed, threshold))[..., 0]
    assert set(np.unique(lines)) == {0, 255}
    for y, x in np.argwhere(lines):
        near = strength[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
        assert near.max() > threshold
    for y, x in np.argwhere(lines == 0):
        near = strength[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
        assert near.max() <= threshold
    assert not np.asarray(content.contour(picture, hed, 255)).any()


def test_half_precision_network(networks):
    hed, _ = networks
    picture = noise((40, 32))
    whole = content.edges(picture, hed)
    try:
        assert np.abs(content.edges(picture, hed.half()) - whole).max() < 0.02
    finally:
        hed.float()


@pytest.mark.parametrize(("size", "short"), [((640, 448), 256), ((300, 1111), 512), ((8, 900), 256), ((512, 512), 512)])
def test_sizes_are_multiples_of_8_near_the_aspect_ratio(size, short):
    resized = content.resize_to(Image.new("RGB", size), short)
    assert all(side % 8 == 0 for side in resized.size) and min(resized.size) == short
    assert max(resized.size) == pytest.approx(short * max(size) / min(size), abs=4)


def test_foreign_file_is_refused(tmp_path):
    torch.save({"some": torch.zeros(1)}, tmp_path / "hed.pth")
    with pytest.raises(RuntimeError, match="Missing key"):
        content.load_hed(tmp_path / "hed.pth")
