"""Parts of the page that work without a browser."""

import itertools
import json
from dataclasses import replace

import gradio as gr
import pytest
from PIL import Image

from styleshot_demo import ClassicalJob, jobs, needs, pictures, provenance
from styleshot_demo.errors import Problem
from styleshot_demo.events import Result
from styleshot_demo.messages import Remark, remark
from styleshot_demo.runtime.cache import ModelCache
from styleshot_demo.settings import Settings
from styleshot_demo.studio import Studio
from styleshot_demo.ui import (
    build,
    classical_tab,
    controls,
    examples,
    memory,
    panel,
    results,
    tab_state,
    theme,
    widgets,
    words,
)
from styleshot_demo.ui.classical_tab import CHECKS


@pytest.mark.parametrize(
    "stem, name",
    [
        ("chelsea", "chelsea-fast-batik-strength0.8-seed7.png"),
        ("../../etc/passwd", "etc-passwd-fast-batik-strength0.8-seed7.png"),
        ("小猫 (1)", "小猫-1-fast-batik-strength0.8-seed7.png"),
        ("", "picture-fast-batik-strength0.8-seed7.png"),
        ("<b>" + "x" * 300, "b-" + "x" * 58 + "-fast-batik-strength0.8-seed7.png"),
    ],
)
def test_files_get_a_name_a_person_would_choose(stem, name):
    assert results.file_name(stem, "fast", styles("batik.jpg"), 0.8, 7) == name


@pytest.mark.parametrize(
    "files, named",
    [
        ((None,), ""),
        (("../水彩.png",), "水彩-"),
        (("a.jpg", "b.jpg", "c.jpg"), "a-b-"),
        (("y" * 90 + ".jpg",), "y" * 24 + "-"),
    ],
)
def test_files_name_their_styles(files, named):
    name = results.file_name("cat", "fast", styles(*files), 1.0, 0)
    assert name == f"cat-fast-{named}strength1-seed0.png"


def styles(*files):
    """Style pictures from files of those names; None: from nowhere."""
    made = []
    for file in files:
        image = Image.new("RGB", (1, 1))
        image.info |= {"file_name": file} if file else {}
        made.append((image, 1.0))
    return made


@pytest.mark.parametrize("letter", ["𝒳", "字", "a"])
def test_no_prompt_makes_a_name_under_which_the_result_is_lost(tmp_path, picture, letter):
    path = results.save(picture, None, tmp_path, results.file_name(letter * 61, "small", styles("y" * 90), 0.85, 7))
    assert path.exists() and path.name.startswith(letter * 9) and len(path.name.encode()) <= 143
    # And should a disk refuse a name all the same, the picture gets another one.
    path = results.save(picture, None, tmp_path, letter * 300 + ".png")
    assert path.name == "picture.png" and path.exists()


@pytest.mark.parametrize("wanted", [True, False])
def test_a_saved_result_says_how_it_was_made_unless_that_is_off(tmp_path, picture, wanted):
    settings = {"method": "fast", "strength": 0.5, "size": 256, "seed": 7}
    made_by = provenance.record(settings, {}, 7) if wanted else None
    path = results.save(picture, made_by, tmp_path, "cat-fast-seed7.png")
    assert path.name == "cat-fast-seed7.png" and path.parent.parent == tmp_path
    with Image.open(path) as saved:
        assert saved.tobytes() == picture.tobytes()
        assert (provenance.KEYWORD in saved.text) is wanted
    if wanted:
        assert provenance.read(path).seed == 7


def test_example_photos_and_styles_are_listed(tmp_path):
    assert [example.name for example in examples.contents()] == ["chelsea", "coffee", "astronaut", "rocket"]
    assert examples.styles(tmp_path) == []
    Image.new("RGB", (32, 32)).save(tmp_path / "ink.jpg")
    index = [
        {"file": "ink.jpg", "title_en": "Ink", "title_zh": "水墨"},
        {"file": "gone.jpg", "title_en": "Gone", "title_zh": "无"},
    ]
    (tmp_path / "index.json").write_text(json.dumps(index), encoding="utf-8")
    (found,) = examples.styles(tmp_path)
    assert found.title == ("Ink", "水墨") and found.name == "ink"
    (tmp_path / "index.json").write_text("[{]", encoding="utf-8")
    assert examples.styles(tmp_path) == []


@pytest.mark.parametrize(
    "stored",
    [None, 7, "x", [], {"strength": 9}, {"method": "rm"}, {"size": "NaN"}, {"seed": [1]}, {"__class__": 1}],
)
def test_what_a_browser_stored_is_never_believed(stored):
    assert controls.valid(CHECKS, stored) == {}


def test_what_a_browser_stored_comes_back_as_far_as_it_is_a_setting():
    stored = {"strength": 0.25, "method": "colour", "size": 99999, "keep_colours": "yes", "other": 1}
    assert controls.valid(CHECKS, stored) == {"strength": 0.25, "method": "colour"}


def test_the_memory_line_says_what_fits(monkeypatch):
    studio = Studio(Settings(device="cpu"), ModelCache(10**9))
    monkeypatch.setattr(studio.cache, "free_bytes", lambda device: 2_000_000_000)
    per_pixel = needs.BYTES_PER_PIXEL["optimise"]
    limit = max(side for side in needs.SIZES_TO_FIT if side * side * per_pixel <= 1_800_000_000)
    line = memory.line("optimise", 256, [None], studio)
    assert f"Up to {limit} pixels" in line and "warn" not in line
    line = memory.line("optimise", 2048, [], studio)
    assert "warn" in line and "2.00 GB are free" in line and f"about {limit}" in line
    assert "The result will be 512 × 341." in memory.line("fast", 512, [(600, 400)], studio)
    assert "结果将为 512 × 341。" in memory.line("fast", 512, [(600, 400)], studio)
    # A style may be larger than a panorama, and what is promised has to be painted.
    panorama, square = Image.new("RGB", (1600, 200)), Image.new("RGB", (64, 64))
    for styles in ([square], [panorama]):
        shapes = [panorama.size, *(style.size for style in styles)]
        for size in range(256, 2049, 128):
            job = ClassicalJob(panorama, styles, method="optimise", size=size)
            assert ("warn" in memory.line("optimise", size, shapes, studio)) is not studio.plan(job).fits


@pytest.mark.parametrize("megabytes", [250, 420])
@pytest.mark.parametrize("method", jobs.METHODS)
def test_what_the_line_promises_is_what_the_run_keeps_to(monkeypatch, method, megabytes):
    """Whatever may make a run larger: its own size, large brushes, a background to be kept."""
    studio = Studio(Settings(device="cpu"), ModelCache(10**9))
    monkeypatch.setattr(studio.cache, "free_bytes", lambda device: megabytes * 10**6)
    photo, style = Image.new("RGB", (3000, 2000)), Image.new("RGB", (64, 80))
    every = itertools.product((True, False), (None, 300, 2048), (True, False), (256, 700))
    for whole, brush, background, size in every:
        settings = {"whole": whole, "brush_size": brush, "keep_background": background}
        job = ClassicalJob(photo, [style], method=method, size=size, **settings)
        planned = studio.plan(job)
        line = memory.line(method, size, [photo.size, style.size], studio, **settings)
        assert ("warn" in line) is not planned.fits, settings
        if not planned.fits:
            with pytest.raises(Problem) as caught:
                planned.check()
            # The setting that is named is the one to blame.
            instead = {"size": {"size": planned.fitting}, "whole": {"whole": False, "size": planned.fitting}}
            instead |= {"brush_size": {"brush_size": planned.fitting}, "keep_background": {"keep_background": False}}
            assert caught.value.key == "out_of_memory" + ("" if planned.most == "size" else f"_{planned.most}")
            if planned.most != "whole" or brush is None:
                assert studio.plan(replace(job, **instead[planned.most])).memory <= planned.memory


def test_a_single_style_counts_whatever_its_slider_says():
    slots = controls.Inputs(object(), (1, 2, 3, 4), (1, 2, 3, 4), (), None, None, None, (), ())
    assert slots.read(["c", None, "b", None, None, 0.0, 0.0, 1, 1]) == ("c", [("b", 1.0)])
    assert slots.read(["c", "a", "b", None, None, 0.25, 0.5, 1, 1]) == ("c", [("a", 0.25), ("b", 0.5)])
    assert slots.read([None] * 5 + [1.0] * 4) == (None, [])


@pytest.mark.parametrize(
    "recorded, shown",
    [
        ((0.166667, 0.833333), [0.2, 1]),
        ((1 / 3, 2 / 3), [0.5, 1]),
        ((0.25, 0.25, 0.5), [0.25, 0.25, 0.5]),  # as they were given
        ((1.0, 4.0), [0.25, 1]),  # by a command
        ((0.123, 0.877), [0.123, 0.877]),  # set by hand, off the steps
        ((0.2, 1.0), [0.2, 1.0]),  # as they were given
        ((0.0, 1.0), [0.0, 1.0]),
    ],
)
def test_weights_come_back_as_they_were_set(recorded, shown):
    assert controls.as_set(recorded) == shown


def test_numbers_are_handed_on_as_they_were_typed():
    with gr.Blocks():
        for control in (widgets.Number(1, minimum=0, maximum=2), widgets.Slider(256, 2048, 512)):
            for typed in ("4", 4, -1, 1e300, None, "", "x", {}, [], True, float("nan")):
                assert control.preprocess(typed) is typed


def test_of_two_files_chosen_for_one_box_the_later_one_stays(tmp_path, monkeypatch):
    broken, later = tmp_path / "broken.png", tmp_path / "later.png"
    broken.write_bytes(b"no picture")
    Image.new("RGB", (32, 32)).save(later)
    check, answers = controls.BoxCheck(), []
    open_picture = pictures.open_picture

    def slowly(path):
        """While the first is being opened the second comes, and is answered."""
        if path == str(broken) and not answers:
            answers.append(list(controls._checked_last(str(later), check)))
        return open_picture(path)

    monkeypatch.setattr(pictures, "open_picture", slowly)
    (late,) = controls._checked_last(str(broken), check)
    assert answers == [[(gr.skip(), "")]] and late == (gr.skip(), gr.skip()), "the box is left alone"
    # An answer that is on its way when the next one is chosen is put right by the next one.
    ((emptied, told),) = controls._checked_last(str(broken), check)
    assert emptied is None and "not a picture" in told
    assert list(controls._checked_last(str(later), check)) == [(str(later), "")]
    assert list(controls._checked_last(str(later), check)) == [(gr.skip(), "")]


@pytest.fixture(scope="module")
def whole_page():
    """The page, laid out; to be looked at alone."""
    return build.build(Settings(device="cpu"))


def test_no_control_follows_the_progress_of_any_event(whole_page):
    """It would be told, and drawn again, at each change of each event that had ever reached it."""
    events = [event for event in whole_page.get_config_file()["dependencies"] if event["backend_fn"]]
    assert len(events) > 100
    followed = [event["api_name"] for event in events if event["show_progress_on"] != []]
    assert not followed and {event["show_progress"] for event in events} == {"hidden"}


def test_no_later_press_or_change_is_lost_while_the_first_is_answered(whole_page):
    """Gradio's "once" drops it, and "always_last" answers again with the event data of the first.

    Generators are the runs: there is one at a time, and what they leave out has a button of its own.
    """
    changes = 0
    for fn in whole_page.fns.values():
        if fn.fn is None or fn.trigger_mode == "multiple" or fn.types_generator:
            continue
        name = fn.fn.__qualname__
        assert not any("EventData" in str(hint) for hint in fn.fn.__annotations__.values()), name
        if {event for _, event in fn.targets} & {"change", "input", "select", "blur"}:
            changes += 1
            assert fn.trigger_mode == "always_last", name
    assert changes > 10


def test_no_number_of_the_page_is_one_that_gradio_refuses(whole_page):
    numbers = [block for block in whole_page.blocks.values() if isinstance(block, gr.Number | gr.Slider)]
    assert len(numbers) > 30
    assert all(isinstance(block, widgets.Number | widgets.Slider) for block in numbers)


def test_what_lay_on_a_tab_is_believed_no_more_than_an_upload(tmp_path):
    folder, outside = tmp_path / "gradio", tmp_path / "secret.png"
    folder.mkdir()
    outside.write_bytes(b"")
    inside = folder / "a.png"
    inside.write_bytes(b"")
    (folder / "link.png").symlink_to(outside)
    assert tab_state.known(str(inside), folder) == str(inside)
    strange = (None, 7, "", "\0")
    for path in (outside, folder / "../secret.png", folder / "link.png", folder, folder / "gone.png", *strange):
        assert tab_state.known(path if path is None or isinstance(path, int) else str(path), folder) is None
    for text in (None, "", "x", "7", "[]", '{"pictures": 3}', '{"weights": {}}'):
        assert tab_state.read(text).get("pictures", []) == []
    result = {"before": f"gradio_api/file={inside}", "after": "https://example.org/x.png"}
    assert tab_state.addressed(result) == [str(inside), None]
    assert tab_state.addressed({"pictures": [{"src": f"gradio_api/file={inside}"}, 7]}) == [str(inside), None]
    assert tab_state.addressed({}) == [None, None]


def test_opened_pictures_are_read_once_and_few_are_kept(tmp_path, picture, monkeypatch):
    from styleshot_demo.ui import picture_cache

    path = tmp_path / "a.png"
    picture.save(path)
    reads = []
    read = pictures.open_picture
    monkeypatch.setattr(pictures, "open_picture", lambda source: reads.append(source) or read(source))
    monkeypatch.setattr(picture_cache, "PIXELS", 64 * 48 + 10)
    shelf = picture_cache.PictureCache()
    assert shelf.bring(str(path), 64) is shelf.bring(str(path), 64) and shelf.bring(str(path), 64).size == (64, 48)
    first = shelf.shown(str(path), 64, tmp_path)
    assert shelf.shown(str(path), 64, tmp_path) == first and Image.open(first).size == (64, 48)
    assert len(reads) == 1
    shelf.bring(str(path), 32)
    shelf.bring(str(path), 64)
    assert len(reads) == 3  # both together are more than is kept


def test_the_panel_shows_states_sizes_licences_and_nothing_unescaped():
    studio = Studio(Settings(device="cpu"), ModelCache(10**9))
    with studio.cache.acquire("k", lambda: {}, size=lambda _: 25_000_000, name="<fast>"):
        loaded = panel.in_memory(studio)
    assert "&lt;fast&gt;" in loaded and "25 MB" in loaded and "in use" in loaded and "Unload" in loaded
    disk = panel.on_disk(studio)
    assert "VGG-19" in disk and "BSD 3-Clause" in disk and "CreativeML OpenRAIL-M" in disk
    assert "许可：" in disk


def test_the_page_tells_gradio_to_keep_to_itself():
    options = build.launch_options(Settings(host="127.0.0.2", port=1234, max_upload_mb=12))
    assert (options["server_name"], options["server_port"], options["max_file_size"]) == ("127.0.0.2", 1234, "12mb")
    assert not any(options[name] for name in ("share", "show_error", "run_history", "pwa", "footer_links"))
    assert "http" not in theme.head().replace("http://www.w3.org/2000/svg", "")


def test_defaults_of_the_page_are_valid():
    assert controls.valid(CHECKS, classical_tab.DEFAULTS) == classical_tab.DEFAULTS


def test_models_are_prepared_once_before_the_page_answers(monkeypatch):
    calls = []

    class Page:
        is_running = False

        def launch(self, **options):
            calls.append("launch")

        def close(self, **_):
            calls.append("close")

    monkeypatch.setattr(build, "end_within", lambda seconds: None)
    monkeypatch.setattr(build, "leave", lambda: None)
    monkeypatch.setattr(build.Studio, "prepare", lambda self: calls.append("prepare"))
    monkeypatch.setattr(build, "build", lambda settings, studio: Page())
    build.serve(Settings(device="cpu"))
    assert calls == ["prepare", "launch", "close"]


def test_a_summary_stays_short_and_unfolds_the_rest() -> None:
    studio, picture = Studio(Settings(device="cpu")), Image.new("RGB", (32, 24))

    def told(*notes: Remark, grain: float = 0.5) -> str:
        plan = studio.plan(ClassicalJob(picture, [picture], grain=grain))
        return results.summary(Result([picture], None, 7, 1.5, {}, notes=list(notes), plan=plan))

    # A seed is told of where another would make another picture.
    assert "seed 7" in told() and "seed" not in told(grain=0)

    several = [remark("model_composer"), remark("preview_model"), remark("without_gpu")]
    assert "<details>" not in told() and "<details>" not in told(several[0])
    before, _, unfolded = told(*several).partition("<details>")
    first, *others = map(words.remark, several)
    assert first.en in before and first.zh in before
    # What was asked for and is not there is said in plain sight.
    before, _, unfolded = told(*several, remark("nobody_found")).partition("<details>")
    nobody = words.remark(remark("nobody_found"))
    assert nobody.en in before and nobody.zh in before and nobody.en not in unfolded
    assert all(one.en in unfolded and one.zh in unfolded for one in others)
