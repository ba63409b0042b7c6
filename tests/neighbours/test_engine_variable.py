"""LAYERSCOPE_SIMD forces an engine; results do not change."""

from __future__ import annotations

import numpy as np
import pytest

from layerscope import _core, neighbors
from layerscope.errors import InvalidInputError

_FEATURES = [str(feature) for feature in _core.build_info()["features"]]
X = np.random.default_rng(0).normal(size=(300, 40)).astype(np.float32)


@pytest.mark.parametrize("word", ["scalar", "avx2", "avx512", "bf16", "int8", "amx", "neon"])
@pytest.mark.parametrize("metric", ["euclidean", "cosine", "pearson", "inner_product"])
def test_every_engine_gives_the_same_bits(
    word: str, metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = neighbors(X, metric=metric)
    monkeypatch.setenv("LAYERSCOPE_SIMD", word)
    if not _present(word):
        with pytest.raises(InvalidInputError, match="engine that this processor has") as caught:
            neighbors(X, metric=metric)
        assert caught.value.argument == "LAYERSCOPE_SIMD"
        return
    forced = neighbors(X, metric=metric)
    np.testing.assert_array_equal(free.indices, forced.indices)
    np.testing.assert_array_equal(free.distances, forced.distances)


def _present(word: str) -> bool:
    needs = {
        "scalar": [],
        "avx2": ["avx2"],
        "avx512": ["avx512f"],
        "bf16": ["avx512bf16"],
        "int8": ["avx512vnni", "avxvnni", "dotprod"],
        "amx": ["amx-int8"],
        "neon": ["neon"],
    }[word]
    return not needs or any(feature in needs for feature in _FEATURES)


@pytest.mark.parametrize(
    ("word", "rule"),
    [("sse", "must be one of scalar, avx2"), ("INT8", "must be one of scalar, avx2")],
)
def test_unknown_engines_are_refused(word: str, rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAYERSCOPE_SIMD", word)
    with pytest.raises(InvalidInputError, match=rule) as caught:
        neighbors(X)
    assert caught.value.argument == "LAYERSCOPE_SIMD"
    assert caught.value.value == word


def test_info_names_the_engine_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    widest = _core.build_info()["engine"]
    monkeypatch.setenv("LAYERSCOPE_SIMD", "scalar")
    assert "plain loops" in str(_core.build_info()["engine"])
    assert "plain loops" not in str(widest)
