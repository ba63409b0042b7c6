"""Values as JSON knows them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["json_safe"]


def json_safe(value: Any) -> Any:
    """Return ``value`` made of what JSON knows.

    >>> json_safe({1: float("nan"), "a": (1, 2.5)})
    {'1': None, 'a': [1, 2.5]}
    """
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, np.ndarray):
        return json_safe(value.tolist())
    if isinstance(value, np.generic):
        return json_safe(value.item())
    if isinstance(value, Mapping):
        return _with_text_keys(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [json_safe(entry) for entry in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, int):
        return int(value)
    return str(value)


def _with_text_keys(value: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a mapping with keys of text; where two are spelt alike, the later one shows its kind.

    >>> _with_text_keys({1: "number", "1": "text"})
    {'1': 'number', "'1'": 'text'}
    """
    safe: dict[str, Any] = {}
    for key, entry in value.items():
        plain = key.item() if isinstance(key, np.generic) else key
        text = str(plain)
        if text in safe:
            text = repr(plain)
        while text in safe:  # a third one, or one that is spelt like the way out
            text = f"{text} ({type(plain).__name__})"
        safe[text] = json_safe(entry)
    return safe
