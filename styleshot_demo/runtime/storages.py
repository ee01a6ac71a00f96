"""How much memory the tensors of a model take, and on which devices they lie. Torch need not be loaded for that."""

from collections.abc import Hashable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any


def bytes_of(value: Any) -> int:
    """Memory in bytes of all tensors of a module, a pipeline, or a dict, list or tuple of those; shared ones once."""
    return sum(storages_of(value)[0].values())


def storages_of(value: Any) -> tuple[dict[Hashable, int], str]:
    """Memory blocks under the tensors of `value`: (device, address) -> bytes; and the devices they lie on."""
    storages: dict[Hashable, int] = {}
    devices: set[str] = set()
    for tensor in _tensors(value, set()):
        device = str(tensor.device)
        if device == "meta":
            continue
        devices.add(device)
        try:
            storage = tensor.untyped_storage()
            storages[device, storage.data_ptr()] = storage.nbytes()
        except (RuntimeError, NotImplementedError):  # some tensor subclasses have no storage of their own
            storages[device, id(tensor)] = tensor.element_size() * tensor.numel()
    return storages, ", ".join(sorted(devices))


def _tensors(value: Any, seen: set[int]) -> Iterator[Any]:
    if id(value) in seen:
        return
    seen.add(id(value))
    if hasattr(value, "untyped_storage"):
        yield value
    elif callable(getattr(value, "parameters", None)) and callable(getattr(value, "buffers", None)):
        yield from value.parameters()
        yield from value.buffers()
    elif isinstance(value, dict):
        for part in value.values():
            yield from _tensors(part, seen)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _tensors(part, seen)
    elif is_dataclass(value) and not isinstance(value, type):
        for part in fields(value):
            yield from _tensors(getattr(value, part.name), seen)
    elif isinstance(components := getattr(value, "components", None), dict):  # a diffusers pipeline
        yield from _tensors(components, seen)
