"""A CLIP tokenizer made from the captions: byte pairs, with words that training knows as one token each."""

import json
from collections.abc import Sequence
from pathlib import Path

from styleshot_demo.destinations import make_folder
from styleshot_demo.training.small.captions import PREFIX_WORDS

LENGTH = 32  # tokens of a prompt, start and end included; names take ten at most, the last 16 serve as layout
START, END = "<|startoftext|>", "<|endoftext|>"
SUFFIX = "</w>"
WORDS = "words.json"  # the words of the captions: what prompts may hope to be understood in


def write(texts: Sequence[str], to: Path, size: int = 3072) -> int:
    """Write a tokenizer of at most `size` tokens into the folder `to`; returns its number of tokens."""
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel, WhitespaceSplit
    from tokenizers.trainers import BpeTrainer

    alphabet = sorted(ByteLevel.alphabet())
    base = alphabet + [letter + SUFFIX for letter in alphabet]
    tokenizer = Tokenizer(BPE(end_of_word_suffix=SUFFIX))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    trainer = BpeTrainer(
        vocab_size=size - 2, min_frequency=1, end_of_word_suffix=SUFFIX, show_progress=False, initial_alphabet=alphabet
    )
    tokenizer.train_from_iterator(texts, trainer)
    merges = [tuple(pair) for pair in json.loads(tokenizer.to_str())["model"]["merges"]]
    merges = merges[: size - 2 - len(base)]
    vocabulary = list(dict.fromkeys([*base, *(first + second for first, second in merges), START, END]))
    make_folder(to)
    numbers = {token: number for number, token in enumerate(vocabulary)}
    (to / "vocab.json").write_text(json.dumps(numbers, ensure_ascii=False), encoding="utf-8")
    lines = ["#version: 0.2", *(f"{first} {second}" for first, second in merges)]
    (to / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    config = {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": LENGTH,
        "bos_token": START,
        "eos_token": END,
        "pad_token": END,
        "unk_token": END,
    }
    (to / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    words = sorted({word for text in texts for word in text.split()} | PREFIX_WORDS)
    (to / WORDS).write_text(json.dumps(words) + "\n", encoding="utf-8")
    return len(vocabulary)
