"""Labels from files."""

import numpy as np
import pytest

from layerscope.activations import load_labels
from layerscope.errors import InvalidInputError


@pytest.mark.parametrize(
    ("name", "text", "labels"),
    [
        ("l.txt", "cat\ndog\ncat\n", ["cat", "dog", "cat"]),
        ("l.txt", "cat\r\ndog\r\n\r\n", ["cat", "dog"]),
        ("l.txt", "3\n10\n-1", [3, 10, -1]),
        ("l.txt", "label\n3\n10", [3, 10]),
        ("l.txt", "\ufeffLabel\n3\n", [3]),
        ("l.txt", "0.000000000000000000e+00\n1.000000000000000000e+01\n", [0, 10]),
        ("l.txt", "07\n7\n", ["07", "7"]),
        ("l.txt", "1.5\n2\n", ["1.5", "2"]),
        ("l.txt", "9" * 30 + "\n1\n", ["9" * 30, "1"]),
        ("l.txt", "a, b\nc\n", ["a, b", "c"]),
        ("l.csv", "3\n4\n", [3, 4]),
        ("l.csv", "class\n3\n4\n", [3, 4]),
        ("l.csv", "3.0\n4.0\n", [3, 4]),
        ("l.csv", "id,label\n7,cat\n8,dog\n", ["cat", "dog"]),
        ("l.csv", "LABELS;id\n1;x\n2;y\n", [1, 2]),
        ("l.csv", "id\tlabel\n7\tcat\n", ["cat"]),
        ("l.csv", 'id,label\n7,"cat, big"\n8,"say ""hi"""\n', ["cat, big", 'say "hi"']),
        ("L.CSV", "a\nb\n", ["a", "b"]),
        ("l.csv", "none\nna\n", ["none", "na"]),
    ],
)
def test_texts(tmp_path, name, text, labels):
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    assert load_labels(tmp_path / name) == labels
    assert load_labels(str(tmp_path / name)) == labels


@pytest.mark.parametrize(
    "labels",
    [
        np.array([1, 2, 3], dtype=np.uint16),
        np.array([1, 2], dtype=">i4"),
        np.array(["a", "bc"]),
        np.array([b"a", b"bc"]),
        np.array([True, False]),
        np.array([0.5, 1.0]),
    ],
)
def test_arrays(tmp_path, labels):
    np.save(tmp_path / "l.npy", labels)
    assert load_labels(tmp_path / "l.npy") == labels.tolist()


@pytest.mark.parametrize(
    ("name", "data", "rule", "value"),
    [
        ("l.csv", b"", "at least one entry", "l.csv"),
        ("l.txt", b"\n\n", "at least one entry", "l.txt"),
        ("l.csv", b"label\n", "at least one entry", "l.csv"),
        ("l.txt", b"a\n\nb\n", "must not be missing", "row 1"),
        ("l.csv", b"id,label\n1,\n", "must not be missing", "row 0"),
        ("l.csv", b"id,label\n1,a\n2\n", "must not be missing", "row 1"),
        ("l.csv", b"1\nNaN\n", "must not be missing", "'NaN' at row 1"),
        ("l.csv", b"id,name\n1,a\n", "one column", "id, name"),
        ("l.csv", b"label,labels\n1,a\n", "one column", "label, labels"),
        ("l.csv", b"a\n1,2\n", "one column", "a"),
        ("l.txt", b"\xff\xfe\x00", "UTF-8", "l.txt"),
        ("l.csv", b"a" * 200_000, "CSV", "l.csv"),
        ("l.json", b"[]", ".npy, .csv or .txt", "l.json"),
        ("l.npy", b"1\n2\n", ".npy file", "l.npy"),
        ("l.npz", b"PK", ".npy, .csv or .txt", "l.npz"),
    ],
)
def test_wrong_files(tmp_path, name, data, rule, value):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InvalidInputError) as caught:
        load_labels(tmp_path / name)
    assert caught.value.argument == "labels"
    assert rule in caught.value.rule
    assert value in str(caught.value.value)


@pytest.mark.parametrize(
    ("labels", "rule"),
    [
        (np.array([[1], [2]]), "one axis"),
        (np.array([1.0, np.nan]), "missing"),
        (np.array([], dtype=int), "at least one"),
        (np.array([1 + 1j]), "numbers or strings"),
        (np.array([(1, 2)], dtype="i4,i4"), "numbers or strings"),
        (np.array([{}], dtype=object), "pickle"),
    ],
)
def test_wrong_arrays(tmp_path, labels, rule):
    np.save(tmp_path / "l.npy", labels)
    with pytest.raises(InvalidInputError, match=rule) as caught:
        load_labels(tmp_path / "l.npy")
    assert caught.value.argument == "labels"
