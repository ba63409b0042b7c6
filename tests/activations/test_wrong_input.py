"""Wrong input, one line each: the call, the class of the error, its argument, rule and value."""

import numpy as np
import pytest

from layerscope import Activations, bfloat16, load, pool
from layerscope.activations import as_stack
from layerscope.errors import InvalidInputError, InvalidTypeError

M = np.ones((3, 2))
MAPS = np.ones((3, 2, 4, 4))
TOKENS = np.ones((3, 4, 2))
INPUT, TYPE = InvalidInputError, InvalidTypeError


def made(**kwargs):
    return Activations({"a": M, "b": M}, **kwargs)


def one(X):
    return Activations({"conv": X})


def masked(mask, how="mean", X=TOKENS, layout="NTC"):
    return pool(X, layout=layout, how=how, mask=mask)


STACKS = [
    (lambda: Activations({}), INPUT, "layers", "at least one layer", "none"),
    (lambda: Activations(M), TYPE, "layers", "mapping of layer name", "ndarray"),
    (lambda: Activations([M]), TYPE, "layers", "mapping of layer name", "list"),
    (lambda: Activations([("a", M)]), TYPE, "layers", "mapping of layer name", "list"),
    (lambda: Activations(None), TYPE, "layers", "mapping of layer name", "NoneType"),
    (lambda: Activations({1: M}), TYPE, "layers", "named by strings", "1 (int)"),
    (lambda: Activations({None: M}), TYPE, "layers", "named by strings", "None"),
    (lambda: Activations({"": M}), INPUT, "layers", "not empty", "''"),
    (lambda: one(5.0), INPUT, "layers", "two axes", "shape ()"),
    (lambda: one([1.0, 2.0]), INPUT, "layers", "two axes", "shape (2,)"),
    (lambda: one(TOKENS), INPUT, "layers", "layerscope.pool", "shape (3, 4, 2)"),
    (lambda: one(MAPS), INPUT, "layers", "layerscope.pool", "shape (3, 2, 4, 4)"),
    (lambda: one(bfloat16(np.ones((1, 1, 1), "u2"))), INPUT, "layers", "pool", "shape (1, 1, 1)"),
    (lambda: one(np.ones((0, 2))), INPUT, "layers", "one row", "shape (0, 2)"),
    (lambda: one(np.ones((2, 0))), INPUT, "layers", "one column", "shape (2, 0)"),
    (lambda: one([[]]), INPUT, "layers", "one column", "shape (1, 0)"),
    (lambda: one(np.ones((2, 2), "u2")), INPUT, "layers", "uint16", "shape (2, 2)"),
    (lambda: one([[1j]]), TYPE, "layers", "real numbers", "complex"),
    (lambda: one([["x"]]), TYPE, "layers", "real numbers", "<U1"),
    (lambda: one("conv.npy"), TYPE, "layers", "must be an array", "str"),
    (lambda: one(None), TYPE, "layers", "must be an array", "NoneType"),
    (lambda: one([[1.0], [1.0, 2.0]]), INPUT, "layers", "rectangular", "different lengths"),
    (
        lambda: Activations({"a": M, "b": np.ones((4, 1))}),
        INPUT, "layers", "same number of rows", "3 rows in 'a', 4 in 'b'",
    ),
    (lambda: made(sample_ids=[1, 2]), INPUT, "sample_ids", "one entry per row (3)", "2 entries"),
    (lambda: made(sample_ids=[7, 8, 7]), INPUT, "sample_ids", "unique", "7 at rows 0 and 2"),
    (lambda: made(sample_ids=[1, 2, 1.0]), INPUT, "sample_ids", "unique", "1.0 at rows 0 and 2"),
    (lambda: made(sample_ids=[1, None, 2]), INPUT, "sample_ids", "missing", "row 1"),
    (lambda: made(sample_ids=[1, [], 2]), TYPE, "sample_ids", "hashable", "list at row 1"),
    (lambda: made(sample_ids="abc"), TYPE, "sample_ids", "sequence", "str"),
    (lambda: made(labels=[1, 2, 3, 4]), INPUT, "labels", "one entry per row (3)", "4 entries"),
    (lambda: made(labels=[]), INPUT, "labels", "one entry per row (3)", "0 entries"),
    (lambda: made(labels=[1, None, 2]), INPUT, "labels", "missing", "None at row 1"),
    (lambda: made(labels=[0.0, 1.0, np.nan]), INPUT, "labels", "missing", "nan at row 2"),
    (lambda: made(labels=[{}, 1, 2]), TYPE, "labels", "hashable", "dict at row 0"),
    (lambda: made(labels=5), TYPE, "labels", "sequence", "int"),
    (lambda: made(labels="cat"), TYPE, "labels", "sequence", "str"),
    (lambda: made(labels=np.eye(3)), INPUT, "labels", "one axis", "shape (3, 3)"),
    (lambda: made().select(["c"]), INPUT, "names", "among 'a', 'b'", "'c'"),
    (lambda: made().select(["a", "a"]), INPUT, "names", "twice", "'a'"),
    (lambda: made().select([]), INPUT, "names", "at least one", "none"),
    (lambda: made().select("a"), TYPE, "names", "sequence", "'a'"),
    (lambda: made().select(3), TYPE, "names", "sequence", "int"),
    (lambda: made().select([3]), TYPE, "names", "strings", "3 (int)"),
    (lambda: made().subset([True, False]), INPUT, "rows", "one entry per row (3)", "2 entries"),
    (lambda: made().subset([False] * 3), INPUT, "rows", "at least one row", "none"),
    (lambda: made().subset([]), INPUT, "rows", "at least one row", "none"),
    (lambda: made().subset(slice(5, 9)), INPUT, "rows", "at least one row", "none"),
    (lambda: made().subset([0, 3]), INPUT, "rows", "between -3 and 2", "3"),
    (lambda: made().subset([-4]), INPUT, "rows", "between -3 and 2", "-4"),
    (lambda: made().subset([0.0, 1.0]), TYPE, "rows", "booleans or integers", "float64"),
    (lambda: made().subset(["a"]), TYPE, "rows", "booleans or integers", "<U1"),
    (lambda: made().subset(1), INPUT, "rows", "one axis", "shape ()"),
    (lambda: made().subset([[0]]), INPUT, "rows", "one axis", "shape (1, 1)"),
    (lambda: made().subset(None), TYPE, "rows", "array", "NoneType"),
    (lambda: as_stack([M]), TYPE, "stack", "mapping of layer name", "list"),
    (lambda: as_stack({}), INPUT, "stack", "at least one layer", "none"),
    (lambda: as_stack({"a": M, "b": M[:2]}), INPUT, "stack", "same number of rows", "2 in 'b'"),
    (lambda: as_stack({"a": M, "b": MAPS}), INPUT, "stack", "layerscope.pool", "shape"),
    (lambda: bfloat16(np.ones((2, 2), np.float32)), TYPE, "words", "16-bit", "float32"),
    (lambda: bfloat16([1, 2]), TYPE, "words", "16-bit", "int64"),
]  # fmt: skip

POOLS = [
    (lambda: pool(MAPS, layout="NCWH", how="mean"), INPUT, "layout", "'NHWC', 'NTC'", "NCWH"),
    (lambda: pool(MAPS, layout=None, how="mean"), TYPE, "layout", "one of", "None"),
    (lambda: pool(MAPS, layout="NCHW", how="average"), INPUT, "how", "'flatten'", "average"),
    (lambda: pool(MAPS, layout="NCHW", how=None), TYPE, "how", "one of", "None"),
    (lambda: pool(M, layout="NCHW", how="mean"), INPUT, "X", "4 axes (n_samples, ch", "(3, 2)"),
    (lambda: pool(TOKENS, layout="NCHW", how="mean"), INPUT, "X", "4 axes", "shape (3, 4, 2)"),
    (lambda: pool(TOKENS, layout="NHWC", how="flatten"), INPUT, "X", "4 axes", "shape (3, 4, 2)"),
    (lambda: pool(MAPS, layout="NTC", how="cls"), INPUT, "X", "3 axes (n_samples, tokens", "(3, 2"),
    (lambda: pool(np.ones((3, 2, 0, 4)), layout="NCHW", how="max"), INPUT, "X", "empty axis", "0"),
    (lambda: pool(np.ones((0, 2, 4)), layout="NTC", how="last"), INPUT, "X", "empty axis", "0"),
    (lambda: pool(MAPS, layout="NCHW", how="cls"), INPUT, "how", "for maps", "'cls'"),
    (lambda: pool(MAPS, layout="NHWC", how="last"), INPUT, "how", "for maps", "'last'"),
    (lambda: pool("x", layout="NTC", how="cls"), TYPE, "X", "an array", "str"),
    (lambda: pool(TOKENS.astype("u2"), layout="NTC", how="cls"), INPUT, "X", "uint16", "uint16"),
    (lambda: masked(np.ones((3, 4), bool), X=MAPS, layout="NCHW"), INPUT, "mask", "None", "NCHW"),
    (lambda: masked(np.ones((3, 4), bool), how="flatten"), INPUT, "mask", "None", "a mask"),
    (lambda: masked(np.ones((3, 4), bool), how=np.mean), INPUT, "mask", "None", "a mask"),
    (lambda: masked(np.ones((3, 4))), TYPE, "mask", "booleans", "float64"),
    (lambda: masked(np.full((3, 4), 2)), INPUT, "mask", "booleans", "2"),
    (lambda: masked(np.ones((4, 3), bool)), INPUT, "mask", "here (3, 4)", "shape (4, 3)"),
    (lambda: masked(np.ones(4, bool)), INPUT, "mask", "here (3, 4)", "shape (4,)"),
    (lambda: masked([[1] * 4, [0] * 4, [1] * 4]), INPUT, "mask", "at least one token", "row 1"),
    (lambda: masked([[1] * 4, [0] + [1] * 3, [1] * 4], "cls"), INPUT, "mask", "first", "row 1"),
    (lambda: pool(TOKENS, layout="NTC", how=np.ravel), INPUT, "how", "matrix of 3 rows", "(24,)"),
    (lambda: pool(TOKENS, layout="NTC", how=lambda X: X[0]), INPUT, "how", "3 rows", "(4, 2)"),
    (lambda: pool(TOKENS, layout="NTC", how=str), TYPE, "how", "array", "str"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "argument", "rule", "value"), STACKS + POOLS)
def test_each_has_its_error(call, kind, argument, rule, value):
    with pytest.raises(kind) as caught:
        call()
    check(caught.value, kind, argument, rule, value)


def check(error, kind, argument, rule, value):
    assert type(error) is kind
    assert error.argument == argument
    assert rule in error.rule
    assert value in str(error.value)
    assert f"{argument} {error.rule}; got " in str(error)
    assert "\n" not in str(error)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made().save("stack")
    made().save("stack.safetensors")
    for name, array in (("c1", M), ("c2", M[:2]), ("maps", MAPS), ("vector", M[0])):
        (tmp_path / "mixed").mkdir(exist_ok=True)
        np.save(tmp_path / "mixed" / f"{name}.npy", array)
    (tmp_path / "empty").mkdir()
    (tmp_path / "both").mkdir()
    np.save(tmp_path / "both" / "a.npy", M)
    made().save(tmp_path / "both" / "s.safetensors")
    (tmp_path / "twice").mkdir()
    for name in ("x", "y"):
        made().save(tmp_path / "twice" / f"{name}.safetensors")
    (tmp_path / "labelled").mkdir()
    for name in ("x", "y"):
        made(labels=[1, 2, 3]).select([{"x": "a", "y": "b"}[name]]).save(
            f"labelled/{name}.safetensors"
        )
    (tmp_path / "short.txt").write_text("1\n2\n")
    return tmp_path


PATHS = [
    (lambda: load("missing"), INPUT, "path", "must exist", "missing"),
    (lambda: load("missing.npy"), INPUT, "path", "must exist", "missing.npy"),
    (lambda: load("missing.safetensors"), INPUT, "path", "must exist", "missing.safetensors"),
    (lambda: load("stack/a.npy/x"), INPUT, "path", "must exist", "a.npy/x"),
    (lambda: load(""), INPUT, "path", "must name", "''"),
    (lambda: load("a\0b"), INPUT, "path", "must name", "x00"),
    (lambda: load("n" * 5000), INPUT, "path", "must", "nnn"),
    (lambda: load(7), TYPE, "path", "string or a path", "int"),
    (lambda: load(None), TYPE, "path", "string or a path", "NoneType"),
    (lambda: load(b"stack"), TYPE, "path", "string or a path", "bytes"),
    (lambda: load([]), INPUT, "path", "at least one file", "none"),
    (lambda: load(["stack"]), INPUT, "path", "must be a .npy file", "stack"),
    (lambda: load(["stack/a.npy", "both/a.npy"]), INPUT, "path", "name of its own", "'a' again"),
    (lambda: load(["stack/a.npy", "gone.npy"]), INPUT, "path", "must exist", "gone.npy"),
    (lambda: load("empty"), INPUT, "path", ".npy or .safetensors", "empty"),
    (lambda: load("both"), INPUT, "path", "not both", "both"),
    (lambda: load("twice"), INPUT, "path", "name of its own", "two files"),
    (lambda: load("labelled"), INPUT, "path", "one by one", "labelled"),
    (lambda: load("mixed", layers=["maps"]), INPUT, "path", "layout= and pool=", "(3, 2, 4, 4)"),
    (lambda: load("mixed", layers=["vector"]), INPUT, "path", "labels=", "shape (2,)"),
    (lambda: load("mixed", layers=["c1", "c2"]), INPUT, "path", "same number", "2 in 'c2'"),
    (lambda: load("mixed", layers=["c9"]), INPUT, "layers", "among", "'c9'"),
    (lambda: load("stack", layers=["c9"]), INPUT, "layers", "among 'a', 'b'", "'c9'"),
    (lambda: load("stack.safetensors", layers=["c9"]), INPUT, "layers", "among 'a', 'b'", "'c9'"),
    (lambda: load("stack", layers=["a", "a"]), INPUT, "layers", "twice", "'a'"),
    (lambda: load("stack", layers=[]), INPUT, "layers", "at least one", "none"),
    (lambda: load("stack", layers="a"), TYPE, "layers", "sequence", "'a'"),
    (lambda: load("stack", labels=[1]), INPUT, "labels", "one entry per row (3)", "1 entries"),
    (lambda: load("stack", labels="short.txt"), INPUT, "labels", "one entry per row", "2 entries"),
    (lambda: load("stack", labels="gone.csv"), INPUT, "labels", "must exist", "gone.csv"),
    (lambda: load("stack", labels="empty"), INPUT, "labels", "regular file", "empty"),
    (lambda: load("stack", labels=""), INPUT, "labels", "must name", "''"),
    (lambda: load("stack", layout="NCHW"), INPUT, "pool", "together with layout", "None"),
    (lambda: load("stack", pool="mean"), INPUT, "layout", "together with pool", "None"),
    (lambda: load("stack", layout="X", pool="mean"), INPUT, "layout", "one of", "'X'"),
    (lambda: load("stack", layout="NTC", pool="X"), INPUT, "pool", "one of", "'X'"),
    (lambda: made().save("gone/stack"), INPUT, "path", "folder that exists", "gone/stack"),
    (lambda: made().save("short.txt"), INPUT, "path", "must be a folder", "short.txt"),
    (lambda: made().save("short.txt/stack"), INPUT, "path", "folder that exists", "stack"),
    (lambda: made().save("x.npy"), INPUT, "path", "must end in .safetensors", "x.npy"),
    (lambda: made().save("x.npz"), INPUT, "path", "must end in .safetensors", "x.npz"),
    (lambda: made().save("x.pt"), INPUT, "path", "must end in .safetensors", "x.pt"),
    (lambda: made().save("n" * 300), INPUT, "path", "writable", "nnn"),
    (lambda: made().save("n" * 300 + ".safetensors"), INPUT, "path", "writable", "nnn"),
    (lambda: made().save(""), INPUT, "path", "must name", "''"),
    (lambda: made().save(None), TYPE, "path", "string or a path", "NoneType"),
    (lambda: made().save("mixed"), INPUT, "path", "holds only a stack", "c1.npy"),
    (lambda: made().save("."), INPUT, "path", "must", "."),
    (lambda: made(labels=[0.5, 1, 2]).save("x"), INPUT, "labels", "64-bit integers", "0.5 (float)"),
    (lambda: made(labels=[(1,), 2, 3]).save("x"), INPUT, "labels", "strings", "tuple) at row 0"),
    (lambda: made(sample_ids=[2**64, 1, 2]).save("x"), INPUT, "sample_ids", "64-bit", "(int)"),
    (
        lambda: Activations({"__metadata__": M}).save("x.safetensors"),
        INPUT, "path", "keeps for itself", "__metadata__",
    ),
    (lambda: Activations({"\ud800": M}).save("x.safetensors"), INPUT, "path", "UTF-8", "ud800"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "argument", "rule", "value"), PATHS)
def test_each_path_has_its_error(home, call, kind, argument, rule, value):
    before = sorted(home.rglob("*"))
    with pytest.raises(kind) as caught:
        call()
    check(caught.value, kind, argument, rule, value)
    assert sorted(home.rglob("*")) == before


def test_the_layer_is_named():
    for call in (lambda: one(MAPS), lambda: one([["x"]])):
        with pytest.raises(
            (InvalidInputError, InvalidTypeError), match=r"^layer 'conv': layers must"
        ):
            call()


def test_there_are_enough_lines():
    assert len(STACKS + POOLS + PATHS) >= 60
