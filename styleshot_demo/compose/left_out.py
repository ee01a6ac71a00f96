"""What a prompt says is not to be seen: no dogs or cats, a beach without people, 没有人的海滩."""

from collections.abc import Sequence

from styleshot_demo.compose.tokens import Token

WITHOUT = {"no", "without", "没", "没有"}
JOINING = {"and", "or", "nor", "和", "与", "或", "或者"}
ARTICLES = {"a", "an", "the"}
SEEN = ("thing", "keyword", "place", "time", "weather", "kind")


def left_out(found: Sequence[Token]) -> frozenset[int]:
    """The indices of the tokens that say it."""
    indices: set[int] = set()
    state = ""  # "next": something is left out that is still to come; "more": perhaps; "said": it was the last token
    for index, token in enumerate(found):
        if token.text in WITHOUT:
            state = "next"
        elif state == "said":
            state = "more" if token.text in JOINING else ""
        elif not token.text or token.reading("relation"):
            state = ""
        elif state == "more" and (token.text in ARTICLES or token.reading("count")):
            state = ""  # without windows, and a cat
        elif state and (not token.meanings or token.reading(*SEEN)):
            state = "said"
        if state:
            indices.add(index)
    return frozenset(indices)
