"""Small results put together over a stack."""

from __future__ import annotations

import json

import numpy as np
import pytest

from layerscope import intrinsic_dimension, label_agreement, modularity_curve
from layerscope.errors import InvalidInputError
from layerscope.measures import per_layer

LABELS = np.arange(50) % 2
X = np.random.default_rng(0).normal(size=(50, 3))
STACK = {"early": X, "late": np.vstack([X[:40], X[:10]])}


def test_values_warnings_and_table():
    found = {name: intrinsic_dimension(layer) for name, layer in STACK.items()}
    stack = per_layer("intrinsic_dimension", found)
    assert stack.layers == ("early", "late")
    assert stack.value.tolist() == [result.value for result in found.values()]
    assert stack["late"] is found["late"]
    assert stack.table.columns == ("layer", "value", "standard_error", "n_excluded", "n_used")
    assert stack.table["n_excluded"] == (0, 20)
    assert stack.settings["function"] == "intrinsic_dimension"
    assert [text.split(":")[0] for text in stack.warnings] == ["layer 'late'"]
    json.dumps(stack.to_dict(), allow_nan=False)
    with pytest.raises(InvalidInputError, match="layer must be one of the layers"):
        stack["middle"]


def test_pictures():
    curve = modularity_curve(STACK, LABELS, n_permutations=3)
    agreement = per_layer(
        "label_agreement", {name: label_agreement(layer, LABELS) for name, layer in STACK.items()}
    )
    for result in (curve, agreement):
        axes = result.plot()
        assert result.plot(axes) is axes
