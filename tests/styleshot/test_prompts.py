"""Emphasis, long prompts, and texts that only look like them."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from styleshot import tiny

from styleshot_demo.styleshot import prompts

READ = {
    "a red apple": [("a red apple", 1.0)],
    "": [],
    "(apple:1.4)": [("apple", 1.4)],
    "a (red) apple": [("a ", 1.0), ("red", 1.1), (" apple", 1.0)],
    "[apple]": [("apple", 1 / 1.1)],
    "((apple))": [("apple", 1.1 * 1.1)],
    "((red:1.5) apple)": [("red", 1.5 * 1.1), (" apple", 1.1)],
    "[(apple)]": [("apple", 1.0)],
    "(apple: .5 )": [("apple", 0.5)],
    r"\(apple\) \[b\]": [("(apple) [b]", 1.0)],
    "山(水:1.2)🍎": [("山", 1.0), ("水", 1.2), ("🍎", 1.0)],
    # What is not well formed
    "(apple": [("(apple", 1.0)],
    "apple)": [("apple)", 1.0)],
    "a cat :)": [("a cat :)", 1.0)],
    "apple:1.4)": [("apple:1.4)", 1.0)],
    "()": [("()", 1.0)],
    "(:1.4)": [("(:1.4)", 1.0)],
    "(a:)": [("a:", 1.1)],
    "(a:99)": [("a", 2.0)],
    "(a:-3)": [("a", 0.0)],
    "(" * 20 + "a" + ")" * 20: [("a", 2.0)],
    "([a)": [("[a", 1.1)],
    "[a:1.4]": [("a:1.4", 1 / 1.1)],
    "(a:" + "9" * 999 + ")": [("a", 2.0)],
    "a\\": [("a\\", 1.0)],
}


@pytest.mark.parametrize("text", READ)
def test_what_a_prompt_becomes(text):
    found = prompts.parse(text)
    assert [piece for piece, _ in found] == [piece for piece, _ in READ[text]]
    assert [weight for _, weight in found] == pytest.approx([weight for _, weight in READ[text]])


@given(st.text(alphabet="a :()[]\\1.-🍎", max_size=60))
def test_any_text_is_read_and_nothing_but_signs_is_dropped(text):
    found = prompts.parse(text)
    assert all(0 <= weight <= prompts.MAX_WEIGHT and piece for piece, weight in found)
    letters = lambda words: [sign for sign in words if sign in "a🍎"]  # noqa: E731
    assert letters(prompts.plain(text)) == letters(text)
    if not set(text) & set("()[]"):
        assert found == ([(text, 1.0)] if text else [])


@pytest.fixture(scope="module")
def clip():
    parts = tiny.components()
    return parts["tokenizer"], parts["text_encoder"]


def library(clip, text):
    tokenizer, encoder = clip
    ids = tokenizer(text, padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
    return encoder(ids)[0]


@torch.no_grad()
def test_without_emphasis_one_chunk_is_the_text_encoders_own(clip):
    for text in ("a house", "", "🍎 apple", "(unbalanced", "(one:1.0)", "word " * 200):
        assert torch.equal(prompts.embed([text], *clip, "cpu"), library(clip, prompts.plain(text)))


@torch.no_grad()
def test_chunks_are_read_one_by_one_and_filled_up(clip):
    tokenizer, encoder = clip
    text = "a b c d " * 40  # one token each, so that chunks end between words
    ids = tokenizer(text, add_special_tokens=False, verbose=False).input_ids
    count = prompts.chunks_of(tokenizer, ["", text])
    assert count == -(-len(ids) // 75) > 1
    found = prompts.embed([text, "a house"], *clip, "cpu", count)
    assert found.shape == (2, 77 * count, tiny.WIDTH)
    for n in range(count):
        own = tokenizer.decode(ids[75 * n : 75 * (n + 1)])
        part = tokenizer(own, add_special_tokens=False).input_ids
        assert part == ids[75 * n : 75 * (n + 1)], "or else this test compares nothing"
        assert torch.allclose(found[:1, 77 * n : 77 * (n + 1)], library(clip, own), atol=1e-5)
    assert torch.allclose(found[1:, 77:154], library(clip, ""), atol=1e-5)


@torch.no_grad()
def test_weights_reach_their_own_tokens_and_no_others(clip):
    texts = ("a red cat", "a (red:1.5) cat", "a (red:0) cat")
    plain, strong, none = (prompts.embed([text], *clip, "cpu") for text in texts)
    tokenizer = clip[0]
    first = 1 + len(tokenizer("a", add_special_tokens=False).input_ids)
    own = slice(first, first + len(tokenizer("red", add_special_tokens=False).input_ids))
    others = [n for n in range(77) if not own.start <= n < own.stop]
    empty = library(clip, "")
    assert torch.equal(strong[:, others], plain[:, others])
    assert torch.allclose(strong[:, own], empty[:, own] + 1.5 * (plain[:, own] - empty[:, own]), atol=1e-5)
    assert torch.allclose(none[:, own], empty[:, own], atol=1e-6)


@torch.no_grad()
def test_half_precision_stays_half_precision(clip):
    tokenizer, encoder = clip
    found = prompts.embed(["a (red:1.5) cat"], tokenizer, encoder.bfloat16(), "cpu", 2)
    encoder.float()
    assert found.dtype == torch.bfloat16 and found.isfinite().all()


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=80), st.integers(1, 3))
def test_what_is_not_read_is_told(clip, text, chunks):
    tokenizer = clip[0]
    read = len(prompts._tokens(tokenizer, text))
    assert bool(prompts.unread(tokenizer, text, chunks)) <= (read > 75 * chunks)


def test_the_end_is_what_is_not_read(clip):
    rest = prompts.unread(clip[0], "castle " * 60 + "(tower:1.2)", 1)
    assert rest.replace(" ", "").endswith("tower") and "(" not in rest
    assert prompts.unread(clip[0], "castle " * 60 + "(tower:1.2)", 8) == ""


def test_emoji_are_tokens_too(clip):
    """As bytes: none is dropped, none is unknown."""
    tokenizer = clip[0]
    for text in ("🍎", "👩‍🚀", "🇩🇪", "❤️"):
        ids = tokenizer(text, add_special_tokens=False).input_ids
        assert ids and tokenizer.unk_token_id not in ids
