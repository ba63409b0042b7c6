"""From the paths on the command line to a stack, or to a run of checkpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from layerscope.activations import Activations, load
from layerscope.activations._names import natural_order
from layerscope.errors import InvalidInputError, LayerscopeError

__all__ = ["Taken", "read", "source_settings"]


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What the paths held: one stack, or a run of checkpoints; remarks on the order."""

    stack: Activations | None = None
    run: Mapping[str, Activations] | None = None
    notes: tuple[str, ...] = ()


def read(
    paths: Sequence[str],
    *,
    labels: str | None = None,
    layers: Sequence[str] | None = None,
    layout: str | None = None,
    how: str | None = None,
) -> Taken:
    """Open what the paths name; values stay on disk where the format allows.

    Raises
    ------
    InvalidInputError
        For no path, a mixture of ``.npy`` files and checkpoints, and all that ``load`` refuses.
    """
    if not paths:
        raise InvalidInputError("PATH", "must name a folder or files of activations", "nothing")
    if (layout is None) != (how is None):
        name, other = ("--layout", "--pool") if layout is None else ("--pool", "--layout")
        raise InvalidInputError(name, f"must be given together with {other}", "nothing")
    single = [path for path in paths if Path(path).suffix.lower() == ".npy" and not _folder(path)]
    if len(single) > 1 and labels is not None:  # `acts/*.npy --labels acts/labels.npy`
        paths = [path for path in paths if not _same(path, labels)]
        single = [path for path in single if not _same(path, labels)]
    if single and len(single) < len(paths):
        other_path = next(path for path in paths if path not in single)
        rule = "must be .npy files (layers of one network), or folders and .safetensors files"
        raise InvalidInputError("PATH", rule, f"{single[0]} beside {other_path}")
    options: dict[str, Any] = {"layers": layers, "labels": labels, "layout": layout, "pool": how}
    if single or len(paths) == 1:
        stack = load(list(paths) if len(paths) > 1 else paths[0], **options)
        notes = _remark("layers", stack.layers) if single and layers is None else ()
        return Taken(stack=stack, notes=notes)
    names = _step_names(paths)
    run = {}
    for name, path in zip(names, paths, strict=True):
        try:
            run[name] = load(path, **options)
        except LayerscopeError as error:
            if str(path) not in str(error.value):
                error.value = f"{error.value} in {path}"
            raise
    return Taken(run=run, notes=_remark("checkpoints", names))


def source_settings(
    paths: Sequence[str], *, labels: str | None, layout: str | None, how: str | None
) -> dict[str, Any]:
    """Return what a report records of its input: names without folders, which may be private."""
    return {
        "paths": [_base(path) for path in paths],
        "labels": None if labels is None else _base(labels),
        "layout": layout,
        "pool": how,
    }


def _base(path: str) -> str:
    return Path(path).absolute().name or Path(path).resolve().name


def _same(path: str, other: str) -> bool:
    try:
        return Path(path).samefile(other)
    except OSError:
        return False


def _folder(path: str) -> bool:
    return Path(path).is_dir()


def _step_names(paths: Sequence[str]) -> tuple[str, ...]:
    """Return what to call the checkpoints: their files' names, or numbers where two are alike."""
    names = tuple(Path(path).resolve().name for path in paths)
    stems = tuple(Path(name).stem if name.endswith(".safetensors") else name for name in names)
    if len(set(stems)) == len(stems):
        return stems
    return tuple(str(number) for number in range(len(paths)))


def _remark(what: str, names: Sequence[str]) -> tuple[str, ...]:
    """Say so when the order given is not the one that a reader of the names would expect.

    A shell sorts conv10 before conv2.
    """
    if list(names) == natural_order(names):
        return ()
    shown = ", ".join(names[:4]) + (", …" if len(names) > 4 else "")
    return (f"the {what} are taken in the order given, which is not that of their names: {shown}",)
