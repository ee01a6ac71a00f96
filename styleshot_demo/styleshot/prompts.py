"""What a text encoder is given of a prompt: emphasis is read, and what is long is read in chunks.

The notation is that of AUTOMATIC1111's web UI (its wiki, "Attention/emphasis"): `(apple)` counts 1.1 times, `[apple]`
1/1.1 times, `(apple:1.4)` 1.4 times; brackets may be nested; `\\(` is a bracket and nothing else.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

STEP = 1.1  # what one pair of brackets is worth
MAX_WEIGHT = 2.0
MAX_CHUNKS = 8  # a text of `jobs.MAX_PROMPT` characters takes 4 to 5 in English

_SIGNS = re.compile(r"\\[()\[\]]|[()\[\]]|:\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*\)|[^\\()\[\]:]+|.", re.DOTALL)


def parse(text: str) -> list[tuple[str, float]]:
    """A prompt as (text, weight) pieces in their order; one without emphasis is [(text, 1.0)], an empty one [].

    Never raises: brackets without a partner or without content are text as any other, `(a:)` is "a:" in brackets,
    and weights end at 0 and at 2.
    """
    pieces: list[tuple[str, float]] = []
    opened: list[tuple[str, int]] = []  # each open bracket, and its place among the pieces
    for match in _SIGNS.finditer(text):
        sign, number = match.group(0, 1)
        bracket = {")": "(", "]": "["}.get(sign[-1]) if sign[0] != "\\" else None
        start = next((place for kind, place in reversed(opened) if kind == bracket), None)
        if start is not None and any(piece.strip() for piece, _ in pieces[start + 1 :]):
            factor = float(number) if number else STEP if bracket == "(" else 1 / STEP
            factor = min(max(factor, 0.0), MAX_WEIGHT)
            pieces[start:] = [(piece, weight * factor) for piece, weight in pieces[start + 1 :]]
            # Brackets that were opened within and not closed have become text.
            opened = [(kind, place) for kind, place in opened if place < start]
            continue
        if sign in ("(", "["):
            opened.append((sign, len(pieces)))
        pieces.append((sign[1:] if sign[0] == "\\" and len(sign) > 1 else sign, 1.0))
    return _merged((piece, min(weight, MAX_WEIGHT)) for piece, weight in pieces)


def plain(text: str) -> str:
    """A prompt without its notation: the words that are read."""
    return "".join(piece for piece, _ in parse(text))


def unread(tokenizer: Any, text: str, chunks: int = MAX_CHUNKS) -> str:
    """The end of a prompt that does not fit into so many chunks; empty where all of it is read."""
    rest = [token for token, _ in _tokens(tokenizer, text)[chunks * _room(tokenizer) :]]
    return tokenizer.decode(rest, clean_up_tokenization_spaces=False).strip()


def chunks_of(tokenizer: Any, texts: Sequence[str]) -> int:
    """How many chunks the longest of these texts takes; 1 at least."""
    longest = max(len(_tokens(tokenizer, text)) for text in texts)
    return max(1, -(-longest // _room(tokenizer)))


def embed(texts: Sequence[str], tokenizer: Any, text_encoder: "nn.Module", device: Any, chunks: int = 1) -> "Tensor":
    """[len(texts), chunks * L, D], where L is how many tokens the text encoder reads at once, 77 for CLIP.

    Each chunk has a beginning and an end of its own, and they are joined, as in AUTOMATIC1111's web UI and in Compel;
    shorter texts are filled up with empty chunks. What does not fit is cut off. A token with weight w lies w times as
    far from the empty prompt's token at its place: `empty + w * (token - empty)`, as in ComfyUI (`comfy/sd1_clip.py`),
    so that 0 is no token at all. Texts of one chunk without emphasis give the text encoder's own numbers.
    """
    import torch  # reading alone needs none of it

    room = _room(tokenizer)
    begin, end, pad = tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id
    read = [_tokens(tokenizer, text) for text in texts]

    def states(ids: list[list[int]]) -> "Tensor":
        # CLIP looks at no later tokens, so that padding needs no mask, and Stable Diffusion gives none.
        return text_encoder(torch.tensor(ids, device=device))[0]

    def padded(ids: list[int]) -> list[int]:
        return [begin, *ids, end, *[pad] * (room - len(ids))]

    found = []
    for place in range(0, chunks * room, room):
        parts = [tokens[place : place + room] for tokens in read]
        own = states([padded([token for token, _ in part]) for part in parts])
        weights = torch.ones(own.shape[:2])
        for row, part in zip(weights, parts, strict=True):
            row[1 : 1 + len(part)] = torch.tensor([weight for _, weight in part])
        if (weights != 1).any():
            empty = states([padded([])])
            own = torch.lerp(empty.float(), own.float(), weights[..., None].to(device)).to(own.dtype)
        found.append(own)
    return torch.cat(found, dim=1)


def _tokens(tokenizer: Any, text: str) -> list[tuple[int, float]]:
    """(id, weight) of each token."""
    return [
        (token, weight)
        for piece, weight in parse(text)
        for token in tokenizer(piece, add_special_tokens=False, truncation=False, verbose=False).input_ids
    ]


def _room(tokenizer: Any) -> int:
    """How many tokens of a text fit into a chunk, between its beginning and its end."""
    return tokenizer.model_max_length - 2


def _merged(pieces: Any) -> list[tuple[str, float]]:
    """Neighbours of the same weight as one piece."""
    merged: list[tuple[str, float]] = []
    for piece, weight in pieces:
        if merged and merged[-1][1] == weight:
            merged[-1] = (merged[-1][0] + piece, weight)
        elif piece:
            merged.append((piece, weight))
    return merged
