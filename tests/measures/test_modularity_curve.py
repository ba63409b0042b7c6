"""The curve over a stack: its jackknife against brute force, its draws, its differences."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from layerscope import Activations, bfloat16, modularity, modularity_curve, neighbors
from layerscope.errors import InvalidInputError, InvalidTypeError
from layerscope.measures import _curve_layer as layer
from layerscope.measures._curve_layer import draw_rows
from layerscope.measures._jackknife import GROUPS, STUDENT_T, groups_for


def stack_of(n=120, d=5, n_classes=4, seed=0, n_layers=3):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_classes, size=n)
    X = rng.normal(size=(n, d))
    shift = rng.normal(size=(n_classes, d))
    return {f"layer{i}": X + i * shift[labels] for i in range(n_layers)}, labels


def brute_force(X, labels, groups, **settings):
    """Modularity without each group, by a new search among the kept rows."""
    return np.array(
        [
            modularity(X[groups != j], labels[groups != j], n_permutations=0, **settings).value
            for j in range(GROUPS)
        ]
    )


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"n_neighbors": 3, "metric": "cosine", "resolution": 0.5},
        {"n_neighbors": 4, "metric": "pearson", "directed": True},
        {"preset": "eccv2022"},
        {"preset": "eccv2022", "n_neighbors": 20},
        {"n_neighbors": 60, "metric": "inner_product"},
    ],
)
def test_the_jackknife_is_that_of_new_searches(settings):
    stack, labels = stack_of()
    if "preset" in settings:
        stack["layer0"] = np.sign(stack["layer0"])  # ties and duplicates
    curve = modularity_curve(
        stack, labels, n_permutations=0, n_subsamples=0, random_state=5, **settings
    )
    groups = curve._groups
    for i, X in enumerate(stack.values()):
        thetas = brute_force(X, labels, groups, **settings)
        assert curve._thetas[i] == pytest.approx(thetas, abs=1e-12)
        spread = ((thetas - thetas.mean()) ** 2).sum()
        error = math.sqrt((GROUPS - 1) / GROUPS * spread)
        assert curve.standard_error[i] == pytest.approx(error, rel=1e-6)
        assert curve.high[i] - curve.value[i] == pytest.approx(STUDENT_T * error, rel=1e-6)
        whole = modularity(X, labels, n_permutations=0, **settings)
        assert curve.value[i] == whole.value
    difference = curve.difference("layer0", "layer2")
    paired = curve._thetas[2] - curve._thetas[0]
    error = math.sqrt((GROUPS - 1) / GROUPS * ((paired - paired.mean()) ** 2).sum())
    assert difference.value == curve.value[2] - curve.value[0]
    assert difference.standard_error == pytest.approx(error)
    assert difference.low == pytest.approx(difference.value - STUDENT_T * error)


@given(st.integers(40, 70), st.integers(1, 3), st.integers(0, 2**32 - 1), st.integers(1, 39))
def test_collapsed_layers_are_left_out_of_alike(n, d, seed, k):
    """Few distinct rows: ties everywhere; large k: the table is shallow and groups are redone."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 3, size=(n, d)).astype(np.float32)
    labels = np.arange(n) % 3
    curve = modularity_curve({"a": X}, labels, n_neighbors=k, n_permutations=0)
    kept = n - math.ceil(n / GROUPS)
    if k >= kept:
        assert np.isnan(curve.standard_error).all()
        assert any("no room" in sentence for sentence in curve.warnings)
    else:
        expected = brute_force(X, labels, curve._groups, n_neighbors=k)
        assert curve._thetas[0] == pytest.approx(expected, abs=1e-12)


def test_rows_that_run_short_are_sought_anew(monkeypatch):
    stack, labels = stack_of(60, n_layers=1)
    before = modularity_curve(stack, labels, n_neighbors=2, n_permutations=0)
    exact = layer._core.modularity_without_groups

    def shallow(indices, weights, *rest):
        found = exact(indices, weights, *rest)
        return [None if j % 2 else value for j, value in enumerate(found)]

    class Shallow:
        modularity_without_groups = staticmethod(shallow)

    monkeypatch.setattr(layer, "_core", Shallow)
    after = modularity_curve(stack, labels, n_neighbors=2, n_permutations=0)
    assert after._thetas == pytest.approx(before._thetas, abs=1e-13)


def test_the_t_quantile():
    assert pytest.approx(stats.t.ppf(0.975, GROUPS - 1), rel=1e-14) == STUDENT_T


@given(st.integers(1, 200), st.integers(1, 6), st.integers(0, 2**63 - 1))
def test_groups_are_balanced_in_all_and_in_each_class(n, n_classes, seed):
    codes = np.random.default_rng(n).integers(0, n_classes, size=n).astype(np.uint32)
    groups = groups_for((codes, tuple(range(n_classes))), seed)
    assert np.ptp(np.bincount(groups, minlength=GROUPS)) <= 1
    for code in range(n_classes):
        assert np.ptp(np.bincount(groups[codes == code], minlength=GROUPS)) <= 1


def test_tables_deeper_than_k_need_no_activations():
    stack, labels = stack_of()
    deep = {name: neighbors(X, n_neighbors=20) for name, X in stack.items()}
    curve = modularity_curve(deep, labels, n_neighbors=5)
    direct = modularity_curve(stack, labels, n_neighbors=5)
    assert np.array_equal(curve.value, direct.value)
    assert np.array_equal(curve.standard_error, direct.standard_error)
    assert np.array_equal(curve.z, direct.z)
    own = modularity_curve(deep, labels)
    assert own.settings["n_neighbors"] == 20
    assert np.isnan(own.standard_error).all()
    assert any("deeper neighbours" in sentence for sentence in own.warnings)
    drawn = modularity_curve(deep, labels, n_neighbors=5, n_subsamples=2, subsample_size=60)
    assert np.isnan(drawn.subsample_mean).all()
    assert any("subsamples need the activations" in sentence for sentence in drawn.warnings)


def test_subsamples_are_the_same_rows_in_every_layer():
    stack, labels = stack_of()
    curve = modularity_curve(
        stack,
        labels,
        n_neighbors=3,
        n_subsamples=4,
        subsample_size=50,
        random_state=9,
        jackknife=False,
    )
    for i, X in enumerate(stack.values()):
        values = []
        for draw in range(4):
            rows = draw_rows(len(labels), 50, 9, draw)
            assert len(set(rows.tolist())) == 50
            values.append(modularity(X[rows], labels[rows], n_neighbors=3).value)
        assert curve.subsample_mean[i] == pytest.approx(np.mean(values), abs=1e-15)
        assert curve.subsample_sd[i] == pytest.approx(np.std(values, ddof=1), abs=1e-15)
    assert np.isnan(curve.standard_error).all()


def test_the_preset_draws_five_times_up_to_500_rows():
    stack, labels = stack_of(60)
    curve = modularity_curve(stack, labels, preset="eccv2022")
    assert (curve.settings["n_subsamples"], curve.settings["subsample_size"]) == (5, 60)
    assert curve.subsample_mean == pytest.approx(curve.value, abs=1e-14)
    assert curve.subsample_sd == pytest.approx(0, abs=1e-14)
    big, big_labels = stack_of(510, n_layers=1)
    curve = modularity_curve(big, big_labels, preset="eccv2022", jackknife=False)
    assert curve.settings["subsample_size"] == 500
    rows = [draw_rows(510, 500, 0, draw) for draw in range(5)]
    values = [modularity(big["layer0"][r], big_labels[r], preset="eccv2022").value for r in rows]
    assert curve.subsample_mean[0] == pytest.approx(np.mean(values), abs=1e-15)
    none = modularity_curve(stack, labels, preset="eccv2022", n_subsamples=0)
    assert np.isnan(none.subsample_mean).all()
    one = modularity_curve(stack, labels, preset="eccv2022", n_subsamples=1)
    assert np.isfinite(one.subsample_mean).all()
    assert np.isnan(one.subsample_sd).all()


def test_a_curve_is_its_layers():
    stack, labels = stack_of()
    names = np.array(["ant", "bee", "cat", "dog"])[labels]
    curve = modularity_curve(stack, names)
    assert curve.layers == tuple(stack)
    for i, (name, X) in enumerate(stack.items()):
        single = modularity(X, names)
        assert curve[name].to_dict() == single.to_dict()
        for field in ("value", "bound", "ratio", "same_label_share", "null_mean", "null_sd", "z"):
            assert getattr(curve, field)[i] == getattr(single, field)
        assert {label: terms[i] for label, terms in curve.per_class.items()} == single.per_class
    assert curve.table.columns[:3] == ("layer", "value", "bound")
    assert len(curve.to_pandas()) == len(stack)
    json.dumps(curve.to_dict(), allow_nan=False)
    with pytest.raises(ValueError, match="read-only"):
        curve.value[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        curve.per_class["ant"][0] = 1


def test_threads_change_no_bit():
    stack, labels = stack_of()
    found = [
        modularity_curve(
            stack, labels, n_permutations=5, n_subsamples=2, subsample_size=50, n_jobs=n_jobs
        ).to_dict()
        for n_jobs in (1, 2, 7)
    ]
    assert found[0] == found[1] == found[2]


def test_curves_of_two_checkpoints_are_compared_on_the_same_rows():
    stack, labels = stack_of()
    before = modularity_curve(stack, labels)
    after = modularity_curve({name: X[:, :3] for name, X in stack.items()}, labels)
    change = after.difference("layer1", "layer1", before)
    assert change.value == after.value[1] - before.value[1]
    assert change.low < change.value < change.high
    assert before.difference("layer1", "layer1").standard_error == 0
    with pytest.raises(InvalidInputError, match="other must be a curve of the same rows"):
        after.difference("layer1", "layer1", modularity_curve(stack, labels, random_state=1))
    with pytest.raises(InvalidInputError, match="b must be one of the layers"):
        after.difference("layer1", "layer9")
    with pytest.raises(InvalidTypeError, match="other must be a modularity curve"):
        after.difference("layer1", "layer1", 3)
    with pytest.raises(InvalidInputError, match="must be one of the layers"):
        after["layer9"]


@pytest.mark.parametrize(
    ("n", "n_classes", "reason"), [(39, 2, "39 rows"), (50, 1, "only one class"), (3, 3, "3 rows")]
)
def test_without_a_jackknife_errors_are_nan_and_the_reason_is_said(n, n_classes, reason):
    X = np.random.default_rng(0).normal(size=(n, 3))
    labels = np.arange(n) % n_classes
    curve = modularity_curve({"a": X, "b": X}, labels, n_neighbors=2)
    assert np.isnan(curve.standard_error).all()
    assert np.isnan(curve.low).all()
    assert math.isnan(curve.difference("a", "b").high)
    assert sum(reason in sentence for sentence in curve.warnings) == 1


def test_a_layer_without_weight_is_nan_and_named():
    stack, labels = stack_of()
    stack["dead"] = np.zeros_like(stack["layer0"])
    curve = modularity_curve(stack, labels, metric="cosine")
    assert np.isnan(curve["dead"].value)
    assert np.isnan(curve.standard_error[-1])
    assert np.isfinite(curve.standard_error[:-1]).all()
    assert any("layer 'dead': the graph has no weight" in text for text in curve.warnings)


def test_labels_may_come_with_the_activations():
    stack, labels = stack_of()
    curve = modularity_curve(Activations(stack, labels=labels))
    assert np.array_equal(curve.value, modularity_curve(stack, labels).value)
    with pytest.raises(InvalidTypeError, match="labels"):
        modularity_curve(stack)


def test_bfloat16_layers_are_taken():
    stack, labels = stack_of()
    words = (stack["layer2"].astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    marked = bfloat16(words)
    wide = np.asarray(marked)
    settings = {"n_neighbors": 4, "n_subsamples": 2, "subsample_size": 60, "n_permutations": 3}
    for more in (settings, {"preset": "eccv2022"}):
        got = modularity_curve({"a": marked}, labels, **more)
        want = modularity_curve({"a": wide}, labels, **more)
        assert got.to_dict() == want.to_dict()


def test_wrong_stacks_and_draws():
    stack, labels = stack_of()
    stack["layer1"] = stack["layer1"].copy()
    stack["layer1"][17, 3] = np.nan
    with pytest.raises(InvalidInputError, match=r"layer 'layer1': X must be finite.*row 17"):
        modularity_curve(stack, labels)
    del stack["layer1"]
    wrong = [
        ({"n_subsamples": -1}, "n_subsamples"),
        ({"n_subsamples": 2, "subsample_size": 121}, "subsample_size"),
        ({"n_subsamples": 2, "subsample_size": 1}, "subsample_size"),
        ({"n_subsamples": 2, "subsample_size": 10, "n_neighbors": 10}, "subsample_size"),
        ({"n_neighbors": 120}, "n_neighbors"),
        ({"weight": "distance"}, "weight"),
        ({"preset": "other"}, "preset"),
    ]
    for settings, argument in wrong:
        with pytest.raises(InvalidInputError) as caught:
            modularity_curve(stack, labels, **settings)
        assert caught.value.argument == argument
    with pytest.raises(InvalidTypeError, match="jackknife"):
        modularity_curve(stack, labels, jackknife="yes")
    with pytest.raises(InvalidInputError, match="labels must have one entry per row"):
        modularity_curve(stack, labels[:-1])


def test_subsamples_without_a_spread_are_told():
    stack, labels = stack_of(n=60, n_layers=2)
    settings = {"jackknife": False, "n_permutations": 0}
    all_rows = modularity_curve(stack, labels, n_subsamples=3, subsample_size=60, **settings)
    assert all_rows.subsample_sd == pytest.approx([0.0, 0.0], abs=1e-15)
    (said,) = all_rows.warnings
    assert said.startswith("every subsample holds all 60 rows")
    (same,) = modularity_curve(stack, labels, n_subsamples=3, **settings).warnings
    assert same == said
    one = modularity_curve(stack, labels, n_subsamples=1, subsample_size=30, **settings)
    assert np.isnan(one.subsample_sd).all()
    assert one.warnings == ("one subsample has no spread, so subsample_sd is NaN",)
    two = modularity_curve(stack, labels, n_subsamples=2, subsample_size=30, **settings)
    assert two.warnings == ()
