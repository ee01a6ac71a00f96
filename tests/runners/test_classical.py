"""What `ClassicalRunner` does around the mathematics: sizes, opacity, memory, what it remembers."""

import random
import time
from contextlib import closing
from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
from PIL import Image, ImageChops
from skimage import data

from styleshot_demo import ClassicalJob, Settings, Studio, pictures
from styleshot_demo.errors import Problem
from styleshot_demo.events import Finished, Step
from styleshot_demo.helpers import faces
from styleshot_demo.jobs import COLOUR_METHODS, METHODS, OPTIMISERS, STARTS, TRANSFORMS
from styleshot_demo.needs import BYTES_PER_PIXEL, SPARE
from styleshot_demo.runners import classical
from styleshot_demo.runners.classical import ClassicalRunner
from styleshot_demo.runners.weights import TITLES

# Long and low: half of what paints a picture depends on its area.
SMALL = {"size": 256, "steps": 2}


def same(one: Image.Image, other: Image.Image) -> bool:
    return one.mode == other.mode and one.size == other.size and one.tobytes() == other.tobytes()


def distance(one: Image.Image, other: Image.Image) -> float:
    """Mean difference, 0 to 255."""
    return float(np.abs(np.asarray(one, dtype=float) - np.asarray(other, dtype=float)).mean())


@pytest.mark.parametrize("method", METHODS)
def test_every_method_repaints_and_keeps_opacity(studio, picture, method) -> None:
    content = picture(256, 64)
    alpha = Image.linear_gradient("L").resize(content.size)
    content.putalpha(alpha)
    result = studio.finish(ClassicalJob(content, [picture(256, 32, 1)], method=method, **SMALL))
    (image,) = result.images
    assert image.size == content.size and image.mode == "RGBA"
    assert image.getchannel("A").tobytes() == alpha.tobytes()
    assert distance(image.convert("RGB"), content.convert("RGB")) > 1
    assert result.control is None and result.seconds > 0
    assert result.settings["method"] == method
    assert ("fast" in result.models) == (method in ("fast", "optimise"))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_strength_0_gives_the_content_back_exactly(studio, picture, method, mode) -> None:
    content = picture(300, 201)
    if mode == "RGBA":
        content.putalpha(Image.linear_gradient("L").resize(content.size))
    job = ClassicalJob(content, [picture(256, 32, 1)], method=method, strength=0, **SMALL)
    assert same(studio.finish(job).images[0], pictures.fit_longest(content, 256))


@pytest.mark.parametrize("method", ["fast", "colour"])
def test_strength_is_continuous_and_grows(studio, picture, method) -> None:
    content, style = picture(256, 64), picture(256, 32, 1)

    def painted(strength: float) -> Image.Image:
        return studio.finish(ClassicalJob(content, [style], method=method, strength=strength, size=256)).images[0]

    changes = [distance(painted(strength), content) for strength in (0.02, 0.5, 1)]
    assert changes[0] < 3
    assert changes[0] < changes[1] < changes[2]


def test_same_job_gives_the_same_bytes_from_noise_and_another_seed_another_picture(picture) -> None:
    """Of the other methods, and from other starts, see `test_where_in_memory_pictures_lie_does_not_matter`."""
    content, style = picture(256, 64), picture(256, 32, 1)

    def painted(seed: int) -> Image.Image:
        studio = Studio(Settings(device="cpu"))  # nothing is remembered from the time before
        job = ClassicalJob(content, [style], method="optimise", seed=seed, start="noise", **SMALL)
        return studio.finish(job).images[0]

    first = painted(11)
    assert same(first, painted(11)) and not same(first, painted(2))


SHAPES = ((255, 257), (301, 77), (160, 16), (16, 160), (31, 250))
QUICK = ("fast", "colour")


# Methods that take their time meet an odd one that is made smaller, and the narrowest.
@pytest.mark.parametrize(
    ("method", "size"), [(one, size) for one in METHODS for size in (SHAPES if one in QUICK else SHAPES[1::2])]
)
def test_any_size_and_shape(studio, picture, method, size) -> None:
    content = picture(*size)
    result = studio.finish(ClassicalJob(content, [picture(160, 16, 1)], method=method, size=257, steps=2))
    assert result.images[0].size == pictures.fit_longest(content, 257).size and result.images[0].mode == "RGB"


@pytest.mark.parametrize("method", ["fast", "colour"])
def test_half_transparent_colours_do_not_pale(studio, picture, method) -> None:
    content = picture(256, 64)
    job = {"styles": [picture(256, 32, 1)], "method": method, "strength": 0.5, "size": 256}
    solid = studio.finish(ClassicalJob(content, **job)).images[0]
    content.putalpha(128)
    assert distance(studio.finish(ClassicalJob(content, **job)).images[0].convert("RGB"), solid) < 1


def test_hidden_colours_do_not_show(studio, picture) -> None:
    """What lies under full transparency must not change the visible rest."""
    alpha = Image.new("L", (256, 64), 255)
    alpha.paste(0, (0, 0, 100, 96))
    painted = []
    for hidden in ("black", "red"):
        content = picture(256, 64)
        content.paste(hidden, (0, 0, 100, 96))
        content.putalpha(alpha)
        painted.append(studio.finish(ClassicalJob(content, [picture(256, 32, 1)], size=256)).images[0])
    assert same(*painted)


@pytest.mark.parametrize("method", METHODS)
def test_styles_are_mixed_by_weight(studio, picture, method) -> None:
    content, one, other = picture(256, 64), picture(256, 32, 1), Image.new("RGB", (256, 32), (200, 60, 20))

    def painted(*styles) -> Image.Image:
        return studio.finish(ClassicalJob(content, list(styles), method=method, **SMALL)).images[0]

    alone = painted(one)
    mostly, evenly = painted((one, 9), (other, 1)), painted((one, 1), (other, 1))
    assert 0 < distance(mostly, alone) < distance(evenly, alone)
    if method in QUICK:  # of the others it is the same: `styles_of` makes shares of the weights for all
        assert same(painted((one, 3), (other, 0)), alone)
        assert same(painted((one, 2), (other, 2)), evenly)


@pytest.mark.parametrize("method", ["fast", "patches", "optimise"])
def test_the_contents_colours_can_be_kept(studio, picture, method) -> None:
    content, style = picture(256, 64), Image.effect_noise((256, 64), 90).convert("RGB")

    def chroma(image: Image.Image) -> Image.Image:
        return Image.merge("RGB", [image.convert("LAB").getchannel(band) for band in ("A", "B", "B")])

    free, kept = (
        studio.finish(ClassicalJob(content, [style], method=method, keep_colours=keep, **SMALL)).images[0]
        for keep in (False, True)
    )
    assert distance(chroma(kept), chroma(content)) < distance(chroma(free), chroma(content))


@pytest.mark.parametrize("name, choices", [("transform", TRANSFORMS), ("colour_method", COLOUR_METHODS)])
def test_every_choice_makes_a_difference(studio, picture, name, choices) -> None:
    method = "fast" if name == "transform" else "colour"
    painted = [
        studio.finish(ClassicalJob(picture(256, 64), [picture(256, 32, 1)], method=method, size=256, **{name: one}))
        for one in choices
    ]
    assert len({result.images[0].tobytes() for result in painted}) == len(choices)


def test_every_start_and_optimiser_makes_a_difference(studio, picture) -> None:
    job = ClassicalJob(picture(256, 64), [picture(256, 32, 1)], method="optimise", **SMALL)
    asked = [*({"start": start} for start in STARTS), {"optimiser": OPTIMISERS[-1]}]
    made = [studio.finish(replace(job, **settings)) for settings in asked]
    assert len({result.images[0].tobytes() for result in made}) == len(asked)
    assert all("features_builtin" in [note.key for note in result.notes] for result in made)


def test_optimising_tells_how_far_it_is(studio, picture) -> None:
    job = ClassicalJob(picture(256, 64), [picture(256, 32, 1)], method="optimise", size=256, steps=4)
    events = list(studio.run(job))
    assert isinstance(events[-1], Finished)
    steps = [event for event in events[:-1] if event.message.key == "iterating"]
    assert len(steps) == 4
    assert [event.message.values["step"] for event in steps] == [1, 2, 3, 4]
    assert [event.fraction for event in steps] == sorted(event.fraction for event in steps)
    assert steps[-1].fraction == 1
    assert all(event.preview.size == (256, 64) for event in steps if event.preview is not None)
    assert any(event.preview is not None for event in steps)


def test_only_the_flat_areas_of_drawings_are_held_while_optimising(studio, picture, monkeypatch) -> None:
    from styleshot_demo.classical import optimise

    held = []

    def seen(*args, flat=None, **options):
        held.append(flat)
        yield from _stylise(*args, flat=flat, **options)

    _stylise = optimise.stylise
    monkeypatch.setattr(optimise, "stylise", seen)
    drawing = Image.new("RGB", (256, 64), "white")
    drawing.paste("black", (120, 20, 170, 44))
    photo = Image.fromarray(data.coffee()).resize((256, 64))
    for content, start in ((drawing, "fast"), (drawing, "noise"), (photo, "fast")):
        options = {"method": "optimise", "start": start, "size": 256, "steps": 1}
        studio.finish(ClassicalJob(content, [picture(256, 32, 1)], **options))
    flat, *rest = held
    assert rest == [None, None]
    assert flat.drawing_score == 1 and float(flat.interior[..., :40, :60].min()) > 0.9


def test_closing_stops_within_one_iteration(studio, picture, monkeypatch) -> None:
    from styleshot_demo.classical import optimise

    begun = []

    def counted(*args, **options):
        for iteration in _stylise(*args, **options):
            begun.append(iteration.step)
            yield iteration

    _stylise = optimise.stylise
    monkeypatch.setattr(optimise, "stylise", counted)
    job = ClassicalJob(picture(256, 64), [picture(256, 32, 1)], method="optimise", size=256, steps=1000)
    with closing(studio.run(job)) as events:
        for event in events:
            if event.message.key == "iterating" and event.message.values["step"] == 2:
                break
        assert any(model.in_use for model in studio.cache.loaded())
    assert begun == [1, 2]
    assert studio.cache.loaded() and not any(model.in_use for model in studio.cache.loaded())


def test_a_stopped_run_goes_on_where_it_was_and_ends_the_same(studio, picture) -> None:
    job = ClassicalJob(picture(200, 60), picture(90, 30, 3), method="optimise", steps=4, size=256, keep_colours=True)
    through = Studio(studio.settings).finish(job)
    events = studio.run(job)
    for event in events:
        if event.message.key == "iterating" and event.message.values["step"] == 2:
            break
    events.close()
    steps = list(studio.run(job))
    numbers = [event.message.values["step"] for event in steps[:-1] if event.message.key == "iterating"]
    assert numbers == [3, 4]
    assert steps[-1].result.images[0].tobytes() == through.images[0].tobytes()
    assert steps[-1].result.settings == through.settings
    # Only that very job does, and only once.
    studio.cache.unload(TITLES["painted"])
    assert next(e for e in studio.run(job) if e.message.key == "iterating").message.values["step"] == 1
    other = replace(job, steps=5)
    assert next(e for e in studio.run(other) if e.message.key == "iterating").message.values["step"] == 1


def test_a_preview_is_what_would_be_the_result_now(studio, picture, monkeypatch) -> None:
    from styleshot_demo.runners import classical

    monkeypatch.setattr(classical, "PREVIEW_EVERY", 0)
    content = picture(200, 60)
    content.putalpha(Image.linear_gradient("L").resize(content.size))
    job = ClassicalJob(content, picture(90, 90, 3), method="optimise", steps=2, size=256, keep_colours=True)
    *steps, finished = studio.run(job)
    assert steps[-1].preview.mode == "RGBA"
    assert steps[-1].preview.tobytes() == finished.result.images[0].tobytes()


def test_moving_the_slider_reads_the_pictures_only_once(studio, picture, monkeypatch) -> None:
    from styleshot_demo.classical.fast import FastTransfer

    reads = []
    encode = FastTransfer.encode
    monkeypatch.setattr(FastTransfer, "encode", lambda *args, **named: reads.append(1) or encode(*args, **named))
    content, style = picture(256, 64), picture(256, 32, 1)
    for strength in (1, 0.7, 0.3, 1):
        studio.finish(ClassicalJob(content, [style], strength=strength, size=256))
    assert len(reads) == 1
    studio.finish(ClassicalJob(content, [style], transform="adain", size=256))
    studio.finish(ClassicalJob(content, [(style, 1), (content, 1)], size=256))
    assert len(reads) == 3


def test_a_remembered_pair_gives_the_same_bytes_as_a_fresh_one(picture) -> None:
    content, style = picture(256, 64), picture(256, 32, 1)
    used, fresh = Studio(Settings(device="cpu")), Studio(Settings(device="cpu"))
    for strength in (1, 0.4):
        last = used.finish(ClassicalJob(content, [style], strength=strength, size=256)).images[0]
    assert same(last, fresh.finish(ClassicalJob(content, [style], strength=0.4, size=256)).images[0])


def test_what_does_not_fit_is_refused_before_it_is_tried(studio, picture, monkeypatch) -> None:
    free = 1024 * 1024 * BYTES_PER_PIXEL["fast"]
    monkeypatch.setattr(studio.cache, "free_bytes", lambda device: free)
    with pytest.raises(Problem) as caught:
        studio.finish(ClassicalJob(picture(256, 256), [picture(256, 256, 1)], size=2048))
    assert caught.value.key == "out_of_memory"
    size = caught.value.values["size"]
    assert 256 < size < 1024
    # What is said to fit has to fit.
    job = ClassicalJob(picture(256, 256), [picture(256, 256, 1)], size=size)
    assert studio.plan(job).memory <= SPARE * free


def test_a_large_style_counts_when_the_content_is_thin(studio, picture) -> None:
    thin, square = picture(160, 16), picture(64, 64)
    areas = [
        studio.plan(ClassicalJob(thin, [style], size=1000)).memory / BYTES_PER_PIXEL["fast"] for style in (thin, square)
    ]
    assert areas == [1000 * 100, 1000 * 1000]


def test_out_of_memory_drops_what_was_remembered(studio, picture, monkeypatch) -> None:
    job = ClassicalJob(picture(256, 64), [picture(256, 32, 1)], size=256)
    first = studio.finish(job).images[0]
    assert "Encoded pictures" in [row.name for row in studio.cache.loaded()]
    decode, left = classical.ClassicalRunner._encoded, []

    def failing(self, *args):
        left.append([row.name for row in studio.cache.loaded()].count("Encoded pictures"))
        if len(left) == 1:
            raise MemoryError
        return decode(self, *args)

    monkeypatch.setattr(ClassicalRunner, "_encoded", failing)
    assert same(studio.finish(job).images[0], first)
    assert left == [1, 0]


@pytest.mark.parametrize("device", ["cuda:7", "mps"])
def test_a_device_that_is_not_there_is_named(picture, device, monkeypatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(Problem) as caught:
        Studio(Settings(device=device)).finish(ClassicalJob(picture(64, 64), [picture(64, 64, 1)], size=256))
    assert caught.value.key == "device_missing"
    assert device in caught.value.what


@pytest.mark.parametrize("lost", ["encoder", "fast"])
def test_missing_built_in_weights_are_named(picture, tmp_path, monkeypatch, lost) -> None:
    from styleshot_demo.models import hub
    from styleshot_demo.settings import ASSETS

    for path in (ASSETS / "weights").glob("*.*"):
        if path.stem in {"encoder", "fast"} - {lost}:
            (tmp_path / "weights").mkdir(exist_ok=True)
            (tmp_path / "weights" / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(hub, "ASSETS", tmp_path)
    with pytest.raises(Problem) as caught:
        Studio(Settings(device="cpu")).finish(ClassicalJob(picture(64, 64), [picture(64, 64, 1)], size=256))
    assert caught.value.key == "weights_missing"


def test_vgg19_is_used_where_its_file_is(picture, tmp_path, monkeypatch) -> None:
    """A tiny stand-in for the file's loader: what counts is which features are taken, and that the result says so."""
    from styleshot_demo.classical import vgg, weights
    from styleshot_demo.models import hub
    from styleshot_demo.settings import ASSETS

    file = tmp_path / "timm" / "vgg19.tv_in1k" / "model.safetensors"
    file.parent.mkdir(parents=True)
    file.write_bytes((ASSETS / "weights" / "encoder.safetensors").read_bytes())
    settings = Settings(device="cpu", models=tmp_path)
    if not hub.find("vgg19", settings).here:
        pytest.fail("the stand-in was not found")
    loaded = []

    def load(path, device):
        loaded.append(path)
        return weights.load_encoder(ASSETS / "weights" / "encoder.safetensors", device)

    monkeypatch.setattr(vgg, "load_vgg19", load)
    job = ClassicalJob(picture(256, 64), [picture(256, 32, 1)], method="optimise", start="content", **SMALL)
    result = Studio(settings).finish(job)
    assert loaded == [file]
    assert [note.key for note in result.notes] == ["features_vgg"]
    assert set(result.models) == {"vgg19", "encoder", "fast"}


def test_steps_come_before_the_result_and_say_something(studio, picture) -> None:
    events = list(studio.run(ClassicalJob(picture(256, 64), [picture(256, 32, 1)], size=256)))
    assert all(isinstance(event, Step) and str(event.message) for event in events[:-1])
    assert len(events) >= 2


def test_jobs_do_not_change_the_pictures_they_are_given(studio, picture) -> None:
    content, style = picture(256, 64), picture(256, 32, 1)
    before = content.copy(), style.copy()
    studio.finish(ClassicalJob(content, [style], keep_colours=True, size=256))
    assert ImageChops.difference(content, before[0]).getbbox() is None
    assert ImageChops.difference(style, before[1]).getbbox() is None


def product() -> Image.Image:
    """A green square on white, in a corner of it a white one."""
    content = Image.new("RGB", (256, 200), "white")
    content.paste((20, 110, 70), (80, 50, 180, 150))
    content.paste("white", (100, 70, 120, 90))
    return content


@pytest.mark.parametrize("method", METHODS)
def test_a_plain_background_can_be_kept_exactly(studio, picture, method) -> None:
    content = product()
    job = ClassicalJob(content, [picture(256, 32, 1)], method=method, keep_background=True, **SMALL)
    result = studio.finish(job)
    made, was = np.asarray(result.images[0]).astype(int), np.asarray(content)
    outside = np.ones(was.shape[:2], bool)
    outside[45:155, 75:185] = False
    assert (made[outside] == was[outside]).all()
    assert np.abs(made[60:140, 90:170] - was[60:140, 90:170]).mean() > 1
    assert result.settings["keep_background"] is True and not [n for n in result.notes if "background" in n.key]


def test_any_background_is_found_and_kept(studio, picture, monkeypatch) -> None:
    cup = Image.fromarray(data.coffee()).resize((300, 200), Image.Resampling.LANCZOS)
    job = ClassicalJob(cup, [picture(256, 32, 1)], keep_background=True, size=300)
    result = studio.finish(job)
    assert "subject_found" in [note.key for note in result.notes]
    assert len(result.models["subject"]) == 16
    made, was = (np.asarray(one).astype(int) for one in (result.images[0], cup))
    assert (made[:, -25:] == was[:, -25:]).all()  # the table, exactly
    assert np.abs(made[60:140, 100:180] - was[60:140, 100:180]).mean() > 5
    # Another strength needs no second look.
    monkeypatch.setattr("styleshot_demo.helpers.subject.subject_mask", None)
    assert same(studio.finish(job).images[0], result.images[0])
    assert studio.finish(replace(job, strength=0.5)).models == result.models


def test_it_is_said_where_nothing_stands_out(studio, picture) -> None:
    rng = np.random.default_rng(0)
    content = Image.fromarray(rng.integers(90, 130, (192, 256, 3), dtype=np.uint8))
    style = picture(256, 32, 1)
    kept = studio.finish(ClassicalJob(content, [style], keep_background=True, size=256))
    assert "no_subject" in [note.key for note in kept.notes]
    assert same(kept.images[0], studio.finish(ClassicalJob(content, [style], size=256)).images[0])


@pytest.mark.parametrize("method", ["fast", "optimise"])
def test_flat_areas_are_painted_as_the_seed_says(picture, method) -> None:
    content, style = product().crop((0, 0, 256, 110)), picture(256, 32, 1)

    def painted(**settings) -> Image.Image:
        job = ClassicalJob(content, [style], method=method, **SMALL, **settings)
        return Studio(Settings(device="cpu")).finish(job).images[0]

    def texture(image: Image.Image) -> float:
        return float(np.asarray(image.convert("L")).astype(float)[:40].std())

    bare, one, other = painted(grain=0), painted(), painted(seed=1)
    assert not same(one, other)
    assert texture(one) > 1.5 * texture(bare)


@pytest.mark.parametrize("method", METHODS)
def test_where_in_memory_pictures_lie_does_not_matter(picture, method) -> None:
    """Some functions of OpenCV and MKL compute other last bits for other addresses, and a threshold makes them show."""
    content, style = product().crop((0, 40, 256, 110)), picture(256, 32, 1)
    made, held, rng = set(), [], random.Random(0)
    for _ in range(12 if method in QUICK else 3):  # the others take seconds each
        held += [np.empty(rng.randrange(200_000), np.uint8) for _ in range(rng.randrange(30))]
        rng.shuffle(held)
        del held[len(held) // 2 :]
        job = ClassicalJob(content, [style], method=method, size=256, steps=2)
        made.add(Studio(Settings(device="cpu")).finish(job).images[0].tobytes())
    assert len(made) == 1


def test_a_weak_strength_stays_near_a_flat_content(studio, picture) -> None:
    content = product()
    job = ClassicalJob(content, [picture(256, 32, 1)], strength=0.02, size=256)
    assert distance(studio.finish(job).images[0], content) < 3


# Whole photos -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["fast", "colour"])
def test_a_photo_is_painted_at_its_own_size(studio, picture, method) -> None:
    content = picture(331, 270)
    content.putalpha(Image.linear_gradient("L").resize(content.size))
    job = ClassicalJob(content, [picture(256, 32, 1)], method=method, whole=True, size=256)
    result = studio.finish(job)
    assert result.images[0].size == content.size == result.plan.size and result.images[0].mode == "RGBA"
    assert result.settings["whole"] is True and "size" not in result.settings
    # As without tiles, at the size that the photo happens to have.
    sized = studio.finish(replace(job, whole=False, size=331)).images[0]
    assert np.abs(np.asarray(result.images[0]).astype(int) - np.asarray(sized)).max() <= 1


@pytest.mark.parametrize("size", [(16, 16), (160, 16), (40, 33)])
def test_small_photos_have_an_own_size_too(studio, picture, size) -> None:
    for method in ("fast", "colour"):
        job = ClassicalJob(picture(*size), [picture(160, 16, 1)], method=method, whole=True)
        assert studio.finish(job).images[0].size == size


def test_a_screenful_comes_first_then_tiles_and_closing_stops_between_them(studio, picture, monkeypatch) -> None:
    from styleshot_demo.classical import fast, tiled

    monkeypatch.setattr(classical, "SCREEN", 128)
    monkeypatch.setattr(fast, "STRIP", 8 * 256)
    monkeypatch.setattr(tiled, "POSTPROCESS_TILE", 64)
    content = picture(256, 64)
    job = ClassicalJob(content, [picture(256, 32, 1)], whole=True, keep_colours=True, keep_background=True)
    *steps, finished = studio.run(job)
    previews = [step.preview for step in steps if step.preview is not None]
    assert [preview.size for preview in previews] == [(128, 32)]
    tiles = [step for step in steps if step.message.key == "painting_whole"]
    assert steps.index(tiles[0]) > [step.preview is not None for step in steps].index(True)
    assert len(tiles) > 8 + 8 + 4 and tiles[-1].fraction == 1  # strips that are read, strips painted, tiles cleaned
    assert [step.fraction for step in tiles] == sorted(step.fraction for step in tiles)
    assert distance(previews[0].resize(content.size), finished.result.images[0]) < 20
    read = []
    observe = tiled.ClusterColourTransfer.observe  # of each strip, once it is painted
    monkeypatch.setattr(tiled.ClusterColourTransfer, "observe", lambda *args: read.append(1) or observe(*args))
    with closing(studio.run(job)) as events:
        for event in events:
            if isinstance(event, Step) and read:
                break
    assert len(read) == 1 and not any(model.in_use for model in studio.cache.loaded())


def test_a_plain_background_of_a_whole_photo_is_kept_exactly(studio, picture, monkeypatch) -> None:
    monkeypatch.setattr(classical, "SCREEN", 128)
    content = product()
    job = ClassicalJob(content, [picture(256, 32, 1)], whole=True, keep_background=True)
    *steps, finished = studio.run(job)
    made, was = np.asarray(finished.result.images[0]), np.asarray(content)
    assert (made[:40] == was[:40]).all() and np.abs(made[60:140, 90:170].astype(int) - was[60:140, 90:170]).mean() > 1
    assert next(step.preview for step in steps if step.preview).getpixel((2, 2)) == (255, 255, 255)


def test_optimise_says_that_it_cannot_paint_whole_photos(studio, picture) -> None:
    job = ClassicalJob(picture(300, 75), [picture(256, 32, 1)], method="optimise", whole=True, size=256, steps=1)
    result = studio.finish(job)
    assert result.images[0].size == (256, 64) and "whole" not in result.settings
    assert "whole_not_optimised" in [note.key for note in result.notes]


def test_a_whole_photo_needs_little_more_memory_than_itself(studio, picture) -> None:
    style = picture(256, 32, 1)
    small, large = (
        studio.plan(ClassicalJob(Image.new("RGB", size), [style], whole=True)).memory
        for size in ((1000, 1000), (7000, 5700))
    )
    assert small < large <= 1_500 * 2**20


def test_strokes_are_as_large_as_the_brush(studio) -> None:
    """Of a striped style: its stripes come out wider, and what the brush is told is what the record says."""
    rows = np.arange(512)[:, None, None] // 4 % 2 * 200 + 20
    style = Image.fromarray(np.broadcast_to(rows, (512, 512, 3)).astype(np.uint8))
    content = Image.effect_noise((256, 256), 60).convert("RGB")

    def painted(brush: int | None) -> Image.Image:
        result = studio.finish(ClassicalJob(content, [style], size=256, brush_size=brush))
        assert result.settings.get("brush_size") == brush
        return result.images[0]

    def fineness(image: Image.Image) -> float:
        """How much neighbours differ, by how much all differ."""
        levels = np.asarray(image.convert("L")).astype(float)
        return float(np.abs(np.diff(levels, axis=0)).mean() / levels.std())

    fine, usual, coarse = painted(256), painted(None), painted(1024)
    assert same(usual, fine)  # as large as the picture
    assert fineness(coarse) < 0.97 * fineness(fine)


def ramp(height: int = 130, width: int = 1200) -> np.ndarray:
    """A smooth 16-bit gradient, of more than 8-bit levels in each channel."""
    across = np.linspace(9000, 56000, width)
    return np.stack([np.tile(line, (height, 1)) for line in (across, across[::-1], across / 2 + 9000)], 2).astype(
        np.uint16
    )


@pytest.mark.parametrize("settings", [{"whole": True}, {"size": 1000}, {"whole": True, "strength": 0}])
def test_colour_keeps_the_16_bits_of_a_photo(studio, picture, tmp_path, settings) -> None:
    from styleshot_demo import provenance
    from styleshot_demo.formats import sixteen_bit

    for name, written in (("photo.png", sixteen_bit.to_png(ramp())), ("photo.tif", sixteen_bit.to_tiff(ramp()))):
        (tmp_path / name).write_bytes(written)
        result = studio.finish(ClassicalJob(tmp_path / name, [picture(256, 32, 1)], method="colour", **settings))
        assert result.deep.shape[:2] == result.images[0].size[::-1]
        assert len(np.unique(result.deep[..., 0])) > 900
        steps = np.abs(np.diff(result.deep.astype(int), axis=1))
        assert steps.max() < 4 * 257  # 4 levels of 8 bits: near black sRGB is steep
        assert np.abs(result.deep / 257 - np.asarray(result.images[0])).max() <= 1
        assert "kept_16_bits" in [note.key for note in result.notes]
        for suffix in (".png", ".tif"):
            out = tmp_path / f"out{suffix}"
            provenance.write(result.images[0], out, result.plan.record(), result.deep)
            again, pixels = pictures.open_deep(out)
            assert again.size == result.images[0].size and (pixels == result.deep).all()
            assert provenance.read(out).settings == result.settings


def test_16_bits_keep_opacity_and_background(studio, picture, tmp_path) -> None:
    from styleshot_demo.formats import sixteen_bit

    pixels = np.dstack([ramp(), np.full((130, 1200), 65535, np.uint16)])
    pixels[:, :300, 3] = 0
    (tmp_path / "photo.png").write_bytes(sixteen_bit.to_png(pixels))
    result = studio.finish(ClassicalJob(tmp_path / "photo.png", [picture(256, 32, 1)], method="colour", whole=True))
    assert result.images[0].mode == "RGBA" and (result.deep[..., 3] == pixels[..., 3]).all()
    pixels = np.full((120, 200, 3), 65000, np.uint16)
    pixels[40:80, 60:140] = ramp(40, 80)
    (tmp_path / "product.png").write_bytes(sixteen_bit.to_png(pixels))
    job = ClassicalJob(tmp_path / "product.png", [picture(256, 32, 1)], method="colour", whole=True)
    kept = studio.finish(replace(job, keep_background=True))
    assert (kept.deep[:30] == 65000).all() and not (kept.deep[50:70, 70:130] == pixels[50:70, 70:130]).all()


def test_8_bits_stay_8_bits(studio, picture, tmp_path) -> None:
    picture(300, 200).save(tmp_path / "photo.png")
    assert studio.finish(ClassicalJob(tmp_path / "photo.png", [picture(256, 32, 1)], method="colour")).deep is None


@pytest.mark.parametrize("method", ["fast", "patches"])
def test_the_record_lists_what_was_used_in_one_order_however_long_faces_take(picture, method) -> None:
    """`fast` looks for faces beside the painting."""
    photo, look = Image.fromarray(data.astronaut()).resize((256, 256)).crop((50, 10, 160, 90)), faces.faces
    made = []
    for wait in (0.0, 0.5):
        slow = mock.patch.object(faces, "faces", lambda content, wait=wait: time.sleep(wait) or look(content))
        with slow:
            job = ClassicalJob(photo, [picture(110, 16, 1)], method=method, size=256)
            result = Studio(Settings(device="cpu")).finish(job)
        made.append((list(result.models), result.images[0].tobytes()))
    assert made[0] == made[1] and "faces" in made[0][0]
