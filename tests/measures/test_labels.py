"""Arrays of integers are encoded by a faster way; the answer is that of the plain one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from layerscope._arrays import encode_labels
from layerscope.errors import InvalidInputError

integers = hnp.arrays(
    st.sampled_from([np.int8, np.uint8, np.int16, np.int64, np.uint64, np.dtype(">i4")]),
    st.integers(0, 30),
)


@given(integers)
def test_integer_arrays_are_encoded_as_their_list(labels):
    codes, classes = encode_labels(labels)
    slow_codes, slow_classes = encode_labels(labels.tolist())
    assert codes.dtype == np.uint32
    assert codes.tolist() == slow_codes.tolist()
    assert classes == slow_classes
    assert all(type(label) is int for label in classes)


def test_wrong_arrays_of_integers():
    with pytest.raises(InvalidInputError, match=r"labels must have one entry per row \(3\)"):
        encode_labels(np.arange(4), 3)
    masked = np.ma.MaskedArray([1, 2], mask=[True, False])
    with pytest.raises(InvalidInputError, match="labels must not be missing"):
        encode_labels(masked)
