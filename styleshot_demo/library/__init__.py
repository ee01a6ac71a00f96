"""Styles that are kept: one file each, in a folder that one person or a team has."""

from styleshot_demo.library.bundled import bundled
from styleshot_demo.library.entry import StyleEntry, search
from styleshot_demo.library.shelf import Library
from styleshot_demo.library.style import MAX_NOTE, MAX_PICTURES, MAX_STYLE_NAME, SUFFIX
