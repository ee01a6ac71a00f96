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
    STROKED,
    TRANSFORMS,
    WHOLE_METHODS,
    WHOLE_STYLES_AT,
    ClassicalJob,
    read_by,
    seen_at,
)
from styleshot_demo.jobs.diffusion import (
    COMPOSER_FIELDS,
    COMPOSER_ONLY,
    IMAGE_MODELS,
    IMAGE_SIZES,
    MAX_IMAGES,
    PAINTED_BY,
    PAINTER_FIELDS,
    PREPROCESSORS,
    SCHEDULERS,
    SIZE_MULTIPLE,
    TEXT_MODELS,
    ImageJob,
    TextJob,
)
from styleshot_demo.jobs.enlarge import ENLARGERS, FACTORS, MAX_ENLARGED, EnlargeJob
from styleshot_demo.jobs.inputs import MAX_FILE_NAME, MAX_STYLES, Picture, named, open_named, open_styles, roles, shares
from styleshot_demo.jobs.palette import MAX_COLOURS, palette_rgb
from styleshot_demo.jobs.regions import FEATHER, FOUND, REGION_FIELDS, REGIONS
from styleshot_demo.jobs.schema import check_each, defaults, fields
from styleshot_demo.jobs.seeds import MAX_SEED, new_seed, seed_of

__all__ = [
    "CLASSICAL_SIZES",
    "COLOURS_FROM",
    "COLOUR_METHODS",
    "COMPOSER_FIELDS",
    "COMPOSER_ONLY",
    "ENLARGERS",
    "FACTORS",
    "FEATHER",
    "FOUND",
    "IMAGE_MODELS",
    "IMAGE_SIZES",
    "MAX_COLOURS",
    "MAX_ENLARGED",
    "MAX_FILE_NAME",
    "MAX_IMAGES",
    "MAX_PROMPT",
    "MAX_SEED",
    "MAX_STYLES",
    "METHODS",
    "OPTIMISERS",
    "PAINTED_BY",
    "PAINTER_FIELDS",
    "PREPROCESSORS",
    "REGIONS",
    "REGION_FIELDS",
    "SCHEDULERS",
    "SIZE_MULTIPLE",
    "STARTS",
    "STROKED",
    "TEXT_MODELS",
    "TRANSFORMS",
    "WHOLE_METHODS",
    "WHOLE_STYLES_AT",
    "ClassicalJob",
    "EnlargeJob",
    "ImageJob",
    "Picture",
    "TextJob",
    "check_each",
    "choice",
    "defaults",
    "fields",
    "named",
    "new_seed",
    "number",
    "open_named",
    "open_styles",
    "palette_rgb",
    "read_by",
    "roles",
    "seed_of",
    "seen_at",
    "shares",
    "text",
]
