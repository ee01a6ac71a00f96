import pytest
import torch
from classifiers import save_microast

from styleshot_demo.errors import Problem
from styleshot_demo.research.microast import MicroAST


def pictures(*sizes: tuple[int, int]) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.rand(1, 3, *size, generator=generator) for size in sizes]


@pytest.mark.parametrize("size", [(64, 64), (61, 50), (33, 96)])
def test_pictures_keep_their_size_and_follow_the_style(tmp_path, size):
    peer = MicroAST(save_microast(tmp_path))
    content, style, other = pictures(size, (48, 40), (48, 40))
    made = peer(content, style)
    assert made.shape == content.shape and made.min() >= 0 and made.max() <= 1
    assert not torch.allclose(made, peer(content, other / 4))


def test_a_folder_without_its_weights_is_a_problem(tmp_path):
    with pytest.raises(Problem, match="MicroAST") as caught:
        MicroAST(tmp_path)
    assert caught.value.key == "weights_missing"
    save_microast(tmp_path)
    (tmp_path / "decoder_iter_160000.pth.tar").write_bytes(b"cut off")
    with pytest.raises(Problem, match="MicroAST") as caught:
        MicroAST(tmp_path)
    assert caught.value.key == "weights_broken"
