"""Every wrong input ends in an error that names the argument, the rule and the value."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from layerscope import (
    Graph,
    intrinsic_dimension,
    label_agreement,
    modularity,
    neighbors,
)
from layerscope.errors import InvalidInputError, InvalidTypeError, LayerscopeError

X = np.random.default_rng(0).normal(size=(20, 3))
LABELS = np.arange(20) % 2
TABLE = neighbors(X, n_neighbors=4)
GRAPH = TABLE.graph()
QUERIES = neighbors(X, n_neighbors=4, queries=X)
NAN = np.where(np.arange(60).reshape(20, 3) == 31, np.nan, X)

WRONG = [
    (lambda: modularity(X, LABELS, n_neighbors=0), "n_neighbors", InvalidInputError),
    (lambda: modularity(X, LABELS, n_neighbors=20), "n_neighbors", InvalidInputError),
    (lambda: modularity(X, LABELS, n_neighbors=2.0), "n_neighbors", InvalidTypeError),
    (lambda: modularity(X, LABELS, metric="manhattan"), "metric", InvalidInputError),
    (lambda: modularity(X, LABELS, metric=None), "metric", InvalidTypeError),
    (lambda: modularity(X, LABELS, weight="distance"), "weight", InvalidInputError),
    (lambda: modularity(X, LABELS, weight="similarity"), "weight", InvalidInputError),
    (lambda: modularity(X, LABELS, weight="heavy"), "weight", InvalidInputError),
    (
        lambda: modularity(X, LABELS, metric="inner_product", weight="similarity"),
        "weight",
        InvalidInputError,
    ),
    (lambda: modularity(X, LABELS, resolution=-0.1), "resolution", InvalidInputError),
    (lambda: modularity(X, LABELS, resolution=float("nan")), "resolution", InvalidInputError),
    (lambda: modularity(X, LABELS, resolution="one"), "resolution", InvalidTypeError),
    (lambda: modularity(X, LABELS, directed="no"), "directed", InvalidTypeError),
    (lambda: modularity(X, LABELS, n_permutations=-1), "n_permutations", InvalidInputError),
    (lambda: modularity(X, LABELS, n_permutations=True), "n_permutations", InvalidTypeError),
    (lambda: modularity(X, LABELS, random_state=-1), "random_state", InvalidInputError),
    (lambda: modularity(X, LABELS, random_state=None), "random_state", InvalidTypeError),
    (lambda: modularity(X, LABELS, n_jobs=0), "n_jobs", InvalidInputError),
    (lambda: modularity(X, LABELS, memory_limit="lots"), "memory_limit", InvalidInputError),
    (lambda: modularity(X, LABELS, progress="bar"), "progress", InvalidTypeError),
    (lambda: modularity(X, LABELS, preset="nnts2020"), "preset", InvalidInputError),
    (lambda: modularity(X, LABELS[:-1]), "labels", InvalidInputError),
    (lambda: modularity(X, None), "labels", InvalidTypeError),
    (lambda: modularity(X, [None, *LABELS[1:]]), "labels", InvalidInputError),
    (lambda: modularity(X, [float("nan"), *LABELS[1:]]), "labels", InvalidInputError),
    (lambda: modularity(X, np.stack([LABELS, LABELS])), "labels", InvalidInputError),
    (lambda: modularity(X, [[1]] * 20), "labels", InvalidTypeError),
    (lambda: modularity(NAN, LABELS), "X", InvalidInputError),
    (lambda: modularity(NAN, LABELS, preset="eccv2022"), "X", InvalidInputError),
    (lambda: modularity(X[:, 0], LABELS), "X", InvalidInputError),
    (lambda: modularity(X.astype(np.uint16), LABELS), "X", InvalidInputError),
    (lambda: modularity("layer.npy", LABELS), "X", InvalidTypeError),
    (lambda: modularity(TABLE, LABELS, n_neighbors=5), "n_neighbors", InvalidInputError),
    (lambda: modularity(TABLE, LABELS, metric="cosine"), "metric", InvalidInputError),
    (lambda: modularity(TABLE, LABELS, weight="similarity"), "weight", InvalidInputError),
    (lambda: modularity(QUERIES, LABELS), "queries", InvalidInputError),
    (lambda: modularity(GRAPH, LABELS, n_neighbors=4), "n_neighbors", InvalidInputError),
    (lambda: modularity(GRAPH, LABELS, metric="cosine"), "metric", InvalidInputError),
    (lambda: modularity(GRAPH, LABELS, weight="similarity"), "weight", InvalidInputError),
    (lambda: modularity(GRAPH, LABELS[:-1]), "labels", InvalidInputError),
    (lambda: modularity(nx.path_graph(20), LABELS, n_neighbors=4), "n_neighbors", ValueError),
    (lambda: label_agreement(X, LABELS[:-1]), "labels", InvalidInputError),
    (lambda: label_agreement(X, LABELS, n_neighbors=20), "n_neighbors", InvalidInputError),
    (lambda: label_agreement(NAN, LABELS), "X", InvalidInputError),
    (lambda: label_agreement(QUERIES, LABELS), "queries", InvalidInputError),
    (lambda: label_agreement(GRAPH, LABELS, metric="cosine"), "metric", InvalidInputError),
    (lambda: label_agreement(X, LABELS, n_jobs=-1), "n_jobs", InvalidInputError),
    (lambda: intrinsic_dimension(X, method="mle"), "method", InvalidInputError),
    (lambda: intrinsic_dimension(X[:2]), "X", InvalidInputError),
    (lambda: intrinsic_dimension(NAN), "X", InvalidInputError),
    (lambda: intrinsic_dimension(TABLE.prefix(1)), "data", InvalidInputError),
    (
        lambda: intrinsic_dimension(neighbors(X, n_neighbors=2, metric="cosine")),
        "data",
        InvalidInputError,
    ),
    (lambda: intrinsic_dimension(QUERIES), "queries", InvalidInputError),
    (lambda: intrinsic_dimension(X, n_jobs=1.5), "n_jobs", InvalidTypeError),
]


@pytest.mark.parametrize("case", range(len(WRONG)))
def test_the_error_names_the_argument(case):
    call, argument, kind = WRONG[case]
    with pytest.raises(kind) as caught:
        call()
    error = caught.value
    assert isinstance(error, LayerscopeError)
    assert error.argument == argument
    assert str(error).startswith(f"{argument} must")
    assert "; got " in str(error)
    assert "\n" not in str(error)


def test_the_first_bad_value_is_named():
    with pytest.raises(InvalidInputError, match="X must be finite; got nan at row 10, column 1"):
        modularity(NAN, LABELS)


def test_a_graph_is_known_in_all_three_kinds():
    values = {
        modularity(graph, LABELS).value for graph in (GRAPH, GRAPH.to_scipy(), GRAPH.to_networkx())
    }
    assert values == {modularity(GRAPH, LABELS).value}
    assert isinstance(GRAPH, Graph)


def test_rules_for_weight_offer_only_what_is_taken():
    with pytest.raises(InvalidInputError, match="weight must be 'auto' or 'binary' for metric"):
        modularity(X, LABELS, weight="similarity")
    with pytest.raises(InvalidInputError, match="weight must be 'auto' or 'binary' for metric"):
        modularity(TABLE, LABELS, weight="similarity")
    rule = "weight must be one of 'auto', 'similarity', 'binary', which are large for near rows"
    with pytest.raises(InvalidInputError, match=rule):
        modularity(X, LABELS, weight="distance")
