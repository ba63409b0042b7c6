"""The page: everything is in it, everything is escaped, nothing is loaded, and it is small."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

from layerscope import Report
from layerscope._table import Table
from layerscope.report._html import COMPARE
from tests.report import _fakes as fakes

NASTY = (
    "<script>alert(1)</script>",
    "\"quoted\" & 'single'",
    "</text></svg><img src=x onerror=alert(2)>",
    "${7*7} {{ 7*7 }} {% raw %}",
    "$x^2$ \\$ $",
    "line\nbreak\ttab\x00\x1b[31m\ud800",
    "日本語 🙂 \u202ereversed",
    "]]> --> <!-- url(#p1)",
)


class Page(HTMLParser):
    """What a browser would make of a page: tags, ids, references, text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.loaded: list[str] = []
        self.events: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            text = value or ""
            if name == "id":
                self.ids.append(text)
            if name in {"href", "src", "xlink:href", "srcset", "data", "action"}:
                self.loaded.append(text)
            if name.startswith("on"):
                self.events.append(name)
            if name in {"clip-path", "fill", "stroke", "style"}:
                self.references += re.findall(r"url\(#([^)]+)\)", text)
            if name == "href" and text.startswith("#"):
                self.references.append(text[1:])

    def handle_data(self, data: str) -> None:
        self.text += data


def page(report: Report, tmp_path: Path, **more: Any) -> tuple[str, Page]:
    html = report.to_html(tmp_path / "report.html", **more).read_text(encoding="utf-8")
    return html, Page(html)


CASES: dict[str, tuple[Sequence[str], Sequence[Any] | None, Sequence[Any] | None]] = {
    "one layer": (fakes.names(1), range(10), None),
    "three layers": (fakes.names(3), ["cat", "dog"], None),
    "twenty long names": (fakes.long_names(20), range(10), None),
    "sixty layers, a hundred classes": (fakes.names(60), range(100), None),
    "no labels": (fakes.names(5), None, None),
    "one class": (fakes.names(4), ["only"], None),
    "one checkpoint": (fakes.names(4), range(10), [0]),
    "five checkpoints": (fakes.names(7), range(10), [0, 10, 50, 200, 1000]),
    "forty checkpoints": (fakes.long_names(20), range(10), [f"step-{i}" for i in range(40)]),
    "run without labels": (fakes.names(1), None, [0, 1]),
    "same printed steps": (fakes.names(3), range(3), [1, "1"]),
}


@pytest.mark.parametrize("undefined", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_every_size_makes_a_sound_small_page(case: str, undefined: bool, tmp_path: Path) -> None:
    layers, classes, steps = CASES[case]
    report = fakes.report(layers, None if classes is None else list(classes), steps=steps,
                          undefined=undefined)  # fmt: skip
    html, read = page(report, tmp_path)
    assert len(html.encode()) < 1_000_000
    assert "script" not in read.tags
    assert read.events == []
    assert all(target.startswith(("#", "data:image/png;base64,")) for target in read.loaded)
    assert len(read.ids) == len(set(read.ids))
    assert set(read.references) <= set(read.ids)
    assert "nan" not in re.findall(r"[a-z]+", read.text.lower())
    for layer in layers:
        assert layer in html
    if not undefined:
        assert "svg" in read.tags
        assert (COMPARE in read.text) == (classes is not None)


def test_names_labels_and_sentences_are_escaped(tmp_path: Path) -> None:
    report = fakes.report(NASTY, NASTY, warnings=NASTY, advice=NASTY)
    html, read = page(report, tmp_path, title=NASTY[0])
    assert {"script", "img"}.isdisjoint(read.tags)
    assert read.events == []
    assert all(target.startswith("#") for target in read.loaded)
    assert "<script>alert(1)</script>" in read.text
    assert "{{ 7*7 }}" in read.text
    assert "49" not in re.findall(r"\$\{?(\d+)\}? ", read.text)
    for hidden in ("\x00", "\x1b", "\u202e"):
        assert hidden not in html
    # In the table, the warnings, the advice, and (shortened) inside the charts.
    assert html.count("&lt;script&gt;") >= 4
    assert "日本語" in html


def test_nasty_names_inside_charts_of_a_run(tmp_path: Path) -> None:
    report = fakes.report(NASTY, NASTY, steps=NASTY, warnings=NASTY)
    _, read = page(report, tmp_path)
    assert {"script", "img"}.isdisjoint(read.tags)
    assert read.events == []
    assert set(read.references) <= set(read.ids)


def test_a_short_nasty_name_stands_literally_in_a_chart(tmp_path: Path) -> None:
    html, _ = page(fakes.report(["<b>$x$</b>", "\"&'"]), tmp_path)
    inside = "".join(re.findall(r"<text[^>]*>([^<]*)</text>", html))
    assert "&lt;b&gt;$x$&lt;/b&gt;" in inside
    assert "\"&amp;'" in inside


def test_the_policy_forbids_scripts_and_network(tmp_path: Path) -> None:
    html, _ = page(fakes.report(("a", "b")), tmp_path)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert "http://" not in html
    assert "https://" not in html
    assert "@import" not in html


def test_everything_asked_for_is_on_the_page(tmp_path: Path) -> None:
    report = fakes.report(
        ("conv1", "conv2"),
        advice=("cut conv2",),
        warnings=("order was guessed", "layer conv2: 3 rows are zero", "conv2: two"),
    )
    html, read = page(report, tmp_path)
    for wanted in (
        "How 2 layers organise the data", "800 samples", "10 classes", "cut conv2.",
        "Modularity of the labels", "Modularity by class", "Same-label agreement",
        "Intrinsic dimension", "Hubness", "Duplicate rows", "Zero rows", "3 rows are zero.",
        "random state", "@inproceedings{lu2022modularity,", "@article{facco2017twonn,",
        f"layerscope {report.settings['version']}",
    ):  # fmt: skip
        assert wanted in read.text, wanted
    at = re.search(r"<dt>conv2</dt>\s*<dd><ul>(.*?)</ul>", html)
    assert at is not None
    assert at[1] == "<li>3 rows are zero.</li><li>two.</li>"


def test_the_same_report_gives_the_same_bytes_and_changes_no_setting(tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    report = fakes.report(fakes.names(4), steps=[0, 1])
    assert page(report, tmp_path)[0] == page(report, tmp_path)[0]
    assert dict(mpl.rcParams) == before


def test_settings_of_the_user_do_not_reach_the_page(tmp_path: Path) -> None:
    report = fakes.report(fakes.names(4))
    plain = page(report, tmp_path)[0]
    with mpl.rc_context({"lines.linewidth": 9.0, "font.size": 30.0, "axes.grid": True}):
        assert page(report, tmp_path)[0] == plain


def test_four_threads_at_once_give_the_same_page(tmp_path: Path) -> None:
    report = fakes.report(fakes.names(3))
    wanted = page(report, tmp_path)[0]
    pages: list[str] = []

    def write(number: int) -> None:
        path = report.to_html(tmp_path / f"{number}.html")
        pages.append(path.read_text(encoding="utf-8"))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pages == [wanted] * 4


def test_a_long_run_lists_its_ends_only(tmp_path: Path) -> None:
    layers, steps = fakes.names(40), [f"step-{number:03}" for number in range(40)]
    html, read = page(fakes.report(layers, steps=steps), tmp_path)
    assert "all 1600 rows" in read.text
    assert len(re.findall("<tr>", html)) == 1 + 2 * 40
    assert "<td>step-039" in html
    assert "<td>step-020" not in html


def test_an_added_result_has_a_chart_and_a_map(tmp_path: Path) -> None:
    def extra(values: list[float]) -> fakes.FakePerLayer:
        return fakes.FakePerLayer(
            layers=("a", "b"), measure="basin_width", value=np.array(values), results=()
        )

    alone = fakes.report(("a", "b")).add("basin_width", extra([1.0, 2.0]))
    assert "basin width" in page(alone, tmp_path)[1].text
    run = fakes.report(("a", "b"), steps=[0, 1])
    run = run.add("basin_width", {0: extra([1.0, 2.0]), 1: extra([3.0, 4.0])})
    assert "basin width: layer by checkpoint" in page(run, tmp_path)[1].text


def test_a_report_of_nothing_but_names_is_a_page(tmp_path: Path) -> None:
    report = Report(layers=("a",), table=Table({"layer": ["a"], "note": ["words"]}))
    html, read = page(report, tmp_path)
    assert "svg" not in read.tags
    assert "words" in html
