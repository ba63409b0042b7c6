"""Writing a stack under a temporary name, renamed when it is whole."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from layerscope._arrays import Array, BFloat16Array
from layerscope.activations._blocks import row_blocks
from layerscope.activations._files import check_path, refuse
from layerscope.activations._metadata import Metadata, dump, parse
from layerscope.activations._names import file_stem
from layerscope.activations._npy import METADATA_FILE, read_text
from layerscope.activations._safetensors import write_safetensors
from layerscope.errors import InvalidInputError

__all__ = ["save"]

_WRONG_PATH = {
    getattr(errno, name)
    for name in ("EACCES", "EPERM", "ENOENT", "ENOTDIR", "EISDIR", "EROFS", "ENAMETOOLONG", "ELOOP")
}
_OTHER_FORMATS = (".npy", ".npz", ".zarr", ".pt", ".pth", ".bin", ".pkl", ".csv", ".json", ".h5")


def save(
    layers: Mapping[str, Array],
    path: Any,
    *,
    sample_ids: tuple[Hashable, ...] | None,
    labels: tuple[Hashable, ...] | None,
) -> None:
    """Write ``layers`` to a ``.safetensors`` file or a folder; see ``Activations.save``."""
    target = check_path(path)
    suffix = target.suffix.lower()
    if suffix in _OTHER_FORMATS:
        rule = "must end in .safetensors, or name a folder for .npy files"
        raise refuse(target, rule)
    marked = tuple(name for name in layers if isinstance(layers[name], BFloat16Array))
    text = dump(Metadata(tuple(layers), sample_ids, labels, marked))
    try:
        if not target.absolute().parent.is_dir():
            raise refuse(target, "must lie in a folder that exists")
        if suffix == ".safetensors":
            _save_file(layers, target, text)
        else:
            _save_folder(layers, target, text)
    except OSError as error:
        if error.errno not in _WRONG_PATH:  # a full or failing disk is no mistake of the caller's
            raise
        raise refuse(target, "must be writable", error.strerror) from None


def _save_file(layers: Mapping[str, Array], target: Path, text: str) -> None:
    if target.is_dir():
        raise refuse(target, "must not be a folder when it ends in .safetensors")
    with _temporary(target, os.unlink) as draft:
        with draft.open("xb") as file:
            write_safetensors(file, layers, text)
            _settle(file)
        draft.replace(target)


def _save_folder(layers: Mapping[str, Array], target: Path, text: str) -> None:
    _check_replaceable(target)
    with _temporary(target, shutil.rmtree) as draft:
        draft.mkdir()
        for name, layer in layers.items():
            _write_npy(draft / f"{file_stem(name)}.npy", name, layer)
        with (draft / METADATA_FILE).open("xb") as file:
            file.write(text.encode("ascii"))
            _settle(file)
        if not target.exists():
            draft.rename(target)
            return
        with _temporary(target, shutil.rmtree) as aside:
            _check_replaceable(target)  # again: layers take a while to write
            target.rename(aside)
            draft.rename(target)
            shutil.rmtree(aside)


def _check_replaceable(target: Path) -> None:
    """Refuse a target that holds anything but a stack saved before: nobody's files are deleted."""
    if not target.exists():
        return
    if not target.is_dir() or target.is_symlink():
        raise refuse(target, "must be a folder, or end in .safetensors")
    entries = {entry.name: entry for entry in target.iterdir()}
    if not entries:
        return
    saved: set[str] = set()
    if METADATA_FILE in entries:
        with contextlib.suppress(InvalidInputError):
            metadata = parse(read_text(entries[METADATA_FILE]), METADATA_FILE)
            saved = {METADATA_FILE, *(f"{file_stem(name)}.npy" for name in metadata.layers)}
    foreign = sorted(name for name in entries if name not in saved or entries[name].is_dir())
    if foreign:
        rule = "must be a new folder, an empty one, or one that holds only a stack saved before"
        raise refuse(target, rule, f"holds {foreign[0]}")


def _write_npy(path: Path, name: str, layer: Array) -> None:
    values = layer.words if isinstance(layer, BFloat16Array) else layer
    header = {
        "descr": np.lib.format.dtype_to_descr(values.dtype.newbyteorder("<")),
        "fortran_order": False,
        "shape": values.shape,
    }
    try:
        file = path.open("xb")
    except FileExistsError:
        rule = "must have layer names that differ in more than case here; save to .safetensors"
        raise refuse(path.parent, rule, repr(name)) from None
    with file:
        np.lib.format.write_array_header_1_0(file, header)
        for block in row_blocks(layer):
            file.write(block)
        _settle(file)


def _settle(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())


@contextlib.contextmanager
def _temporary(target: Path, remove: Callable[[Path], object]) -> Any:
    """Lend a fresh name beside ``target``; whatever is left under it afterwards is removed."""
    name = f".{target.name[:100]}.{secrets.token_hex(6)}.tmp"
    draft = target.absolute().with_name(name)
    try:
        yield draft
    finally:
        if draft.exists():
            with contextlib.suppress(OSError):
                remove(draft)
