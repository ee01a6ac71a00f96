"""From files on this machine to the parts of a StyleShot: which model to take, converted once, equal weights shared.

`choose` and `parts` look at names and headers only, and may be asked at any time. `locate` reads all of the files the
first time, and converts those of StyleShot: minutes, of which it tells, and which may be stopped.
"""

from styleshot_demo.runners.weights.catalogue import (
    BASE,
    BUILT_IN,
    CHECKPOINT,
    CONVERTED,
    DETECTOR,
    ENCODER,
    ENLARGERS,
    IP,
    MANIFEST,
    PAINTER,
    SMALL,
    TITLES,
)
from styleshot_demo.runners.weights.choosing import ModelChoice, choose, enlarger, needs
from styleshot_demo.runners.weights.converting import convert, converting, export, exporting, root_for
from styleshot_demo.runners.weights.loading import broken_as_problem, load, load_tokenizer
from styleshot_demo.runners.weights.locating import ModelParts, locate, parts, small_folder
from styleshot_demo.runners.weights.single import network_file, short_hash
