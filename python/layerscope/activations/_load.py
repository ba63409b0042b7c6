"""A stack of layers from a folder or a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from layerscope._arrays import Array
from layerscope._settings import check_choice
from layerscope.activations._files import Source, check_path, refuse
from layerscope.activations._labels import load_labels
from layerscope.activations._names import check_names, natural_order
from layerscope.activations._npy import open_folder, open_npy
from layerscope.activations._pool import LAYOUTS, POOLS
from layerscope.activations._pool import pool as pool_array
from layerscope.activations._safetensors import open_safetensors
from layerscope.activations._stack import Activations
from layerscope.activations._zarr import is_zarr, open_zarr
from layerscope.errors import InvalidInputError, in_layer

__all__ = ["load"]

_PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle", ".joblib")
_READABLE = "must be a folder or a .npy, .safetensors or zarr file"


def load(
    path: str | Path | Sequence[str | Path],
    *,
    layers: Iterable[str] | None = None,
    labels: Any = None,
    layout: str | None = None,
    pool: str | Callable[..., Any] | None = None,
) -> Activations:
    """Read a stack of layers from a folder or a file, mapped into memory where the format allows.

    Parameters
    ----------
    path : str, path, or sequence of them
        A folder (every ``.npy`` file in it is a layer, or every tensor of its ``.safetensors``
        files), a ``.safetensors`` file, a ``.npy`` file (one layer), or a zarr group (extra
        ``zarr``; read into memory). Several ``.npy`` files are the layers of one stack, in the
        order given. Hidden files are passed over. Nothing is ever unpickled.
    layers : sequence of str, optional
        The layers to read. Their order is the order saved with the stack; where none was saved, it
        is the one given here; else the natural order of the names (conv2 before conv10), and
        ``warnings`` says so.
    labels : sequence of hashable, or path to a ``.npy``, ``.csv`` or ``.txt`` file, optional
        One class per row; labels saved with the stack are used otherwise. A file of labels that
        lies in the folder is not read as a layer.
    layout, pool : str, optional
        Given together, they reduce the layers with three or four axes as :func:`layerscope.pool`
        does; matrices are left as they are.

    Returns
    -------
    Activations
        ``.npy`` and safetensors of 16, 32 and 64-bit floats and bfloat16 are memory maps: values
        are read from disk when a measure asks for them. Integers are converted, hence read.

    Raises
    ------
    InvalidInputError
        For a missing, unreadable, truncated, hostile or empty file or folder; pickled objects;
        an unknown layer; layers that are no matrices or differ in length; labels that do not fit.
    MissingExtraError
        For a zarr group when zarr is not installed.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> from layerscope import load
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, width in (("conv2", 3), ("conv10", 2)):
    ...         np.save(pathlib.Path(folder) / f"{name}.npy", np.ones((4, width)))
    ...     stack = load(folder, labels=[0, 0, 1, 1])
    >>> stack
    Activations of 2 layers, 4 samples, labels of 2 classes
      conv2   float64  4 × 3
      conv10  float64  4 × 2
      warning: The order of the layers is guessed from their names; pass layers= to set it.
    """
    label_file = labels if isinstance(labels, str | os.PathLike) else None
    _check_pooling(layout, pool)
    source = _open(path, label_file)
    names, warnings = _in_order(source, layers, given=not isinstance(path, str | os.PathLike))
    arrays = {name: _read(source, name, layout, pool) for name in names}
    saved = source.metadata
    if labels is None and saved is not None:
        labels = saved.labels
    return Activations._read(
        arrays,
        None if saved is None else saved.sample_ids,
        labels if label_file is None else load_labels(label_file),
        (*source.warnings, *warnings),
    )


def _check_pooling(layout: object, pool: object) -> None:
    if (layout is None) != (pool is None):
        name, other = ("layout", "pool") if layout is None else ("pool", "layout")
        raise InvalidInputError(name, f"must be given together with {other}", None)
    if layout is not None:
        check_choice("layout", layout, LAYOUTS)
        if not callable(pool):
            check_choice("pool", pool, POOLS)


def _read(source: Source, name: str, layout: str | None, how: Any) -> Array:
    with in_layer(name):
        array = source.readers[name]()
        if layout is not None and array.ndim > 2:
            return pool_array(array, layout=layout, how=how)
        if array.ndim != 2:
            rule = "must hold matrices (n_samples, n_features)"
            rule += "; reduce maps and tokens with layout= and pool=" if array.ndim > 2 else ""
            rule += "; choose among the files with layers=, pass labels with labels="
            raise refuse(source.path, rule, f"shape {array.shape}")
        return array


def _in_order(source: Source, layers: Any, *, given: bool) -> tuple[tuple[str, ...], list[str]]:
    names = tuple(source.readers)
    saved = () if source.metadata is None else source.metadata.layers
    wanted = None if layers is None else check_names(layers, names, "layers")
    if saved:
        order = tuple(name for name in saved if wanted is None or name in wanted)
        if wanted is None or wanted == order:
            return order, []
        return order, ["The layers come in the order saved with them, not in the order asked for."]
    if wanted is not None:
        return wanted, []
    if given or len(names) == 1:
        return names, []
    warning = "The order of the layers is guessed from their names; pass layers= to set it."
    return tuple(natural_order(names)), [warning]


def _open(path: Any, label_file: Any) -> Source:
    if isinstance(path, list | tuple):
        return _open_several(path)
    place = check_path(path)
    try:
        if not place.exists():
            raise refuse(place, "must exist")
        if place.is_dir():
            return open_zarr(place) if is_zarr(place) else _open_folder(place, label_file)
    except OSError as error:
        raise refuse(place, "must be readable", error.strerror) from None
    return _open_file(place)


def _open_file(path: Path) -> Source:
    suffix = path.suffix.lower()
    if suffix == ".npy":
        return open_npy(path)
    if suffix == ".safetensors":
        source = open_safetensors(path)
        if not source.readers:
            raise refuse(path, "must hold at least one layer", "no tensor")
        return source
    if suffix == ".npz":
        raise refuse(path, f"{_READABLE}; save the arrays of a .npz as .npy files of one folder")
    if suffix in _PICKLES:
        raise refuse(path, f"{_READABLE}: a pickle runs code when read, and is never unpickled")
    raise refuse(path, _READABLE)


def _open_several(paths: Sequence[Any]) -> Source:
    readers: dict[str, Callable[[], Array]] = {}
    for entry in paths:
        path = check_path(entry)
        if path.suffix.lower() != ".npy":
            raise refuse(path, "must be a .npy file, where several files are the layers")
        if path.stem in readers:
            raise refuse(path, "must give every layer a name of its own", f"{path.stem!r} again")
        readers |= open_npy(path).readers
    if not readers:
        raise InvalidInputError("path", "must name at least one file", "none")
    return Source(Path(paths[0]), readers)


def _open_folder(path: Path, label_file: Any) -> Source:
    files = [file for file in path.iterdir() if not file.name.startswith(".")]
    if label_file is not None:
        aside = os.path.realpath(label_file)
        files = [file for file in files if os.path.realpath(file) != aside]
    arrays = [file for file in files if file.suffix.lower() == ".npy"]
    tensors = [file for file in files if file.suffix.lower() == ".safetensors"]
    if arrays and tensors:
        rule = "must hold .npy files or .safetensors files, not both"
        raise refuse(path, rule, f"{arrays[0].name}, {tensors[0].name}")
    if arrays:
        return open_folder(path, arrays)
    if not tensors:
        raise refuse(path, "must hold .npy or .safetensors files", "none")
    return _merge(path, [open_safetensors(file) for file in sorted(tensors)])


def _merge(path: Path, sources: list[Source]) -> Source:
    if len(sources) == 1:
        return sources[0]
    readers: dict[str, Callable[[], Array]] = {}
    warnings: tuple[str, ...] = ()
    for source in sources:
        again = sorted(set(readers) & set(source.readers))
        if again:
            rule = "must give every layer a name of its own"
            raise refuse(path, rule, f"{again[0]!r} in two files; load checkpoints one by one")
        if source.metadata is not None and (source.metadata.labels or source.metadata.sample_ids):
            rule = "must be loaded one by one where they keep labels or sample ids"
            raise refuse(path, rule, "several .safetensors files")
        readers |= source.readers
        warnings += source.warnings
    return Source(path, readers, None, warnings)
