"""Rows of every layer collected over the batches, in memory or in files."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
import weakref
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope._arrays import Array, BFloat16Array
from layerscope.activations._files import check_path
from layerscope.activations._metadata import Metadata, dump
from layerscope.activations._names import file_stem
from layerscope.activations._npy import METADATA_FILE, map_npy
from layerscope.errors import InvalidInputError, in_layer

__all__ = ["Store"]


@dataclass
class _Layer:
    n_features: int
    kind: str
    dtype: np.dtype[Any]
    n_rows: int = 0
    held_bytes: int = 0
    parts: list[npt.NDArray[Any]] = field(default_factory=list)

    @property
    def marked(self) -> bool:
        return self.kind == "bfloat16"


class Store:
    """Collects batches; goes to disk once they would not fit under the limit.

    Parameters
    ----------
    limit : int or None
        Bytes of rows to hold in memory, the copy that puts a layer together counted; None for
        no limit.
    path : str, path or None
        A folder to make, or an empty one: everything goes there at once and stays.

    Notes
    -----
    Files of the limit's own making are removed when the arrays mapped from them are collected,
    each with its array and the folder with the last.
    """

    def __init__(self, limit: int | None, path: Any) -> None:
        self._limit = limit
        self._layers: dict[str, _Layer] = {}
        self._target = None if path is None else _check_target(check_path(path))
        self._folder: Path | None = None

    def add(self, rows: dict[str, Array]) -> None:
        """Append the rows of a batch.

        Raises
        ------
        InvalidInputError
            For a layer whose number of features, or kind of numbers, is not that of the batches
            before; for a folder that cannot be written.
        """
        for name, array in rows.items():
            with in_layer(name):
                self._append(name, array)
        held = [layer.held_bytes for layer in self._layers.values()]
        beyond = self._limit is not None and sum(held) + max(held) > self._limit
        if self._target is not None or self._folder is not None or beyond:
            self._flush()

    def _append(self, name: str, array: Array) -> None:
        words = array.words if isinstance(array, BFloat16Array) else array
        kind = str(array.dtype)
        layer = self._layers.setdefault(name, _Layer(words.shape[1], kind, words.dtype))
        if words.shape[1] != layer.n_features:
            rule = "must have the same number of features in every batch"
            found = f"{layer.n_features}, then {words.shape[1]}"
            raise InvalidInputError("output", rule, found)
        if kind != layer.kind:
            rule = "must have the same dtype in every batch"
            raise InvalidInputError("output", rule, f"{layer.kind}, then {kind}")
        layer.parts.append(words)
        layer.n_rows += len(words)
        layer.held_bytes += words.nbytes

    def _flush(self) -> None:
        if self._folder is None:
            self._folder = self._make_folder()
        for name, layer in self._layers.items():
            file = self._folder / f"{file_stem(name)}.npy"
            new = layer.n_rows == sum(map(len, layer.parts))
            try:
                stream = file.open("xb" if new else "r+b")
            except FileExistsError:
                rule = "must have names that differ in more than case in this folder"
                raise InvalidInputError("layers", rule, repr(name)) from None
            with stream:
                # numpy pads the header so that the number of rows can grow in its place.
                _write_header(stream, layer)
                stream.seek(0, os.SEEK_END)
                for part in layer.parts:
                    stream.write(np.ascontiguousarray(part).reshape(-1).view(np.uint8).data)
            layer.parts, layer.held_bytes = [], 0

    def _make_folder(self) -> Path:
        if self._target is None:
            return Path(tempfile.mkdtemp(prefix="layerscope-capture-"))
        draft = self._target.with_name(f".{self._target.name[:100]}.{secrets.token_hex(6)}.tmp")
        try:
            draft.mkdir()
        except OSError as error:
            found = f"{self._target}: {error.strerror}"
            raise InvalidInputError("path", "must be writable", found) from None
        return draft

    def check_savable(
        self, labels: list[Hashable] | None, sample_ids: list[Hashable] | None
    ) -> None:
        """Refuse labels and ids that a folder could not give back, while it is early."""
        if self._target is not None:
            dump(Metadata((), tuple(sample_ids or ()), tuple(labels or ())))

    def finish(
        self, labels: list[Hashable] | None, sample_ids: list[Hashable] | None
    ) -> dict[str, Array]:
        """Return the layers: arrays, or maps of the files that were written."""
        if self._folder is None:
            return {name: _together(layer) for name, layer in self._layers.items()}
        if self._target is not None:
            self._settle(labels, sample_ids)
        mapped = {name: map_npy(self._folder / f"{file_stem(name)}.npy") for name in self._layers}
        if self._target is None:
            _remove_with(mapped, self._folder)
        self._folder = None  # no longer ours to discard
        return {
            name: BFloat16Array(words) if self._layers[name].marked else words
            for name, words in mapped.items()
        }

    def _settle(self, labels: Any, sample_ids: Any) -> None:
        assert self._folder is not None
        assert self._target is not None
        marked = tuple(name for name, layer in self._layers.items() if layer.marked)
        ids, classes = (None if one is None else tuple(one) for one in (sample_ids, labels))
        text = dump(Metadata(tuple(self._layers), ids, classes, marked))
        (self._folder / METADATA_FILE).write_text(text, encoding="ascii")
        if self._target.exists():
            self._target.rmdir()  # empty, as checked, or this fails
        self._folder.rename(self._target)
        self._folder = self._target

    def discard(self) -> None:
        """Remove the files of a capture that did not finish."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def _check_target(path: Path) -> Path:
    target = path.absolute()
    if not target.parent.is_dir():
        raise InvalidInputError("path", "must lie in a folder that exists", str(path))
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise InvalidInputError("path", "must be a new folder or an empty one", str(path))
    if target.exists() and any(target.iterdir()):
        found = f"{path}, which holds {next(target.iterdir()).name}"
        raise InvalidInputError("path", "must be a new folder or an empty one", found)
    return target


def _write_header(stream: Any, layer: _Layer) -> None:
    header = {
        "descr": np.lib.format.dtype_to_descr(layer.dtype),
        "fortran_order": False,
        "shape": (layer.n_rows, layer.n_features),
    }
    np.lib.format.write_array_header_1_0(stream, header)


def _together(layer: _Layer) -> Array:
    parts, layer.parts = layer.parts, []
    words = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return BFloat16Array(words) if layer.marked else words


def _remove_with(mapped: dict[str, npt.NDArray[Any]], folder: Path) -> None:
    """Remove each file when the last array that looks into it is gone."""
    for name, array in mapped.items():
        # Every view keeps the map alive, so that layers taken out of the stack stay valid.
        weakref.finalize(array.base, _remove, folder / f"{file_stem(name)}.npy", folder)


def _remove(file: Path, folder: Path) -> None:
    with contextlib.suppress(OSError):
        file.unlink()
    with contextlib.suppress(OSError):
        folder.rmdir()
