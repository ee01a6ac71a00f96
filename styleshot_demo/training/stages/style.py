"""Stage 1: the style-aware encoder and the adapters (StyleShot, arXiv:2407.01414, section 3.5)."""

from styleshot_demo.training.stages.objective import STYLE_BOUNDS, Objective
from styleshot_demo.training.stages.parts import Base, StyleShot
from styleshot_demo.training.stages.stage import Stage


def style_stage(base: Base, styleshot: StyleShot) -> Stage:
    """Patch networks, class vectors, positions, projections and adapters learn; CLIP's layers and the UNet do not."""
    encoder, adapter = styleshot.style_encoder, styleshot.adapter
    objective = Objective(base.unet, encoder, adapter, base.scheduler).requires_grad_(False)
    for module in (encoder.cnn, encoder.style_embeddings, encoder.position_embedding, adapter):
        module.requires_grad_(True)
    return Stage("style", objective, STYLE_BOUNDS)
