"""Names for files that no disk refuses and that people would choose; other people's names read with care."""

import re
import unicodedata
from pathlib import Path, PureWindowsPath

# Bytes of a file's name. Most disks take 255, encrypted home folders 143; what is written first has a longer name.
LONGEST = 140
_ENDING = 8  # signs of a file's ending, such as "jpeg": more are a part of its name
_SIGNS = 60  # of a stem, which a person should be able to read in a list

# Windows takes these for devices, whatever their ending.
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\..*)?", re.IGNORECASE)


def stem_of(name: str | Path | None) -> str:
    """The stem of a file's name as it came: from Linux, macOS or Windows, with or without its folders."""
    return PureWindowsPath(str(name or "")).stem


def made_of(stem: str, *ends: object, suffix: str) -> str:
    """Such as "chelsea-fast-seed7.png", from any text as `stem`: letters of any language, digits and hyphens.

    `suffix` begins with a dot. The name is at most `LONGEST` bytes long, and is no reserved one.
    """
    end = "".join(f"-{_plain(str(part))}" for part in ends if part != "") + suffix
    stem = _cut(_plain(stem)[:_SIGNS], LONGEST - len(end.encode())).strip("-_") or "picture"
    if _DEVICE.fullmatch(stem + end):
        stem = f"picture-{stem}"
    return stem + end


def kept(path: str) -> str:
    """A path below a folder, as another machine tells it, in a form that every disk takes: "trip/day 1/a b.jpg".

    Letters of any language, spaces and signs stay, as far as Windows allows them; there is no way out of the folder, no
    hidden file, no reserved name, and each part is at most `LONGEST` bytes long. Never empty.
    """
    parts = (_part(part) for part in re.split(r"[/\\]", unicodedata.normalize("NFC", path)))
    return "/".join(part for part in parts if part) or "picture"


def _part(text: str) -> str:
    shown = "".join("_" if sign in '<>:"|?*' or not sign.isprintable() else sign for sign in text).strip(" .")
    stem, dot, ending = shown.rpartition(".")
    if dot and len(ending) <= _ENDING:
        shown = _cut(stem, LONGEST - len(ending.encode()) - 1).rstrip(" .") + dot + ending
    shown = _cut(shown, LONGEST)
    return f"_{shown}" if _DEVICE.fullmatch(shown) else shown


def _plain(text: str) -> str:
    # In one form: macOS hands out names with accents as signs of their own.
    return re.sub(r"[^\w.-]+|\.(?!\d)", "-", unicodedata.normalize("NFC", text)).strip("-_.")


def _cut(text: str, size: int) -> str:
    """At most `size` bytes of it, and no half letters."""
    return text.encode()[: max(size, 0)].decode(errors="ignore")
