"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from layerscope.errors import InvalidInputError, InvalidTypeError

__all__ = ["write_text"]


def write_text(path: Any, text: str) -> Path:
    """Write ``text`` as UTF-8 to a temporary name beside ``path``, then rename it.

    Parameters
    ----------
    path : str or path-like
        The file to make or to replace.
    text : str
        What to write; lone surrogates are replaced by question marks.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InvalidTypeError
        If ``path`` is no path.
    InvalidInputError
        If it cannot be written: no such folder, a folder of that name, no permission, disk full.
    """
    try:
        target = Path(path)
    except TypeError:
        raise InvalidTypeError("path", "must be a path", type(path).__name__) from None
    scratch = target.with_name(f".{target.name[:80]}.{secrets.token_hex(6)}.part")
    try:
        if target.is_dir():
            raise InvalidInputError("path", "must name a file", f"the folder {target}")
        if not target.parent.is_dir():
            raise InvalidInputError("path", "must lie in a folder that exists", str(target))
        _replace(target, scratch, text)
    except (OSError, ValueError) as error:  # a ValueError: a zero byte in the name
        if isinstance(error, InvalidInputError):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidInputError("path", f"must be writable ({reason})", repr(str(target))) from None
    return target


def _replace(target: Path, scratch: Path, text: str) -> None:
    try:
        with open(scratch, "xb") as file:
            file.write(text.encode("utf-8", "replace"))
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, target)
    finally:
        scratch.unlink(missing_ok=True)
