"""Cuts the font of labelled sheets out of Noto Sans CJK: `python assets/make_font.py NotoSansCJK-Regular.ttc`.

It calls `pyftsubset` of fonttools, which the program itself does not need. Kept are Latin letters with accents, signs,
and the 3,755 characters of the first level of GB 2312: what is written on the page, and most names.
"""

import subprocess
import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parent / "fonts" / "sheet.otf"
SIMPLIFIED = 2  # its place in the collection


def signs() -> str:
    """Every character that is kept."""
    pairs = [(high, low) for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF)]
    chinese = [bytes(pair).decode("gb2312", errors="ignore") for pair in pairs]
    latin = [chr(code) for code in (*range(0x20, 0x7F), *range(0xA0, 0x180))]
    return "".join([*chinese, *latin, "“”‘’…–—·×→↓★、。，；：（）《》！？％　浏"])


def main(source: Path) -> None:
    TARGET.parent.mkdir(exist_ok=True)
    options = [f"--font-number={SIMPLIFIED}", "--layout-features=kern,ccmp", "--name-IDs=0,1,2,13,14"]
    options += ["--no-hinting", "--notdef-outline"]
    subprocess.run(["pyftsubset", source, f"--text={signs()}", *options, f"--output-file={TARGET}"], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
