"""The schedulers to choose from, each with the settings that it is known for."""

from pathlib import Path
from typing import Any

# Name (as in `jobs.SCHEDULERS`) -> class in diffusers, settings beside those of the base model.
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "dpm++": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++", "use_karras_sigmas": True}),
    # As with the published weights: Runge-Kutta steps to begin with would take 12 evaluations, and 4 steps at least.
    "pndm": ("PNDMScheduler", {"skip_prk_steps": True}),
    "unipc": ("UniPCMultistepScheduler", {}),
    "euler-a": ("EulerAncestralDiscreteScheduler", {}),
    "ddim": ("DDIMScheduler", {"clip_sample": False}),
}


def scheduler(name: str, folder: Path) -> Any:
    """A scheduler of that name for the base model whose `scheduler_config.json` lies in `folder`."""
    import json

    import diffusers

    class_name, settings = KINDS[name]
    config = json.loads((folder / "scheduler_config.json").read_text(encoding="utf-8"))
    # Karras' noise levels need a largest one, which a schedule that ends in noise alone has not.
    if config.get("rescale_betas_zero_snr"):
        settings = {key: value for key, value in settings.items() if key != "use_karras_sigmas"}
    return getattr(diffusers, class_name).from_config(config, **settings)
