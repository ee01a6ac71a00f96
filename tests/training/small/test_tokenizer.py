"""The tokenizer reads every prompt, and words of the captions as one token each."""

import json

from styleshot_demo.training.small import tokenizer
from styleshot_demo.training.small.networks import load_tokenizer, token_ids


def test_known_words_are_one_token(tmp_path):
    count = tokenizer.write(["red apple", "red rocket", "cat face"] * 3, tmp_path, 700)
    words = load_tokenizer(tmp_path)
    assert len(words) == count <= 700
    assert words.tokenize("red apple") == ["red</w>", "apple</w>"]
    assert words.model_max_length == tokenizer.LENGTH
    assert set(json.loads((tmp_path / tokenizer.WORDS).read_text())) >= {"red", "apple", "a", "picture"}


def test_every_text_can_be_read(tmp_path):
    tokenizer.write(["red apple"], tmp_path, 700)
    words = load_tokenizer(tmp_path)
    ids = token_ids(words, ["", "Zürich 2049 — ¿qué? 猫", "red " * 40])
    assert ids.shape == (3, tokenizer.LENGTH)
    assert (ids[:, 0] == words.bos_token_id).all()
    assert ids[2, -1] == words.eos_token_id
    assert ids.max() < len(words)
