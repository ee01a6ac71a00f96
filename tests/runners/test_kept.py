"""What a run keeps for a next one lies in the cache and nowhere else: in its budget, and behind its unload button."""

import gc

import torch
from PIL import Image

from styleshot_demo import ClassicalJob
from styleshot_demo.runners.weights import TITLES


def pixels_and_numbers() -> int:
    """How many there are in all pictures and tensors of this process."""
    gc.collect()
    kinds = [(one, type(one)) for one in gc.get_objects()]  # not isinstance: that would wake what loads lazily
    tensors = {one.data_ptr(): one.numel() for one, kind in kinds if issubclass(kind, torch.Tensor)}
    return sum(tensors.values()) + sum(one.width * one.height for one, kind in kinds if kind is Image.Image)


def test_encoded_pictures_are_counted_and_can_be_unloaded(studio, picture):
    style, title = picture(96, 96, 1), TITLES["pairs"]
    first, second = picture(256, 192), picture(256, 192, 2)
    studio.finish(ClassicalJob(first, [style], size=256))  # what libraries make once is there from now on
    studio.cache.unload_all()
    before = pixels_and_numbers()
    studio.finish(ClassicalJob(second, [style], size=256))
    row = next(row for row in studio.cache.loaded() if row.name == title)
    used = studio.cache.used_bytes()
    assert row.bytes > 0 and not row.in_use
    assert studio.cache.unload(title) and title not in [row.name for row in studio.cache.loaded()]
    assert studio.cache.used_bytes() <= used - row.bytes
    assert studio.cache.unload_all() and studio.cache.used_bytes() == 0
    assert pixels_and_numbers() <= before, "something lies beside the cache"
