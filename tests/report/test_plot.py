"""Pictures: what is drawn is what the result holds; pyplot is never loaded."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from layerscope import modularity, neighbors, plot
from layerscope.errors import InvalidInputError
from layerscope.plot._text import evenly, number, readable, spread
from tests.report import _chains as chains
from tests.report import _fakes as fakes


def lines(axes: Any) -> list[np.ndarray]:
    return [np.asarray(line.get_ydata(), dtype=float) for line in axes.lines]


def texts(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_modularity_curve_draws_value_bound_and_null() -> None:
    curve = fakes.curve(fakes.names(5), range(10))
    axes = plot.modularity_curve(curve)
    drawn = lines(axes)
    for wanted in (curve.value, curve.bound, curve.null_mean):
        assert any(np.array_equal(one, wanted) for one in drawn)
    assert {"bound 0.90", "permuted labels", number(curve.value[-1])} <= set(texts(axes))
    assert [label.get_text() for label in axes.get_xticklabels()] == list(curve.layers)
    low, high = axes.get_ylim()
    assert low < 0 < 0.9 < high


def test_a_band_has_the_ends_of_the_interval() -> None:
    curve = fakes.curve(fakes.names(4), range(10))
    axes = plot.modularity_curve(curve)
    boxes = [collection.get_datalim(axes.transData) for collection in axes.collections]
    assert any(
        np.isclose(box.y0, curve.low.min()) and np.isclose(box.y1, curve.high.max())
        for box in boxes
    )


def test_subsamples_are_drawn_only_where_they_say_more() -> None:
    curve = fakes.curve(fakes.names(3), range(4))
    without = len(plot.modularity_curve(curve).containers)
    object.__setattr__(curve, "subsample_mean", curve.value + 0.01)
    object.__setattr__(curve, "subsample_sd", np.full(3, 0.02))
    assert len(plot.modularity_curve(curve).containers) == without + 1


def test_given_axes_are_used_and_returned() -> None:
    axes = Figure().add_subplot()
    curve = fakes.curve(fakes.names(3), range(4))
    assert plot.modularity_curve(curve, axes) is axes
    assert plot.per_layer(fakes.dimension(fakes.names(3)), ax=axes) is axes
    assert plot.per_class(curve, axes) is axes
    assert plot.layer_step_map(np.ones((2, 2)), ["a", "b"], [0, 1], "x", axes) is axes


def test_per_layer_draws_the_bars_of_the_standard_errors() -> None:
    result = fakes.dimension(fakes.names(3))
    axes = plot.per_layer(result)
    segments = axes.collections[0].get_segments()
    for segment, value, one in zip(segments, result.value, result.results, strict=True):
        assert np.allclose(segment[:, 1], value + np.array([-1.96, 1.96]) * one.standard_error)


def test_few_classes_have_a_line_and_a_name_each() -> None:
    curve = fakes.curve(fakes.names(4), [f"class {index}" for index in range(10)])
    axes = plot.per_class(curve)
    assert set(texts(axes)) == set(curve.per_class)
    drawn = lines(axes)
    for values in curve.per_class.values():
        assert any(np.array_equal(one, values) for one in drawn)


def test_many_classes_have_quantiles_and_the_extremes() -> None:
    curve = fakes.curve(fakes.names(4), [f"c{index}" for index in range(100)])
    axes = plot.per_class(curve)
    ranked = sorted(curve.per_class, key=lambda label: curve.per_class[label][-1])
    assert set(texts(axes)) == {*ranked[:5], *ranked[-5:]}
    middle = np.median(np.stack(list(curve.per_class.values())), axis=0)
    assert any(one.shape == middle.shape and np.allclose(one, middle) for one in lines(axes))
    assert len(axes.lines) < 30


def test_a_map_shows_numbers_when_they_fit() -> None:
    values = np.array([[0.25, np.nan], [-0.5, 1.0]])
    axes = plot.layer_step_map(values, ["first", "last"], [0, 100], "modularity")
    assert texts(axes) == [".25", "−.50", "1.00"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["first", "last"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "100"]
    assert np.ma.allequal(axes.images[0].get_array(), np.ma.masked_invalid(values))
    many = plot.layer_step_map(np.ones((60, 40)), fakes.names(60), range(40), "modularity")
    assert texts(many) == []
    assert 2 < len(many.get_xticks()) < 40


def test_step_curves_name_first_and_last() -> None:
    values = np.linspace(0, 1, 3 * 40).reshape(3, 40)
    axes = plot.step_curves(values, fakes.names(3), range(40), "modularity", bound=[0.9] * 3)
    assert {"0", "39", "bound 0.90"} <= set(texts(axes))
    assert len(texts(axes)) <= 8


@pytest.mark.parametrize("count", [1, 2, 20, 60])
@pytest.mark.parametrize("steps", [None, [0], list(range(12))])
@pytest.mark.parametrize("undefined", [False, True])
def test_a_report_is_one_figure(count: int, steps: list[int] | None, undefined: bool) -> None:
    report = fakes.report(fakes.long_names(count), steps=steps, undefined=undefined)
    figure = report.plot()
    figure.canvas.draw()
    assert isinstance(figure, Figure)
    assert len(figure.axes) >= 4


def test_one_nan_leaves_a_gap_and_its_neighbours_visible() -> None:
    curve = fakes.curve(fakes.names(5), range(4))
    for name in ("value", "low", "high"):
        values = getattr(curve, name).copy()
        values[[1, 3]] = np.nan
        object.__setattr__(curve, name, values)
    axes = plot.modularity_curve(curve)
    assert any(np.array_equal(np.isnan(one), np.isnan(curve.value)) for one in lines(axes))
    # The three layers that stand alone have a bar each, beside the band of the null.
    assert len(axes.collections) == 1 + 3


def test_a_dollar_sign_starts_no_formula() -> None:
    curve = fakes.curve(["$a_1$", "b$"], ["$c$", "d"])
    for axes in (plot.modularity_curve(curve), plot.per_class(curve)):
        axes.figure.canvas.draw()
        assert all(not label._preprocess_math(label.get_text())[1] for label in
                   [*axes.get_xticklabels(), *axes.texts])  # fmt: skip


def test_pyplot_is_not_loaded() -> None:
    code = (
        "import sys, layerscope, numpy as np\n"
        "assert not {'matplotlib', 'jinja2', 'pandas'} & set(sys.modules)\n"
        "from layerscope import plot\n"
        "assert 'matplotlib' not in sys.modules\n"
        "plot.layer_step_map(np.ones((2, 2)), 'ab', 'cd', '')\n"
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@given(st.lists(st.text(max_size=40), min_size=1, max_size=30), st.integers(6, 30))
def test_short_names_stay_different(names: list[str], limit: int) -> None:
    short = plot.short_names(names, limit)
    assert len(short) == len(names)
    shown = [readable(name) for name in names]
    assert len(set(zip(shown, short, strict=True))) == len(set(shown)) == len(set(short))
    assert all(len(name) <= limit + 4 for name in short)


_PARTS = st.sampled_from(
    ["0", "1", "11", "layer1", "layer2", "encoder", "blocks", "attention", "out_proj", "relu#2"]
)
_PATHS = st.lists(_PARTS, min_size=1, max_size=6).map(".".join)


@given(st.lists(_PATHS, min_size=1, max_size=40), st.integers(6, 30))
def test_short_paths_stay_different(names: list[str], limit: int) -> None:
    short = plot.short_names(names, limit)
    assert len(set(zip(names, short, strict=True))) == len(set(names)) == len(set(short))
    assert not any("……" in name for name in short)
    assert not any(re.search(r" #\d+$", name) for name in short)


@given(st.integers(2, 80), st.integers(10, 30), st.sampled_from(["encoder.blocks.", "h.", ""]))
def test_block_number_and_end_survive(count: int, limit: int, before: str) -> None:
    ends = ("attn.out_proj", "mlp.fc1", "self_attention.output_projection")
    names = [f"{before}{block}.{end}" for block in range(count) for end in ends]
    for name, text in zip(names, plot.short_names(names, limit), strict=True):
        block = re.search(r"\d+", name.removeprefix(before))
        assert block
        assert re.search(rf"(?<!\d){block[0]}(?!\d)", text)
        assert text.endswith(name[-3:])


def test_names_that_only_a_number_inside_tells_apart() -> None:
    names = [f"block{block}.layer{layer}.convolution" for block in (1, 2) for layer in (1, 12)]
    assert plot.short_names(["stem", *names], 17) == [
        "stem", "1.1.convolution", "1.12.convolution", "2.1.convolution", "2.12.convolution"
    ]  # fmt: skip
    alike = [f"{'x' * 30}{middle}{'y' * 30}" for middle in "abc"]
    assert plot.short_names(alike, 14) == [f"xxx…xx{middle}yyyyyy…" for middle in "abc"]


@given(st.integers(1, 300), st.floats(0.1, 400))
def test_ticks_are_thinned_evenly(count: int, stride: float) -> None:
    places = evenly(count, stride)
    gaps = [after - before for before, after in pairwise(places)]
    assert places[0] == 0
    assert count - 1 - places[-1] < max(math.ceil(1.5 * math.ceil(stride)), 1)
    assert min(gaps, default=stride) >= stride
    assert len(set(gaps)) <= 1


@given(st.lists(st.floats(-1, 2, allow_nan=False), min_size=1, max_size=15), st.floats(0.001, 0.3))
def test_spread_keeps_order_and_distance(wanted: list[float], gap: float) -> None:
    placed = spread(wanted, gap, 0.0, 1.0)
    fits = min(gap, 1 / max(len(wanted) - 1, 1))
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    heights = [placed[index] for index in order]
    assert all(after - before >= fits - 1e-9 for before, after in pairwise(heights))
    assert min(heights) >= -1e-9
    assert max(heights) <= 1 + 1e-9


@pytest.mark.parametrize("form", ["nnts", "adjusted", "overlap"])
@pytest.mark.parametrize("k", [None, 2])
def test_nnts_is_drawn_at_any_k_in_any_form(form: str, k: int | None) -> None:
    result = chains.report(4).results["nnts"]
    place = -1 if k is None else k - 1
    chance = result.chance_by_k[place]
    wanted = {
        "nnts": result.by_k[place],
        "adjusted": (result.by_k[place] - chance) / (1 - chance),
        "overlap": result.overlap_by_k[place],
    }[form]
    axes = result.plot(k=k, form=form)
    np.testing.assert_array_equal(axes.images[0].get_array(), wanted)
    assert axes.images[0].norm.vmin == 0
    assert axes.images[0].norm.vmax == 1
    assert axes.get_title(loc="left").endswith(f"k = {15 if k is None else k}")
    assert plot.nnts(result, ax := Figure().add_subplot(), title="") is ax
    assert ax.get_title(loc="left") == ""


def test_another_k_or_form_of_nnts_is_refused() -> None:
    result = chains.report(4).results["nnts"]
    with pytest.raises(InvalidInputError, match="k must be one of the 15 k measured"):
        result.plot(k=16)
    with pytest.raises(InvalidInputError, match="form must be one of 'nnts'"):
        result.plot(form="chance")


def test_cka_is_drawn_in_both_forms() -> None:
    result = chains.report(4).results["cka"]
    for debiased, wanted in ((False, result.matrix), (True, result.debiased)):
        axes = result.plot(debiased=debiased)
        np.testing.assert_array_equal(axes.images[0].get_array(), wanted)


def test_runs_that_differ_much_are_coloured_by_their_logarithm() -> None:
    result = chains.report(6).results["nntp"]
    counts = np.triu(np.arange(36).reshape(6, 6) ** 3)
    axes = replace(result, counts=counts).plot()
    shown = axes.images[0].get_array()
    np.testing.assert_array_equal(shown.filled(0), counts)
    assert isinstance(axes.images[0].norm, LogNorm)
    assert shown.mask.sum() == (counts == 0).sum()  # no colour for no run
    for even in (7, 0):
        axes = plot.nntp(replace(result, counts=np.triu(np.full((6, 6), even))))
        assert not isinstance(axes.images[0].norm, LogNorm)
        assert axes.images[0].get_array().mask.sum() == 15  # only what cannot be


@pytest.mark.parametrize("counts", [[0, 9, 4, 1], [0, 90_000, 30, 1], [0, 0, 0, 5], [0, 0, 0, 0]])
def test_lifetimes_have_bars_of_their_height(counts: list[int]) -> None:
    result = replace(chains.report(4).results["nntp"], lifetimes=np.array(counts))
    axes = plot.lifetimes(result)
    tops = [bar.get_y() + bar.get_height() for bar in axes.patches]
    known = [count for count in counts[1:] if count]
    if not known:
        assert texts(axes) == ["no pair of neighbours"]
        return
    log = max(known) > 50 * min(known)
    assert (axes.get_yscale() == "log") == log
    floor = axes.get_ylim()[0]
    np.testing.assert_allclose(tops, [max(count, floor) for count in counts[1:]])
    assert floor < min(known)


def test_births_and_deaths_are_shares_of_their_own_layer() -> None:
    result = chains.report(5).results["nntp"]
    axes = plot.turnover(result)
    drawn = lines(axes)
    for wanted in (
        [np.nan, *(result.births / result.n_edges[1:])],
        [*(result.deaths / result.n_edges[:-1]), np.nan],
        result.transient_share,
    ):
        assert any(np.array_equal(one, wanted, equal_nan=True) for one in drawn)
    legend = axes.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["new", "gone next", "here alone"]
    axes.figure.canvas.draw()
    # Above the curves, where a telephone shows it.
    assert legend.get_window_extent().y0 >= axes.get_window_extent().y1 - 1


def test_one_layer_has_bars_for_its_classes() -> None:
    result = modularity(chains.chain(["a"])["a"], np.arange(60) % 4, n_permutations=0)
    axes = result.plot()
    drawn = sorted(bar.get_width() for bar in axes.patches)
    np.testing.assert_array_equal(drawn, sorted(result.per_class.values()))
    many = modularity(chains.chain(["a"])["a"], np.arange(60) % 30, n_permutations=0).plot()
    assert len(many.patches) == 12
    assert "of 30 classes" in many.get_xlabel()
    empty = replace(result, per_class={0: float("nan")})
    assert texts(plot.modularity(empty)) == ["modularity is not defined"]


@pytest.mark.parametrize("n_samples", [60, 900])
def test_neighbours_have_a_histogram_of_every_row(n_samples: int) -> None:
    result = neighbors(chains.chain(["a"], n_samples)["a"], n_neighbors=min(50, n_samples - 1))
    axes = result.plot()
    assert sum(bar.get_height() for bar in axes.patches) == n_samples
    assert len(axes.patches) <= 41
    times = np.bincount(result.indices.ravel(), minlength=n_samples)
    right = max(bar.get_x() + bar.get_width() for bar in axes.patches if bar.get_height())
    assert times.max() <= right + 1
