"""Single file formats, each in a file of its own; `containers` is the way in."""
