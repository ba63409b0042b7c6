"""Which modules are listened to, and what they said in one batch, in the order they said it."""

from __future__ import annotations

import contextlib
import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from layerscope._arrays import Array
from layerscope.errors import InvalidInputError, InvalidTypeError, in_layer
from layerscope.torch._modules import Modules, is_scripted, modules_of
from layerscope.torch._outputs import Pick, check_pick, pick_tensor
from layerscope.torch._patterns import is_pattern, matches

__all__ = ["OUTPUT", "Recorder", "Wanted", "choose"]

OUTPUT = "output"  # what the whole model returns, unless a module has that name
_CALL = re.compile(r"(?s)(.+)#([2-9]|[1-9][0-9]+)")


@dataclass
class Wanted:
    """A module whose output is taken.

    ``picks`` says how, by the number of the call; None stands for every call. ``asked`` are the
    names and patterns that led to it.
    """

    path: str
    module: torch.nn.Module
    picks: dict[int | None, Pick] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


def choose(model: torch.nn.Module, layers: Any) -> list[Wanted]:
    """Return the modules that ``layers`` names; None names those without submodules.

    Raises
    ------
    InvalidTypeError
        For what is neither a sequence of strings nor a mapping of them to picks.
    InvalidInputError
        For a name that is no module's, a pattern that fits none, a module named twice.
    """
    modules = modules_of(model)
    root = modules.by_path[""]
    if layers is None:
        leaves = modules.leaves()
        return [Wanted(path or OUTPUT, module, {None: None}) for path, module in leaves]
    paths = {path: module for path, module in modules.by_path.items() if path}
    paths.setdefault(OUTPUT, root)
    chosen: dict[int, Wanted] = {}
    for key, pick in _entries(layers):
        for path, call in _resolve(key, paths, modules):
            module = paths[path]
            wanted = chosen.setdefault(id(module), Wanted(path, module))
            if wanted.path != path or call in wanted.picks:
                if is_pattern(key):
                    continue  # a name before it said more, or the module has two names
                rule = "must name no module twice"
                raise InvalidInputError("layers", rule, f"{key!r}, which is {wanted.path!r}")
            wanted.picks[call] = pick
            wanted.asked.append(key)
    if not chosen:
        raise InvalidInputError("layers", "must name at least one layer", "none")
    return list(chosen.values())


def _entries(layers: Any) -> list[tuple[str, Pick]]:
    rule = "must be a sequence of names or patterns, or a mapping of them to what to take"
    if isinstance(layers, str | bytes):
        raise InvalidTypeError("layers", rule, repr(layers))
    try:
        pairs = list(layers.items() if isinstance(layers, Mapping) else ((k, None) for k in layers))
    except TypeError:
        raise InvalidTypeError("layers", rule, type(layers).__name__) from None
    for key, _ in pairs:
        if not isinstance(key, str):
            raise InvalidTypeError("layers", rule, f"{key!r} ({type(key).__name__})")
    return [(key, check_pick(key, pick)) for key, pick in pairs]


def _resolve(
    key: str, paths: Mapping[str, torch.nn.Module], modules: Modules
) -> list[tuple[str, int | None]]:
    for path, number in _spelt(key):
        plain = path if path in paths else modules.spellings.get(path, path)
        if modules.script_around(plain) is not None:
            rule = (
                "must name no scripted or traced module, since hooks do not hear it; capture from "
                "the module it was made of"
            )
            raise InvalidInputError("layers", rule, repr(key))
        if plain in paths:
            return [(plain, number)]
    if is_pattern(key):
        root = modules.by_path[""]
        found = [path for path in paths if paths[path] is not root and matches(key, path)]
        spelt = modules.spellings.items()
        found = found or list(dict.fromkeys(path for other, path in spelt if matches(key, other)))
        if not found:
            rule = "must fit a module (* and ? stay within one part of a path, ** spans the dots)"
            raise InvalidInputError("layers", rule, repr(key))
        return [(path, None) for path in found]
    near = difflib.get_close_matches(key, paths, n=5, cutoff=0.5)
    known = near or list(paths)[:12]
    rest = "" if near or len(paths) <= 12 else f", … ({len(paths)} in all)"
    listed = ", ".join(map(repr, known))
    raise InvalidInputError("layers", f"must name modules, such as {listed}{rest}", repr(key))


def _spelt(key: str) -> list[tuple[str, int | None]]:
    """Return what a key may mean: a path, else a path and the number of a call."""
    call = _CALL.fullmatch(key)
    return [(key, None), *([(call[1], int(call[2]))] if call else [])]


class Recorder:
    """Takes the outputs of modules in the order in which they are made."""

    def __init__(self, wanted: list[Wanted], reduce: Callable[[str, str, Any], Array]) -> None:
        self._wanted = wanted
        self._reduce = reduce
        self._calls: Counter[str] = Counter()
        self._rows: dict[str, Array] = {}
        self._first: tuple[str, ...] | None = None

    @contextlib.contextmanager
    def attached(self) -> Iterator[None]:
        """Listen as long as the body runs."""
        handles: list[Any] = []
        try:
            for wanted in self._wanted:
                if not is_scripted(wanted.module):
                    handles.append(wanted.module.register_forward_hook(self._hook(wanted)))
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _hook(self, wanted: Wanted) -> Callable[[Any, Any, Any], None]:
        def take(_module: Any, _inputs: Any, output: Any) -> None:
            self._calls[wanted.path] += 1
            call = self._calls[wanted.path]
            picks = wanted.picks
            if call not in picks and None not in picks:
                return
            name = wanted.path if call == 1 else f"{wanted.path}#{call}"
            with in_layer(name):
                if name in self._rows:
                    rule = "must name no two layers alike"
                    raise InvalidInputError("layers", rule, "a module of the name of a later call")
                tensor = pick_tensor(output, picks[call] if call in picks else picks[None])
                self._rows[name] = self._reduce(name, wanted.path, tensor)

        return take

    def begin(self) -> None:
        """Forget the batch before."""
        self._calls.clear()
        self._rows = {}

    def end(self) -> dict[str, Array]:
        """Return the rows of the batch by name, in the order of the first batch.

        Raises
        ------
        InvalidInputError
            For a module that was not called, or not as often as in the first batch.
        """
        if self._first is None:
            self._check_called()
            self._first = tuple(self._rows)
        differing = sorted(set(self._first) ^ set(self._rows))
        if differing:
            rule = "must be called the same number of times in every batch"
            seen = "an earlier batch only" if differing[0] in self._first else "a later batch only"
            raise InvalidInputError("layers", rule, f"a call in {seen}", layer=differing[0])
        return {name: self._rows[name] for name in self._first}

    def left_out(self) -> dict[str, list[str]]:
        """Return the paths of modules that were not heard, by what they are, after a batch."""
        unheard = [one for one in self._wanted if one.path not in self._calls]
        scripted = [one.path for one in unheard if is_scripted(one.module)]
        silent = [one.path for one in unheard if not is_scripted(one.module)]
        return {
            "Modules that the forward pass does not call": silent,
            "Scripted or traced modules, which hooks do not hear,": scripted,
        }

    def _check_called(self) -> None:
        rule = "must be called in the forward pass (its call, not .forward(), nor its weights)"
        for wanted in self._wanted:
            silent = wanted.path not in self._calls
            for call in wanted.picks:
                if call is not None and self._calls[wanted.path] < call:
                    name = f"{wanted.path}#{call}"
                    raise InvalidInputError("layers", rule, "no such call", layer=name)
            if silent and any(not is_pattern(key) for key in wanted.asked):
                raise InvalidInputError("layers", rule, "a module never called", layer=wanted.path)
        for key in dict.fromkeys(key for wanted in self._wanted for key in wanted.asked):
            if not any(key in one.asked and one.path in self._calls for one in self._wanted):
                raise InvalidInputError("layers", rule, f"{key!r}, of whose modules none is called")
        if not self._rows:
            raise InvalidInputError("layers", rule, "a model none of whose modules is called")
