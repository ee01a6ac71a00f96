import numpy as np
import pytest
from classifiers import save_microast, save_onnx
from PIL import Image

from styleshot_demo.errors import Problem
from styleshot_demo.evaluation.classical import draw_pairs, evaluate
from styleshot_demo.research.onnx_network import OnnxNetwork


@pytest.fixture
def folders(tmp_path):
    rng = np.random.default_rng(0)
    for kind in ("content", "style"):
        (tmp_path / kind).mkdir()
        for number in range(4):
            small = Image.fromarray(rng.integers(0, 255, (6, 8, 3), dtype=np.uint8))
            small.resize((160, 120), Image.Resampling.BICUBIC).save(tmp_path / kind / f"{number}.png")
    return tmp_path / "content", tmp_path / "style"


def test_every_picture_is_used_before_one_is_used_again(folders):
    pairs = draw_pairs(*folders, pairs=8, seed=1, part="all")
    for column in zip(*pairs, strict=True):
        assert len(set(column[:4])) == 4 and sorted(column[:4]) == sorted(column[4:])


def test_an_empty_held_out_part_is_a_problem(folders, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(Problem):
        draw_pairs(tmp_path / "empty", folders[1], pairs=1, seed=0, part="all")


def test_figures_and_sheet(folders, tmp_path):
    sheet = tmp_path / "sheet.png"
    figures = evaluate(*folders, pairs=2, size=256, methods=["fast", "colour"], part="all", sheet=sheet)
    assert figures["pairs"] == 2 and figures["features"] == "built-in encoder"
    assert set(figures["methods"]) == {"fast", "colour"}
    for row in figures["methods"].values():
        assert 0 < row["content"] < 2 and 0 < row["gram"] < 3 and 0 <= row["edge_f1"] <= 1 and row["seconds"] > 0
    # A colour transfer keeps more of the content than a repainting does.
    assert figures["methods"]["colour"]["content"] < figures["methods"]["fast"]["content"]
    with Image.open(sheet) as image:
        assert image.width > 4 * 256


def test_another_network_judges_and_a_peer_paints_beside(folders, tmp_path):
    network = OnnxNetwork(save_onnx(tmp_path / "net.onnx"), "torch")
    sheet = tmp_path / "sheet.png"
    figures = evaluate(
        *folders,
        pairs=2,
        size=256,
        methods=["fast"],
        part="all",
        network=network,
        microast=save_microast(tmp_path),
        sheet=sheet,
    )
    assert figures["features"] == "net.onnx" and set(figures["methods"]) == {"fast", "microast"}
    # Weights that are random leave less of the photo than trained ones do.
    assert figures["methods"]["fast"]["ssim"] > figures["methods"]["microast"]["ssim"]
    times = [row["seconds"] for row in figures["methods"].values()]
    assert min(times) > 0 and figures["seconds_over_microast"]["fast"] > 0
    with Image.open(sheet) as image:
        assert image.width > 4 * 256


def test_an_unknown_method_is_named(folders):
    with pytest.raises(Problem, match="oil"):
        evaluate(*folders, pairs=1, methods=["oil"])
