"""What captions lose, and above all what they keep."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from styleshot_demo.training.gallery import captions
from styleshot_demo.training.gallery.captions import destyle, from_name

WORDS = json.loads(Path(captions.__file__).with_name("style_words.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("caption", "left"),
    [
        ("an oil painting of a red fox by Vincent van Gogh, impressionism", "a red fox"),
        ("a red fox, watercolor", "a red fox"),
        ("Red fox in watercolour", "Red fox"),
        ("a red fox watercolor", "a red fox"),
        ("a painting of a castle in the style of Claude Monet", "a castle"),
        ("a castle in an impressionist style", "a castle"),
        ("a cat in anime style", "a cat"),
        ("a cat, cartoon style", "a cat"),
        ("a cat in the style of Studio Ghibli", "a cat"),
        ("a horse in the manner of an unknown master", "a horse"),
        ("woman with a fan in the style of Utagawa Hiroshige on a bridge", "woman with a fan on a bridge"),
        ("a watercolor painting of an old house by the lake", "an old house by the lake"),
        ("a black and white photograph of a train station", "a train station"),
        ("pencil sketch of a hand holding a pencil", "a hand holding a pencil"),
        ("a pen and ink drawing of a ship", "a ship"),
        ("ukiyo-e woodblock print of a great wave", "a great wave"),
        ("a 3d render of a robot, octane render, trending on artstation", "a robot"),
        ("flat vector icon of a rocket", "a rocket"),
        ("a pixel art castle", "a castle"),
        ("an impressionist garden with poplars", "a garden with poplars"),
        ("a cartoon elephant", "an elephant"),
        ("A cartoon elephant", "An elephant"),
        ("low poly tree", "tree"),
        ("a fox, oil on canvas", "a fox"),
        ("a dog. Oil on canvas.", "a dog"),
        ("a bird painted in watercolor", "a bird"),
        ("Van Gogh's painting of a wheat field", "a wheat field"),
        ("a wheat field by van Gogh", "a wheat field"),
        ("a bridge by Monet and Pissarro", "a bridge"),
        ("a painting of a landscape by Jane Q. Doe", "a landscape"),
        ("painting by Claude Monet of a bridge", "a bridge"),
        ("a field by the artist Bob Ross at dawn", "a field at dawn"),
        ("the starry sky over a village, vincent van gogh, post-impressionism, 1889", "the starry sky over a village"),
        ("a cup of tea, highly detailed, 4k", "a cup of tea"),
        ("AN OIL PAINTING OF A FOX", "A FOX"),
        ("a river by an unknown artist, anonymous, c. 1750", "a river"),
        ("impressionism", ""),
        ("a Picasso", ""),
        ("oil on canvas", ""),
        ("", ""),
    ],
)
def test_words_of_style_medium_and_artist_go(caption: str, left: str) -> None:
    assert destyle(caption) == left


@pytest.mark.parametrize(
    "caption",
    [
        "a painter at an easel",
        "an oil lamp",
        "van",
        "a blue van by the sea",
        "ink bottle",
        "a drawing room with a piano",
        "a man painting a fence",
        "a painting on a wall",
        "people looking at paintings in a museum",
        "sardines in oil",
        "a house by Lake Geneva",
        "a box of watercolor paints",
        "a girl in a cartoon costume",
        "a gothic cathedral",
        "an art deco building",
        "a modern kitchen",
        "comic book hero",
        "a stained glass window",
        "a pencil on a desk",
        "a charcoal grill",
        "a sculpture of a lion",
        "picture frame",
        "artist palette",
        "artist",
        "pencil",
        "paper",
        "a silk scarf",
        "a child drawing with crayons",
        "graffiti on a train",
        "St. Paul's cathedral, London",
        "a dog. It runs",
        "red apple",
        "cat face",
        "turner of a lathe",
        "一只红色的狐狸",
    ],
)
def test_things_that_only_sound_like_style_stay(caption: str) -> None:
    assert destyle(caption) == caption


def test_every_medium_goes_before_what_it_shows() -> None:
    left = {medium: destyle(f"a {medium} of two birds on a branch") for medium in WORDS["media"]}
    assert left == dict.fromkeys(WORDS["media"], "two birds on a branch")


def test_every_artist_goes_after_by_and_as_a_clause() -> None:
    left = {artist: destyle(f"two birds by {artist.title()}, {artist}") for artist in WORDS["artists"]}
    assert left == dict.fromkeys(WORDS["artists"], "two birds")


def test_every_style_goes_as_a_manner_and_as_a_clause() -> None:
    words = WORDS["styles"] + WORDS["movements"]
    assert {word: destyle(f"two birds in {word} style, {word}") for word in words} == dict.fromkeys(words, "two birds")


@given(st.text(max_size=80))
def test_any_text_gives_a_text_and_what_is_left_stays(text: str) -> None:
    left = destyle(text)
    assert len(left) <= len(text) + 1  # "a" may become "an"
    assert destyle(left) == left or re.search(r"[,;|.\-–—]", text)


def test_long_captions_take_no_time_to_speak_of() -> None:
    import time

    for caption in (
        "a " * 2000,
        "oil " * 1500 + "fox",
        "by " * 1500,
        "in the style of " * 400,
        "in a" + " vivid" * 1500,
    ):
        start = time.process_time()
        destyle(caption[:2000])
        assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("name", "caption"),
    [
        ("red_fox", "red fox"),
        ("012_red-fox (2)", "red fox"),
        ("redFox", "red Fox"),
        ("000_albert-bierstadt_looking-down-yosemite-valley", "albert bierstadt, looking down yosemite valley"),
        ("cat.face", "cat face"),
        ("two-birds_3", "two birds"),
        ("IMG_1234", ""),
        ("DSC00012", ""),
        ("20240101_120000", ""),
        ("a3f9c2e81b", ""),
        ("Photo 3", ""),
    ],
)
def test_file_names_become_captions(name: str, caption: str) -> None:
    assert from_name(name) == caption


def test_artists_in_file_names_go_as_well() -> None:
    assert destyle(from_name("000_albert-bierstadt_looking-down-yosemite-valley")) == "looking down yosemite valley"
