"""What is written of a style, and what a style file may hold."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from styleshot_demo import jobs
from styleshot_demo.errors import Problem

SUFFIX = ".style.zip"
MANIFEST, THUMBNAIL, COMPUTED = "style.json", "thumbnail.jpg", "computed.safetensors"
VERSION = 1
MAX_PICTURES = 200
MAX_STYLE_NAME = 80  # characters
MAX_NOTE = 1000
MAX_TAGS, MAX_TAG = 20, 40
MAX_STRENGTH = 2.0  # of the tabs that paint with StyleShot; the classical methods go up to 1
PICTURE_FILE = r"^pictures/[0-9]{3}\.(jpg|png)$"


def _line(text: str) -> str:
    """In one form, one line, without control characters or blanks at the ends."""
    signs = (" " if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") else sign for sign in text)
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", "".join(signs))).strip()


Line = AfterValidator(_line)
_SETUP = ConfigDict(frozen=True, strict=True, allow_inf_nan=False)


class StylePicture(BaseModel):
    """One picture of a style.

    file    its place in the style file
    name    of the file that it came from
    weight  beside the other pictures that are used, 0 to 100
    used    whether a job gets it: at most four of a style
    typical  file of the used picture that it is most like, which stands for it; empty: it counts for nothing, or alone
    """

    model_config = _SETUP
    file: Annotated[str, Field(pattern=PICTURE_FILE)]
    name: Annotated[str, Field(max_length=jobs.MAX_FILE_NAME), Line] = ""
    weight: Annotated[float, Field(ge=0, le=100)] = 1.0
    used: bool = True
    typical: Annotated[str, Field(pattern=f"{PICTURE_FILE}|^$")] = ""


class Style(BaseModel):
    """A style without the pixels: what `style.json` in a style file says.

    strength  that it is used with unless another is chosen, 0 to 2; None: as the page or command stands
    named     whether a person has named the pictures that jobs get; files from before say so only of those that
              leave some out
    """

    model_config = _SETUP
    format: Annotated[str, Field(pattern="^styleshot-style$")] = "styleshot-style"
    version: Annotated[int, Field(ge=1, le=VERSION)] = VERSION
    name: Annotated[str, Field(max_length=MAX_STYLE_NAME), Line, Field(min_length=1)]
    tags: Annotated[tuple[Annotated[str, Field(max_length=MAX_TAG), Line], ...], Field(max_length=MAX_TAGS)] = ()
    note: Annotated[str, Field(max_length=MAX_NOTE), Line] = ""
    strength: Annotated[float, Field(ge=0, le=MAX_STRENGTH)] | None = None
    named: bool = False
    pictures: Annotated[tuple[StylePicture, ...], Field(min_length=1, max_length=MAX_PICTURES)]

    @model_validator(mode="after")
    def _usable(self) -> "Style":
        used = self.used
        if not 1 <= len(used) <= jobs.MAX_STYLES or sum(picture.weight for picture in used) <= 0:
            raise ValueError("of the pictures one to four are used, not all with weight 0")
        if len({picture.file for picture in self.pictures}) < len(self.pictures):
            raise ValueError("each picture has a file of its own")
        if not {picture.typical for picture in self.pictures} <= {"", *(picture.file for picture in used)}:
            raise ValueError("what stands for others is used")
        return self

    @property
    def used(self) -> list[StylePicture]:
        """Those pictures that a job gets."""
        return [picture for picture in self.pictures if picture.used]

    @property
    def chosen(self) -> list[int] | None:
        """The places of those that jobs get where a person has named them; None: the four most typical."""
        left_out = any(picture.weight > 0 and not (picture.used or picture.typical) for picture in self.pictures)
        named = self.named or left_out
        return [place for place, picture in enumerate(self.pictures) if picture.used] if named else None

    def group(self, file: str) -> list[StylePicture]:
        """The pictures that a used one stands for, itself among them; none where it stands for itself alone."""
        found = [picture for picture in self.pictures if picture.typical == file and picture.weight > 0]
        return found if len(found) > 1 else []


def checked_name(name: Any) -> str:
    """A style's name as it is kept; `Problem` style_nameless."""
    text = _line(name) if isinstance(name, str) else ""
    if not 1 <= len(text) <= MAX_STYLE_NAME:
        raise Problem("style_nameless", limit=MAX_STYLE_NAME)
    return text


def checked_tags(tags: Sequence[str] | str) -> tuple[str, ...]:
    """Tags as they are kept, none twice: several texts, or one with commas. `Problem` style_tags."""
    texts = re.split(r"[,，、;；]", tags) if isinstance(tags, str) else tags
    found = tuple(dict.fromkeys(filter(None, (_line(jobs.text("tags", text)) for text in texts))))
    if len(found) > MAX_TAGS or any(len(tag) > MAX_TAG for tag in found):
        raise Problem("style_tags", count=MAX_TAGS, limit=MAX_TAG)
    return found


def checked_note(note: Any) -> str:
    """A note as it is kept; `Problem` not_text or text_too_long."""
    return _line(jobs.text("note", note))


def checked_strength(strength: Any) -> float | None:
    """A strength as it is kept; `Problem` not_a_number or out_of_range."""
    return None if strength is None else float(jobs.number("strength", strength, 0, MAX_STRENGTH))
