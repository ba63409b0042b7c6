"""Pairs of layers on the page: what can be chosen, what is shown for it, and how much it weighs."""

from __future__ import annotations

import base64
import io
import re
from collections import Counter
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.image import imread

from layerscope import Report, analyze_run
from layerscope.plot._maps import ramp
from layerscope.plot._style import colour_of
from layerscope.report._across import _nnts_tip, _stops, across_charts
from layerscope.report._choices import tips as tips_of
from layerscope.report._png import png_address
from layerscope.report._svg import Box
from tests.report import _chains as chains
from tests.report.test_html import NASTY, Page


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    return written(chains.report(6), tmp_path_factory.mktemp("page"))


def written(report: Report, folder: Path) -> str:
    return report.to_html(folder / "report.html").read_text(encoding="utf-8")


def figure(html: str, heading: str) -> str:
    """The card with that heading."""
    found = [part for part in re.findall(r"<figure.*?</figure>", html, re.DOTALL)
             if f"<h3>{heading}" in part]  # fmt: skip
    assert len(found) == 1, heading
    return str(found[0])


def pixels(layer: str) -> npt.NDArray[np.uint8]:
    address = re.search(r'href="data:image/png;base64,([^"]+)"', layer)
    assert address is not None
    image = imread(io.BytesIO(base64.b64decode(address[1])))
    return np.round(image[..., :3] * 255).astype(np.uint8)


def layers(card: str) -> dict[str, str]:
    """Mark -> what lies over the chart for it."""
    return dict(re.findall(r'<g class="of (f\dk\d+)">(.*?)</g>', card))


def tips(card: str) -> list[str]:
    return [unescape(text) for text in re.findall(r"<title>([^<]*)</title></rect>", card)]


def test_a_slider_has_a_stop_for_every_k_and_stands_at_the_largest(html: str) -> None:
    card = figure(html, "Similarity of neighbourhoods")
    stops = re.findall(r'name="nnts-k" class="ck(\d+)"[^>]*?( checked)?>(\d+)</label>', card)
    assert [(int(place), int(k)) for place, _, k in stops] == [(k - 1, k) for k in range(1, 16)]
    assert [k for _, checked, k in stops if checked] == ["15"]
    forms = re.findall(r'name="nnts-f" class="cf(\d)"[^>]*?( checked)?>(\w+)</label>', card)
    assert forms == [("0", " checked", "NNTS"), ("1", "", "adjusted"), ("2", "", "overlap"),
                     ("3", "", "stretched")]  # fmt: skip


def test_every_choice_but_the_first_has_a_layer_with_its_values(html: str) -> None:
    result = chains.report(6).results["nnts"]
    found = layers(figure(html, "Similarity of neighbourhoods"))
    wanted = {f"f{form}k{place}" for form in range(4) for place in range(15)}
    assert set(found) == wanted - {"f0k14"}
    shades = ramp(colour_of("nnts"))
    for mark, layer in found.items():
        if mark.startswith("f3"):
            continue
        form, place = int(mark[1]), int(mark[3:])
        chance = result.chance_by_k[place]
        values = (
            result.by_k[place],
            (result.by_k[place] - chance) / (1 - chance),
            result.overlap_by_k[place],
        )[form]
        expected = np.round(255 * shades(np.clip(values, 0, 1))[..., :3])
        assert np.abs(pixels(layer).astype(int) - expected).max() <= 4, mark  # 128 shades
        shown = [text.replace("−", "-") for text in re.findall(r"<tspan[^>]*>([^<]*)<", layer)]
        np.testing.assert_allclose(np.array(shown, dtype=float), values.ravel(), atol=0.0051)


def test_stretched_colours_go_from_the_lowest_to_the_highest_pair(html: str) -> None:
    result = chains.report(6).results["nnts"]
    found = layers(figure(html, "Similarity of neighbourhoods"))
    apart = ~np.eye(6, dtype=bool)
    for place in (0, 7, 14):
        layer, values = found[f"f3k{place}"], result.by_k[place]
        low, high = values[apart].min(), values[apart].max()
        expected = np.round(255 * ramp(colour_of("nnts"))((values - low) / (high - low))[..., :3])
        drawn = pixels(layer).astype(int)
        assert np.abs(drawn - expected)[apart].max() <= 4
        assert (drawn[~apart] == [0xEE, 0xF1, 0xF4]).all()  # the colour of no value
        shown = re.findall(r"<tspan[^>]*>([^<]*)<", layer)
        np.testing.assert_allclose(np.array(shown, float), values[apart], atol=0.0051)
        bar = re.findall(r'<text class="b"[^>]*>([^<]*)<', layer)
        np.testing.assert_allclose(np.array(bar, float), [high, (low + high) / 2, low], atol=0.0051)


def test_the_style_shows_what_the_buttons_name_and_nothing_else(html: str) -> None:
    style = html[html.index("<style>") : html.index("</style>")]
    rules = set(
        re.findall(r"\.pick:has\(\.cf(\d+):checked\):has\(\.ck(\d+):checked\) (\.\w+)", style)
    )
    assert rules == {
        (str(form), str(place), f".f{form}k{place}") for form in range(4) for place in range(15)
    }
    marks = Counter(re.findall(r'class="of (\w+)', html))
    single = re.findall(r"\.pick:has\(\.(c[fk]\d+):checked\) \.([fk]\d+)\b", style)
    assert {(f"c{mark}", mark) for mark in marks if re.fullmatch(r"[fk]\d+", mark)} <= set(single)
    pairs = {f"f{form}k{place}" for form, place, _ in rules}
    assert {mark for mark in marks if "f" in mark and "k" in mark} <= pairs


def test_sentences_beside_the_slider_are_those_of_their_k(html: str) -> None:
    result = chains.report(6).results["nnts"]
    card = figure(html, "Similarity of neighbourhoods")
    notes = dict(re.findall(r'<p class="of (f\dk\d+)[^"]*">([^<]*)</p>', card))
    assert len(notes) == 60
    assert f"unrelated layers would have {result.chance_by_k[2]:.2g}" in notes["f0k2"]
    beside = np.diag(result.overlap_by_k[6], 1)
    assert (
        f"At k = 7, the overlap of a layer and the next is {beside.mean():.2f} on" in notes["f2k6"]
    )
    assert len(re.findall(r'<p class="of \w+ first">', card)) == 2


def test_the_pointer_tells_value_interval_and_chance(html: str) -> None:
    result = chains.report(6).results["nnts"]
    told = tips(figure(html, "Similarity of neighbourhoods"))
    assert len(told) == 36
    assert told[0] == "conv1, with itself"
    text = told[2 * 6 + 4]
    assert text.startswith("conv3 and conv5, k = 15: ")
    for number in (
        f"NNTS {result.matrix[2, 4]:.3f}, ",
        f"interval {result.low[2, 4]:.3f} to {result.high[2, 4]:.3f} (neighbours held fixed); ",
        f"chance {result.chance:.2g}; ",
        f"adjusted {result.adjusted[2, 4]:.3f}; ",
        f"overlap {result.overlap[2, 4]:.3f}. ",
    ):
        assert number in text
    by_k = text.rpartition(": ")[2].split()
    np.testing.assert_allclose(np.array(by_k, float), result.by_k[:, 2, 4], atol=0.0051)


def test_cka_has_both_forms_and_tells_both(html: str) -> None:
    result = chains.report(6).results["cka"]
    card = figure(html, "CKA of all pairs")
    found = layers(card)
    assert set(found) == {"f1k0"}
    expected = np.round(255 * ramp(colour_of("cka"))(np.clip(result.debiased, 0, 1))[..., :3])
    assert np.abs(pixels(found["f1k0"]).astype(int) - expected).max() <= 4
    told = tips(card)[1]
    assert told == (
        f"conv1 and conv2: CKA {result.matrix[0, 1]:.3f}, debiased {result.debiased[0, 1]:.3f}"
    )
    assert "hidden" in card  # one k is no choice


def test_every_kind_of_run_tells_its_count(html: str) -> None:
    result = chains.report(6).results["nntp"]
    told = tips(figure(html, "Persistence of neighbour pairs"))
    assert len(told) == np.count_nonzero(result.counts)
    counts = result.counts[result.counts > 0].tolist()
    assert [int(re.search(r": (\d+) run", text)[1]) for text in told] == counts  # type: ignore[index]
    assert told[0].startswith("in conv1 alone: ")
    assert told[1].startswith("conv1 to conv2: ")


def test_sixty_layers_and_fifteen_k_stay_below_three_megabytes(tmp_path: Path) -> None:
    html = written(chains.report(60), tmp_path)
    assert 500_000 < len(html.encode()) < 3_000_000
    read = Page(html)
    assert len(read.ids) == len(set(read.ids))
    assert "script" not in read.tags
    assert read.events == []
    card = figure(html, "Similarity of neighbourhoods")
    assert "<tspan" not in card  # no number fits
    assert len(layers(card)) == 59
    assert len(tips(card)) == 3600


def test_beyond_sixty_layers_less_is_told_and_then_nothing() -> None:
    box = Box(0, 0, 100, 100)
    assert tips_of(np.ones((140, 140)), lambda *_: "x", box).count("<title>") == 140**2
    assert tips_of(np.ones((141, 141)), lambda *_: "x", box) == ""
    result = chains.report(6).results["nnts"]
    names = [f"l{place}" for place in range(65)]
    text = _nnts_tip(result, range(15), names, 1, 2)
    interval = f"interval {result.low[1, 2]:.3f} to {result.high[1, 2]:.3f}"
    assert text.endswith(f"{interval} (neighbours held fixed)")


def test_names_are_escaped_where_the_pointer_tells_them(tmp_path: Path) -> None:
    html = written(chains.of_names(NASTY), tmp_path)
    read = Page(html)
    assert {"script", "img"}.isdisjoint(read.tags)
    assert read.events == []
    assert any("<script>alert(1)</script>" in text for text in tips(html))


def test_no_pair_from_end_to_end_is_said_without_a_share() -> None:
    result = chains.report(6).results["nntp"]
    assert len(result.end_to_end)
    lasting = across_charts({"nntp": result}, 6)[0].caption
    assert "of all runs)." in lasting
    none = replace(result, end_to_end=result.end_to_end[:0])
    assert "from end to end (none)." in across_charts({"nntp": none}, 6)[0].caption


def test_the_caption_says_what_the_intervals_leave_out() -> None:
    result = chains.report(6).results["nnts"]
    assert "neighbours held fixed" in across_charts({"nnts": result}, 6)[0].caption
    without = replace(result, low=result.low * np.nan, high=result.high * np.nan)
    assert "held fixed" not in across_charts({"nnts": without}, 6)[0].caption


def test_two_layers_one_k_and_a_run_have_their_charts(tmp_path: Path) -> None:
    html = written(chains.of_names(["a", "b"], 1), tmp_path)
    card = figure(html, "Similarity of neighbourhoods")
    assert set(layers(card)) == {"f1k0", "f2k0"}
    assert "<figure" in figure(html, "Lifetimes")
    one = written(chains.of_names(["a"], 3), tmp_path)
    assert "Similarity of neighbourhoods" not in one
    stack = chains.chain(["a", "b", "c"])
    run = analyze_run({0: stack, 5: stack}, n_neighbors=3, measures=("nnts", "nntp", "cka"))
    last = written(run, tmp_path)
    assert "CKA of all pairs of layers, last checkpoint" in last
    assert len(layers(figure(last, "Similarity of neighbourhoods"))) == 11


def test_many_k_have_few_stops_with_both_ends() -> None:
    for count in (1, 2, 15, 16, 40, 254):
        stops = _stops(range(1, count + 1))
        assert stops[0] == 0
        assert stops[-1] == count - 1
        assert len(stops) <= 15
        assert sorted(set(stops)) == stops


def test_a_small_png_reads_back() -> None:
    rng = np.random.default_rng(0)
    cells = rng.integers(0, 5, size=(7, 11), dtype=np.uint8)
    palette: Any = [tuple(colour) for colour in rng.integers(0, 256, size=(5, 3)).tolist()]
    read = pixels(f'href="{png_address(cells, palette)}"')
    np.testing.assert_array_equal(read, np.array(palette)[cells])
