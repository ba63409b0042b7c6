"""What a module returned, made one row per sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeAlias

import numpy as np
import torch

from layerscope._arrays import Array, BFloat16Array, as_array
from layerscope._settings import check_choice
from layerscope.activations import pool as pool_maps
from layerscope.activations._pool import LAYOUTS, POOLS
from layerscope.errors import InvalidInputError, InvalidTypeError
from layerscope.torch._patterns import PerLayer

__all__ = ["Pick", "Reduction", "check_pick", "pick_tensor"]

Pick: TypeAlias = int | str | Callable[[Any], Any] | None

_HOW_TO_PICK = 'say which with layers={"name": key}, an index, a field or a callable of the output'


def check_pick(name: str, pick: Any) -> Pick:
    """Return how to take the tensor out of a module's output."""
    known = pick is None or callable(pick) or isinstance(pick, str)
    if not known and (isinstance(pick, bool) or not isinstance(pick, int)):
        rule = "must map names to None, an index, a field or a callable"
        raise InvalidTypeError("layers", rule, f"{type(pick).__name__} for {name!r}")
    return pick  # type: ignore[no-any-return]


def pick_tensor(output: Any, pick: Pick) -> Any:
    """Return the one tensor of an output, or the one that ``pick`` names.

    Raises
    ------
    InvalidInputError
        For several tensors without a pick, for none, and for a pick that the output has not.
    """
    if callable(pick):
        return pick(output)
    if pick is not None:
        output = _entry(output, pick)
    found = {id(tensor): tensor for tensor in _tensors(output)}
    if not found:
        rule = f"must return a tensor; {_HOW_TO_PICK}"
        raise InvalidInputError("output", rule, type(output).__name__)
    if len(found) > 1:
        rule = f"must hold a single tensor; {_HOW_TO_PICK}"
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in found.values())
        raise InvalidInputError("output", rule, f"{type(output).__name__} of shapes {shapes}")
    return next(iter(found.values()))


def _entry(output: Any, key: int | str) -> Any:
    try:
        if isinstance(key, str) and not isinstance(output, Mapping):
            return getattr(output, key)
        return output[key]
    except (AttributeError, IndexError, KeyError, TypeError):
        rule = f"must have the entry {key!r} that layers asks for"
        raise InvalidInputError("output", rule, type(output).__name__) from None


def _tensors(output: Any) -> list[torch.Tensor]:
    if isinstance(output, torch.Tensor):
        return [output]
    entries: list[Any] = []
    if isinstance(output, Mapping):
        entries = list(output.values())
    elif isinstance(output, tuple | list):
        entries = list(output)
    elif is_dataclass(output) and not isinstance(output, type):
        entries = [getattr(output, field.name) for field in fields(output)]
    return [tensor for entry in entries for tensor in _tensors(entry)]


class Reduction:
    """How outputs become matrices: the layouts, the ways to pool, for all layers or for each.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For an unknown layout or way.
    """

    def __init__(self, layout: Any, how: Any) -> None:
        self._layouts, self._ways = PerLayer(layout), PerLayer(how)
        for argument, table in (("layout", self._layouts), ("pool", self._ways)):
            for key in table.keys():  # noqa: SIM118  (no mapping)
                if not isinstance(key, str):
                    rule = "must be keyed by names or patterns of layers"
                    raise InvalidTypeError(argument, rule, repr(key))
        for value in self._layouts.values():
            check_choice("layout", value, LAYOUTS)
        for value in self._ways.values():
            if not callable(value):
                check_choice("pool", value, POOLS)

    def check_used(self) -> None:
        """Refuse names in a table that are no captured layer: they are slips of the pen."""
        for argument, table in (("layout", self._layouts), ("pool", self._ways)):
            for key in table.unused():
                rule = "must be keyed by names or patterns of captured layers"
                raise InvalidInputError(argument, rule, repr(key))

    def rows(self, name: str, path: str, tensor: Any, mask: Any) -> Array:
        """Return one row per sample, in memory that nobody else writes to."""
        if isinstance(tensor, torch.Tensor):
            _check_plain(tensor)
            tensor = tensor.detach().cpu()
        array = as_array(tensor, "output")
        layout, how = self._layouts.of(name, path), self._ways.of(name, path)
        if array.ndim == 2:
            matrix = array
        else:
            self._check(array.shape, layout, how)
            masked = mask if layout == "NTC" else None
            matrix = pool_maps(array, layout=layout, how=how, mask=masked)
        if 0 in matrix.shape:
            raise InvalidInputError("output", "must not be empty", f"shape {matrix.shape}")
        return _own(matrix, array)

    @staticmethod
    def _check(shape: tuple[int, ...], layout: Any, how: Any) -> None:
        found = f"an output of shape {shape}"
        if len(shape) not in (3, 4):
            rule = 'must reduce outputs that have not 2, 3 or 4 axes: layers={"name": callable}'
            raise InvalidInputError("layers", rule, found)
        fitting = [known for known in LAYOUTS if len(known) == len(shape)]
        if layout not in fitting:
            listed = " or ".join(map(repr, fitting))
            rule = f"must be {listed}, for all layers or for this one"
            shown = "None" if layout is None else repr(layout)
            raise InvalidInputError("layout", rule, f"{shown} for {found}")
        if how is None:
            rule = f"must be one of {', '.join(map(repr, POOLS))} or a callable"
            raise InvalidInputError("pool", rule, f"None for {found}")


def _check_plain(tensor: torch.Tensor) -> None:
    """Refuse tensors that are no array of numbers which numpy knows."""
    if tensor.is_meta:
        raise InvalidInputError("output", "must hold numbers", "a tensor on the meta device")
    odd = tensor.is_nested or tensor.is_quantized or tensor.layout != torch.strided
    eight = tensor.is_floating_point() and tensor.element_size() < 2
    if odd or eight:
        rule = 'must be a dense tensor of 16 bits or more: layers={"name": callable} can make one'
        kind = "nested" if tensor.is_nested else str(tensor.layout).removeprefix("torch.")
        found = f"a {kind} tensor of {str(tensor.dtype).removeprefix('torch.')}"
        raise InvalidTypeError("output", rule, found)


def _own(matrix: Array, source: Array) -> Array:
    """Copy what still is the tensor's memory: an in-place operation may come next."""
    words = matrix.words if isinstance(matrix, BFloat16Array) else matrix
    origin = source.words if isinstance(source, BFloat16Array) else source
    if np.may_share_memory(words, origin) or not words.flags.c_contiguous:
        words = np.array(words, order="C", copy=True)
    return BFloat16Array(words) if isinstance(matrix, BFloat16Array) else words
