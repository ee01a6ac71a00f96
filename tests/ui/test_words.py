"""Both languages say everything, with the same values in every sentence."""

import re
import string

import gradio as gr
import pytest

from styleshot_demo import jobs, messages
from styleshot_demo.compose.art import by_name
from styleshot_demo.errors import Problem
from styleshot_demo.messages import remark
from styleshot_demo.models.catalogue import MODELS
from styleshot_demo.runners import weights
from styleshot_demo.ui import words
from styleshot_demo.ui.words import LocalizedText

JOBS = (jobs.ClassicalJob, jobs.EnlargeJob, jobs.TextJob, jobs.ImageJob)
CHINESE = re.compile(r"[\u4e00-\u9fff]")
SAME = {"facts", "zoom_full", "model_styleshot", "scene_count", *(f"scheduler_{name}" for name in jobs.SCHEDULERS)}


def placeholders(sentence: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_every_problem_has_both_sentences_in_chinese():
    assert words.PROBLEMS_ZH.keys() == messages.PROBLEMS.keys()
    for key, english in messages.PROBLEMS.items():
        for ours, theirs in zip(words.PROBLEMS_ZH[key], english, strict=True):
            assert placeholders(ours) == placeholders(theirs), key
            assert CHINESE.search(ours), key


def test_every_remark_is_there_in_chinese():
    assert words.REMARKS_ZH.keys() == messages.REMARKS.keys()
    for key, english in messages.REMARKS.items():
        assert placeholders(words.REMARKS_ZH[key]) == placeholders(english), key
        assert CHINESE.search(words.REMARKS_ZH[key]), key


def test_both_files_of_texts_have_the_same_keys():
    assert words._EN.keys() <= words._ZH.keys()
    for group, texts in words._EN.items():
        assert list(texts) == list(words._ZH[group]), group


def test_every_text_of_the_page_is_there_in_both_languages():
    for key, (english, chinese) in words.TEXTS.items():
        assert english.strip() and chinese.strip(), key
        assert placeholders(english) == placeholders(chinese), key
        assert not CHINESE.search(english), key
        assert key in SAME or CHINESE.search(chinese), key


def test_every_model_and_setting_has_a_name_in_chinese():
    assert words.MODELS_ZH.keys() == MODELS.keys()
    for job in JOBS:
        assert all(words.field(name) for name in jobs.fields(job))
    for group, names in (
        ("method", jobs.METHODS),
        ("transform", jobs.TRANSFORMS),
        ("colours_from", jobs.COLOURS_FROM),
        ("colour_method", jobs.COLOUR_METHODS),
        ("start", jobs.STARTS),
        ("optimiser", jobs.OPTIMISERS),
        ("scheduler", jobs.SCHEDULERS),
        ("preprocessor", jobs.PREPROCESSORS),
        ("model", jobs.TEXT_MODELS),
    ):
        assert all(f"{group}_{name}" in words.TEXTS for name in names)
    assert all(f"about_{name}" in words.TEXTS for name in jobs.METHODS)


def test_the_browser_gets_both_languages():
    translated = words.translations.translations_dict
    assert translated["en"].keys() == translated["zh-CN"].keys() == words.TEXTS.keys()
    with pytest.raises(KeyError):
        words.i18n("no such text")


def test_values_and_names_of_settings_are_filled_in():
    what, todo = words.problem(Problem("out_of_range", name="strength", value="2", low="0", high="1"))
    assert what == ("Strength is 2; it must lie between 0 and 1.", "强度为 2，必须在 0 到 1 之间。")
    assert todo == ("Choose a value in that range.", "请选择该范围内的值。")
    assert words.remark(remark("small_size", size=512)).zh == "小型模型以 512 像素作画"
    assert words.tr("fits", limit=1024).zh == "目前内存最多可容纳 1024 像素。"
    assert words.tr("licence", licence=LocalizedText("ours", "本程序")) == ("Licence: ours", "许可：本程序")


def test_models_are_called_by_their_names_in_both_languages():
    what, _ = words.problem(Problem("weights_missing", model=MODELS["fast"].title))
    assert what == ("The files of Fast style transfer are not on this machine.", "本机没有 快速风格迁移 的文件。")


def test_drawings_that_come_near_are_named_in_both_languages():
    near = remark("scene_near", words="accordion player", nearest="accordion / kiss: woman, man")
    told = words.remark(near)
    assert told.en == "Not known here: accordion player; nearest: accordion, kiss: woman, man"
    accordion, kiss = by_name()["accordion"].zh, by_name()["kiss: woman, man"].zh
    assert told.zh == f"这里不认识：accordion player；相近的有：{accordion}、{kiss}"


def test_parts_of_models_are_named_in_both_languages():
    assert {title for title in weights.TITLES.values() if title != "TAESD"} == words.PARTS_ZH.keys()
    assert words.remark(remark("loading", model="Style encoder")) == ("Loading Style encoder", "正在加载 风格编码器")
    assert words.model_name("styleshot").zh == "StyleShot，轮廓"
    assert words.model_name("anything else") == ("anything else", "anything else")


def test_both_languages_stand_in_the_page_escaped():
    text = words.join([LocalizedText("a<b", "甲"), LocalizedText("c", '"乙')]).html()
    assert text == '<span lang="en">a&lt;b · c</span><span lang="zh-CN">甲 · &quot;乙</span>'
    assert LocalizedText('"x', "乙").attributes() == 'data-en="&quot;x" data-zh="乙" aria-label="&quot;x"'


def test_a_switch_relabels_every_label_that_has_a_mark():
    with gr.Blocks() as page:
        gr.Textbox(label="fixed")
        button = gr.Button(words.i18n("run"))
        radio = gr.Radio([(words.i18n("method_fast"), "fast"), ("plain", "x")], label=words.i18n("method"))
    marks = words.marked(page)
    assert set(marks) == {button, radio}
    updates = dict(zip(marks, words.relabel(marks, "zh"), strict=True))
    assert updates[button]["value"] == "重绘"
    assert updates[radio]["choices"] == [("快速", "fast"), ("plain", "x")] and updates[radio]["label"] == "方法"
    assert words.relabel(marks, "neither") == words.relabel(marks, "en")


def test_every_term_is_of_a_setting_or_a_choice_that_there_is():
    settings = {name: field.setting for job in JOBS for name, field in jobs.fields(job).items()}
    for key, (english, chinese) in words.TERMS.items():
        name, _, choice = key.partition("/")
        assert name in settings and (not choice or choice in settings[name].options), key
        assert english.strip() and CHINESE.search(chinese), key
