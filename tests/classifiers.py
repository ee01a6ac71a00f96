"""Small image classifiers with random weights, in the file formats of real ones."""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

WIDTHS = (8, 12, 16, 20)  # at strides 2, 4, 8 and 16


def save_onnx(path: Path, colours_last: bool = False, padded: bool = True, six: bool = False) -> Path:
    """Per stride a 3x3 convolution and a narrow one, each with its ReLU; then pooling and a linear layer.

    six  clip at 6, as the ReLUs of MobileNets do
    """
    rng = np.random.default_rng(0)
    nodes, values, last, width = [], [], "pixels", 3
    if six:
        values += [numpy_helper.from_array(np.float32(n), name) for name, n in (("zero", 0), ("six", 6))]
    if colours_last:
        nodes.append(helper.make_node("Transpose", ["pixels"], ["colours_first"], perm=[0, 3, 1, 2]))
        last = "colours_first"

    def layer(name: str, out: int, kernel: int, stride: int) -> None:
        nonlocal last, width
        weight = rng.standard_normal((out, width, kernel, kernel)) * (2 / (width * kernel**2)) ** 0.5
        values.append(numpy_helper.from_array(weight.astype(np.float32), f"{name}_weight"))
        pads = [kernel // 2 if padded else 0] * 4
        nodes.append(
            helper.make_node("Conv", [last, f"{name}_weight"], [f"{name}_conv"], strides=[stride] * 2, pads=pads)
        )
        if six:
            nodes.append(helper.make_node("Clip", [f"{name}_conv", "zero", "six"], [f"{name}_relu"]))
        else:
            nodes.append(helper.make_node("Relu", [f"{name}_conv"], [f"{name}_relu"]))
        last, width = f"{name}_relu", out

    for place, out in enumerate(WIDTHS):
        layer(f"first{place}", out, 3, 2)
        layer(f"narrow{place}", out // 2, 1, 1)
        layer(f"last{place}", out, 3, 1)
    values.append(numpy_helper.from_array(rng.standard_normal((width, 5)).astype(np.float32), "classes"))
    nodes += [
        helper.make_node("GlobalAveragePool", [last], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "classes"], ["scores"]),
    ]
    shape = [1, 224, 224, 3] if colours_last else [1, 3, 224, 224]
    graph = helper.make_graph(
        nodes,
        "classifier",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 5])],
        values,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), str(path))
    return path


def save_microast(folder: Path) -> Path:
    """The four state dicts of MicroAST in their published shapes."""
    generator = torch.Generator().manual_seed(0)

    def state(**layers: tuple[int, int, int]) -> dict[str, torch.Tensor]:
        found = {}
        for name, (out, into, kernel) in layers.items():
            name = name.replace("__", ".")
            scale = (1 / (into * kernel**2)) ** 0.5
            found[f"{name}.conv_layer.weight"] = torch.randn(out, into, kernel, kernel, generator=generator) * scale
            found[f"{name}.conv_layer.bias"] = torch.zeros(out)
        return found

    residual = {"conv1": (64, 64, 3), "conv2": (64, 64, 3)}
    encoder = {
        "enc1__0": (16, 3, 9),
        "enc1__2": (32, 1, 3),
        "enc1__4": (32, 32, 1),
        "enc1__6": (64, 1, 3),
        "enc1__8": (64, 64, 1),
        **{f"{block}__{name}": shape for block in ("enc1__10", "enc2__0") for name, shape in residual.items()},
    }
    decoder = {
        **{f"{block}__{name}": shape for block in ("dec1", "dec2") for name, shape in residual.items()},
        "dec3__1": (32, 2, 3),
        "dec3__3": (32, 32, 1),
        "dec3__6": (16, 2, 3),
        "dec3__8": (16, 16, 1),
        "dec3__10": (3, 16, 9),
    }
    modulator = {f"{kind}{place}__0": (64, 1, 3) for kind in ("weight", "bias") for place in (1, 2)}
    parts = {"content_encoder": encoder, "style_encoder": encoder, "modulator": modulator, "decoder": decoder}
    for part, layers in parts.items():
        torch.save(state(**layers), folder / f"{part}_iter_160000.pth.tar")
    return folder
