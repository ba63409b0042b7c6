"""Wrong inputs from Python, as a table: the call, the class of the error, and its three parts.

Every error carries the argument as the caller wrote it, words of the rule, and the value. A row
of the table is one mistake that a person makes.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import layerscope as ls
from layerscope.errors import InvalidInputError, InvalidTypeError, LayerscopeError, MemoryLimitError

rng = np.random.default_rng(1)
X = rng.normal(size=(20, 4))
Y = np.arange(20) % 3
STACK = {"a": X, "b": X[:, :2] + 1}


def with_entry(value: float, row: int = 17, column: int = 3) -> np.ndarray:
    changed = X.copy()
    changed[row, column] = value
    return changed


class Wrong(NamedTuple):
    """One mistake."""

    name: str
    call: Callable[[], Any]
    error: type[LayerscopeError]
    argument: str
    rule: str
    value: str


# One mistake, one line.
# fmt: off
I, T = InvalidInputError, InvalidTypeError  # noqa: E741

NEIGHBORS = [
    Wrong("nan", lambda: ls.neighbors(with_entry(np.nan)), I, "X", "finite", "nan at row 17, column 3"),
    Wrong("infinity", lambda: ls.neighbors(with_entry(np.inf)), I, "X", "finite", "inf at row 17, column 3"),
    Wrong("minus infinity", lambda: ls.neighbors(with_entry(-np.inf)), I, "X", "finite", "-inf at row 17"),
    Wrong("float16 infinity", lambda: ls.neighbors(with_entry(np.inf).astype(np.float16)), I, "X", "finite", "row 17"),
    Wrong("one axis", lambda: ls.neighbors(X[0]), I, "X", "two axes", "(4,)"),
    Wrong("a map", lambda: ls.neighbors(np.zeros((5, 2, 3, 3))), I, "X", "pool", "(5, 2, 3, 3)"),
    Wrong("a scalar", lambda: ls.neighbors(3.0), I, "X", "two axes", "()"),
    Wrong("no rows", lambda: ls.neighbors(np.zeros((0, 4))), I, "X", "at least one row", "(0, 4)"),
    Wrong("no columns", lambda: ls.neighbors(np.zeros((4, 0))), I, "X", "one column", "(4, 0)"),
    Wrong("one row", lambda: ls.neighbors(X[:1], n_neighbors=1), I, "n_neighbors", "", "1"),
    Wrong("ragged", lambda: ls.neighbors([[1.0, 2.0], [3.0]]), I, "X", "rectangular", ""),
    Wrong("None", lambda: ls.neighbors(None), T, "X", "array", "NoneType"),
    Wrong("text", lambda: ls.neighbors("activations.npy"), T, "X", "array", "str"),
    Wrong("strings", lambda: ls.neighbors([["a", "b"], ["c", "d"]]), T, "X", "real numbers", "<U1"),
    Wrong("complex", lambda: ls.neighbors(X + 1j), T, "X", "real numbers", "complex128"),
    Wrong("objects", lambda: ls.neighbors(X.astype(object)), T, "X", "real numbers", "object"),
    Wrong("dates", lambda: ls.neighbors(np.zeros((4, 2), "M8[s]")), T, "X", "real numbers", "datetime64"),
    Wrong("uint16", lambda: ls.neighbors(X.astype(np.uint16)), I, "X", "bfloat16", "uint16"),
    Wrong("masked", lambda: ls.neighbors(np.ma.masked_greater(X, 1)), I, "X", "masked", "masked"),
    Wrong("huge integers", lambda: ls.neighbors(np.full((4, 2), 2**60)), I, "X", "2**53", str(2**60)),
    Wrong("k is 0", lambda: ls.neighbors(X, n_neighbors=0), I, "n_neighbors", "at least 1", "0"),
    Wrong("k is negative", lambda: ls.neighbors(X, n_neighbors=-3), I, "n_neighbors", "at least 1", "-3"),
    Wrong("k is n", lambda: ls.neighbors(X, n_neighbors=20), I, "n_neighbors", "below the number of rows (20)", "20"),
    Wrong("k is huge", lambda: ls.neighbors(X, n_neighbors=10**20), I, "n_neighbors", "", str(10**20)),
    Wrong("k is a float", lambda: ls.neighbors(X, n_neighbors=2.5), T, "n_neighbors", "integer", "2.5"),
    Wrong("k is a bool", lambda: ls.neighbors(X, n_neighbors=True), T, "n_neighbors", "integer", "True"),
    Wrong("k is text", lambda: ls.neighbors(X, n_neighbors="5"), T, "n_neighbors", "integer", "'5'"),
    Wrong("k is None", lambda: ls.neighbors(X, n_neighbors=None), T, "n_neighbors", "integer", "None"),
    Wrong("metric", lambda: ls.neighbors(X, metric="manhattan"), I, "metric", "'euclidean', 'cosine'", "'manhattan'"),
    Wrong("metric in capitals", lambda: ls.neighbors(X, metric="Cosine"), I, "metric", "'cosine'", "'Cosine'"),
    Wrong("metric is a number", lambda: ls.neighbors(X, metric=2), T, "metric", "one of", "2"),
    Wrong("method", lambda: ls.neighbors(X, method="fast"), I, "method", "'exact'", "'fast'"),
    Wrong("queries have other features", lambda: ls.neighbors(X, queries=X[:, :3]), I, "queries", "4", "3"),
    Wrong("queries hold nan", lambda: ls.neighbors(X, queries=with_entry(np.nan)), I, "queries", "finite", "nan at row 17"),
    Wrong("queries, k over n", lambda: ls.neighbors(X, queries=X, n_neighbors=21), I, "n_neighbors", "20", "21"),
    Wrong("groups too short", lambda: ls.neighbors(X, groups=Y[:5]), I, "groups", "20", "5"),
    Wrong("one group", lambda: ls.neighbors(X, groups=np.zeros(20, int), n_neighbors=2), I, "groups", "at least 2 rows", "row 0"),
    Wrong("groups with None", lambda: ls.neighbors(X, groups=[None] * 20), I, "groups", "missing", "None at row 0"),
    Wrong("memory is text", lambda: ls.neighbors(X, memory_limit="lots"), I, "memory_limit", "500MB", "'lots'"),
    Wrong("memory is negative", lambda: ls.neighbors(X, memory_limit=-5), I, "memory_limit", "at least 1", "-5"),
    Wrong("memory too small", lambda: ls.neighbors(X, memory_limit=10), MemoryLimitError, "memory_limit", "at least", "10"),
    Wrong("memory is a float", lambda: ls.neighbors(X, memory_limit=1.5), T, "memory_limit", "integer", "1.5"),
    Wrong("prefix too long", lambda: ls.neighbors(X, n_neighbors=3).prefix(4), I, "k", "3", "4"),
    Wrong("prefix is 0", lambda: ls.neighbors(X, n_neighbors=3).prefix(0), I, "k", "1", "0"),
    Wrong("bfloat16 of floats", lambda: ls.bfloat16(X), T, "words", "16-bit", "float64"),
]

GRAPHS = [
    Wrong("symmetrize", lambda: ls.neighbors(X).graph(symmetrize="max"), I, "symmetrize", "'mean'", "'max'"),
    Wrong("weight", lambda: ls.neighbors(X).graph(weight="heavy"), I, "weight", "'similarity'", "'heavy'"),
    Wrong("similarity of distances", lambda: ls.neighbors(X).graph(weight="similarity"), I, "weight", "metric 'euclidean'", "similarity"),
    Wrong("edge beyond the nodes", lambda: ls.Graph.from_edges([(0, 5)], n_nodes=3), I, "edges", "3", "5"),
    Wrong("negative node", lambda: ls.Graph.from_edges([(0, -1)]), I, "edges", "", "-1"),
    Wrong("edges of three", lambda: ls.Graph.from_edges([(0, 1, 2)]), I, "edges", "", "3"),
    Wrong("weights too few", lambda: ls.Graph.from_edges([(0, 1), (1, 2)], weights=[1.0]), I, "weights", "2", "1"),
    Wrong("weight is nan", lambda: ls.Graph.from_edges([(0, 1)], weights=[np.nan]), I, "weights", "finite", "NaN in edge 0"),
    Wrong("not a graph", lambda: ls.Graph.from_scipy(X), T, "matrix", "sparse", "ndarray"),
]

CLASSES = [
    Wrong("labels too short", lambda: ls.modularity(X, Y[:5]), I, "labels", "20", "5"),
    Wrong("labels too long", lambda: ls.label_agreement(X, [*Y, 1]), I, "labels", "20", "21"),
    Wrong("labels None", lambda: ls.modularity(X, None), T, "labels", "sequence", "None"),
    Wrong("labels text", lambda: ls.modularity(X, "a" * 20), T, "labels", "sequence", "str"),
    Wrong("labels in a matrix", lambda: ls.modularity(X, np.zeros((20, 2))), I, "labels", "one axis", "(20, 2)"),
    Wrong("a label is None", lambda: ls.modularity(X, [None, *Y[1:]]), I, "labels", "missing", "None at row 0"),
    Wrong("a label is nan", lambda: ls.modularity(X, [*Y[:-1], np.nan]), I, "labels", "missing", "nan at row 19"),
    Wrong("a label is a list", lambda: ls.modularity(X, [[1]] * 20), T, "labels", "hashable", "list at row 0"),
    Wrong("labels a number", lambda: ls.label_agreement(X, 3), T, "labels", "sequence", "int"),
    Wrong("modularity of nan", lambda: ls.modularity(with_entry(np.nan), Y), I, "X", "finite", "nan at row 17"),
    Wrong("modularity, k is n", lambda: ls.modularity(X, Y, n_neighbors=20), I, "n_neighbors", "below the number of rows (20)", "20"),
    Wrong("k beyond the table", lambda: ls.modularity(ls.neighbors(X, n_neighbors=3), Y, n_neighbors=5), I, "n_neighbors", "3", "5"),
    Wrong("metric of another table", lambda: ls.modularity(ls.neighbors(X), Y, metric="cosine"), I, "metric", "euclidean", "cosine"),
    Wrong("distances as weights", lambda: ls.modularity(X, Y, weight="distance"), I, "weight", "", "distance"),
    Wrong("weight", lambda: ls.modularity(X, Y, weight="x"), I, "weight", "'binary'", "'x'"),
    Wrong("resolution is text", lambda: ls.modularity(X, Y, resolution="high"), T, "resolution", "number", "'high'"),
    Wrong("resolution is nan", lambda: ls.modularity(X, Y, resolution=np.nan), I, "resolution", "finite", "nan"),
    Wrong("resolution is negative", lambda: ls.modularity(X, Y, resolution=-1), I, "resolution", "", "-1"),
    Wrong("permutations", lambda: ls.modularity(X, Y, n_permutations=-1), I, "n_permutations", "at least 0", "-1"),
    Wrong("seed", lambda: ls.modularity(X, Y, random_state=-1), I, "random_state", "at least 0", "-1"),
    Wrong("seed is a generator", lambda: ls.modularity(X, Y, random_state=rng), T, "random_state", "integer", "Generator"),
    Wrong("preset", lambda: ls.modularity(X, Y, preset="eccv2021"), I, "preset", "eccv2022", "eccv2021"),
    Wrong("data None", lambda: ls.modularity(None, Y), T, "X", "array", "NoneType"),
    Wrong("dimension, method", lambda: ls.intrinsic_dimension(X, method="mle"), I, "method", "twonn", "mle"),
    Wrong("dimension of two rows", lambda: ls.intrinsic_dimension(X[:2]), I, "X", "3", "2"),
    Wrong("agreement, k is 0", lambda: ls.label_agreement(X, Y, n_neighbors=0), I, "n_neighbors", "at least 1", "0"),
]

STACKS = [
    Wrong("no layers", lambda: ls.modularity_curve({}, Y), I, "stack", "layer", ""),
    Wrong("not a stack", lambda: ls.modularity_curve(X, Y), T, "stack", "mapping", "ndarray"),
    Wrong("a list", lambda: ls.analyze([X, X]), T, "stack", "mapping", "list"),
    Wrong("a layer's name", lambda: ls.analyze({1: X}), T, "stack", "", "1"),
    Wrong("other rows", lambda: ls.analyze({"a": X, "b": X[:7]}), I, "stack", "rows", "7"),
    Wrong("nan in a layer", lambda: ls.analyze({"a": X, "b": with_entry(np.nan)}), I, "X", "finite", "nan at row 17"),
    Wrong("a map in a layer", lambda: ls.analyze({"a": np.zeros((5, 2, 3, 3))}), I, "stack", "two axes", "(5, 2, 3, 3)"),
    Wrong("curve, labels", lambda: ls.modularity_curve(STACK, Y[:3]), I, "labels", "20", "3"),
    Wrong("subsample of all and more", lambda: ls.modularity_curve(STACK, Y, n_subsamples=2, subsample_size=21), I, "subsample_size", "20", "21"),
    Wrong("subsamples", lambda: ls.modularity_curve(STACK, Y, n_subsamples=-1), I, "n_subsamples", "at least 0", "-1"),
    Wrong("difference of a stranger", lambda: ls.modularity_curve(STACK, Y).difference("a", "z"), I, "b", "", "'z'"),
    Wrong("analyze, labels", lambda: ls.analyze(STACK, labels=Y[:3]), I, "labels", "20", "3"),
    Wrong("analyze, k", lambda: ls.analyze(STACK, n_neighbors=20), I, "n_neighbors", "", "20"),
    Wrong("a measure", lambda: ls.analyze(STACK, measures=["modularty"]), I, "measures", "modularity", "modularty"),
    Wrong("labels are needed", lambda: ls.analyze(STACK, measures=["modularity"]), I, "labels", "modularity", "None"),
    Wrong("analyze, preset", lambda: ls.analyze(STACK, preset="x"), I, "preset", "eccv2022", "'x'"),
    Wrong("a run without steps", lambda: ls.analyze_run({}), I, "run", "", ""),
    Wrong("no layer of that name", lambda: ls.Activations(STACK).select(["c"]), I, "names", "'a'", "'c'"),
    Wrong("rows beyond", lambda: ls.Activations(STACK).subset([25]), I, "rows", "20", "25"),
    Wrong("twice the same id", lambda: ls.Activations(STACK, sample_ids=[1] * 20), I, "sample_ids", "", "1"),
    Wrong("ids too few", lambda: ls.Activations(STACK, sample_ids=[1]), I, "sample_ids", "20", "1"),
    Wrong("layers of other lengths", lambda: ls.Activations({"a": X, "b": X[:7]}), I, "", "", "7"),
    Wrong("no layers at all", lambda: ls.Activations({}), I, "layers", "", ""),
    Wrong("no such file", lambda: ls.load("nowhere.npy"), I, "path", "", "nowhere.npy"),
    Wrong("file is a number", lambda: ls.load(3), T, "path", "string", "int"),
    Wrong("layout", lambda: ls.pool(np.zeros((5, 2, 3, 3)), layout="NWCH", how="mean"), I, "layout", "'NCHW'", "'NWCH'"),
    Wrong("how", lambda: ls.pool(np.zeros((5, 2, 3, 3)), layout="NCHW", how="median"), I, "how", "'mean'", "'median'"),
    Wrong("first token of a map", lambda: ls.pool(np.zeros((5, 2, 3, 3)), layout="NCHW", how="cls"), I, "how", "", "cls"),
    Wrong("layout of other axes", lambda: ls.pool(X, layout="NCHW", how="mean"), I, "X", "4", "(20, 4)"),
    Wrong("mask of other shape", lambda: ls.pool(np.zeros((5, 3, 2)), layout="NTC", how="mean", mask=np.ones((5, 4), bool)), I, "mask", "(5, 3)", "(5, 4)"),
    Wrong("memory of no rows", lambda: ls.estimate_memory(0, 5), I, "n_samples", "at least 2", "0"),
    Wrong("memory of text", lambda: ls.estimate_memory("many", 5), T, "n_samples", "integer", "'many'"),
]

# fmt: on
TABLE = [*NEIGHBORS, *GRAPHS, *CLASSES, *STACKS]


def test_there_are_fifty_and_more_each_under_its_own_name() -> None:
    assert len(TABLE) >= 50
    assert len({row.name for row in TABLE}) >= len(TABLE) - 2


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.argument}: {row.name}")
def test_the_error_names_argument_rule_and_value(row: Wrong) -> None:
    with pytest.raises(row.error) as raised:
        row.call()
    error = raised.value
    assert type(error) is row.error
    if row.argument:
        assert error.argument == row.argument
    assert row.rule in error.rule
    assert row.value in str(error.value)
    sentence = str(error)
    assert "\n" not in sentence
    assert sentence.index(error.rule.split()[0]) > 0
    assert len(sentence) < 600
    # It travels between processes, and is also the built-in that a caller may expect.
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), sentence)
    expected = {I: ValueError, T: TypeError, MemoryLimitError: MemoryError}[row.error]
    assert isinstance(error, expected)


def test_a_layer_is_named_when_there_is_one() -> None:
    with pytest.raises(InvalidInputError, match=r"^layer 'b': X must be finite; got nan at row 17"):
        ls.analyze({"a": X, "b": with_entry(np.nan)})
    with pytest.raises(InvalidInputError, match="layer 'b'"):
        ls.modularity_curve({"a": X, "b": with_entry(np.inf)}, Y)


def test_files_that_are_not_what_they_say(tmp_path: Path) -> None:
    (tmp_path / "cut.npy").write_bytes(b"\x93NUMPY\x01\x00v\x00{'descr'")
    (tmp_path / "noise.npy").write_bytes(bytes(range(200)))
    (tmp_path / "cut.safetensors").write_bytes((10**12).to_bytes(8, "little") + b"{}")
    (tmp_path / "some.pt").write_bytes(pickle.dumps({"a": [1.0]}))
    (tmp_path / "empty").mkdir()
    np.save(tmp_path / "pickled.npy", np.array([{}, 1], dtype=object), allow_pickle=True)
    paths = sorted(tmp_path.iterdir())
    assert len(paths) == 6
    for path in paths:
        with pytest.raises(InvalidInputError) as raised:
            ls.load(path)
        assert raised.value.argument == "path"
        assert path.name in str(raised.value)
