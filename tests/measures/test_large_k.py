"""Large k by rows of bits: the numbers of the lists, under a limit, and no list in between."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerscope import _core, bfloat16, neighbors, nnts
from layerscope._reference import persistence as twin
from layerscope.errors import InvalidInputError, MemoryLimitError
from layerscope.measures import _nnts_paths
from tests.seam._calls import bits

METRICS = ("euclidean", "cosine", "pearson", "inner_product")


def both_ways(stack, **how):
    """Return the result by lists and the result by bits, whatever the rule would choose."""
    found = []
    for prefer in (False, True):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_nnts_paths, "_prefer_bits", lambda *_, answer=prefer: answer)
            found.append(nnts(stack, **how))
    return found


@st.composite
def stacks(draw):
    """Layers on a small grid (ties, duplicates, zero rows) or of any kind of numbers."""
    n = draw(st.integers(3, 80))
    d = draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kinds = (
        lambda: rng.integers(-1, 2, size=(n, d)).astype(np.float32),
        lambda: rng.normal(size=(n, d)),
        lambda: np.repeat(rng.normal(size=(1, d)), n, axis=0),
        lambda: rng.normal(size=(n, d)) * 10.0 ** rng.integers(-300, 300, size=(n, 1)),
        lambda: 1e6 + 1e-6 * rng.integers(0, 3, size=(n, d)),
    )
    chosen = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=4))
    k = draw(st.integers(1, n - 1))
    ks = draw(st.sets(st.integers(1, k), max_size=3)) | {k}
    return {f"layer{i}": make() for i, make in enumerate(chosen)}, tuple(ks)


@given(stacks(), st.sampled_from(METRICS))
def test_bits_give_what_lists_give_to_the_last_bit(case, metric):
    stack, ks = case
    how = {"n_neighbors": ks, "metric": metric, "n_bootstrap": 3, "per_sample": True}
    lists, sets = both_ways(stack, **how, n_jobs=2)
    assert bits(lists) == bits(sets)


@given(stacks())
def test_bits_give_what_the_sets_of_the_definition_give(case):
    stack, ks = case
    _, sets = both_ways(stack, n_neighbors=ks, n_bootstrap=0)
    lists = [neighbors(x, n_neighbors=max(ks)).indices for x in stack.values()]
    for at, k in enumerate(sets.ks):
        np.testing.assert_allclose(sets.by_k[at], twin.nnts_matrix(lists, k), atol=1e-12)
    if max(ks) == len(lists[0]) - 1:
        np.testing.assert_array_equal(sets.matrix, 1.0)


def cloud(n, d, n_layers):
    rng = np.random.default_rng(n + d)
    x = rng.normal(size=(n, d))
    return {str(i): (x + i * rng.normal(size=(n, d))).astype(np.float32) for i in range(n_layers)}


def test_every_stored_kind():
    x = cloud(90, 6, 1)["0"]
    words = (x.view(np.uint32) >> 16).astype(np.uint16)
    stack = {"half": x.astype(np.float16), "brain": bfloat16(words), "double": x.astype(float)}
    lists, sets = both_ways(stack, n_neighbors=(40,))
    assert bits(lists) == bits(sets)


@pytest.mark.parametrize("known", [("1",), ("0", "2"), ("0", "1", "2")])
def test_layers_whose_neighbours_are_known(known):
    stack = cloud(150, 4, 3)
    plain = nnts(stack, n_neighbors=(50, 20))
    mixed = {
        name: neighbors(x, n_neighbors=60) if name in known else x for name, x in stack.items()
    }
    lists, sets = both_ways(mixed, n_neighbors=(50, 20))
    assert bits(lists) == bits(sets) == bits(plain)


def test_the_rule_weighs_words_against_neighbours_and_minds_the_limit():
    stack = cloud(640, 2, 2)
    prefer = _nnts_paths._prefer_bits
    assert not prefer(stack, (10,), None)
    assert prefer(stack, (11,), None)
    assert not prefer(stack, (5, 20), None)
    assert prefer(stack, (5, 21), None)
    assert prefer(stack, (10,), 2 * 640 * 10 * 12 - 1)
    assert not prefer(stack, (10,), 2 * 640 * 10 * 12)
    assert not prefer(stack, (640,), None)
    known = {name: neighbors(x, n_neighbors=10) for name, x in stack.items()}
    assert not prefer(known, (10,), 1)


def test_a_limit_changes_nothing_or_says_what_it_needs():
    stack = cloud(400, 20, 3)
    how = {"n_neighbors": (80, 7), "n_jobs": 2}
    free = nnts(stack, **how)
    with pytest.raises(MemoryLimitError, match="memory_limit must be at least") as caught:
        nnts(stack, **how, memory_limit=1000)
    needed = int(caught.value.rule.split()[4])
    sources = list(stack.values())
    enough = _core.nnts_sets_memory(sources, [7, 80], "euclidean", True, True, None, 2)
    assert needed < enough
    for limit in (needed, (needed + enough) // 2, enough):
        assert _core.nnts_sets_memory(sources, [7, 80], "euclidean", True, True, limit, 2) <= limit
        assert bits(nnts(stack, **how, memory_limit=limit)) == bits(free)
    with pytest.raises(MemoryLimitError):
        nnts(stack, **how, memory_limit=needed - 1)


PEAK = """
import sys
import numpy as np
import layerscope as ls

def status(word):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(word))

rng = np.random.default_rng(0)
stack = {str(i): rng.normal(size=(4000, 8)).astype(np.float32) for i in range(3)}
ls.nnts({name: x[:300] for name, x in stack.items()}, n_neighbors=(60,), n_jobs=2)
open("/proc/self/clear_refs", "w").write("5")  # the peak so far is forgotten
before = status("VmRSS")
ls.nnts(stack, n_neighbors=(800,), n_bootstrap=2, n_jobs=2, memory_limit=int(sys.argv[1]))
print(status("VmHWM") - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the peak from /proc")
def test_the_measured_peak_stays_under_the_limit():
    limit = 12_000_000  # the lists would be 115 MB
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(limit)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    # A megabyte for thread stacks and what the allocator rounds up.
    assert 1_000_000 < int(done.stdout) < limit + 1_000_000


def test_errors_name_the_layer():
    stack = cloud(100, 3, 3)
    stack["1"][4, 2] = np.nan
    with pytest.raises(InvalidInputError, match="layer '1': X must be finite") as caught:
        nnts(stack, n_neighbors=(50,))
    assert caught.value.layer == "1"
    shallow = {"0": stack["0"], "1": neighbors(stack["2"], n_neighbors=20)}
    with pytest.raises(InvalidInputError, match="layer '1': n_neighbors must be at most 20"):
        nnts(shallow, n_neighbors=(50,))
    with pytest.raises(InvalidInputError, match="metric must be one of"):
        nnts({"0": stack["0"]}, n_neighbors=(50,), metric="l1")
    with pytest.raises(InvalidInputError, match="n_neighbors must be below"):
        nnts({"0": stack["0"]}, n_neighbors=(100,))


def test_lists_and_layers_that_do_not_fit_are_refused_at_the_seam():
    x, y = cloud(30, 3, 2).values()
    with pytest.raises(InvalidInputError, match="layer 'b': stack must have 30 rows"):
        _core.nnts_sets([x, y[:20].copy()], ["a", "b"], [10], "cosine", 0, 0, False, False)
    foreign = np.full((30, 10), 30, dtype=np.uint32)
    with pytest.raises(InvalidInputError, match="layer 'b': stack must point to rows below 30"):
        _core.nnts_sets([x, foreign], ["a", "b"], [10], "cosine", 0, 0, False, False)
    with pytest.raises(InvalidInputError, match="rising numbers"):
        _core.nnts_sets([x], ["a"], [10, 10], "cosine", 0, 0, False, False)


def test_warnings_count_what_the_lists_count():
    x = np.zeros((70, 3))
    x[:40] = np.random.default_rng(0).integers(0, 2, size=(40, 3))
    lists, sets = both_ways({"a": x, "b": x + 1e308}, n_neighbors=(30,), metric="cosine")
    assert lists.warnings == sets.warnings
    assert any("tie at neighbour 30" in warning for warning in sets.warnings)
    assert any("zero: similarity 0" in warning for warning in sets.warnings)
    huge = {"a": np.where(x > 0, 1.7e308, -1.7e308), "b": x}
    lists, sets = both_ways(huge, n_neighbors=(60,))
    assert lists.warnings == sets.warnings
    assert any("overflow to infinity" in warning for warning in sets.warnings)


def test_progress_is_told():
    seen = []
    nnts(cloud(200, 3, 2), n_neighbors=(80,), progress=lambda *event: seen.append(event))
    done, total, what = seen[-1]
    assert done == total > 0
    assert what == "nnts"
