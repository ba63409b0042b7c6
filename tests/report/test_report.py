"""Report: its table, what is added to it, its files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from layerscope import Report
from layerscope._json import json_safe
from layerscope._result import Result
from layerscope._table import Table
from layerscope.errors import InvalidInputError, InvalidTypeError
from tests.report import _fakes as fakes


def extra(layers: tuple[str, ...], values: list[float], **more: Any) -> fakes.FakePerLayer:
    return fakes.FakePerLayer(
        layers=layers, measure="basin", value=np.array(values), results=(), **more
    )


def test_table_is_the_given_one_and_the_report_is_frozen() -> None:
    report = fakes.report(("a", "b"))
    assert report.table.columns[0] == "layer"
    assert report.table["layer"] == ("a", "b")
    with pytest.raises(AttributeError):
        report.table = Table({})  # type: ignore[misc]
    assert report.to_pandas()["layer"].tolist() == ["a", "b"]
    assert report.to_polars()["layer"].to_list() == ["a", "b"]


def test_a_run_has_a_row_per_checkpoint_and_layer() -> None:
    report = fakes.report(("a", "b"), steps=[0, 5, 10])
    assert report.table["step"] == (0, 0, 5, 5, 10, 10)
    assert repr(report).startswith("Report on 2 layers at 3 checkpoints")


def test_add_makes_columns_and_leaves_the_old_report() -> None:
    report = fakes.report(("a", "b", "c"))
    more = report.add("basin", extra(("c", "a"), [3.0, 1.0], warnings=("only two layers",)))
    assert more.table["basin"] == (1.0, None, 3.0)
    assert more.results["basin"].layers == ("c", "a")
    assert more.warnings == ("basin: only two layers",)
    assert "basin" not in report.table
    assert "basin" not in report.results
    assert more.table.columns[:-1] == report.table.columns


def test_add_names_further_numbers_after_the_result() -> None:
    report = fakes.report(("a", "b"))
    more = report.add("second", fakes.curve(("a", "b"), [0, 1]))
    assert "second" in more.table
    assert more.table["second_bound"] == (0.5, 0.5)


def test_add_on_a_run_takes_a_result_per_checkpoint() -> None:
    report = fakes.report(("a", "b"), steps=["x", "y"])
    results = {"y": extra(("a", "b"), [3.0, 4.0]), "x": extra(("a", "b"), [1.0, 2.0])}
    more = report.add("basin", results)
    assert more.table["basin"] == (1.0, 2.0, 3.0, 4.0)
    assert list(more.results["basin"]) == ["x", "y"]
    with pytest.raises(InvalidTypeError, match="must map each step"):
        report.add("basin", results["x"])
    with pytest.raises(InvalidInputError, match="must have the steps"):
        report.add("basin", {"x": results["x"]})


def test_add_takes_a_result_without_layers() -> None:
    more = fakes.report(("a",)).add("basins", Result(settings={"function": "basins"}))
    assert "basins" not in more.table
    assert more.to_dict()["results"]["basins"]["settings"] == {"function": "basins"}


@pytest.mark.parametrize(
    ("name", "result", "error", "argument"),
    [
        ("modularity", Result(), InvalidInputError, "name"),
        ("hubness", Result(), InvalidInputError, "name"),
        ("", Result(), InvalidInputError, "name"),
        (3, Result(), InvalidTypeError, "name"),
        ("more", "text", InvalidTypeError, "result"),
        ("more", {"a": Result()}, InvalidTypeError, "result"),
        ("more", extra(("z",), [1.0]), InvalidInputError, "result"),
    ],
)
def test_add_refuses(name: Any, result: Any, error: type[Exception], argument: str) -> None:
    with pytest.raises(error) as caught:
        fakes.report(("a", "b")).add(name, result)
    assert caught.value.argument == argument  # type: ignore[attr-defined]


def test_add_refuses_a_name_that_leads_to_a_taken_column() -> None:
    report = Report(layers=("a",), table=Table({"layer": ["a"], "more_bound": [1.0]}))
    with pytest.raises(InvalidInputError, match="more_bound"):
        report.add("more", fakes.curve(("a",), [0, 1]))


@pytest.mark.parametrize("steps", [None, [0, 1]])
@pytest.mark.parametrize("undefined", [False, True])
def test_json_holds_everything_and_nan_as_null(
    tmp_path: Path, steps: list[int] | None, undefined: bool
) -> None:
    report = fakes.report(("a", "<b>"), steps=steps, undefined=undefined, advice=("é…",))
    path = report.to_json(tmp_path / "report.json")

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    read = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    assert read["layers"] == ["a", "<b>"]
    assert read["table"]["modularity"] == report.table.to_dict()["modularity"]
    assert (read["table"]["modularity"][0] is None) == undefined
    assert read["advice"] == ["é…"]
    assert read["settings"] == report.settings
    assert set(read["results"]) == set(report.results)


@pytest.mark.parametrize("write", [Report.to_html, Report.to_json])
def test_a_file_appears_whole_or_not_at_all(tmp_path: Path, write: Any) -> None:
    report = fakes.report(("a", "b"))
    target = tmp_path / "out"
    target.write_text("old", encoding="utf-8")
    assert write(report, str(target)) == target
    assert len(target.read_bytes()) > 1000
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("write", [Report.to_html, Report.to_json])
def test_wrong_paths_are_refused_and_leave_nothing(tmp_path: Path, write: Any) -> None:
    report = fakes.report(("a", "b"))
    (tmp_path / "file").write_text("old", encoding="utf-8")
    for path in (
        tmp_path,
        tmp_path / "none" / "x",
        tmp_path / "file" / "x",
        tmp_path / ("n" * 300),
        tmp_path / "nul\0",
    ):
        with pytest.raises(InvalidInputError) as caught:
            write(report, path)
        assert caught.value.argument == "path"
    with pytest.raises(InvalidTypeError, match="must be a path"):
        write(report, 3)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text(encoding="utf-8") == "old"


def test_an_interrupted_write_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    target = tmp_path / "out.json"
    target.write_text("old", encoding="utf-8")
    monkeypatch.setattr("os.fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fakes.report(("a",)).to_json(target)
    assert target.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


def test_keys_that_are_spelt_alike_keep_their_entries() -> None:
    assert json_safe({1: "number", "1": "text"}) == {"1": "number", "'1'": "text"}
    assert json_safe({"1": "text", 1: "number"}) == {"1": "text", "1 (int)": "number"}
    assert list(json_safe({1: 0, "1": 1, np.str_("'1'"): 2}).values()) == [0, 1, 2]
    assert list(json_safe({None: 0, "None": 1, "'None'": 2, 1.5: 3, "1.5": 4}).values()) == [
        *range(5)
    ]
