"""Small invented results with the fields of the real ones, of any size and any nastiness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from layerscope import Report
from layerscope._result import Result, StackResult
from layerscope._settings import record
from layerscope._table import Table


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FakeCurve(StackResult):
    value: Any
    bound: Any
    ratio: Any
    same_label_share: Any
    null_mean: Any
    null_sd: Any
    z: Any
    subsample_mean: Any
    subsample_sd: Any
    standard_error: Any
    low: Any
    high: Any
    per_class: dict[Any, Any]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FakePerLayer(StackResult):
    measure: str
    value: Any
    results: tuple[Result, ...]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FakeDimension(Result):
    value: float
    standard_error: float


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FakeAgreement(Result):
    value: float


def curve(layers: Sequence[str], classes: Sequence[Any], *, seed: int = 0, trained: float = 1.0,
          undefined: bool = False) -> FakeCurve:  # fmt: skip
    rng = np.random.default_rng(seed)
    count, n_classes = len(layers), len(classes)
    bound = np.full(count, 1 - 1 / n_classes)
    depth = np.linspace(0.1, 1, count) if count > 1 else np.array([0.9])
    rising = bound * (0.12 + 0.8 * depth**1.6)
    falling = bound * (0.16 - 0.1 * depth)
    value = trained * rising + (1 - trained) * falling + rng.normal(0, 0.008, count)
    error = 0.004 + 0.02 * value * (1 - value)
    shares = rng.dirichlet(np.full(n_classes, 30.0), count).T * value
    if undefined:
        value, bound, error, shares = (array * np.nan for array in (value, bound, error, shares))
    null_sd = np.full(count, 0.009)
    return FakeCurve(
        layers=tuple(layers),
        value=value,
        bound=bound,
        ratio=value / np.where(bound > 0, bound, np.nan),
        same_label_share=value + 1 / n_classes,
        null_mean=0 * value - 0.001,
        null_sd=null_sd,
        z=value / null_sd,
        subsample_mean=value * np.nan,
        subsample_sd=value * np.nan,
        standard_error=error,
        low=value - 2.09 * error,
        high=value + 2.09 * error,
        per_class=dict(zip(classes, shares, strict=True)),
        settings=record("modularity_curve", n_neighbors=15, directed=False),
    )


def dimension(layers: Sequence[str], *, seed: int = 0, undefined: bool = False) -> FakePerLayer:
    rng = np.random.default_rng(seed + 1)
    shape = 6 + 9 * np.sin(np.linspace(0.5, 3, len(layers))) + rng.normal(0, 0.3, len(layers))
    shape = shape * np.nan if undefined else shape
    results = tuple(
        FakeDimension(value=float(one), standard_error=float(one) / 25) for one in shape
    )
    settings = record("intrinsic_dimension", method="twonn")
    return FakePerLayer(
        layers=tuple(layers),
        measure="intrinsic_dimension",
        value=shape,
        results=results,
        settings=settings,
    )


def agreement(fake: FakeCurve) -> FakePerLayer:
    value = np.clip(fake.same_label_share, 0, 1)
    return FakePerLayer(
        layers=fake.layers,
        measure="label_agreement",
        value=value,
        results=tuple(FakeAgreement(value=float(one)) for one in value),
        settings=record("label_agreement", n_neighbors=15),
    )


def names(count: int) -> tuple[str, ...]:
    return tuple(f"conv{index + 1}" for index in range(count))


def long_names(count: int) -> tuple[str, ...]:
    return tuple(
        f"model.backbone.encoder.layers.{index}.self_attention.output_projection"
        for index in range(count)
    )


def report(
    layers: Sequence[str],
    classes: Sequence[Any] | None = tuple(range(10)),
    *,
    steps: Sequence[Any] | None = None,
    undefined: bool = False,
    warnings: tuple[str, ...] = (),
    advice: tuple[str, ...] = (),
) -> Report:
    layers = tuple(layers)
    results: dict[str, Any] = {}
    columns: dict[str, list[Any]] = {}
    for place, step in enumerate([None] if steps is None else steps):
        trained = 1.0 if steps is None else place / max(len(steps) - 1, 1)
        seed = place
        found: dict[str, Any] = {}
        if classes is not None:
            fake = curve(layers, classes, seed=seed, trained=trained, undefined=undefined)
            found = {"label_agreement": agreement(fake), "modularity": fake}
        found["intrinsic_dimension"] = dimension(layers, seed=seed, undefined=undefined)
        for name, result in found.items():
            if steps is None:
                results[name] = result
            else:
                results.setdefault(name, {})[step] = result
        rows = _rows(step, layers, found, seed)
        for name, column in rows.items():
            columns.setdefault(name, []).extend(column)
    settings = record(
        "analyze" if steps is None else "analyze_run",
        n_samples=800,
        layers=list(layers),
        n_classes=None if classes is None else len(classes),
        measures=list(results),
        n_neighbors=15,
        metric="euclidean",
        preset=None,
        n_permutations=100,
        random_state=0,
    )
    return Report(
        layers=layers,
        table=Table(columns),
        results=results,
        steps=None if steps is None else tuple(steps),
        advice=advice,
        settings=settings,
        warnings=warnings,
    )


def _rows(step: Any, layers: Sequence[str], found: dict[str, Any], seed: int) -> dict[str, Any]:
    count = len(layers)
    rows: dict[str, Any] = {} if step is None else {"step": [step] * count}
    rows |= {"layer": list(layers), "n_features": [64] * count}
    if "modularity" in found:
        fake = found["modularity"]
        rows["label_agreement"] = found["label_agreement"].value.tolist()
        rows["modularity"] = fake.value.tolist()
        rows["modularity_low"], rows["modularity_high"] = fake.low.tolist(), fake.high.tolist()
        rows |= {name: getattr(fake, name).tolist() for name in ("bound", "ratio", "z")}
    rows["intrinsic_dimension"] = found["intrinsic_dimension"].value.tolist()
    rows["intrinsic_dimension_se"] = [
        one.standard_error for one in found["intrinsic_dimension"].results
    ]
    rows["hubness"] = np.random.default_rng(seed).gamma(3.0, 0.4, count).tolist()
    for name in ("n_tied_rows", "n_duplicate_rows", "n_zero_rows"):
        rows[name] = [0] * count
    return rows
