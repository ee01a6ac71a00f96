"""The small model's room: its pipeline opens, and the published one's knows nothing of it."""

import ast
from inspect import signature

import pytest
import torch
from styleshot.test_pipeline import RED, latents, make, seeded
from test_floors import imports, inside

from styleshot_demo.errors import Problem
from styleshot_demo.settings import ASSETS
from styleshot_demo.small import statistics
from styleshot_demo.small.autoencoder import PatchAutoencoder
from styleshot_demo.small.pipeline import SmallStyleShotPipeline
from styleshot_demo.small.prior import LatentPrior
from styleshot_demo.styleshot.pipeline import StyleShotPipeline

BUNDLED = ASSETS / "weights/styleshot-small"


def imported_with(module: str) -> set[str]:
    """What of ours is imported with a module, itself and packages included; names below the package."""
    found, left = set(), {module}
    while left:
        name = left.pop()
        found.add(name)
        left |= {name.rpartition(".")[0], *inside(imports(name, at_start_only=True))} - found - {""}
    return found


def test_the_published_pipeline_knows_nothing_of_the_small_model():
    assert "small.prior" in imported_with("small.pipeline")
    assert not [name for name in imported_with("styleshot.pipeline") if name.split(".")[0] == "small"]
    # Nor later, and nothing of it has a name there.
    own = {"style_statistics", "statistics_pull", "prior_share", "prior_pull", "content_gain"}
    assert own <= signature(SmallStyleShotPipeline.iterate).parameters.keys()
    for file in (ASSETS.parent / "styleshot_demo/styleshot").glob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        names = {getattr(node, "arg", None) or getattr(node, "id", None) for node in ast.walk(tree)}
        assert not names & own, file.name
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
        assert not any(module.startswith("styleshot_demo.small") for module in imported), file.name


def test_the_bundled_model_opens_with_all_its_parts():
    pipeline = SmallStyleShotPipeline.from_pretrained(BUNDLED)
    assert isinstance(pipeline.prior, LatentPrior) and isinstance(pipeline.vae, PatchAutoencoder)
    pipeline.set_progress_bar_config(disable=True)
    given = {"num_inference_steps": 2, "height": 64, "width": 64, "guidance_scale": 2.0}
    image = pipeline("red apple", RED, prior_share=0.4, generator=seeded(), **given).images[0]
    assert image.size == (64, 64)
    # As any pipeline of that kind it can be opened without what is the small model's own.
    plain = StyleShotPipeline.from_pretrained(BUNDLED)
    plain.set_progress_bar_config(disable=True)
    assert "prior" not in plain.components
    one, other = (made("red apple", RED, generator=seeded(), **given).images[0] for made in (plain, pipeline))
    assert one.tobytes() == other.tobytes(), "without its arguments it is the published one's computation"


def test_without_its_arguments_it_is_the_published_pipeline(parts):
    for prompt in ("a house", ""):
        ours = latents(make(parts, SmallStyleShotPipeline), prompt, RED)
        assert torch.equal(ours, latents(make(parts), prompt, RED))


def test_one_chunk_is_read(parts):
    pipeline = make(parts, SmallStyleShotPipeline)
    words = "a b c " * 25
    assert pipeline.encode_prompt(words * 2, "cpu", 1, True, words * 3)[0].shape[1] == 77
    assert torch.equal(latents(pipeline, words * 2, RED), latents(pipeline, words, RED))


def test_content_gain_multiplies(parts):
    from styleshot.test_pipeline import LINES

    pipeline = make(parts, SmallStyleShotPipeline)
    both = latents(pipeline, "", RED, control_image=LINES, content_strength=0.5, content_gain=2.0)
    assert torch.equal(both, latents(pipeline, "", RED, control_image=LINES, content_strength=1.0))
    assert latents(pipeline, "", RED, control_image=LINES, content_strength=2.0, content_gain=1.8).isfinite().all()


def test_runs_that_take_turns_keep_their_own_moments_and_priors(parts):
    torch.manual_seed(1)
    prior = LatentPrior(width=32, channels=4, fields=4, cells=2, rank=3).requires_grad_(False)
    for value in prior.parameters():
        torch.nn.init.normal_(value)
    pipeline = make(parts, SmallStyleShotPipeline, prior=prior)
    style = statistics.of_latents(torch.randn(1, 4, 8, 8) * 3 + 5)

    def run(n):
        helped = {"style_statistics": style, "statistics_pull": 0.3 * n, "prior_share": 0.2 * n, "prior_pull": 0.5}
        given = {"num_inference_steps": 5, "height": 64, "width": 64, "output_type": "latent"}
        return pipeline.iterate("a house", RED, generator=seeded(n), style_strength=0.5 * n, **helped, **given)

    def end(steps):
        while True:
            try:
                next(steps)
            except StopIteration as stop:
                return stop.value.images

    alone = [end(run(n)) for n in range(3)]
    runs = [run(n) for n in range(3)]
    for steps in (*runs, *reversed(runs)):
        next(steps)
    assert all(torch.equal(end(steps), expected) for steps, expected in zip(runs, alone, strict=True))


def test_a_prior_of_numbers_that_are_none_is_found_before_the_first_step(parts):
    prior = LatentPrior(width=32, channels=4, fields=4, cells=2, rank=3).requires_grad_(False)
    prior.mean.fill_(float("nan"))
    seen = []
    handle = parts["unet"].register_forward_pre_hook(lambda *_: seen.append(1))
    try:
        with pytest.raises(Problem) as caught:
            latents(make(parts, SmallStyleShotPipeline, prior=prior), "a house", RED, prior_share=0.5)
    finally:
        handle.remove()
    assert caught.value.key == "not_finite" and not seen
