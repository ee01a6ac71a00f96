"""From checkpoints to the folder that ships: diffusers' layout, half precision, shards under 10 MB, and back again."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import diffusers
from diffusers import DPMSolverMultistepScheduler
from safetensors.torch import load_file
from torch import Tensor

from styleshot_demo import __version__
from styleshot_demo.atomic import put
from styleshot_demo.destinations import check_folder, make_folder
from styleshot_demo.errors import Problem
from styleshot_demo.small.autoencoder import PatchAutoencoder
from styleshot_demo.small.prior import LatentPrior
from styleshot_demo.styleshot.adapter import StyleAdapter
from styleshot_demo.styleshot.encoder import StyleAwareEncoder
from styleshot_demo.training.core.checkpoint import latest
from styleshot_demo.training.small import networks as nets
from styleshot_demo.training.small import priors
from styleshot_demo.training.small.decoder import current
from styleshot_demo.training.small.networks import Networks
from styleshot_demo.training.small.pack import HELD_PICTURES, HELD_SET, HELD_THINGS, Pack
from styleshot_demo.training.small.places import (
    CONTENT,
    DECODER,
    ENCODERS,
    EVALUATION,
    JOINT,
    PACK,
    STARTED,
    TOKENIZER,
    TRIPLETS,
)
from styleshot_demo.training.small.recipe import Sizes
from styleshot_demo.training.small.tokenizer import WORDS

SHARD = "9MB"
ABOUT = "training.json"  # beside model_index.json
TOLD = ("program", "phases", "notes")  # of the weights that a phase began with
CURVE = 60  # points of a loss curve that are kept
CLASSES = {
    "unet": ("diffusers", "UNet2DConditionModel"),
    "vae": (PatchAutoencoder.__module__, PatchAutoencoder.__name__),
    "text_encoder": ("transformers", "CLIPTextModel"),
    "tokenizer": ("transformers", "CLIPTokenizer"),
    "scheduler": ("diffusers", "DPMSolverMultistepScheduler"),
    "style_encoder": (StyleAwareEncoder.__module__, StyleAwareEncoder.__name__),
    "adapter": (StyleAdapter.__module__, StyleAdapter.__name__),
    "controlnet": ("diffusers", "ControlNetModel"),
    "prior": (LatentPrior.__module__, LatentPrior.__name__),
}


def export(run: Path, to: Path, sizes: Sizes) -> dict[str, Any]:
    """Write the averaged weights of the checkpoints in `run` to the folder `to`, replacing it; returns what is told.

    The content phase's weights are taken where there are any, the joint phase's else; then there is no ControlNet. The
    prior is fitted to them here, on the pictures of `run`.
    """
    check_folder(to)
    state = latest(run / CONTENT) or latest(run / JOINT)
    if state is None:
        raise Problem("phase_missing", phase="joint")
    if not (run / PACK).is_file():
        raise Problem("no_training_pictures")
    tokenizer = nets.load_tokenizer(run / TOKENIZER)
    networks = Networks(sizes, tokenizer, content="controlnet" in state["average"])
    networks.load_states(state["average"])
    part = to.with_name(f".{to.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    make_folder(part)
    # The adapter's weights live in its own folder, so the UNet is written without them.
    networks.unet.set_default_attn_processor()
    parts = {name: getattr(networks, name) for name in (*nets.TRAINED, "controlnet")}
    parts["vae"] = current(run)
    parts["prior"], kept = priors.fitted(sizes, Pack(run / PACK), tokenizer, networks.text_encoder, parts["vae"])
    numbers = {name: nets.count(module) for name, module in parts.items() if module is not None}
    for name, module in parts.items():
        if module is not None:
            module.half().save_pretrained(part / name, max_shard_size=SHARD)
    # transformers would take this part in half precision, diffusers takes the others in single.
    config = part / "text_encoder" / "config.json"
    single = json.loads(config.read_text(encoding="utf-8")) | {"dtype": "float32"}
    config.write_text(json.dumps(single, indent=2) + "\n", encoding="utf-8")
    shutil.copytree(run / TOKENIZER, part / "tokenizer")
    shutil.move(part / "tokenizer" / WORDS, part / WORDS)
    scheduler = DPMSolverMultistepScheduler(
        **{name: value for name, value in nets.SCHEDULE.items() if name != "clip_sample"}, use_karras_sigmas=False
    )
    scheduler.save_pretrained(part / "scheduler")
    index: dict[str, Any] = {
        name: list(CLASSES[name]) if (part / name).is_dir() else [None, None] for name in CLASSES
    } | {"safety_checker": [None, None], "feature_extractor": [None, None]}
    about = {"_class_name": "SmallStyleShotPipeline", "_diffusers_version": diffusers.__version__}
    (part / "model_index.json").write_text(json.dumps(about | index, indent=1) + "\n", encoding="utf-8")
    figures = run / EVALUATION  # of an earlier export, where somebody has measured one
    told = {
        "program": __version__,
        "parameters": numbers,
        "held_out": {"set": HELD_SET, "things": HELD_THINGS, "paintings_and_photos": HELD_PICTURES},
        "phases": {
            name: phase_of(run / name) for name in (ENCODERS, JOINT, CONTENT) if (run / name / "log.jsonl").is_file()
        },
        "prior": kept,
        "decoder": decoder_of(run / DECODER),
        "pictures": data_of(run),
        "evaluation": json.loads(figures.read_text(encoding="utf-8")) if figures.is_file() else {},
    }
    # One line per entry: loss curves would fill thousands of lines.
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(value)}" for name, value in told.items())
    (part / ABOUT).write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    for file in part.rglob("*"):
        if file.is_file():
            file.chmod(0o644)  # safetensors makes files that only their owner may read
    shutil.rmtree(to, ignore_errors=True)
    put(part, to)
    return told


def read(folder: Path) -> dict[str, dict[str, Tensor]]:
    """Part -> weights in single precision, from an exported folder: what a training can start from."""
    found = {}
    for name in (*nets.TRAINED, "controlnet"):
        files = sorted((folder / name).glob("*.safetensors"))
        if files:
            found[name] = {key: value.float() for file in files for key, value in load_file(file).items()}
    if not found:
        raise Problem("weights_missing", model=folder.name)
    return found


def phase_of(folder: Path) -> dict[str, Any]:
    """A phase's settings, pictures seen, loss curve and last figures, from its checkpoint and its log."""
    state = latest(folder)
    if state is None:
        raise Problem("phase_missing", phase=folder.name)
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    losses = {line["step"]: line["loss"] for line in lines if "loss" in line}
    figures = [{"step": line["step"], **line["validation"]} for line in lines if "validation" in line]
    kept = sorted(losses)[:: max(1, len(losses) // CURVE)]
    started = folder / STARTED
    earlier = json.loads(started.read_text(encoding="utf-8")) if started.is_file() else {}
    return {
        **({"started_from": {name: earlier[name] for name in TOLD if name in earlier}} if earlier else {}),
        "settings": state["about"]["phase"],
        "steps": state["step"],
        "pictures": state["about"]["pictures"],
        "loss": [[step, losses[step]] for step in kept],
        "validation": figures[:: max(1, len(figures) // 12)] + figures[-1:],
    }


def data_of(run: Path) -> dict[str, int]:
    """How many pictures the run's files hold, those that are held out included."""
    counts = {}
    for file, names in ((PACK, ("things", "emoji", "pictures")), (TRIPLETS, ("kinds",))):
        if (run / file).is_file():
            with zipfile.ZipFile(run / file) as archive:
                index = json.loads(archive.read("index.json"))
            counts |= {"restyled" if name == "kinds" else name: len(index[name]) for name in names}
    return counts


def decoder_of(folder: Path) -> dict[str, Any]:
    """The decoder's settings, steps and figures, from its log; empty where it has not been trained."""
    if not (folder / "log.jsonl").is_file():
        return {}
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    figures = [{"step": line["step"], **line["validation"]} for line in lines if "validation" in line]
    return {"steps": lines[-1]["step"], "validation": figures[-6:]}
