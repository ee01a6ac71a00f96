"""Seconds and memory of StyleShot at its published size, beside the original's arrangement of the same networks.

Every figure comes from a process of its own, so that peaks do not mix. The weights may be random: neither time nor
memory depends on what they say.
"""

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from styleshot_demo.errors import Problem
from styleshot_demo.evaluation.benchmark import _peak_mb
from styleshot_demo.models import hub
from styleshot_demo.runtime.device import device_of, gpu_name, is_cuda
from styleshot_demo.runtime.memory import free_memory
from styleshot_demo.settings import Settings

SCENARIOS = ("text", "image", "both")
STEPS_OF_A_PICTURE = 20  # for pictures per minute
# What the original keeps: two UNets, ControlNets, style encoders, text encoders and VAEs in float32.
ORIGINAL_BYTES = 24_000_000_000


def styleshot(
    *,
    synthetic: bool = True,
    as_original: bool = False,
    size: int = 512,
    steps: int = 2,
    scenarios: tuple[str, ...] = SCENARIOS,
    folder: Path | None = None,
    settings: Settings | None = None,
    model: str = "styleshot",
    on_stage: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Figures for one run each of "text", "image" and "both" (contour, then lineart, in one process).

    synthetic    random weights, written to `folder` (about 5 GB; a temporary one by default) unless they are there;
                 False: the weights on this machine
    as_original  also the original's arrangement: float32, attention without SDPA, the ControlNet always on, everything
                 of both variants resident; where there is not enough memory for both, one, which the figures then say
    size, steps  of the pictures; a square content picture
    model        "styleshot", or "small" for the built-in one, which has no "both" and no random weights
    on_stage     is told what is being measured

    Seconds by stage: "files" (finding and hashing), "load", "detector", "style_encoder", "step", "vae"; "peak_gb" of
    main memory, of the small model also "picture", a whole one once all is loaded; "gpu_peak_gb" where a GPU is used,
    "images_per_minute" there too. "ratios" are ours by the original's.
    """
    import torch

    if model == "small":
        synthetic, as_original, scenarios = False, False, tuple(name for name in scenarios if name != "both")
    settings, told = settings or Settings.from_environment(), on_stage or (lambda stage: None)
    # As elsewhere these are not imported with the module, so that `--help` stays quick.
    from styleshot_demo.evaluation import synthetic as random_weights

    temporary = None
    try:
        if synthetic:
            if folder is None:
                temporary = folder = Path(tempfile.mkdtemp(prefix="styleshot-bench-"))
            if not (folder / "complete").exists():
                needed, free = random_weights.BYTES, shutil.disk_usage(folder).free
                if free < needed:
                    raise Problem("disk_too_small", needed=hub.readable(needed), free=hub.readable(free))
                told("writing random weights")
                random_weights.write(folder)
                (folder / "complete").touch()
            settings = replace(settings, models=folder)
        figures: dict[str, Any] = {
            "machine": {
                "processor": platform.processor() or platform.machine(),
                "threads": torch.get_num_threads(),
                "gpu": gpu_name(device_of(settings)) or None,
            },
            "torch": torch.__version__,
            "size": size,
            "steps": steps,
            "synthetic": synthetic,
            "model": model,
        }
        for scenario in scenarios:
            told(scenario)
            figures[scenario] = _apart(scenario, settings, size, steps, model)
        if as_original:
            told("the original's arrangement")
            figures["original"] = _apart("original", settings, size, steps)
            figures["ratios"] = _ratios(figures)
        return figures
    finally:
        if temporary:
            shutil.rmtree(temporary, ignore_errors=True)


def _ratios(figures: dict[str, Any]) -> dict[str, float]:
    original = figures["original"]
    ratios = {}
    for scenario in SCENARIOS:
        if scenario in figures:
            ours = figures[scenario]
            ratios[f"{scenario}_step"] = ours["step"] / original["step"]
            if original["variants"] == 2:
                ratios[f"{scenario}_peak"] = ours["peak_gb"] / original["peak_gb"]
            if "images_per_minute" in ours:
                ratios[f"{scenario}_images_per_minute"] = ours["images_per_minute"] / original["images_per_minute"]
    return {name: round(value, 3) for name, value in ratios.items()}


def _apart(scenario: str, settings: Settings, size: int, steps: int, model: str = "styleshot") -> dict[str, Any]:
    arguments = {
        "model": model,
        "scenario": scenario,
        "size": size,
        "steps": steps,
        "models": str(settings.models) if settings.models else None,
        "device": settings.device,
        "placement": settings.placement,
    }
    command = [sys.executable, "-m", "styleshot_demo.evaluation.benchmark_styleshot", json.dumps(arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=os.environ)
    return json.loads(done.stdout.splitlines()[-1])


def _ours(settings: Settings, scenario: str, size: int, steps: int, model: str = "styleshot") -> dict[str, Any]:
    from styleshot_demo.jobs import ImageJob, TextJob
    from styleshot_demo.studio import Studio

    style, content = _picture(size + 50), _picture(size)
    common = {"styles": [style], "prompt": "a house by the sea", "model": model, "size": size}
    jobs = {
        "text": [TextJob(**common, steps=steps)],
        "image": [ImageJob(content=content, **common, steps=steps)],
        "both": [
            ImageJob(content=content, **common, steps=steps, preprocessor=preprocessor)
            for preprocessor in ("contour", "lineart")
        ],
    }[scenario]
    studio, stages = Studio(settings), []
    for job in jobs:
        stages.append(_stages(studio.run(job)))
    figures: dict[str, Any] = {"placement": stages[0].pop("placement")}
    for name in ("files", "load", "detector", "style_encoder", "step", "vae"):
        seconds = [stage[name] for stage in stages if name in stage]
        if seconds:
            # Of two runs: loading and reading files add up, what is done anew each time is averaged.
            value = sum(seconds) if name in ("files", "load") else statistics.mean(seconds)
            figures[name] = round(value, 3)
    figures["peak_gb"] = round(_peak_mb() * 1024**2 / 1e9, 2)
    if model == "small":
        began = time.perf_counter()
        studio.finish(replace(jobs[0], seed=1))
        figures["picture"] = round(time.perf_counter() - began, 3)
    return figures | _on_gpu(settings, lambda: studio.finish(replace(jobs[0], steps=STEPS_OF_A_PICTURE, seed=1)))


def _stages(events: Any) -> dict[str, Any]:
    """Seconds by stage, from when a run says what it does."""
    names = {
        "loading": "load",
        "extracting": "detector",
        "encoding": "style_encoder",
        "decoding": "vae",
    }
    began, stage, seconds, steps, placement = time.perf_counter(), "files", {}, [], ""
    for event in events:
        now = time.perf_counter()
        if hasattr(event, "result"):
            placement = next(note.key for note in event.result.notes if note.key.startswith("placement_"))
            key = ""
        else:
            key = event.message.key
        if key in ("iterating", "denoising"):
            steps.append(now - began)
            stage = ""
        else:
            if stage:
                seconds[stage] = seconds.get(stage, 0.0) + now - began
            stage = names.get(key, "")
        began = now
    # The first step also encodes the prompt and warms up.
    seconds["step"] = statistics.median(steps[1:] or steps)
    return seconds | {"placement": placement.removeprefix("placement_")}


def _on_gpu(settings: Settings, picture: Callable[[], Any]) -> dict[str, Any]:
    """Peak memory of the GPU so far, and pictures per minute; nothing where none is used."""
    import torch

    if not is_cuda(device_of(settings)):
        return {}
    peak = torch.cuda.max_memory_allocated() / 1e9
    picture()
    began = time.perf_counter()
    picture()
    torch.cuda.synchronize()
    return {"gpu_peak_gb": round(peak, 2), "images_per_minute": round(60 / (time.perf_counter() - began), 2)}


def _original(settings: Settings, size: int, steps: int) -> dict[str, Any]:
    """The same networks as the original arranges them; times of the parts, as its scripts run them one by one."""
    import torch
    from diffusers.models.attention_processor import AttnProcessor, IPAdapterAttnProcessor

    from styleshot_demo.runners import weights as files
    from styleshot_demo.runtime.placement import Placement
    from styleshot_demo.styleshot.tokens import encode_style

    device = device_of(settings)
    free = free_memory(device)
    variants = ("contour", "lineart") if free > ORIGINAL_BYTES else ("contour",)
    placement = Placement("resident", device, "float32", offloading=False)

    began, resident = time.perf_counter(), []
    for variant in variants:
        weights = list(files.locate(settings, "styleshot", variant))[-1]
        assert isinstance(weights, files.ModelParts)  # they come last
        names = ("unet", "controlnet", "vae", "text_encoder", "style_encoder", "adapter")
        resident.append({name: files.load(name, weights, placement) for name in names})
    load = time.perf_counter() - began

    parts = resident[0]
    unet, controlnet, adapter = parts["unet"], parts["controlnet"], parts["adapter"]
    for module in (unet, controlnet, parts["vae"]):
        module.set_attn_processor(AttnProcessor())
    adapter.attach(unet)
    processors = unet.attn_processors
    for name, processor in processors.items():
        if hasattr(processor, "to_k_ip"):
            plain = IPAdapterAttnProcessor(processor.hidden_size, processor.cross_attention_dim, processor.num_tokens)
            plain.to_k_ip, plain.to_v_ip = processor.to_k_ip, processor.to_v_ip
            processors[name] = plain.to(device)
    unet.set_attn_processor(processors)

    side = size // 8
    latents = torch.randn(2, 4, side, side, device=device)
    text = torch.randn(2, 77, unet.config.cross_attention_dim, device=device)
    control, timestep = torch.rand(2, 3, size, size, device=device), torch.tensor(500, device=device)

    def timed(work: Callable[[], Any], repeats: int = 1) -> float:
        times = []
        for _ in range(repeats):
            began = time.perf_counter()
            with torch.no_grad():
                work()
            if device.startswith("cuda"):
                torch.cuda.synchronize()
            times.append(time.perf_counter() - began)
        return statistics.median(times[1:] or times)

    tokens = encode_style([_picture(size)], [0], parts["style_encoder"], adapter, device)[0]
    encoder = timed(lambda: encode_style([_picture(size)], [0], parts["style_encoder"], adapter, device))
    both = torch.cat([tokens, tokens])

    def step() -> None:
        down, middle = controlnet(latents, timestep, both, controlnet_cond=control, return_dict=False)
        unet(
            latents,
            timestep,
            encoder_hidden_states=(text, [both]),
            down_block_additional_residuals=down,
            mid_block_additional_residual=middle,
        )

    seconds = timed(step, steps + 1)
    vae = timed(lambda: parts["vae"].decode(latents[:1]))
    figures = {
        "variants": len(resident),
        "load": round(load, 3),
        "style_encoder": round(encoder, 3),
        "step": round(seconds, 3),
        "vae": round(vae, 3),
        "peak_gb": round(_peak_mb() * 1024**2 / 1e9, 2),
    }
    if device.startswith("cuda"):
        figures["gpu_peak_gb"] = round(torch.cuda.max_memory_allocated() / 1e9, 2)
        figures["images_per_minute"] = round(60 / (encoder + STEPS_OF_A_PICTURE * seconds + vae), 2)
    return figures


def _picture(size: int) -> Any:
    from PIL import Image

    ramp = Image.linear_gradient("L").resize((size, size))
    return Image.merge("RGB", (ramp, ramp.rotate(90), ramp.rotate(180)))


def _main(arguments: dict[str, Any]) -> None:
    models = Path(arguments["models"]) if arguments["models"] else None
    settings = Settings(models=models, device=arguments["device"], placement=arguments["placement"])
    scenario, size, steps = (arguments[name] for name in ("scenario", "size", "steps"))
    if scenario == "original":
        figures = _original(settings, size, steps)
    else:
        figures = _ours(settings, scenario, size, steps, arguments["model"])
    print(json.dumps(figures))


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]))
