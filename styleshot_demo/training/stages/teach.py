"""Teaching a finished StyleShot one brand's or artist's style: adapters and projections learn, nothing else does."""

import torch

from styleshot_demo.training.stages.objective import STYLE_BOUNDS, Objective
from styleshot_demo.training.stages.parts import Base, StyleShot
from styleshot_demo.training.stages.stage import Stage

METHODS = ("adapter", "lora")
# Linear layers of the adapter: projections, and keys and values of every cross-attention.
LAYERS = r".*(style_image_proj_modules\.\d+\.proj|to_[kv]_ip\.0)"


def teach_stage(base: Base, styleshot: StyleShot, method: str = "adapter", rank: int = 16, seed: int = 0) -> Stage:
    """`method` "adapter": the weights themselves; "lora": low-rank changes to them (Hu et al., 2021) of rank `rank`.

    Low-rank changes are merged into the weights in the result, which is an ordinary StyleShot.
    """
    adapter = styleshot.adapter.requires_grad_(False)
    if method == "lora":
        from peft import LoraConfig, inject_adapter_in_model

        torch.manual_seed(seed)
        # Scaled by alpha / rank: not at all.
        inject_adapter_in_model(LoraConfig(r=rank, lora_alpha=rank, target_modules=LAYERS), adapter)
    objective = Objective(base.unet, styleshot.style_encoder, adapter, base.scheduler)
    learning = {id(parameter) for parameter in adapter.parameters() if method == "adapter" or parameter.requires_grad}
    objective.requires_grad_(False)
    for parameter in adapter.parameters():
        parameter.requires_grad_(id(parameter) in learning)
    return Stage("teach" if method == "adapter" else f"teach lora {rank}", objective, STYLE_BOUNDS)
