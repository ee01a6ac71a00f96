"""What can be asked for. A job that exists is valid: its pictures are open and its numbers lie in their ranges.

Each setting is written once, where its job is: `jobs.schema` says how, and what is made of it.
"""

from styleshot_demo.jobs.checks import MAX_PROMPT, choice, number, text
from styleshot_demo.jobs.classical import (
    CLASSICAL_SIZES,
    COLOUR_METHODS,
    COLOURS_FROM,
    METHODS,
    OPTIMISERS,
    STARTS,
    TRANSFORMS,
    WHOLE_METHODS,
    WHOLE_STYLES_AT,
    ClassicalJob,
    style_size_for,
)
from styleshot_demo.jobs.diffusion import (
    COMPOSER_FIELDS,
    IMAGE_SIZES,
    MAX_IMAGES,
    PAINTED_BY,
    PREPROCESSORS,
    SCHEDULERS,
    SIZE_MULTIPLE,
    TEXT_MODELS,
    ImageJob,
    TextJob,
)
from styleshot_demo.jobs.enlarge import FACTORS, EnlargeJob
from styleshot_demo.jobs.inputs import (
    MAX_FILE_NAME,
    MAX_STYLES,
    Picture,
    file_name_of,
    find_kept_by,
    kept_of,
    normalised_weights,
    open_named,
    roles,
)
from styleshot_demo.jobs.palette import MAX_COLOURS, palette_rgb
from styleshot_demo.jobs.regions import FEATHER, FOUND, REGION_FIELDS, REGIONS, divided
from styleshot_demo.jobs.schema import check_each, defaults, fields
from styleshot_demo.jobs.seeds import MAX_SEED, new_seed, seed_of
