"""Exact neighbours of the compiled half: equal to the numpy twin, bit for bit, and to others."""

from __future__ import annotations

import gzip

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.neighbors import NearestNeighbors

from layerscope import _core
from layerscope._reference.neighbours import lane_sum, nearest
from layerscope.errors import InvalidInputError, MemoryLimitError
from tests._shared import shared

METRICS = ("euclidean", "cosine", "pearson", "inner_product")


def assert_same(fast, slow):
    for ours, theirs in zip(fast[:3], slow[:3], strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)
    assert fast[3:] == (slow.n_duplicate_rows, slow.n_zero_rows)


def clouds(seed=0):
    """Matrices that break shortcuts, by name."""
    rng = np.random.default_rng(seed)
    normal = rng.normal(size=(60, 13))
    clusters = np.where(np.arange(60) % 2, 30.0, -30.0)[:, None]
    yield "gaussian", normal
    yield "rectified", normal.clip(0)
    yield "ties", normal.round()
    yield "copies", normal.round()[rng.integers(0, 20, 60)]
    yield "constant", np.full((60, 13), 0.1)
    yield "zero rows", normal * (np.arange(60) % 3 > 0)[:, None]
    yield "constant rows", np.repeat(normal[:, :1], 13, axis=1)
    yield "shifted", normal + 1e8
    yield "tight clusters", clusters + 1e-9 * normal
    yield "outlier", normal * np.where(np.arange(60) == 30, 1e20, 1)[:, None]
    yield "subnormal", normal * 1e-320
    yield "huge", normal * 1e300
    yield "tiny", normal * 1e-200
    yield "rows of many lengths", normal * np.logspace(-150, 150, 60)[:, None]
    yield "features of many scales", normal * np.logspace(-6, 6, 13)


@pytest.mark.parametrize("metric", METRICS)
def test_equals_the_twin_on_nasty_input_for_any_number_of_threads(metric):
    for name, x in clouds():
        slow = nearest(x, 7, metric)
        for n_jobs in (1, 2, 7):
            fast = _core.neighbors(x, 7, metric, n_jobs=n_jobs)
            np.testing.assert_array_equal(fast[0], slow.indices, err_msg=name)
            assert_same(fast, slow)


@settings(max_examples=60)
@given(
    x=hnp.arrays(
        np.float64,
        st.tuples(st.integers(2, 12), st.integers(1, 20)),
        elements=st.one_of(
            st.integers(-3, 3).map(float), st.floats(allow_nan=False, allow_infinity=False)
        ),
    ),
    metric=st.sampled_from(METRICS),
    data=st.data(),
)
def test_equals_the_twin_on_arbitrary_input(x, metric, data):
    k = data.draw(st.integers(1, len(x) - 1))
    assert_same(_core.neighbors(x, k, metric), nearest(x, k, metric))


@pytest.mark.parametrize("metric", METRICS)
def test_groups_and_queries_equal_the_twin(metric):
    rng = np.random.default_rng(3)
    groups = rng.integers(0, 9, 60).astype(np.uint32) * np.uint32(400_000_000)
    for _, x in clouds(1):
        fast = _core.neighbors(x, 5, metric, groups=groups)
        assert_same(fast, nearest(x, 5, metric, groups=groups))
        assert (groups[fast[0]] != groups[:, None]).all()
        queries = np.concatenate([x[:9], x[:11] * 1.25])
        fast = _core.neighbors(x, 60, metric, queries=queries)
        assert_same(fast, nearest(x, 60, metric, queries=queries))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("kind", [np.float64, np.float32, np.float16, ml_dtypes.bfloat16])
def test_every_kind_is_read_as_its_exact_values(metric, kind):
    x = np.random.default_rng(4).normal(size=(50, 21)).astype(kind)
    given = x.view(np.uint16) if kind is ml_dtypes.bfloat16 else x
    queries = x[::3].astype(np.float64)
    slow = nearest(x, 6, metric)
    assert_same(_core.neighbors(given, 6, metric), slow)
    # Kinds may be mixed between data and queries.
    fast = _core.neighbors(given, 6, metric, queries=queries)
    assert_same(fast, nearest(x, 6, metric, queries=queries))


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_agrees_with_scikit_learn(metric):
    x = np.random.default_rng(5).normal(size=(300, 40))
    indices, values, *_ = _core.neighbors(x, 9, metric)
    model = NearestNeighbors(n_neighbors=9, metric=metric, algorithm="brute").fit(x)
    distances, theirs = model.kneighbors()
    np.testing.assert_array_equal(indices, theirs)
    ours = values if metric == "euclidean" else 1 - values
    np.testing.assert_allclose(ours, distances, rtol=1e-9)


def test_pearson_agrees_with_corrcoef():
    x = np.random.default_rng(6).normal(size=(40, 12)) + 5
    indices, values, *_ = _core.neighbors(x, 39, "pearson")
    correlations = np.corrcoef(x)
    for i in range(40):
        np.testing.assert_allclose(values[i], correlations[i, indices[i]], atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("truth", "images"),
    [
        ("mnist_t10k_l2_k32.npz", "mnist-t10k-images-idx3-ubyte.gz"),
        ("fashion_first10k_l2_k32.npz", "fashion-all-images-idx3-ubyte.gz"),
    ],
)
def test_images_have_their_known_neighbours(truth, images):
    expected = np.load(shared("knn", truth))
    with gzip.open(shared("images", images)) as file:
        content = file.read(16 + 10_000 * 28 * 28)
    pixels = np.frombuffer(content, np.uint8, offset=16).reshape(10_000, -1)
    for kind in (np.float32, np.float16):
        indices, values, tied, duplicates, _ = _core.neighbors(pixels.astype(kind), 32, "euclidean")
        np.testing.assert_array_equal(indices, expected["indices"])
        np.testing.assert_array_equal(values, np.sqrt(expected["sqdist"].astype(np.float64)))
        assert duplicates == 10_000 - len(np.unique(pixels, axis=0))
        equal = np.diff(expected["sqdist"], axis=1) == 0
        np.testing.assert_array_equal(tied[:-1], equal.sum(axis=0))


def test_topic_histograms_have_their_known_neighbours():
    file = np.load(shared("knn", "lda8_10k.npz"))
    base, query = file["base"], file["query"]
    indices, values, _, duplicates, _ = _core.neighbors(base, 100, "euclidean", queries=query)
    # The file breaks ties and sums in its own way, so distances are compared.
    np.testing.assert_allclose(values**2, file["sqdist"], rtol=1e-12, atol=1e-20)
    assert duplicates == 199
    assert (indices == file["neighbours"]).mean() > 0.99


def test_ties_are_counted_where_the_index_decides():
    square = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    indices, _, tied, duplicates, _ = _core.neighbors(square, 3, "euclidean")
    np.testing.assert_array_equal(indices, [[1, 2, 3], [0, 3, 2], [0, 3, 1], [1, 2, 0]])
    np.testing.assert_array_equal(tied, [4, 0, 0])
    assert duplicates == 0
    # With k = 1 the second neighbour is looked at, too.
    assert _core.neighbors(square, 1, "euclidean")[2].tolist() == [4]


def test_zero_rows_are_similar_to_nothing_and_counted():
    x = np.array([[0.0, -0.0], [1, 1], [0, 0], [2, 2]])
    indices, values, _, duplicates, zeros = _core.neighbors(x, 3, "cosine")
    np.testing.assert_array_equal(indices[0], [1, 2, 3])
    np.testing.assert_array_equal(values[0], [0, 0, 0])
    assert (duplicates, zeros) == (1, 2)
    constant = np.array([[0.1] * 10, [5.0] * 10, list(range(10))])
    assert _core.neighbors(constant, 1, "pearson")[4] == 2


def test_a_memory_limit_never_changes_the_answer():
    x = np.random.default_rng(7).normal(size=(900, 30)).astype(np.float32)
    free = _core.neighbors(x, 50, "euclidean", n_jobs=2)
    with pytest.raises(MemoryLimitError, match="memory_limit must be at least") as caught:
        _core.neighbors(x, 50, "euclidean", memory_limit=1000, n_jobs=2)
    needed = int(caught.value.rule.split()[4])
    limited = _core.neighbors(x, 50, "euclidean", memory_limit=needed, n_jobs=2)
    for ours, theirs in zip(limited, free, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert needed < _core.estimate_memory(900, 30, 50, "euclidean", n_jobs=2)


def test_wrong_input_is_named():
    x = np.ones((20, 4))
    x[17, 3] = np.nan
    with pytest.raises(InvalidInputError, match=r"^X must be finite; got nan at row 17, column 3$"):
        _core.neighbors(x, 3, "euclidean")
    with pytest.raises(InvalidInputError, match=r"^queries must be finite; got nan at row 17"):
        _core.neighbors(x[:10], 3, "euclidean", queries=x)
    for k, rule in [
        (0, "at least 1"),
        (-4, "at least 1"),
        (10, r"below the number of rows \(10\)"),
    ]:
        with pytest.raises(InvalidInputError, match=f"^n_neighbors must be {rule}; got {k}$"):
            _core.neighbors(x[:10], k, "euclidean")
    groups = np.array([0] * 8 + [1] * 2, np.uint32)
    with pytest.raises(InvalidInputError, match=r"groups must leave at least 3 rows .* for row 0"):
        _core.neighbors(x[:10], 3, "euclidean", groups=groups)
    with pytest.raises(InvalidInputError, match="metric must be one of"):
        _core.neighbors(x[:10], 3, "manhattan")


def test_lanes_are_summed_in_the_written_order():
    big = 2.0**53
    terms = np.zeros(13)
    terms[[0, 8]] = big, 1
    assert lane_sum(terms) == big  # the same lane: the 1 is lost
    terms[[8, 2, 6]] = 0, 1, 1
    assert lane_sum(terms) == big + 2  # lanes 2 and 6 meet first
