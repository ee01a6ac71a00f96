"""Files of a StyleShot: what is asked at any time reads headers alone; reading and converting can be stopped."""

import contextlib
import json
import os
import shutil
import threading
import time

import pytest
import tiny_models
import torch
from PIL import Image

from styleshot_demo import Settings, Studio, TextJob
from styleshot_demo.errors import Problem
from styleshot_demo.events import Step
from styleshot_demo.generators import finished
from styleshot_demo.models import app_cache, hashes, hub, once
from styleshot_demo.runners import weights
from styleshot_demo.runners.weights import ModelParts
from styleshot_demo.styleshot import checkpoints


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return tiny_models.build(tmp_path_factory.mktemp("models"), ("base", "contour", "lineart"))


@pytest.fixture
def settings(built, tmp_path, monkeypatch):
    """A user who has the published files and has not run the program yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(hashes, "_remembered", {})
    shutil.copytree(built, tmp_path / "models", copy_function=os.link)
    return Settings(models=tmp_path / "models")


@pytest.fixture
def reads(monkeypatch):
    """Names of the files that are read for their hash from now on."""
    seen, real = [], hashes._read
    monkeypatch.setattr(hashes, "_read", lambda path: (seen.append(path.name), real(path))[1])
    return seen


@pytest.fixture
def gate(monkeypatch):
    """Conversions wait at their first tensor until this is set; `gate.begun` counts them."""
    opened, real = threading.Event(), checkpoints.converting
    opened.begun = 0

    def converting(*given):
        opened.begun += 1
        progress = real(*given)
        try:
            while True:
                fraction = next(progress)
                while not opened.is_set():
                    yield fraction
                    time.sleep(0.01)
                yield fraction
        except StopIteration as end:
            return end.value
        finally:
            progress.close()

    monkeypatch.setattr(checkpoints, "converting", converting)
    yield opened
    opened.set()


def last(events):
    return list(events)[-1]


def converted_of(tmp_path):
    return tmp_path / "cache" / "styleshot_demo" / weights.CONVERTED


def folders(root):
    return sorted(path.name for path in root.iterdir() if path.is_dir()) if root.exists() else []


# What may be asked at any time


@pytest.mark.parametrize("preprocessor", ["contour", "lineart"])
def test_parts_tells_sizes_before_and_after_the_conversion(settings, reads, tmp_path, preprocessor):
    began = time.monotonic()
    before = weights.parts(settings, "styleshot", preprocessor)
    assert time.monotonic() - began < 5
    assert not reads and not (tmp_path / "cache").exists(), "nothing is read, converted or written"
    assert not before.converted and before.digests == {}
    located = last(weights.locate(settings, "styleshot", preprocessor))
    assert located.converted and before.numbers() == located.numbers()
    assert before.folders.keys() == located.folders.keys() == before.fingerprints.keys() == located.fingerprints.keys()
    reads.clear()
    after = weights.parts(settings, "styleshot", preprocessor)
    assert after == located and not reads


def test_parts_reads_no_more_than_headers(settings):
    """Files of 20 GB of zeros that take no room: whoever read them would be at it for minutes."""
    ip = settings.models / "Gaojunyao/StyleShot" / weights.IP
    expected = weights.parts(settings, "styleshot", "contour").numbers()
    for path in (ip, settings.models / tiny_models.BASE / "unet/diffusion_pytorch_model.fp16.safetensors"):
        copy = path.with_suffix(".copy")
        shutil.copyfile(path, copy)
        os.replace(copy, path)
    unet = settings.models / tiny_models.BASE / "unet/diffusion_pytorch_model.fp16.safetensors"
    header = {"huge": {"dtype": "F16", "shape": [10 * 2**30], "data_offsets": [0, 20 * 2**30]}}
    text = json.dumps(header).encode()
    with open(unet, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + 20 * 2**30)
    began = time.monotonic()
    found = weights.parts(settings, "styleshot", "contour")
    assert time.monotonic() - began < 2
    assert found.numbers() == expected | {"unet": 10 * 2**30}


def test_parts_without_content_fusion_or_in_the_old_format(settings):
    ip = settings.models / "Gaojunyao/StyleShot" / weights.IP
    state = torch.load(ip, weights_only=True)
    ip.unlink()
    torch.save({name: value for name, value in state.items() if not name.startswith("controlnet.")}, ip)
    found = weights.parts(settings, "styleshot", "contour")
    assert "controlnet" not in found.folders and found.numbers()["adapter"] > 0
    torch.save(state, ip, _use_new_zipfile_serialization=False)
    guessed = weights.parts(settings, "styleshot", "contour").numbers()
    assert guessed["controlnet"] > 0 and sum(guessed.values()) < 2 * ip.stat().st_size * len(guessed)


def test_parts_of_the_small_model_and_of_none(settings, tmp_path):
    small = weights.parts(settings, "small", "contour")
    located = last(weights.locate(settings, "small", "contour"))
    assert small.numbers() == located.numbers() and small.fingerprints == located.fingerprints
    assert "prior" in small.folders and located.digests.keys() == {"styleshot-small"}
    assert weights.parts(Settings(models=tmp_path / "empty"), "styleshot", "contour") is None


def test_what_fits_is_asked_without_converting(settings, reads, tmp_path):
    studio = Studio(Settings(models=settings.models, device="cpu"))
    planned = studio.plan(TextJob([Image.new("RGB", (64, 64))], "a castle"))
    assert planned.model == "styleshot" and 128 <= planned.fitting <= 1024 and planned.memory > 0
    assert not reads and not (tmp_path / "cache").exists()


# Reading and converting


def test_locate_tells_how_far_it_is(settings, monkeypatch):
    monkeypatch.setattr(once, "BEAT", 0.0005)
    monkeypatch.setattr(hashes, "_BLOCK", 4096)
    events = list(weights.locate(settings, "styleshot", "contour"))
    assert isinstance(events[-1], ModelParts) and all(isinstance(event, Step) for event in events[:-1])
    fractions = [event.fraction for event in events[:-1]]
    assert fractions == sorted(fractions) and min(fractions) >= 0 and max(fractions) <= 1
    told = [str(event.message) for event in events[:-1]]
    assert {event.message.key for event in events[:-1]} == {"reading_model", "converting"}
    assert any(line.startswith("Reading StyleShot, contour, once only: ") and line.endswith(" %") for line in told)
    assert any(line.startswith("Preparing the files of StyleShot, contour") for line in told)
    assert len(list(weights.locate(settings, "styleshot", "contour"))) == 1, "the second time there is nothing to tell"


def test_closing_stops_a_conversion_and_leaves_nothing(settings, tmp_path, gate):
    with contextlib.closing(weights.locate(settings, "styleshot", "contour")) as events:
        for _ in range(3):
            assert next(events).message.key in ("reading_model", "converting")
        while not folders(converted_of(tmp_path)):
            next(events)
        began = time.monotonic()
    assert time.monotonic() - began < 1
    assert folders(converted_of(tmp_path)) == []
    assert not [thread for thread in threading.enumerate() if thread.name == "once"]
    gate.set()
    assert last(weights.locate(settings, "styleshot", "contour")).converted


def test_closing_stops_reading(settings, monkeypatch):
    """An endless file stands for one of gigabytes."""
    real = hashes._read

    def endless(path):
        while path.name == "ip.bin":
            time.sleep(0.01)
            yield 0.4
        return (yield from real(path))

    monkeypatch.setattr(hashes, "_read", endless)
    events = weights.locate(settings, "styleshot", "contour")
    step = next(events)
    assert str(step.message).startswith("Reading StyleShot, contour, once only: ")
    began = time.monotonic()
    events.close()
    assert time.monotonic() - began < 1
    monkeypatch.setattr(hashes, "_read", real)
    assert last(weights.locate(settings, "styleshot", "contour")).converted


def test_two_who_ask_convert_once_and_others_are_not_held_up(settings, gate):
    results = []

    def ask():
        results.append(last(weights.locate(settings, "styleshot", "contour")))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    while not gate.begun:
        time.sleep(0.01)
    began = time.monotonic()
    assert last(weights.locate(settings, "small", "contour")).digests
    assert weights.parts(settings, "styleshot", "contour") is not None
    assert time.monotonic() - began < 2
    gate.set()
    for thread in threads:
        thread.join(30)
    assert len(results) == 3 and results[0] == results[1] == results[2]
    assert gate.begun == 1


def test_another_process_that_converts_is_waited_for(settings, tmp_path):
    from filelock import FileLock

    found, base = hub.find("styleshot", settings), hub.find("sd15", settings)
    name = "-".join(hashes.sha256_of(found.files[path])[:16] for path in (weights.IP, weights.ENCODER))
    converted_of(tmp_path).mkdir(parents=True)
    with FileLock(converted_of(tmp_path) / f".{name}.lock"):
        steps = weights.converting(found, base, settings)
        assert [next(steps).message.key for _ in range(4)] == ["converting"] * 4
    assert finished(steps).name == name


def test_what_a_killed_conversion_left_goes_away(settings, tmp_path):
    found = hub.find("styleshot", settings)
    name = "-".join(hashes.sha256_of(found.files[path])[:16] for path in (weights.IP, weights.ENCODER))
    rest = converted_of(tmp_path) / f".part-{name}"
    rest.mkdir(parents=True)
    (rest / "half").write_bytes(b"x")
    assert last(weights.locate(settings, "styleshot", "contour")).converted
    assert folders(converted_of(tmp_path)) == [name]


@pytest.mark.parametrize("earlier", ["models", "hub cache"])
def test_what_an_earlier_version_converted_is_found(settings, tmp_path, monkeypatch, reads, earlier):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    old = settings.models if earlier == "models" else tmp_path / "hub"
    last(weights.locate(settings, "styleshot", "contour"))
    old.mkdir(exist_ok=True)
    shutil.move(converted_of(tmp_path), old / weights.CONVERTED)
    shutil.move(converted_of(tmp_path).parent / hashes.HashRecord.NAME, old / hashes.HashRecord.NAME)
    monkeypatch.setattr(hashes, "_remembered", {})
    reads.clear()
    monkeypatch.setattr(checkpoints, "converting", None)  # is not called
    (located,) = weights.locate(settings, "styleshot", "contour")
    assert old in located.folders["adapter"].parents and not reads
    assert weights.parts(settings, "styleshot", "contour") == located
    assert app_cache.record(settings).read("hashed")


def test_a_file_that_cannot_be_read_is_a_problem(settings, monkeypatch):
    def broken(path):
        yield 0.0
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(hashes, "_read", broken)
    with pytest.raises(Problem) as caught:
        list(weights.locate(settings, "styleshot", "contour"))
    assert caught.value.key == "weights_broken"


def test_exporting_tells_and_checks_its_folder_first(settings, tmp_path, reads):
    (settings.models / tiny_models.ANNOTATORS).mkdir(parents=True)
    torch.save({}, settings.models / tiny_models.ANNOTATORS / "ControlNetHED.pth")  # is looked for, and not loaded
    (tmp_path / "file").write_text("mine")
    for to, key in ((tmp_path / "file", "not_a_folder"), (tmp_path / "file" / "below", "not_a_folder")):
        with pytest.raises(Problem) as caught:
            weights.export(settings, to)
        assert caught.value.key == key and not reads
    assert "converting" in [step.message.key for step in weights.exporting(settings, tmp_path / "out")]
    assert (tmp_path / "out" / "model_index.json").is_file()
