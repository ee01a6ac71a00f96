"""What people with an NVIDIA card get; runs wherever there is one."""

from dataclasses import replace

import numpy as np
import pytest
import tiny_models
import torch
from PIL import Image, ImageDraw
from skimage.data import astronaut

from styleshot_demo import ClassicalJob, EnlargeJob, ImageJob, Settings, Studio, TextJob
from styleshot_demo.evaluation.classical import judge_of
from styleshot_demo.evaluation.metrics import content_distance, style_gram_distance
from styleshot_demo.images.ops import to_tensor
from styleshot_demo.pictures import open_picture
from styleshot_demo.runtime.device import device_of, is_cuda
from styleshot_demo.settings import ASSETS, PLACEMENTS

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not is_cuda(device_of(Settings())), reason="there is no CUDA GPU that torch can use"),
]

STYLE = ASSETS / "styles" / "oil-impasto.jpg"


@pytest.fixture(scope="module")
def photo():
    picture = Image.linear_gradient("L").rotate(30).convert("RGB").resize((320, 240))
    picture.paste((200, 40, 30), (60, 60, 180, 200))
    return picture


@pytest.fixture(scope="module")
def on_cpu():
    return Studio(Settings(device="cpu"))


def differ(one, other):
    one, other = (np.asarray(result.images[0], dtype=float) for result in (one, other))
    assert one.shape == other.shape and one.std() > 5
    return np.abs(one - other).mean()


@pytest.mark.parametrize("method", ["fast", "colour"])
def test_classical_methods_paint_as_on_a_processor(on_cpu, photo, method):
    job = ClassicalJob(photo, [STYLE], method=method, size=320)
    result = Studio(Settings()).finish(job)
    assert result.plan.device.startswith("cuda")
    assert differ(result, on_cpu.finish(job)) <= 2


@pytest.fixture(scope="module")
def portrait():
    """A face, with a screen's light and a uniform's orange around it."""
    return Image.fromarray(astronaut())


@pytest.fixture(scope="module")
def product():
    """On white, dark and with a hard edge: what rings are taken off from."""
    shown = Image.new("RGB", (1500, 1200), "white")
    draw = ImageDraw.Draw(shown)
    draw.rounded_rectangle((400, 250, 1100, 1000), 90, (30, 44, 70))
    draw.ellipse((620, 420, 880, 680), (220, 120, 40))
    draw.text((560, 760), "EARL GREY", (245, 240, 230), font_size=70)
    return shown


def test_faces_are_kept_as_on_a_processor(on_cpu, portrait):
    job = ClassicalJob(portrait, [STYLE], size=512, keep_faces=True)
    result = Studio(Settings()).finish(job)
    assert differ(result, on_cpu.finish(job)) <= 2
    assert differ(result, Studio(Settings()).finish(replace(job, keep_faces=False))) > 0.5  # it was found


@pytest.mark.parametrize(
    "asked",
    [{}, {"method": "colour"}, {"keep_colours": True, "keep_background": True}, {"brush_size": 640}],
    ids=["fast", "colour", "kept colours and background", "large brush"],
)
def test_products_and_whole_photos_are_painted_as_on_a_processor(on_cpu, product, asked):
    """By strips, each of which is fitted, freed of rings and blended in tiles."""
    studio = Studio(Settings())
    for size in ({"size": 512}, {"whole": True}):
        job = ClassicalJob(product, [STYLE], **asked, **size)
        result = studio.finish(job)
        assert result.plan.device.startswith("cuda")
        assert differ(result, on_cpu.finish(job)) <= 2


@pytest.mark.parametrize("method", ["optimise", "patches"])
def test_what_searches_gets_as_far_as_on_a_processor(on_cpu, photo, method):
    """Pixels of two searches part soon, for the last bit of a gradient turns a step of Adam's, and that of a distance
    chooses another patch; what they reach does not: another convolution on the same processor leads `optimise` 9 grey
    levels away after six steps, and to the same figures."""
    job = ClassicalJob(photo, [STYLE], method=method, size=320, steps=20)
    results = [studio.finish(job) for studio in (Studio(Settings()), on_cpu)]
    assert results[0].plan.device.startswith("cuda")
    judge, style = judge_of(None, on_cpu), to_tensor(open_picture(STYLE))
    with torch.inference_mode():
        ours, theirs = (
            (content_distance(judge, made, to_tensor(photo)), style_gram_distance(judge, made, style))
            for made in (to_tensor(result.images[0]) for result in results)
        )
    assert ours == pytest.approx(theirs, rel=0.05)


def test_a_picture_is_enlarged_as_on_a_processor(on_cpu, photo):
    result = Studio(Settings()).finish(EnlargeJob(photo, 2))
    assert result.plan.device.startswith("cuda")
    assert differ(result, on_cpu.finish(EnlargeJob(photo, 2))) <= 1


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("kind", ["text", "image"])
def test_the_small_model_paints_in_half_precision(on_cpu, photo, kind, placement):
    common = {"styles": [STYLE], "prompt": "a red apple", "steps": 6, "model": "small"}
    job = TextJob(**common) if kind == "text" else ImageJob(photo, **common)
    result = Studio(Settings(placement=placement)).finish(job)
    assert (result.plan.precision, result.plan.placement.tier) == ("float16", placement)
    assert differ(result, on_cpu.finish(job)) <= (6 if placement == "minimal" else 2)  # weights in 8 bits there


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return tiny_models.build(tmp_path_factory.mktemp("models"))


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_second_picture_reads_nothing_from_disk(models, photo, placement, monkeypatch):
    """Weights that lie offloaded in main memory were counted as on the GPU, dropped after each picture."""
    from styleshot_demo.runners import weights

    studio, loaded, load = Studio(Settings(models=models, placement=placement)), [], weights.load
    monkeypatch.setattr(weights, "load", lambda part, *rest: (loaded.append(part), load(part, *rest))[1])
    for seed in (1, 2):
        loaded.clear()
        studio.finish(ImageJob(photo, [STYLE], "a castle", size=128, steps=2, threshold=128, seed=seed))
    assert loaded == []


def test_what_is_idle_counts_as_free(photo):
    studio = Studio(Settings())
    studio.finish(TextJob([STYLE], "a red apple", steps=2, model="small"))
    device = device_of(Settings())
    idle = studio.cache.idle_bytes("cuda:0")
    assert idle > 10**6
    before = studio.plan(ClassicalJob(photo, [STYLE])).free
    studio.cache.make_free(device, 2**62)
    assert studio.cache.idle_bytes("cuda:0") == 0
    assert abs(studio.plan(ClassicalJob(photo, [STYLE])).free - before) < 0.2 * before
