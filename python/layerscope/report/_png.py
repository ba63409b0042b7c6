"""A matrix of colour numbers as a small PNG inside a page."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["png_address"]


def png_address(cells: npt.NDArray[np.uint8], palette: Sequence[tuple[int, int, int]]) -> str:
    """Return a ``data:`` address of an image with one pixel per cell.

    Parameters
    ----------
    cells : ndarray of uint8, shape (rows, columns)
        The number of the colour of each cell.
    palette : sequence of (red, green, blue)
        At most 256 colours.

    Examples
    --------
    >>> png_address(np.zeros((1, 1), np.uint8), [(255, 0, 0)])[:30]
    'data:image/png;base64,iVBORw0K'
    """
    rows, columns = cells.shape
    # Colour type 3: numbers of a palette, 8 bits each; every row opens with its filter, none.
    header = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)
    lines = np.concatenate([np.zeros((rows, 1), np.uint8), cells], axis=1).tobytes()
    parts = (
        (b"IHDR", header),
        (b"PLTE", bytes(part for colour in palette for part in colour)),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    )
    image = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return "data:image/png;base64," + base64.b64encode(image).decode("ascii")
