"""‖XᵀY‖² for all pairs of layers: sums of squares of products of centred features.

Both ways are open, since ‖XᵀY‖² = Σ_ij K_ij L_ij with K = X Xᵀ and L = Y Yᵀ: over d × d products
of features, or over n × n Gram matrices, tile by tile. The cheaper is taken; it costs at most about
the arithmetic of an exact search for the neighbours of the same layers. The products are numpy's,
in float64: what can be proved of sums in float32 is far from the digits that are promised.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations_with_replacement

import numpy as np

from layerscope.errors import MemoryLimitError
from layerscope.measures._centred import Centred, Floats, row_blocks

__all__ = ["Tick", "inner_products"]

# Sizes are fixed: how the sums are cut must not depend on the machine or on a limit.
_ROWS = 4096  # samples of one product over samples
_FEATURES = 1024  # features on a side of a tile of XᵀY
_SAMPLES = 1024  # samples at most on a side of a tile of a Gram matrix
_CELLS = 2**22  # of the Gram tiles of all layers together
_DEPTH = 4096  # features of one product over features
_KEPT = 2**30  # bytes that centred copies may take where no limit is given

Tick = Callable[[int, int], object] | None


def inner_products(layers: list[Centred], limit: int | None, tick: Tick) -> Floats:
    """Return Σ_ij K_ij L_ij = ‖XᵀY‖² for all pairs of layers, the cheaper way."""
    n, widths = layers[0].shape[0], [layer.shape[1] for layer in layers]
    # Multiplications; products of a matrix with itself cost half.
    over_features = n * sum(widths) ** 2 / 2
    over_samples = n**2 * (sum(widths) + len(layers) ** 2 / 2) / 2
    if over_features <= over_samples:
        tile = min(max(widths), _FEATURES)
        _keep(layers, 8 * (2 * min(n, _ROWS) * tile + 2 * tile**2), limit)
        return _over_features(layers, tick)
    tile = _side(n, len(layers))
    _keep(layers, 8 * (2 * tile * min(max(widths), _DEPTH) + (len(layers) + 2) * tile**2), limit)
    return _over_samples(layers, tick)


def _side(n: int, n_layers: int) -> int:
    """Return the samples on a side of a Gram tile: fewer, the more layers have one at a time."""
    side = 1 << int(math.log2(max(1.0, _CELLS / n_layers)) / 2)
    return max(1, min(n, side, _SAMPLES))


def _keep(layers: list[Centred], least: int, limit: int | None) -> None:
    """Hold centred copies where they fit beside the ``least`` bytes of the tiles."""
    if limit is not None and limit < least:
        raise MemoryLimitError("memory_limit", f"must be at least {least} bytes here", limit)
    distinct = list({id(layer): layer for layer in layers}.values())
    room = _KEPT if limit is None else limit - least
    if 8 * sum(layer.shape[0] * layer.shape[1] for layer in distinct) <= room:
        for layer in distinct:
            layer.keep()


def _over_features(layers: list[Centred], tick: Tick) -> Floats:
    """Sum the squares of XᵀY, tile by tile of features."""
    n = layers[0].shape[0]
    tiles = [
        (place, columns)
        for place, layer in enumerate(layers)
        for columns in row_blocks(layer.shape[1], _FEATURES)
    ]
    pairs = list(combinations_with_replacement(tiles, 2))
    found = np.zeros((len(layers), len(layers)))
    for done, ((a, left), (b, right)) in enumerate(pairs):
        same = a == b and left == right
        total = np.zeros((left.stop - left.start, right.stop - right.start))
        for rows in row_blocks(n, _ROWS):
            x = layers[a].block(rows, left)
            y = x if same else layers[b].block(rows, right)
            total += x.T @ y
        weight = 2.0 if a == b and not same else 1.0
        found[a, b] += weight * np.square(total, out=total).sum()
        if tick is not None:
            tick(done + 1, len(pairs))
    return np.asarray(np.triu(found) + np.triu(found, 1).T)


def _over_samples(layers: list[Centred], tick: Tick) -> Floats:
    """Sum the products of Gram matrices, tile by tile of samples."""
    n = layers[0].shape[0]
    pairs = list(combinations_with_replacement(row_blocks(n, _side(n, len(layers))), 2))
    found = np.zeros((len(layers), len(layers)))
    for done, (left, right) in enumerate(pairs):
        grams = np.stack([_gram(layer, left, right).ravel() for layer in layers])
        found += (1.0 if left == right else 2.0) * (grams @ grams.T)
        if tick is not None:
            tick(done + 1, len(pairs))
    return np.asarray(np.triu(found) + np.triu(found, 1).T)


def _gram(layer: Centred, left: slice, right: slice) -> Floats:
    total = np.zeros((left.stop - left.start, right.stop - right.start))
    for columns in row_blocks(layer.shape[1], _DEPTH):
        x = layer.block(left, columns)
        total += x @ (x if left == right else layer.block(right, columns)).T
    return total
