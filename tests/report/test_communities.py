"""Communities in analyze, in the table, on the page, on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from layerscope import analyze, analyze_run, cite, follow_communities, neighbors
from tests.report._stacks import RISING, labels_of, run, save_folder, stack_of

LABELS = labels_of().tolist()


def test_communities_come_on_request_only() -> None:
    stack = stack_of(RISING)
    assert "communities" not in analyze(stack, labels=LABELS, n_permutations=0).results
    report = analyze(stack, labels=LABELS, measures="communities")
    assert list(report.results) == ["communities"]


def test_the_table_has_what_following_finds() -> None:
    stack = stack_of(RISING)
    report = analyze(stack, labels=LABELS, measures=["communities"], random_state=3)
    followed = follow_communities(stack, labels=LABELS, random_state=3)
    assert report.results["communities"].to_dict() == followed.to_dict()
    assert report.table["n_communities"] == tuple(followed.n_communities.tolist())
    assert report.table["community_modularity"] == tuple(followed.modularity.tolist())
    assert report.table["ami"] == tuple(followed.agreement.ami.tolist())
    assert report.table["ari"] == tuple(followed.agreement.ari.tolist())
    assert "traag2019leiden" in cite(report)
    assert report.table["community_splits"] == (None, *followed.splits.tolist())
    assert report.table["community_merges"] == (None, *followed.merges.tolist())
    without = analyze(stack, measures=["communities"])
    assert without.results["communities"].agreement is None
    assert "ami" not in without.table
    tables = {name: neighbors(X) for name, X in stack.items()}
    from_tables = analyze(tables, labels=LABELS, measures=["communities"], random_state=3)
    assert from_tables.table["ami"] == report.table["ami"]


def test_the_page_has_the_flow_and_the_agreement(tmp_path: Path) -> None:
    stack = stack_of(RISING)
    page = analyze(stack, labels=LABELS, measures=["communities"]).to_html(tmp_path / "a.html")
    text = page.read_text(encoding="utf-8")
    assert "Communities through the layers" in text
    assert "Communities and classes" in text
    assert "largest class" in text
    assert "The neighbour graph of " in text
    assert "Agreement of communities and classes (AMI)" in text
    assert "none of it sums up" not in text
    page = analyze(stack, measures=["communities"]).to_html(tmp_path / "b.html")
    text = page.read_text(encoding="utf-8")
    assert "Communities through the layers" in text
    assert "Communities and classes" not in text
    assert len(analyze(stack, labels=LABELS, measures=["communities"]).plot().axes) >= 3


def test_a_run_shows_the_last_checkpoint(tmp_path: Path) -> None:
    checkpoints = {step: stack_of(RISING, seed=step) for step in (0, 1)}
    report = analyze_run(checkpoints, labels=LABELS, measures=["communities", "modularity"])
    found = report.results["communities"]
    assert list(found) == [0, 1]
    assert report.table["ami"][-1] == found[1].agreement.ami[-1]
    text = report.to_html(tmp_path / "run.html").read_text(encoding="utf-8")
    assert "Communities through the layers, last checkpoint" in text
    assert len(report.plot().axes) >= 4


def test_one_layer_is_a_flow_without_ribbons(tmp_path: Path) -> None:
    stack = {"only": stack_of(RISING)["conv10"]}
    report = analyze(stack, labels=LABELS, measures=["communities"])
    assert report.results["communities"].splits.shape == (0,)
    assert report.to_html(tmp_path / "one.html").stat().st_size > 1000


@pytest.mark.parametrize("given", [None, "callable"])
def test_progress_goes_from_none_to_all(given: str | None) -> None:
    told: list[tuple[int, int, str]] = []
    progress = None if given is None else lambda *now: told.append(now)
    analyze(stack_of(RISING), measures=["communities"], progress=progress)
    if given:
        assert told[-1][0] == told[-1][1]
        assert any(what == "communities" for _, _, what in told)
        assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)


def test_the_command_line_knows_them(tmp_path: Path) -> None:
    save_folder(tmp_path / "acts", stack_of(RISING))
    np.save(tmp_path / "labels.npy", labels_of())
    options = ("--labels", "labels.npy", "--measures", "communities", "--json", "out.json")
    done = run("analyze", "acts", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    written = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    followed = written["results"]["communities"]
    assert np.shape(followed["labels"]) == (3, 90)
    assert len(followed["agreement"]["ami"]) == 3
    assert "Communities through the layers" in (tmp_path / "layerscope-report.html").read_text(
        encoding="utf-8"
    )
