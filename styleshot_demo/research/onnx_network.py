"""Any image classifier in an ONNX file as a network to compare pictures by: a second pair of eyes beside the teacher.

What one network calls alike may differ for another, most of all after a training against the first. Only training and
evaluation read such a file, from where the person names it.
"""

import math
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, fx, nn

from styleshot_demo.errors import Problem

SAMPLE = 224  # side of the picture that shows which layer has which stride, pixels
STRIDES = (2, 4, 8, 16)
RELUS = (nn.ReLU, nn.ReLU6)  # MobileNets have the latter
# What a network was trained to be fed, by the names of Keras (`applications.imagenet_utils.preprocess_input`): factor
# and mean per channel for values in [0, 1]; all networks here see RGB but the one of Caffe's kind.
FEEDS = {
    "caffe": (255.0, (104.0, 117.0, 123.0)),
    "torch": ((1 / 0.229, 1 / 0.224, 1 / 0.225), (0.485 / 0.229, 0.456 / 0.224, 0.406 / 0.225)),
    "tf": (2.0, (1.0, 1.0, 1.0)),
}


class OnnxNetwork(nn.Module):
    """Feature maps after ReLUs: at strides 2, 4 and 8 the first and the last of the widest, at 16 the first of them.

    A map is as wide at the end of a residual block as anywhere of its stride, and narrower inside it.
    """

    factor: Tensor
    mean: Tensor

    def __init__(self, path: Path, feed: str) -> None:
        """`feed`: one of `FEEDS`. A `Problem` where the file is no such network, or onnx2torch is not installed."""
        super().__init__()
        try:
            import onnx
            from onnx2torch import convert
        except ImportError as error:
            raise Problem("package_missing", package="onnx2torch") from error
        try:
            model = onnx.load(str(path))
            sides = [dimension.dim_value for dimension in model.graph.input[0].type.tensor_type.shape.dim]
            self.colours_last = sides[-1] == 3
            self.network, self.names = _cut(convert(model).eval(), self.colours_last)
        except Exception as error:  # a damaged file fails in protobuf, an odd one anywhere in the conversion
            raise Problem("weights_broken", model=path.name) from error
        self.source = path.name
        factor, mean = FEEDS[feed]
        self.blue_first = feed == "caffe"
        self.register_buffer("factor", torch.tensor(factor).expand(3)[:, None, None].clone())
        self.register_buffer("mean", torch.tensor(mean)[:, None, None])
        self.requires_grad_(False)

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """Maps [N, C, H, W] by layer name; pixels [N, 3, H, W], RGB in [0, 1], sides of at least 32."""
        fed = (pixels.flip(1) if self.blue_first else pixels) * self.factor - self.mean
        return dict(zip(self.names, self.network(fed.permute(0, 2, 3, 1) if self.colours_last else fed), strict=True))


def _cut(network: fx.GraphModule, colours_last: bool) -> tuple[fx.GraphModule, list[str]]:
    """The part of a classifier that leads to the chosen maps, which it then returns, and their names."""
    shown = torch.zeros(1, 3, SAMPLE, SAMPLE)
    widths: dict[int, list[tuple[int, fx.Node]]] = {stride: [] for stride in STRIDES}

    class Measured(fx.Interpreter):
        def run_node(self, node: fx.Node) -> Any:
            found = super().run_node(node)
            if node.op == "call_module" and isinstance(self.module.get_submodule(cast(str, node.target)), RELUS):
                # Without padding a map is some places smaller than its stride says.
                stride = 2 ** round(math.log2(SAMPLE / found.shape[2])) if found.ndim == 4 else 0
                if stride in STRIDES:
                    widths[stride].append((found.shape[1], node))
            return found

    with torch.no_grad():
        Measured(network).run(shown.permute(0, 2, 3, 1) if colours_last else shown)
    chosen: list[fx.Node] = []
    for stride, found in widths.items():
        widest = [node for width, node in found if width == max(width for width, _ in found)]
        chosen += widest[:1] if stride == STRIDES[-1] else widest[:1] + widest[1:][-1:]
    if not chosen:
        raise ValueError("no ReLU at a stride of 2 to 16")
    output = next(node for node in network.graph.nodes if node.op == "output")
    output.args = (tuple(chosen),)
    network.graph.eliminate_dead_code()
    network.recompile()
    return network, [node.name for node in chosen]
