"""The app with a catalogue of other files: `python tests/browser/tiny_hub.py FOLDER`, FOLDER laid out as org/name/path.

What the catalogue knows of each file there, its size and hash, is replaced by what the file is, so that a server on
this machine can hand it out and every check of the download holds.
"""

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIG = "pretrained_weight/style_aware_encoder.json"  # only small encoders need it


def small(file, folder):
    """The file as it is in the folder, None where it is not."""
    for path in (file.path, *file.instead):
        place = folder / file.repo / path
        if place.is_file():
            content = place.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            return replace(file, path=path, bytes=len(content), sha256=digest, exact=True, instead=())
    return None


def main(folder: Path) -> None:
    sys.path.insert(0, str(ROOT))
    from styleshot_demo.models.catalogue import MODELS

    for name, model in MODELS.items():
        if name.startswith("styleshot") and not model.built_in:
            model = replace(model, files=(*model.files, replace(model.files[0], path=CONFIG)))
        files = tuple(dict.fromkeys(found for file in model.files if (found := small(file, folder))))
        if files:
            MODELS[name] = replace(model, files=files)

    import app

    app.main()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
