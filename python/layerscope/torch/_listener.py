"""What the loss hears: a hook that is not copied with its module, and features by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from layerscope.errors import InvalidInputError, InvalidTypeError, in_layer

__all__ = ["Listener", "averaged", "named"]

#: Axes that are averaged, by the number of axes; units come last but in maps.
_OVER: dict[int, tuple[int, ...]] = {2: (), 3: (1,), 4: (2, 3)}


class Listener:
    """A forward hook that keeps what one layer said, averaged, in a store of the loss.

    A copy of a module carries its hooks. The averaged copy of a model that is being trained would
    speak in the model's place, so whatever copies or saves a listener gets one without a store,
    which hears nothing.
    """

    def __init__(self, name: str, heard: dict[str, torch.Tensor] | None = None) -> None:
        self.name = name
        self.heard = heard

    def __call__(self, _module: Any, _inputs: Any, output: Any) -> None:
        """Keep the output under the layer's name, when gradients are being recorded."""
        if self.heard is None:
            return
        if not isinstance(output, torch.Tensor):
            rule = "must return a tensor, or its output be given to the loss explicitly"
            raise InvalidTypeError(f"layer {self.name!r}", rule, type(output).__name__)
        if torch.is_grad_enabled():
            # Averaged now: an operation in place may change the output afterwards.
            with in_layer(self.name):
                self.heard[self.name] = averaged(output)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle as a listener without a store."""
        return Listener, (self.name,)


def named(features: Any) -> dict[str, Any]:
    """Return features given to the loss by name: a tensor, or several in a row or by name."""
    if isinstance(features, torch.Tensor):
        return {"features": features}
    if isinstance(features, Mapping):
        several = dict(features)
    elif isinstance(features, list | tuple):
        several = {f"layer {i}": tensor for i, tensor in enumerate(features)}
    else:
        rule = "must be a tensor, or a sequence or mapping of tensors"
        raise InvalidTypeError("features", rule, type(features).__name__)
    if not several:
        raise InvalidInputError("features", "must not be empty", "nothing")
    return several


def averaged(features: torch.Tensor) -> torch.Tensor:
    """Return (samples, units): maps averaged over height and width, sequences over tokens."""
    if not isinstance(features, torch.Tensor) or not features.is_floating_point():
        kind = features.dtype if isinstance(features, torch.Tensor) else type(features).__name__
        raise InvalidTypeError("features", "must be a tensor of floats", kind)
    over = _OVER.get(features.ndim)
    if over is None or 0 in features.shape:
        rule = (
            "must have 2 axes (samples, units), 3 (samples, tokens, units) or "
            "4 (samples, channels, height, width), none of them empty"
        )
        raise InvalidInputError("features", rule, f"shape {tuple(features.shape)}")
    # A copy where nothing is averaged: a later operation in place must not change what is measured.
    if not over:
        return features.clone()
    # Means of half kinds would be rounded to them, and near units lose their distance.
    half = features.dtype in (torch.float16, torch.bfloat16)
    return features.mean(over, dtype=torch.float32 if half else features.dtype)
