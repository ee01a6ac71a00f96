"""Words to painted pictures without any download: which model that is, its pictures, its strengths, what it tells."""

from unittest import mock

import numpy as np
import pytest
from PIL import Image

from styleshot_demo import Settings, Studio, TextJob, provenance
from styleshot_demo.compose import sketch
from styleshot_demo.errors import Problem
from styleshot_demo.events import Finished
from styleshot_demo.runners import scenes
from styleshot_demo.runners.composer import shares
from styleshot_demo.settings import ASSETS

STYLE = ASSETS / "styles" / "wave-print.jpg"


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    return Studio(Settings(device="cpu", models=tmp_path_factory.mktemp("none")))


def job(prompt="a red apple on a table", **fields):
    return TextJob(**{"styles": [STYLE], "prompt": prompt, "size": 256} | fields)


def test_without_the_published_weights_words_are_composed(studio):
    choice = studio.ready("text")
    assert choice.model == "composer" and choice.missing, "a person may still want to know what the large one costs"
    assert studio.ready("text", model="composer").missing == ()
    assert studio.ready("image").model == "painter" and studio.ready("image", model="composer").model is None
    result = studio.finish(job())
    assert result.settings["model"] == "composer" and result.models.keys() == {"encoder", "fast"}
    assert [str(note) for note in result.notes] == ["Composed from Noto drawings and painted by Fast"]


def test_each_seed_moves_things_and_is_what_it_is_alone(studio):
    events = list(studio.run(job(count=2, seed=3)))
    result = events[-1].result
    assert isinstance(events[-1], Finished) and len(result.images) == 2
    first, second = (image.tobytes() for image in result.images)
    assert first != second == studio.finish(job(seed=4)).images[0].tobytes()
    assert result.control.size == (512, 256)  # both sketches
    steps = events[:-1]
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions) and fractions[-1] == 1
    assert [step.message.key for step in steps if step.preview] == ["painting", "made"] * 2
    made = [step.made_by for step in steps if step.message.key == "made"]
    assert made == [result.plan.record(n, result.models) for n in (0, 1)]
    assert steps[2].preview.tobytes() == result.control.crop((0, 0, 256, 256)).tobytes()  # the sketch comes first


def test_strengths_go_from_the_sketch_to_things_painted_like_the_ground(studio):
    results = [studio.finish(job("a fox on a meadow", style_strength=one)) for one in (0, 0.5, 1, 2)]
    alone = [result.images[0] for result in results]
    assert alone[0].tobytes() == results[0].control.tobytes()
    away = [np.abs(np.asarray(one, float) - np.asarray(alone[0], float)).mean() for one in alone]
    assert away == sorted(away) and away[2] < away[3]
    assert shares(0.5) == (0.5, shares(1)[1]) and shares(2) == (1, 1)


def test_sizes(studio):
    planned = studio.plan(job(size=128))
    assert planned.size == (256, 256) and [note.key for note in planned.remarks] == ["model_composer", "composer_size"]
    assert studio.plan(job(size=None)).size == (512, 512)
    assert studio.plan(job(size=1024)).fitting <= 1024


def test_what_is_not_understood_is_told(studio):
    told = [str(note) for note in studio.plan(job("an accordion player beside a castle")).remarks]
    assert told[1:] == ["Not known here: accordion player; nearest: accordion"]
    many = studio.plan(job("a castle, qxq, vxv, zxz, kxk, jxj"))
    assert str(many.remarks[1]) == "Not known here: qxq, vxv, zxz, kxk, …"


@pytest.mark.parametrize("prompt", ["", "!?", "the", "qxq"])
def test_nothing_to_draw_is_said_before_anything_begins(studio, prompt):
    key = "nothing_known" if prompt == "qxq" else "nothing_to_draw"
    with pytest.raises(Problem) as caught:
        studio.plan(job(prompt))
    assert caught.value.key == key


@pytest.mark.parametrize(
    ("prompt", "words", "nearest"),
    [
        ("a watchtower", "watchtower", "Tokyo tower"),
        ("an oil painting of an elefant", "elefant", "elephant"),
        ("portrait of qxq", "qxq", None),
        ("瞭望塔", "瞭望塔", "Tokyo tower"),
        ("长城", "长城", "castle"),
    ],
)
def test_no_empty_meadow_stands_for_what_is_not_known(studio, prompt, words, nearest):
    with pytest.raises(Problem) as caught:
        studio.plan(job(prompt))
    assert caught.value.values == {"words": words} | ({"nearest": nearest} if nearest else {})


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("a sunset", []),
        ("a melancholic sunset", ["scene_bare", "scene_unknown"]),
        ("忧郁的日落", ["scene_bare", "scene_unknown"]),
        ("a watchtower by the sea", ["scene_bare", "scene_near"]),
        ("a watchtower in the fog at night", ["scene_bare", "scene_near"]),
        ("日落时的瞭望塔", ["scene_bare", "scene_near"]),
        ("sunset over qxq", ["scene_bare", "scene_unknown"]),
        ("sunset over Manhattan", []),
        ("a castle and a watchtower", ["scene_near"]),
    ],
)
def test_a_place_or_a_time_that_was_asked_for_is_painted(studio, prompt, told):
    assert [note.key for note in studio.plan(job(prompt)).remarks[1:]] == told


def test_several_styles_are_mixed_by_their_weights(studio):
    other = Image.open(ASSETS / "styles" / "ink-wash.jpg")
    mixed = [studio.finish(job(styles=[(STYLE, 1), (other, weight)])).images[0].tobytes() for weight in (0, 1, 9)]
    assert len(set(mixed)) == 3 and mixed[0] == studio.finish(job()).images[0].tobytes()


def test_a_suited_job_stays_as_it_is():
    adapted, _ = scenes.adapt_job(job(size=200))
    assert scenes.adapt_job(adapted) == (adapted, [])


def test_a_tile_is_recorded_and_made_again(studio):
    result = studio.finish(job("foxes on a meadow", tile=True, seed=5))
    record = result.plan.record(0, result.models)
    assert record.settings["tile"] is True and result.plan.scene.kind == "pattern"
    restored = provenance.restore(record)
    assert not restored.dropped and restored.settings["tile"] is True
    again = studio.finish(TextJob([STYLE], **restored.settings)).images[0]
    assert again.tobytes() == result.images[0].tobytes()
    assert result.plan.memory > studio.plan(job("foxes on a meadow")).memory  # what is around it is painted too


def test_only_the_composer_makes_tiles(studio):
    assert studio.plan(job(tile=False)).settings()["tile"] is False
    for wrong in ("yes", 1, None):
        with pytest.raises(Problem) as caught:
            job(tile=wrong)
        assert caught.value.key == "unknown_choice"
    if studio.ready("text", model="small").model is None:
        pytest.skip("there is no small StyleShot")
    other = studio.plan(job(model="small", tile=True))
    assert "tile" not in other.settings() and "tile_not_composed" in [told.key for told in other.remarks]


def test_what_was_moved_is_recorded_and_made_again(studio):
    result = studio.finish(job("a fox and a tree", moved={"fox": (0.2, 0.9), "owl": (0.5, 0.5)}, seed=5))
    assert result.images[0].tobytes() != studio.finish(job("a fox and a tree", seed=5)).images[0].tobytes()
    record = result.plan.record(0, result.models)
    assert record.settings["moved"] == '{"fox":[[0.2,0.9]]}', "there is no owl"
    restored = provenance.restore(record)
    again = studio.finish(TextJob([STYLE], **restored.settings)).images[0]
    assert again.tobytes() == result.images[0].tobytes()
    assert scenes.recorded(restored.scene, "a fox and a tree").things[0].at == ((0.2, 0.9),)
    tile = studio.plan(job("a fox and a tree", moved={"fox": (0.2, 0.9)}, tile=True))
    assert tile.settings()["moved"] == "" and tile.scene == studio.plan(job("a fox and a tree", tile=True)).scene


def test_what_was_not_understood_stays_beside_what_was_moved():
    scene = scenes.scene_of("a castle, an elefant", places='{"castle":[[0.3,0.7]]}')
    assert scenes.recorded(scenes.as_setting(scene), "a castle, an elefant") == scene


def test_what_is_remembered_of_a_scene_changes_no_picture(studio):
    """Another strength only decodes; another seed, size, place or style is another scene."""
    fresh = Studio(Settings(device="cpu", models=studio.settings.models))
    studio.finish(job(style_strength=1.0, size=256))
    drawn = []
    draw = sketch.draw
    with mock.patch.object(sketch, "draw", side_effect=lambda *args: drawn.append(args) or draw(*args)):
        weaker = studio.finish(job(style_strength=0.4, size=256))
        assert not drawn
        assert weaker.images[0].tobytes() == fresh.finish(job(style_strength=0.4, size=256)).images[0].tobytes()
        drawn.clear()
        batik = STYLE.with_name("batik.jpg")
        for other in ({"seed": 5}, {"size": 264}, {"moved": {"red apple": (0.2, 0.8)}}, {"styles": [batik]}):
            found = studio.finish(job(style_strength=0.4, **{"size": 256, **other}))
            assert found.images[0].tobytes() != weaker.images[0].tobytes()
            assert len(drawn) == 1 and not drawn.clear()
