"""Maps and token sequences as rows, as a preset on neighbourhoods has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from layerscope._arrays import as_array
from layerscope.activations import pool
from layerscope.errors import in_layer
from layerscope.neighbours import Neighbors

__all__ = ["flattened"]

#: What the axes of a layer are; flattening asks for no more than which one counts samples.
_LAYOUTS = {3: "NTC", 4: "NCHW"}


def flattened(stack: Any) -> Any:
    """Return the stack with every layer of three or four axes as one row per sample.

    What is no mapping comes back as it is, to be refused where stacks are.
    """
    if not isinstance(stack, Mapping):
        return stack
    rows = {}
    for name, layer in stack.items():
        with in_layer(str(name)):
            rows[name] = layer if isinstance(layer, Neighbors) else _row_wise(layer)
    return rows


def _row_wise(layer: Any) -> Any:
    array = as_array(layer)
    layout = _LAYOUTS.get(len(array.shape))
    return array if layout is None else pool(array, layout=layout, how="flatten")
