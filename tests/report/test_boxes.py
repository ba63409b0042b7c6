"""Box counts in a report: the curves, what supports a dimension, what there is instead."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
import pytest

from layerscope import (
    Report,
    analyze,
    analyze_run,
    box_counts,
    cite,
    feature_network,
    fractal_dimension,
    metric_box_counts,
    neighbors,
)
from layerscope.analyze import _boxes
from layerscope.plot._boxes import box_counts_by_layer
from layerscope.report._remedies import INSTEAD_OF_STEPS
from tests.report._stacks import run

N = 300


@pytest.fixture(scope="module")
def stack() -> dict[str, npt.NDArray[np.float64]]:
    """Samples on a line, whose graph is long, and in a ball, whose graph is short."""
    rng = np.random.default_rng(0)
    line = np.sort(rng.uniform(size=N))
    return {"line": np.c_[line, line], "ball": rng.normal(size=(N, 12))}


@pytest.fixture(scope="module")
def report(stack: dict[str, npt.NDArray[np.float64]]) -> Report:
    return analyze(stack, n_neighbors=4, measures="box_counts")


def test_the_numbers_are_those_of_the_functions(
    stack: dict[str, npt.NDArray[np.float64]], report: Report
) -> None:
    for name, X in stack.items():
        counted = box_counts(neighbors(X, n_neighbors=4).graph(), n_repeats=10)
        expected = fractal_dimension(counted)
        found = report.results["box_counts"][name]
        np.testing.assert_array_equal(found.sizes, counted.sizes)
        np.testing.assert_array_equal(found.counts, counted.counts)
        assert found.value == expected.value
        assert found.n_sizes == expected.n_sizes


def test_a_dimension_stands_in_the_table_only_where_it_is_supported(report: Report) -> None:
    line, ball = report.results["box_counts"].results
    assert line.supported
    assert not ball.supported
    assert report.table["box_dimension"][0] == line.value == pytest.approx(1, abs=0.25)
    assert np.isnan(report.table["box_dimension"][1])
    assert report.table["box_sizes"] == (line.n_sizes, ball.n_sizes)
    assert line.n_sizes >= 6 > ball.n_sizes


def test_a_refusal_is_said_once_and_names_what_there_is_instead(report: Report) -> None:
    sentences = [text for text in report.warnings if "no dimension" in text]
    assert len(sentences) == 1
    assert "in ball: at most" in sentences[0]
    assert "metric_box_counts(feature_network(X.T).distances)" in sentences[0]


def test_the_page_has_the_curves_and_the_refusal(report: Report, tmp_path: Path) -> None:
    page = report.to_html(tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<h3>Box counts</h3>" in page
    assert "In 1 layer fewer than 6 sizes count: no dimension" in page
    assert "In 1 of 2 layers box counts support a dimension: line " in page
    assert "song2007" in cite(report)
    assert json.loads(report.to_json(tmp_path / "r.json").read_text())["results"]["box_counts"]


def test_what_is_offered_instead_gives_a_dimension(
    stack: dict[str, npt.NDArray[np.float64]],
) -> None:
    X = stack["ball"]
    found = fractal_dimension(metric_box_counts(feature_network(X.T).distances))
    assert found.supported
    assert found.value > 2


def test_a_page_without_any_dimension_says_so(
    stack: dict[str, npt.NDArray[np.float64]], tmp_path: Path
) -> None:
    report = analyze({"ball": stack["ball"]}, n_neighbors=4, measures="box_counts")
    page = report.to_html(tmp_path / "report.html").read_text(encoding="utf-8")
    assert "No dimension is supported: at most" in page
    assert "fractal_dimension(metric_box_counts(feature_network(X.T).distances))" in page
    assert "Box counts support a dimension in no layer" in page
    assert "in any layer" in report.warnings[-1]


def test_the_picture_has_a_line_per_layer(report: Report) -> None:
    [axes] = [axes for axes in report.plot().axes if axes.get_xscale() == "log"]
    drawn = [line for line in axes.get_lines() if line.get_linestyle() == "-"]
    for line, one in zip(drawn, report.results["box_counts"].results, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), one.counts)


def test_a_run_has_the_curves_of_its_last_checkpoint(
    stack: dict[str, npt.NDArray[np.float64]], tmp_path: Path
) -> None:
    report = analyze_run({0: stack, 9: stack}, n_neighbors=4, measures="box_counts")
    page = report.to_html(tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Box counts, last checkpoint" in page
    assert report.table["box_sizes"][:2] == report.table["box_sizes"][2:]


def test_many_samples_are_covered_by_sketches(
    stack: dict[str, npt.NDArray[np.float64]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_boxes, "MOST_GREEDY", N - 1)
    report = analyze({"line": stack["line"]}, n_neighbors=4, measures="box_counts")
    found = report.results["box_counts"]["line"]
    assert found.settings["method"] == "sketch"
    assert found.sizes[0] == 3  # the radius 1, as a size


def test_progress_never_falls_and_ends_full(stack: dict[str, npt.NDArray[np.float64]]) -> None:
    seen: list[tuple[int, int]] = []
    analyze(
        stack,
        n_neighbors=4,
        measures="box_counts",
        progress=lambda done, total, what: seen.append((done, total)),
    )
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == seen[-1][1]


def test_the_command_takes_box_counts(
    stack: dict[str, npt.NDArray[np.float64]], tmp_path: Path
) -> None:
    np.save(tmp_path / "line.npy", stack["line"])
    done = run(
        "analyze", "line.npy", "--measures", "box_counts", "--k", "4", "--json", "-", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    table = json.loads(done.stdout)["table"]
    assert table["box_dimension"][0] == pytest.approx(1, abs=0.25)


def test_the_offer_runs_as_it_is_printed(
    stack: dict[str, npt.NDArray[np.float64]],
) -> None:
    line = INSTEAD_OF_STEPS[INSTEAD_OF_STEPS.index("from layerscope import") :]
    imports, call = line.split("; ")
    names: dict[str, object] = {"X": stack["ball"]}
    exec(imports, names)
    assert eval(call, names).supported


def test_no_law_is_compared_where_no_dimension_is_supported(report: Report) -> None:
    line, ball = report.results["box_counts"].results
    assert np.isfinite(ball.ratio)
    assert report.table["box_law_ratio"][0] == line.ratio
    assert np.isnan(report.table["box_law_ratio"][1])


@pytest.mark.parametrize("count", [5, 7, 20])
def test_every_layer_has_its_own_colour_and_filled_marks_are_the_sizes_that_count(
    report: Report, count: int
) -> None:
    line, ball = report.results["box_counts"].results
    layers = tuple(f"layer {place}" for place in range(count))
    many = SimpleNamespace(layers=layers, results=(line, *[ball] * (count - 1)))
    lines = box_counts_by_layer(many).get_lines()
    assert len({one.get_color() for one in lines if one.get_linestyle() == "-"}) == count
    filled, hollow = (np.asarray(one.get_xdata()) for one in lines[1:3])
    low, high = line.window
    assert 6 <= len(filled) <= 14
    assert ((low <= filled) & (filled <= high)).all()
    assert lines[1].get_markerfacecolor() != "white" == lines[2].get_markerfacecolor()
    assert ((hollow < low) | (hollow > high)).all()
