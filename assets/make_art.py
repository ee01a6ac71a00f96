"""Packs the vector art that the composer draws with: Noto emoji, with names and keywords in English and Chinese.

    npm pack @iconify-json/noto@1.2.9 emojibase-data@17.0.0 cldr-annotations-full@48.2.0
    python assets/make_art.py . assets/art/noto.zip

Same packages, same bytes. The file holds `index.json`, a list of what is drawn, and `svg/ID.svg` for each, of 128 x 128
units; `licences/` says under which terms. Left out are flags, interface signs and variants of skin tone.
"""

import argparse
import hashlib
import io
import json
import re
import tarfile
import zipfile
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

PACKAGES = {
    "iconify-json-noto-1.2.9.tgz": "3e918d88fc945c0bb3d468dbace6f88caef67f01c9f0e7bcae0915a042e8f1ad",
    "emojibase-data-17.0.0.tgz": "d01d0e2ca4e22cb402679532155342c71e2e871f25c32223c013b8b166ebdf5a",
    "cldr-annotations-full-48.2.0.tgz": "28576e51225deb51e3ddd734b0f824a0079682cb5d8c27faa9f68149317a14d1",
}
# What Unicode calls these groups of emoji: hardly ever a thing that a picture can show.
LEFT_OUT = {"component", "symbols", "flags"}
SIGNS = {"person-symbol"}  # silhouettes
# Clock faces of every half hour, the same person once more, looking the other way, and plates with families.
DOUBLES = re.compile(r"o.clock$|-thirty$|: facing right$|^family:")
# Apache-2.0, which Noto's package names but does not bring: this one has the text, and the app needs it anyway.
APACHE = ("safetensors", "c71d239df91726fc519c6eb72d318ec65820627232b2f796219e87dcf35d0ab4")
MOMENT = (1980, 1, 1, 0, 0, 0)  # of every file in the archive


def opened(folder: Path, name: str) -> tarfile.TarFile:
    """One of the packages; `SystemExit` if it is not the very one that this script was written for."""
    data = (folder / name).read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != PACKAGES[name]:
        raise SystemExit(f"{name} has sha256 {found}, not {PACKAGES[name]}")
    return tarfile.open(fileobj=io.BytesIO(data))


def text(package: tarfile.TarFile, path: str) -> str:
    return package.extractfile(f"package/{path}").read().decode()


def plain(code: str) -> str:
    """A sequence of code points as both packages write it, without the selector of emoji presentation."""
    return code.upper().replace("-FE0F", "")


def things(noto: tarfile.TarFile, names: tarfile.TarFile, cldr: tarfile.TarFile) -> list[tuple[dict[str, Any], str]]:
    """(entry of the index, SVG) in Unicode's order.

    An entry: id (code points), name, zh (name), group, subgroup, words and words_zh (keywords).
    """
    icons = json.loads(text(noto, "icons.json"))
    drawn = {plain(code): name for code, name in json.loads(text(noto, "chars.json")).items()}
    titles = json.loads(text(names, "meta/groups.json"))
    chinese = {entry["hexcode"]: entry for entry in json.loads(text(names, "zh/data.json"))}
    words = {
        language: json.loads(text(cldr, f"annotations/{language}/annotations.json"))["annotations"]["annotations"]
        for language in ("en", "zh")
    }
    found = []
    for entry in json.loads(text(names, "en/data.json")):
        code, group = plain(entry["hexcode"]), titles["groups"].get(str(entry.get("group")), "component")
        if group in LEFT_OUT or code not in drawn or DOUBLES.search(entry["label"]):
            continue
        if titles["subgroups"][str(entry["subgroup"])] in SIGNS:
            continue
        sign = "".join(chr(int(part, 16)) for part in code.split("-"))
        other = chinese[entry["hexcode"]]
        name = drawn[code]
        body = icons["icons"][name if name in icons["icons"] else icons["aliases"][name]["parent"]]["body"]
        index = {
            "id": code.lower(),
            "name": entry["label"],
            "zh": other["label"],
            "group": group,
            "subgroup": titles["subgroups"][str(entry["subgroup"])],
            "words": merged(entry.get("tags", []), words["en"].get(sign, {}).get("default", [])),
            "words_zh": merged(other.get("tags", []), words["zh"].get(sign, {}).get("default", [])),
        }
        found.append(
            (index, entry["order"], f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 128 128">{body}</svg>')
        )
    found.sort(key=lambda one: one[1])
    return [(index, svg) for index, _, svg in found]


def merged(*lists: list[str]) -> list[str]:
    return list(dict.fromkeys(word.lower() for words in lists for word in words))


def licences(names: tarfile.TarFile, cldr: tarfile.TarFile) -> dict[str, str]:
    """File -> text."""
    package, digest = APACHE
    files = distribution(package).files or []
    apache = next(file for file in files if file.name == "LICENSE").read_text(encoding="utf-8")
    if hashlib.sha256(apache.encode()).hexdigest() != digest:
        raise SystemExit(f"the licence that comes with {package} has changed")
    return {
        "noto-emoji-Apache-2.0.txt": apache,
        "emojibase-data-MIT.txt": text(names, "LICENSE"),
        "cldr-Unicode-3.0.txt": text(cldr, "LICENSE"),
    }


def pack(folder: Path, out: Path) -> int:
    """Writes the archive and returns how many things are in it."""
    noto, names, cldr = (opened(folder, name) for name in PACKAGES)
    found = things(noto, names, cldr)
    with zipfile.ZipFile(out, "w") as archive:

        def put(name: str, content: str) -> None:
            info = zipfile.ZipInfo(name, MOMENT)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, content.encode(), compresslevel=9)

        for name, content in licences(names, cldr).items():
            put(f"licences/{name}", content)
        lines = ",\n".join(json.dumps(index, ensure_ascii=False) for index, _ in found)
        put("index.json", f"[\n{lines}\n]\n")
        for index, svg in found:
            put(f"svg/{index['id']}.svg", svg)
    return len(found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", type=Path, help="folder with the three files that `npm pack` makes")
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    print(pack(arguments.packages, arguments.out), "things,", arguments.out.stat().st_size, "bytes")
