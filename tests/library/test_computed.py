"""What was computed of a kept style lies in its file: used again, nothing is encoded, to the same bytes."""

import itertools
import json
import os
import zipfile
from dataclasses import asdict
from functools import partial

import pytest
import torch
from PIL import Image
from safetensors.torch import load, save
from skimage import data

from styleshot_demo import ClassicalJob, ImageJob, Settings, Studio, TextJob, jobs, provenance
from styleshot_demo.classical.features import Encoder
from styleshot_demo.classical.statistics import subsampled_moments
from styleshot_demo.errors import Problem
from styleshot_demo.events import Step
from styleshot_demo.images.ops import to_tensor
from styleshot_demo.library import Library, beside
from styleshot_demo.library.computed import MAX_BYTES, WRITER, read, write
from styleshot_demo.library.stylefile import StyleFile
from styleshot_demo.runners import classical
from styleshot_demo.runners.computed import from_tensors
from styleshot_demo.runners.styles import style_cache, styles_of
from styleshot_demo.settings import ASSETS
from styleshot_demo.small.autoencoder import PatchAutoencoder
from styleshot_demo.styleshot.encoder import StyleAwareEncoder
from styleshot_demo.ui.picture_cache import PictureCache

STYLES = sorted((ASSETS / "styles").glob("*.jpg"))
BATIK, WAVE = (ASSETS / "styles" / name for name in ("batik.jpg", "wave-print.jpg"))


def little(path) -> Image.Image:
    """A style picture that is soon opened: how large it is counts for nothing here."""
    with Image.open(path) as image:
        image.draft("RGB", (160, 160))
        return image.convert("RGB").resize((160, 160))


@pytest.fixture
def entry(tmp_path):
    return Library(tmp_path / "kept").save("Blue", [(little(BATIK), 2.0), (little(WAVE), 1.0)])


@pytest.fixture
def passes(monkeypatch):
    """The name of every network that reads a picture, once for each time."""
    seen: list[str] = []
    readers = ((Encoder, "forward"), (Encoder, "rows"), (StyleAwareEncoder, "forward"), (PatchAutoencoder, "encode"))
    for kind, name in readers:
        original = getattr(kind, name)

        def counted(self, *given, original=original, **named):
            seen.append(type(self).__name__)
            return original(self, *given, **named)

        monkeypatch.setattr(kind, name, counted)
    return seen


def photo() -> Image.Image:
    return Image.fromarray(data.astronaut()).resize((160, 120))


JOBS = {
    "fast": lambda styles: ClassicalJob(photo(), styles, size=256),
    "whole": lambda styles: ClassicalJob(photo(), styles, whole=True),
    "colour": lambda styles: ClassicalJob(photo(), styles, method="colour", size=256),
    "small": lambda styles: TextJob(styles=styles, prompt="a red apple", model="small", size=128, steps=3, seed=3),
}


def painted(job) -> bytes:
    """By a program that has just been started."""
    made = Studio(Settings(device="cpu")).finish(job).images[0].tobytes()
    WRITER.wait()
    return made


def kept_nowhere(used):
    """The same pictures, as from plain files."""
    for image, _ in used:
        del image.info["kept"]
    return used


@pytest.mark.parametrize("name", JOBS)
def test_the_next_program_encodes_nothing_of_the_style(entry, passes, name):
    plain = painted(JOBS[name](kept_nowhere(entry.used())))
    assert not read(entry.path), "nothing is stored of pictures that came otherwise"
    alone = passes.copy()
    passes.clear()
    assert painted(JOBS[name](entry.used())) == plain and passes == alone and read(entry.path)
    passes.clear()
    assert painted(JOBS[name](entry.used())) == plain
    assert passes == (["Encoder"] if name in ("fast", "whole") else []), "the photo alone"
    assert name == "colour" or len(alone) >= 2
    assert Library(entry.path.parent).find("Blue").style == entry.style


@pytest.mark.parametrize("name", [name for name in JOBS if name != "whole"])  # its style is read as that of "fast"
def test_a_style_of_many_pictures_paints_by_all_of_them_and_encodes_them_once(tmp_path, passes, name):
    many = Library(tmp_path / "kept").save("Many", [(little(path), 1.0) for path in STYLES[:6]])
    assert len(many.used()) == 4 and max(weight for _, weight in many.used()) == 1
    assert sum(len(image.info["kept"].members) or 1 for image, _ in many.used()) == 6
    typical = painted(JOBS[name](kept_nowhere(many.used())))
    made = painted(JOBS[name](many.used()))
    assert made != typical
    passes.clear()
    job = JOBS[name](many.used())
    assert painted(job) == made and passes == (["Encoder"] if name == "fast" else [])
    plan = Studio(Settings(device="cpu")).plan(job)
    (told,) = [note for note in plan.remarks if note.key == "style_by_all"]
    counts = provenance.parse(json.dumps(asdict(plan.record()))).inputs["style_pictures"]
    assert told.values["count"] == sum(counts) == 6 and len(counts) == 4, "those too that stand for themselves"


def drawing() -> Image.Image:
    """Flat enough to be known as one: then tones are led to those of the style."""
    made = Image.new("RGB", (300, 200), "white")
    made.paste("navy", (40, 40, 160, 150))
    return made


READING = {
    **JOBS,
    "small photo": lambda styles: ImageJob(photo(), styles, prompt="", model="small", size=128, steps=1),
    "whole colour": lambda styles: ClassicalJob(photo(), styles, method="colour", whole=True),
    "optimise": lambda styles: ClassicalJob(drawing(), styles, method="optimise", size=256, steps=2),
    "composer": lambda styles: TextJob(styles=styles, prompt="a red apple", model="composer", size=256),
    "painter": lambda styles: ImageJob(photo(), styles, prompt="", model="painter", size=256),
}


@pytest.mark.parametrize("name", READING)
def test_reading_many_says_how_far_it_is_and_stops_at_once(tmp_path, monkeypatch, name):
    monkeypatch.setattr(classical, "SCREEN", 128)  # a whole photo is shown before, by the style at another size
    opened = []
    open_picture = StyleFile.picture
    near = [Image.new("RGB", (64, 64), (40 * place, 90, 200 - 30 * place)) for place in range(6)]
    styles = Library(tmp_path / "kept").save("Many", [(image, 1.0) for image in near]).used()
    total = sum(len(image.info["kept"].members) for image, _ in styles)
    monkeypatch.setattr(StyleFile, "picture", lambda *given: opened.append(given[1]) or open_picture(*given))

    def numbers(events):
        return [one.message.values["number"] for one in events if one.message.key == "reading_style"]

    def run():
        return Studio(Settings(device="cpu")).run(READING[name](styles))

    stopped = run()
    assert any(numbers([event]) == [2] for event in stopped)
    stopped.close()
    assert len(opened) == 2, "nothing is read after Stop"
    opened.clear()
    steps = [event for event in itertools.islice(run(), 40) if isinstance(event, Step)]
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions)
    times = 2 if "small" in name else 1  # by two networks
    assert numbers(steps) == list(range(1, total + 1)) * times and len(opened) == times * total, "each is a step"
    WRITER.wait()


def test_moments_of_many_are_the_mean_and_a_method_that_needs_pixels_says_so(tmp_path):
    near = [Image.new("RGB", (256, 256), (40 * place, 90, 200 - 30 * place)) for place in range(5)]
    many = Library(tmp_path / "kept").save("Many", [(image, 1.0 + place) for place, image in enumerate(near)])
    ((picture, _),) = [pair for pair in many.used() if pair[0].info["kept"].members]
    studio = Studio(Settings(device="cpu"))
    ((style, _),) = styles_of(studio.cache, [(picture, 1.0)], 256, "cpu", {})
    parts = [(subsampled_moments(to_tensor(image)).mean, share) for image, share in picture.info["kept"].pictures()]
    assert len(parts) == 2 and torch.allclose(style.colour_moments().mean, sum(mean * share for mean, share in parts))
    for method in ("patches", "optimise"):
        job = ClassicalJob(photo(), many.used(), method=method, size=256)
        (told,) = [note for note in studio.plan(job).remarks if note.key.startswith("style_by")]
        assert told.key == "style_by_typical" and told.values == {"count": 5, "used": 4}
        assert "style_pictures" not in studio.plan(job).record().inputs, "it is painted by those that it names"


@pytest.fixture
def restarted(tmp_path):
    """Makes jobs know the library as a page does whose server has just been started."""
    yield lambda: jobs.find_kept_by(partial(beside.read, Library(tmp_path / "kept")))
    jobs.find_kept_by(lambda path: None)


def test_what_the_page_lays_into_a_box_is_known_again_after_a_restart(tmp_path, restarted):
    library = Library(tmp_path / "kept")
    near = [Image.new("RGB", (64, 64), (40 * place, 90, 200 - 30 * place)) for place in range(5)]
    many = library.save("Many", [(image, 1.0) for image in near])
    boxes, opened = [], PictureCache()
    for number, (image, _) in enumerate(many.used()):
        boxes.append(tmp_path / f"box {number}.png")
        image.save(boxes[-1])
        beside.write(boxes[-1], image.info["kept"])
    assert "kept" not in jobs.open_named(boxes[0]).info, "nobody has said where the library is"
    restarted()
    for path, (image, _) in zip(boxes, many.used(), strict=True):
        assert jobs.open_named(str(path)).info["kept"] == image.info["kept"]
        assert opened.bring(str(path), 256).info["kept"] == image.info["kept"]
    library.delete(many.key)
    assert not any("kept" in jobs.open_named(path).info for path in boxes)
    assert not any("kept" in opened.bring(str(path), 256).info for path in boxes)
    # Another style of that name has other pictures.
    library.save("Many", [(BATIK, 1.0), (WAVE, 1.0)])
    grouped = [path for path in boxes if ".png" in path.with_name(f"{path.name}.kept.json").read_text()]
    assert grouped and not any("kept" in jobs.open_named(path).info for path in grouped)


@pytest.mark.parametrize("told", ["", "[]", "{}", '{"style": 3, "members": []}', '{"style": "batik", "members": []}',
                                  '{"style": "Blue.style.zip", "members": [1]}', "[" * 100_000])  # fmt: skip
def test_a_note_that_cannot_be_is_none(entry, restarted, tmp_path, told):
    restarted()
    Image.new("RGB", (64, 64)).save(tmp_path / "box.png")
    (tmp_path / "box.png.kept.json").write_text(told)
    assert "kept" not in jobs.open_named(tmp_path / "box.png").info


def replace_computed(path, change):
    """Writes what `change` makes of the tensors, or of all bytes, into the style file."""
    with zipfile.ZipFile(path) as source:
        held = {name: source.read(name) for name in source.namelist()}
    data = held["computed.safetensors"]
    length = int.from_bytes(data[:8], "little")
    metadata = json.loads(data[8 : 8 + length])["__metadata__"]
    tensors = {name: change(tensor) for name, tensor in load(data).items()}
    held["computed.safetensors"] = save(tensors, metadata)
    with zipfile.ZipFile(path, "w") as target:
        for name, content in held.items():
            target.writestr(name, content)


def test_what_cannot_be_is_computed_anew(entry):
    tried = [JOBS["fast"], JOBS["small"]]
    plain = [painted(job(kept_nowhere(entry.used()))) for job in tried]
    for job in tried:
        painted(job(entry.used()))
    sound = entry.path.read_bytes()
    assert read(entry.path)
    for change, jobs_tried in (
        (lambda tensor: tensor * torch.nan, tried),
        (lambda tensor: tensor[..., :-1].contiguous(), tried),
        (lambda tensor: tensor[None], tried[:1]),
        (lambda tensor: tensor.half(), tried[:1]),
    ):
        entry.path.write_bytes(sound)
        replace_computed(entry.path, change)
        for job, wanted in zip(jobs_tried, plain, strict=False):
            assert painted(job(entry.used())) == wanted
    entry.path.write_bytes(sound)
    replace_computed(entry.path, lambda tensor: -tensor)
    assert painted(tried[0](entry.used())) == plain[0], "no covariance is negative"


def test_values_are_those_of_pictures_and_networks_not_of_a_name(entry, tmp_path):
    painted(JOBS["fast"](entry.used()))
    other = Library(entry.path.parent).save("Other", [(ASSETS / "styles" / "woodcut.jpg", 1.0)])
    plain = painted(JOBS["fast"](kept_nowhere(other.used())))
    assert write(other.path, 0, read(entry.path))
    assert painted(JOBS["fast"](other.used())) == plain
    cache, (image, _) = Studio(Settings(device="cpu")).cache, entry.used()[0]
    hashes = Studio(Settings(device="cpu")).finish(JOBS["fast"](other.used())).models
    for size, changed, there in ((256, {}, True), (256, {"fast": "another"}, False), (384, {}, False)):
        known = style_cache(cache, "", size, "cpu", hashes | changed, picture=image)
        assert (known.get("features") is not None) == there


@pytest.mark.parametrize("content", [b"", b"\x80\x04.", b"\xff" * 64, b"\2" + bytes(7) + b"[]", bytes(2**20)])
def test_any_bytes_at_all_are_nothing(entry, content):
    with zipfile.ZipFile(entry.path, "a") as target:
        target.writestr("computed.safetensors", content)
    assert read(entry.path) == {}
    library = Library(entry.path.parent.parent / "elsewhere")
    assert library.add(entry.path).name == "Blue", "it hinders nobody from taking the style"


def test_a_file_that_cannot_be_changed_paints_all_the_same(entry):
    limited = Library(entry.path.parent, limit_gb=(entry.path.stat().st_size + 1000) / 1e9).find("Blue")
    plain = painted(JOBS["fast"](limited.used()))
    assert not read(entry.path), "the library would be larger than it may be"
    used = entry.used()
    entry.path.unlink()
    assert painted(JOBS["fast"](used)) == plain and not entry.path.exists()


def test_the_values_used_last_stay_within_the_limit(entry):
    for key in "abc":
        assert write(entry.path, 0, {key: {"x": torch.zeros(MAX_BYTES // 8 - 100)}})
    assert list(read(entry.path)) == ["b", "c"] and os.path.getsize(entry.path) < 2 * MAX_BYTES
    assert Library(entry.path.parent).change(entry.key, note="new").style.note == "new"
    assert list(read(entry.path)) == ["b", "c"], "it goes along with every change"


def forged(path):
    """Moments that could be those of a style, and are not."""
    values = read(path)
    for value in values.values():
        for part in [part for part in value if part.endswith("mean")]:
            value[part] = value[part] + 0.5
    # What is there already is not written again.
    with zipfile.ZipFile(path) as file:
        entries = {name: file.read(name) for name in file.namelist()}
    tensors = {f"{key}.{part}": tensor for key, value in values.items() for part, tensor in value.items()}
    entries["computed.safetensors"] = save(tensors, {"order": " ".join(values)})
    with zipfile.ZipFile(path, "w") as file:
        for name, content in entries.items():
            file.writestr(name, content)


def test_a_file_that_lies_harms_only_whoever_uses_that_file(entry):
    plain = painted(JOBS["fast"](kept_nowhere(entry.used())))
    assert painted(JOBS["fast"](entry.used())) == plain
    forged(entry.path)
    studio = Studio(Settings(device="cpu"))
    assert studio.finish(JOBS["fast"](entry.used())).images[0].tobytes() != plain
    assert studio.finish(JOBS["fast"](kept_nowhere(entry.used()))).images[0].tobytes() == plain


def test_another_style_in_the_place_of_one_that_was_chosen_is_not_taken_for_it(tmp_path):
    sources = [Image.new("RGB", (64, 64), (40 * place, 90, 200)) for place in range(6)]
    library = Library(tmp_path / "kept")
    used = library.save("A", [(each, 1.0) for each in sources]).used()
    group = next(one for one, _ in used if one.info["kept"].members)
    library.delete(library.find("A").key)
    library.save("A", [(each.rotate(90).point(lambda value: 255 - value), 1.0) for each in sources])
    with pytest.raises(Problem, match="A"):
        list(group.info["kept"].pictures())


def test_a_tensor_without_dimensions_is_no_value():
    assert from_tensors("clusters", {"colours": torch.tensor(1.0), "shares": torch.tensor(1.0)}) is None
