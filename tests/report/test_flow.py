"""The flow of communities: what stands where, in which colour, and that it fits."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import PatchCollection
from matplotlib.colors import to_hex
from matplotlib.patches import PathPatch

import layerscope as ls
from layerscope import plot
from layerscope.plot import _flow
from layerscope.plot._flow_layout import OTHERS, _crossings, lay_out
from tests.measures._communities import communities


def followed(n_classes: int, n_layers: int, n: int = 3000, *, named: bool = True) -> Any:
    """Classes that part from groups of four, less mixed from layer to layer."""
    rng = np.random.default_rng(n_classes)
    classes = rng.integers(n_classes, size=n)
    stack = {}
    for place in range(n_layers):
        done = place / max(n_layers - 1, 1)
        groups = round(n_classes * (0.25 + 0.75 * done))
        mixed = rng.random(n) < 0.4 * (1 - done)
        labels = np.where(mixed, rng.integers(groups, size=n), classes % groups)
        labels[:6] = groups + np.arange(6)  # six samples alone
        stack[f"blocks.{place}.attention"] = communities(labels)
    names = [f"class {one}" for one in classes] if named else None
    return ls.follow_communities(stack, labels=names)


labels = st.integers(1, 30).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, 9), min_size=n, max_size=n), min_size=1, max_size=5)
)


@given(labels, st.floats(0, 0.5))
def test_every_sample_is_in_one_block_of_each_layer(chain: list[list[int]], least: float) -> None:
    laid = lay_out(chain, least)
    n = len(chain[0])
    for found, sizes in zip(laid.numbers, laid.sizes, strict=True):
        assert sizes.sum() == n
        assert len(set(found.tolist())) == len(found)
        assert OTHERS not in found[:-1].tolist()
    for table, sizes, after in zip(laid.shared, laid.sizes, laid.sizes[1:], strict=False):
        assert table.sum(axis=1).tolist() == sizes.tolist()
        assert table.sum(axis=0).tolist() == after.tolist()
    shown = {number for found in laid.numbers for number in found.tolist()} - {OTHERS}
    largest = {number: max(row.count(number) for row in chain) for row in chain for number in row}
    small = {number for number, size in largest.items() if size < least * n}
    assert shown == largest.keys() - (small if len(small) > 1 else set())
    assert laid.n_folded == (len(small) if len(small) > 1 else 0)


@given(labels)
def test_crossings_are_those_of_all_pairs_of_ribbons(chain: list[list[int]]) -> None:
    laid = lay_out(chain, 0)
    orders = [np.arange(len(found)) for found in laid.numbers]
    expected = 0
    for table in laid.shared:
        cells = list(np.ndindex(table.shape))
        for (a, b), (c, d) in itertools.product(cells, cells):
            if a < c and b > d:
                expected += int(table[a, b] * table[c, d])
    assert _crossings(orders, laid.shared) == expected


def test_an_order_without_crossings_is_found() -> None:
    rng = np.random.default_rng(1)
    parts = np.repeat(np.arange(12), 10)
    names = rng.permutation(12)
    laid = lay_out([parts // 3, names[parts], parts // 2], 0)
    assert _crossings([np.arange(len(one)) for one in laid.numbers], laid.shared) == 0


def blocks(axes: Any) -> list[tuple[float, float, float, str]]:
    """(layer, top, height, colour) of every block."""
    [drawn] = [one for one in axes.collections if isinstance(one, PatchCollection)]
    found = []
    for path, colour in zip(drawn.get_paths(), drawn.get_facecolors(), strict=True):
        box = path.get_extents()
        found.append(((box.x0 + box.x1) / 2, box.y0, box.height, to_hex(colour)))
    return found


@pytest.mark.parametrize("size", [(10, 6), (10, 20), (100, 6), (100, 20)])
def test_blocks_do_not_touch_and_keep_their_colour(size: tuple[int, int]) -> None:
    result = followed(*size)
    axes = plot.flow(result)
    axes.get_figure(root=True).draw_without_rendering()
    found = blocks(axes)
    laid = lay_out(result.labels, _flow.LOWEST / axes.get_ylim()[0])
    numbers = [number for layer in laid.numbers for number in layer.tolist()]
    samples = [count for layer in laid.sizes for count in layer.tolist()]
    assert len(found) == len(numbers)
    colour_of: dict[int, str] = {}
    for (_, _, _, colour), number in zip(found, numbers, strict=True):
        assert colour_of.setdefault(number, colour) == colour
    if len(colour_of) <= 13:
        assert len(set(colour_of.values())) == len(colour_of)
    heights = np.array([height for _, _, height, _ in found]) / np.array(samples)
    assert np.allclose(heights, heights[0])
    for one, other in itertools.pairwise(found):
        if one[0] == pytest.approx(other[0]):
            assert other[1] - (one[1] + one[2]) > 0.2  # points
    low, high = axes.get_ylim()[0], 0.0
    assert all(top >= high - 1e-6 and top + height <= low + 1e-6 for _, top, height, _ in found)


@pytest.mark.parametrize("size", [(10, 6), (10, 20), (100, 6), (100, 20)])
def test_no_text_runs_into_another_or_off_the_picture(size: tuple[int, int]) -> None:
    axes = plot.flow(followed(*size))
    picture = axes.get_figure(root=True)
    picture.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) >= size[1] // 2
    for one, other in itertools.combinations(boxes, 2):
        assert not one.overlaps(other)
    whole = picture.bbox
    for box in boxes:
        assert whole.x0 <= box.x0
        assert box.x1 <= whole.x1 + 1
        assert whole.y0 <= box.y0
        assert box.y1 <= whole.y1 + 1


def test_ribbons_fill_their_blocks_when_none_is_thin() -> None:
    first, second = [0] * 60 + [1] * 40, [0] * 30 + [1] * 70
    result = ls.follow_communities({"a": communities(first), "b": communities(second)})
    axes = plot.flow(result)
    ribbons = [patch for patch in axes.patches if isinstance(patch, PathPatch)]
    outlines = [path for patch in ribbons for path in patch.get_path().to_polygons()]
    assert len(outlines) == 3  # 0 to 0, 0 to 1, 1 to 1
    leaving = sorted(outline[-2][1] - outline[0][1] for outline in map(np.asarray, outlines))
    scale = max(height for _, _, height, _ in blocks(axes)) / 70
    assert np.allclose(leaving, scale * np.array([30, 30, 40]), atol=0.2)


def test_communities_are_named_by_their_class_or_their_number() -> None:
    shown = {text.get_text().strip() for text in plot.flow(followed(10, 4)).texts}
    assert {f"class {place}" for place in range(10)} <= shown
    assert "16" in shown  # communities of the last layer
    result = followed(10, 4, named=False)
    shown = {text.get_text().strip() for text in plot.flow(result).texts}
    large = [n for n in np.unique(result.labels[-1]) if (result.labels[-1] == n).sum() > 100]
    assert {str(number) for number in large} <= shown


def ribbons_of(axes: Any) -> int:
    shapes = [patch for patch in axes.patches if isinstance(patch, PathPatch)]
    return sum(len(patch.get_path().to_polygons()) for patch in shapes)


def test_thin_ribbons_are_left_out_and_never_more_than_a_page_can_carry() -> None:
    grid = np.arange(14 * 14)
    layers = [communities(grid % 14 if place % 2 else grid // 14) for place in range(21)]
    result = ls.follow_communities({f"l{place}": layer for place, layer in enumerate(layers)})
    assert ribbons_of(plot.flow(result)) == _flow.MOST_RIBBONS < 20 * 14 * 14
    rng = np.random.default_rng(0)
    stack = {f"l{place}": communities(rng.integers(100, size=9000)) for place in range(2)}
    assert ribbons_of(plot.flow(ls.follow_communities(stack))) == 0


@given(labels)
def test_anything_can_be_drawn(chain: list[list[int]]) -> None:
    stack = {f"$x_{{{place}}}$ <b>": communities(row) for place, row in enumerate(chain)}
    result = ls.follow_communities(stack, labels=[f"$\\frac{{{row}}}$" for row in chain[0]])
    plot.flow(result).get_figure(root=True).draw_without_rendering()
    plot.community_agreement(result).get_figure(root=True).draw_without_rendering()


def test_a_result_draws_itself_on_given_axes() -> None:
    axes = plot.figure().add_subplot()
    assert followed(10, 3).plot(axes) is axes
    assert followed(10, 3).plot().get_figure(root=True) is not axes.get_figure(root=True)


def test_agreement_is_drawn_as_it_is() -> None:
    result = followed(10, 5)
    drawn = [np.asarray(line.get_ydata()) for line in plot.community_agreement(result).lines]
    for wanted in (result.agreement.ami, result.agreement.ari, result.agreement.purity):
        assert any(np.array_equal(one, wanted) for one in drawn)
