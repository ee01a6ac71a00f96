"""What is printed beside results and errors: progress and notes, unless `-q`; of libraries nothing, unless `--verbose`.

What a person has to know of a run, its notes say; the libraries' own warnings are for whoever writes programs.
"""

import logging
import os
import sys
import warnings

# Read by the libraries when they are imported, also in processes that are started from here.
_SILENT = {
    "TRANSFORMERS_VERBOSITY": "error",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "DIFFUSERS_VERBOSITY": "error",
    "HF_HUB_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
    "OPENCV_LOG_LEVEL": "ERROR",
}

_quiet = False


def begin(verbose: bool) -> None:
    """At the start of each command."""
    global _quiet
    _quiet = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.INFO if verbose else logging.CRITICAL)  # libraries without handlers of their own
    logging.basicConfig(handlers=[handler], format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("styleshot_demo").setLevel(logging.INFO if verbose else logging.CRITICAL)
    if verbose:
        return
    for name, value in _SILENT.items():
        os.environ.setdefault(name, value)
    if not sys.warnoptions:  # a person who asks Python for warnings gets them
        warnings.simplefilter("ignore")


def be_quiet(wanted: bool) -> None:
    """`-q`: nothing on stderr but errors."""
    global _quiet
    if wanted:
        _quiet = True
        os.environ["TQDM_DISABLE"] = "1"  # the bars of trainings


def quiet() -> bool:
    """Whether `-q` was given."""
    return _quiet
