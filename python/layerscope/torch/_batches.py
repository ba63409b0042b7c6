"""Batches as loaders give them, split into what the model eats and what belongs to the rows."""

from __future__ import annotations

import copy
import inspect
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from torch.nn.utils.rnn import PackedSequence
from torch.utils.data import DataLoader, Dataset, IterableDataset

from layerscope._arrays import check_entries
from layerscope.errors import InvalidInputError, InvalidTypeError, LayerscopeError

__all__ = ["Batch", "Key", "Reading", "check_key", "described", "length"]

Key: TypeAlias = int | str | Callable[[Any], Any] | Literal[False] | None

_LABEL_KEYS = ("labels", "label")


@dataclass(frozen=True)
class Batch:
    """What the model is called with, and what belongs to the rows."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    labels: list[Any] | None
    ids: list[Any] | None
    mask: Any
    noted: bool = False  # the ids are what a sampler handed out
    dropped_target: str = ""  # why the second entry of a pair was left out


def check_key(argument: str, key: Any, *, may_be_false: bool = True) -> Key:
    """Return how to find something in a batch: an index, a key or a callable."""
    if key is None or callable(key) or isinstance(key, str):
        return key  # type: ignore[no-any-return]
    if (key is False and may_be_false) or (isinstance(key, int) and not isinstance(key, bool)):
        return key
    rule = "must be None, an index, a key or a callable of the batch"
    raise InvalidTypeError(argument, rule + (", or False" * may_be_false), repr(key))


class Reading:
    """Reads batches by what the caller said of them, else by what they look like.

    ``labels`` and ``ids`` are taken out of the batch, ``mask`` stays in it; ``inputs`` replaces
    every guess about what the model is called with.
    """

    def __init__(
        self, model: Any, batches: Any, *, inputs: Any, labels: Key, ids: Key, mask: Key
    ) -> None:
        if inputs is not None and not callable(inputs):
            rule = "must be None or a callable of the batch that returns what the model takes"
            raise InvalidTypeError("inputs", rule, repr(inputs))
        self._inputs, self._labels, self._ids, self._mask = inputs, labels, ids, mask
        self._batches = _check_batches(batches)
        self._required, self._most = _positional(model)
        self._indices: deque[Any] | None = None
        if ids is None and isinstance(self._batches, DataLoader):
            self._batches, self._indices = _with_indices(self._batches)

    @property
    def total(self) -> int:
        """Number of batches, 0 where nobody knows."""
        try:
            return len(self._batches)
        except (TypeError, NotImplementedError):
            return 0

    def __iter__(self) -> Iterator[Batch]:
        for batch in self._batches:
            indices = self._indices.popleft() if self._indices else None
            yield self._read(batch, indices)

    def _read(self, batch: Any, indices: Any) -> Batch:
        labels, labels_at = self._found("labels", self._labels, batch)
        ids, ids_at = self._found("ids", self._ids, batch)
        mask, _ = self._found("mask", self._mask, batch)
        rest = _without(batch, {labels_at, ids_at} - {None})
        dropped = ""
        if self._labels is None:
            rest, labels, dropped = self._split(rest)
        if self._inputs is not None:
            rest = self._inputs(batch)
        return Batch(
            *_call_with(rest),
            labels=None if labels is None else check_entries(labels),
            ids=check_entries(ids, argument="ids") if ids is not None else _listed(indices),
            mask=mask.detach().cpu() if isinstance(mask, torch.Tensor) else mask,
            noted=ids is None,
            dropped_target=dropped if self._inputs is None else "",
        )

    @staticmethod
    def _found(argument: str, key: Key, batch: Any) -> tuple[Any, Any]:
        """Return what a key finds, and the place to leave out of the inputs."""
        if key is None or key is False:
            return None, None
        if callable(key):
            return key(batch), None
        try:
            found = batch[key]
        except (IndexError, KeyError, TypeError):
            rule = f"must be found in every batch under {key!r}"
            raise InvalidInputError(argument, rule, _described(batch)) from None
        place = (
            key % len(batch) if isinstance(key, int) and isinstance(batch, tuple | list) else key
        )
        return found, place

    def _split(self, batch: Any) -> tuple[Any, Any, str]:
        """Return inputs, labels, and why a target was left out that is no list of classes."""
        if isinstance(batch, Mapping):
            for key in _LABEL_KEYS:
                if key in batch and _are_labels(batch[key]):
                    kept = key in self._required  # a model that computes its loss itself
                    return (batch if kept else _without(batch, {key})), batch[key], ""
            return batch, None, ""
        if not isinstance(batch, tuple | list) or len(batch) != 2:
            return batch, None, ""
        data, target = batch
        if len(self._required) >= 2:  # the model takes both
            return batch, None, ""
        if _are_labels(target) and len(target) == length(data):
            return data, target, ""
        if self._most == 1:
            return data, None, _why_no_labels(target, data)
        if self._inputs is not None:
            return batch, None, ""
        rule = (
            "must be plain when they are pairs: the model takes one or two inputs and the second "
            "entry is no list of labels; say inputs=callable or labels=key"
        )
        raise InvalidInputError("batches", rule, _described(batch))


def _why_no_labels(target: Any, data: Any) -> str:
    if _are_labels(target):
        return f"has {len(target)} entries beside inputs of {length(data)} rows"
    return f"is no list of labels ({_kind(target)})"


def _check_batches(batches: Any) -> Any:
    if isinstance(batches, torch.Tensor | np.ndarray | Mapping):
        return [batches]  # one batch; its rows, or its keys, are none
    rule = "must be a DataLoader or another iterable of batches"
    if isinstance(batches, Dataset) and not isinstance(batches, IterableDataset):
        raise InvalidTypeError(
            "batches", f"{rule}, not a dataset of samples", type(batches).__name__
        )
    if _is_labelled_batch(batches):
        rule = "must be batches; a single (input, label) pair is written [(input, label)]"
        raise InvalidInputError("batches", rule, _described(batches))
    if isinstance(batches, str | bytes) or not isinstance(batches, Iterable):
        raise InvalidTypeError("batches", rule, type(batches).__name__)
    return batches


def _is_labelled_batch(batches: Any) -> bool:
    """Tell a pair of inputs and labels from two batches: those have as many axes."""
    arrays = torch.Tensor | np.ndarray
    if not isinstance(batches, tuple | list) or len(batches) != 2:
        return False
    data, labels = batches
    if not (isinstance(data, arrays) and isinstance(labels, arrays)):
        return False
    return data.ndim > 1 and labels.ndim == 1 and len(data) == len(labels)


def _positional(model: Any) -> tuple[set[str], float]:
    """Return the names of the inputs that the model needs, and how many it can take by place."""
    try:
        parameters = inspect.signature(model.forward).parameters.values()
    except (TypeError, ValueError):
        return set(), 1
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    plain = [one for one in parameters if one.kind in by_place]
    more = any(one.kind is one.VAR_POSITIONAL for one in parameters)
    needed = {one.name for one in plain if one.default is one.empty}
    return needed, float("inf") if more else len(plain)


def _with_indices(loader: Any) -> tuple[Any, deque[Any] | None]:
    """Return a loader that notes which samples each batch is made of, in the order of batches.

    The sampler is asked once, by the loader itself: what it draws at random is what is noted.
    """
    plain = type(loader).__iter__ is DataLoader.__iter__
    in_order = getattr(loader, "in_order", True) or loader.num_workers == 0
    if isinstance(loader.dataset, IterableDataset) or not (plain and in_order):
        return loader, None
    attribute = "sampler" if loader.batch_sampler is None else "batch_sampler"
    noted: deque[Any] = deque()
    listening = copy.copy(loader)
    # Set past the loader's own guard, which is there for loaders that already have workers.
    listening.__dict__.update({attribute: _Noting(getattr(loader, attribute), noted)})
    listening.__dict__["_iterator"] = None
    return listening, noted


class _Noting:
    """A sampler that notes what it hands on."""

    def __init__(self, sampler: Any, noted: deque[Any]) -> None:
        self._sampler = sampler
        self._noted = noted

    def __iter__(self) -> Iterator[Any]:
        for indices in self._sampler:
            self._noted.append(indices)
            yield indices

    def __len__(self) -> int:
        return len(self._sampler)


def _listed(indices: Any) -> list[Any] | None:
    if not isinstance(indices, list | tuple | np.ndarray | torch.Tensor):
        return None
    try:
        return check_entries(indices, argument="ids")
    except LayerscopeError:  # a sampler may name samples by what is no id
        return None


def _without(batch: Any, places: set[Any]) -> Any:
    if not places:
        return batch
    if isinstance(batch, Mapping):
        return {key: entry for key, entry in batch.items() if key not in places}
    return tuple(entry for place, entry in enumerate(batch) if place not in places)


def _call_with(rest: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if isinstance(rest, Mapping):
        return (), dict(rest)
    several = isinstance(rest, tuple | list) and not isinstance(rest, PackedSequence)
    return (tuple(rest) if several else (rest,)), {}


def _are_labels(entries: Any) -> bool:
    if isinstance(entries, torch.Tensor | np.ndarray):
        return entries.ndim == 1
    plain = isinstance(entries, list | tuple)
    return plain and all(isinstance(entry, str | int | float | np.generic) for entry in entries)


def length(data: Any) -> int | None:
    """Return the first axis of the first tensor or array inside, None if there is none."""
    if isinstance(data, torch.Tensor | np.ndarray):
        return len(data) if data.ndim else None
    entries = data.values() if isinstance(data, Mapping) else data
    if isinstance(data, Mapping | tuple | list):
        return next((found for found in map(length, entries) if found is not None), None)
    return None


def described(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """Return the inputs of a call in words."""
    given = [_kind(one) for one in args] + [f"{key}={_kind(one)}" for key, one in kwargs.items()]
    return ", ".join(given) or "nothing"


def _described(batch: Any) -> str:
    if isinstance(batch, Mapping):
        return f"a batch of keys {', '.join(map(repr, batch))}"
    if isinstance(batch, tuple | list):
        return f"a batch of {', '.join(map(_kind, batch))}"
    return f"a {type(batch).__name__}"


def _kind(one: Any) -> str:
    name = type(one).__name__
    if not hasattr(one, "shape"):
        return name
    return f"{name} {tuple(one.shape)} of {str(one.dtype).removeprefix('torch.')}"
