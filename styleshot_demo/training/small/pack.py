"""The training pictures in one small file: emoji with transparency, paintings and photos, each as WebP.

A pack is a zip file with `index.json` and the pictures. It is what travels to another machine: about 35 MB.
"""

import csv
import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from styleshot_demo.atomic import put
from styleshot_demo.destinations import make_folder
from styleshot_demo.errors import Problem
from styleshot_demo.training.small import captions

THING = 128  # side of an emoji, pixels
SHORT, LONGEST = 288, 480  # sides of a painting or photo, pixels
HELD_SET = "emojitwo"
HELD_THINGS, HELD_PICTURES = 0.05, 0.1
GROUPS = ("paintings", "photos")


def held_out(name: str, share: float) -> bool:
    """Whether a hash of the name puts it among the `share` that no training sees."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) / 2**32 < share


def write(data: Path, to: Path, quality: int = 70, limit: int | None = None) -> dict[str, int]:
    """Pack the folder `data` (with `emoji/`, `paintings/` and `photos/`) into the file `to`; returns the counts.

    emoji/       `metadata.jsonl` (file as "<set>.zip/<name>", set, codepoints, name, keywords) and the zip files
    paintings/   pictures and `index.csv` (file, title, artist); `photos/` alike
    quality      of WebP, 0 to 100; of transparency ten less
    limit        only so many things and so many pictures of each folder, for a trial
    """
    try:
        lines = (data / "emoji" / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
    except OSError:
        raise Problem("no_training_pictures") from None
    make_folder(to.parent)
    index: dict[str, Any] = {"things": {}, "emoji": [], "pictures": []}
    archives: dict[str, zipfile.ZipFile] = {}
    part = to.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as pack:
        for line in lines:
            entry = json.loads(line)
            code = entry["codepoints"]
            if code not in index["things"]:
                if limit is not None and len(index["things"]) >= limit:
                    continue
                index["things"][code] = _thing(entry)
            archive, member = entry["file"].split("/", 1)
            source = archives.setdefault(archive, zipfile.ZipFile(data / "emoji" / archive))
            image = Image.open(io.BytesIO(source.read(member))).convert("RGBA")
            name = f"emoji/{entry['set']}/{code}.webp"
            pack.writestr(name, _webp(image.resize((THING, THING)) if image.size != (THING, THING) else image, quality))
            index["emoji"].append({"file": name, "set": entry["set"], "thing": code})
        for group in GROUPS:
            with (data / group / "index.csv").open(encoding="utf-8", newline="") as file:
                for row in list(csv.DictReader(file))[:limit]:
                    image = fitted(Image.open(data / group / row["file"]).convert("RGB"))
                    name = f"{group}/{Path(row['file']).stem}.webp"
                    pack.writestr(name, _webp(image, quality))
                    index["pictures"].append(
                        {
                            "file": name,
                            "group": group,
                            "caption": captions.title(row["title"], row["artist"]),
                            "held": held_out(row["file"], HELD_PICTURES),
                        }
                    )
        pack.writestr("index.json", json.dumps(index))
    put(part, to)
    return {"things": len(index["things"]), "emoji": len(index["emoji"]), "pictures": len(index["pictures"])}


def fitted(image: Image.Image) -> Image.Image:
    """The short side `SHORT` pixels, the long one cut to `LONGEST` about the middle."""
    scale = SHORT / min(image.size)
    image = image.resize([max(SHORT, round(side * scale)) for side in image.size], Image.Resampling.LANCZOS)
    excess = [max(0, side - LONGEST) // 2 for side in image.size]
    left, top = excess
    return image.crop((left, top, left + min(image.width, LONGEST), top + min(image.height, LONGEST)))


class Pack:
    """A pack in memory: uint8 arrays, decoded once.

    emoji      [N, 128, 128, 4], straight alpha; `sets` and `codes` say which; things by code: name and keywords
    pictures   list of [H, W, 3]; `groups`, `captions` and `held` say what they are
    """

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as pack:
            index = json.loads(pack.read("index.json"))
            self.things: dict[str, dict[str, Any]] = index["things"]
            self.sets = [entry["set"] for entry in index["emoji"]]
            self.codes = [entry["thing"] for entry in index["emoji"]]
            self.emoji = np.empty((len(self.sets), THING, THING, 4), np.uint8)
            for place, entry in enumerate(index["emoji"]):
                self.emoji[place] = decode(pack.read(entry["file"]), "RGBA")
            self.pictures = [decode(pack.read(entry["file"]), "RGB") for entry in index["pictures"]]
        self.groups = [entry["group"] for entry in index["pictures"]]
        self.captions = [entry["caption"] for entry in index["pictures"]]
        self.held = [entry["held"] for entry in index["pictures"]]

    def emoji_places(self, held_things: bool = False, held_set: bool = False) -> np.ndarray:
        """Places of the emoji that training sees, or of those held out in one of the two ways."""
        return np.array(
            [
                place
                for place, (name, code) in enumerate(zip(self.sets, self.codes, strict=True))
                if (self.things[code]["held"], name == HELD_SET) == (held_things, held_set)
            ],
            np.int64,
        )

    def picture_places(self, group: str, held: bool = False) -> np.ndarray:
        """Places of the pictures of a group that training sees, or of those held out."""
        return np.array(
            [n for n, (g, h) in enumerate(zip(self.groups, self.held, strict=True)) if g == group and h == held],
            np.int64,
        )

    def all_captions(self) -> list[str]:
        """Every text that training may show, for the tokenizer: of what is held out, none."""
        things = [thing for thing in self.things.values() if not thing["held"]]
        names = [text for thing in things for text in (thing["name"], *thing["keywords"])]
        return names + [text for text, held in zip(self.captions, self.held, strict=True) if text and not held]


def decode(file: bytes, mode: str) -> np.ndarray:
    """A picture file as uint8 [height, width, channels]."""
    return np.array(Image.open(io.BytesIO(file)).convert(mode))


def _thing(entry: dict[str, Any]) -> dict[str, Any]:
    name = captions.plain(entry["name"])
    keywords = {captions.plain(word) for word in entry["keywords"]} - {"", name}
    held = held_out(entry["codepoints"], HELD_THINGS)
    return {"name": name, "keywords": sorted(keywords), "char": entry.get("char", ""), "held": held}


def _webp(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=quality, alpha_quality=max(0, quality - 10), method=4)
    return buffer.getvalue()
