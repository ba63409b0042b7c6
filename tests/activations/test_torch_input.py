"""Tensors as layers and as labels."""

import numpy as np
import pytest

from layerscope import Activations, pool
from layerscope._arrays import BFloat16Array, as_array, encode_labels
from layerscope.errors import InvalidInputError, InvalidTypeError

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

BASE = [[0.5, -1.5, 2.0], [4.0, 0.0, -0.25]]


@pytest.mark.parametrize(
    "change",
    [
        lambda tensor: tensor,
        lambda tensor: tensor.double(),
        lambda tensor: tensor.half(),
        lambda tensor: tensor.bfloat16(),
        lambda tensor: tensor.clone().requires_grad_(),
        lambda tensor: tensor.clone().requires_grad_() * 1.0,
        lambda tensor: tensor.bfloat16().requires_grad_(),
        lambda tensor: tensor.t().contiguous().t(),
        lambda tensor: tensor.bfloat16().t().contiguous().t(),
        torch.nn.Parameter,
        lambda tensor: torch._neg_view(-tensor),
    ],
)
def test_every_tensor_says_the_same(change):
    tensor = change(torch.tensor(BASE))
    kept = Activations({"a": tensor})["a"]
    np.testing.assert_array_equal(np.asarray(kept, dtype=np.float64), BASE)
    assert isinstance(kept, BFloat16Array) == (tensor.dtype == torch.bfloat16)


def test_a_plain_tensor_is_borrowed():
    tensor = torch.zeros(2, 2)
    kept = as_array(tensor)
    tensor[0, 0] = 7.0
    assert kept[0, 0] == 7.0


def test_integers_and_booleans():
    np.testing.assert_array_equal(as_array(torch.tensor([[1, 2]])), [[1.0, 2.0]])
    np.testing.assert_array_equal(as_array(torch.tensor([[True, False]])), [[1.0, 0.0]])


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.eye(2).to_sparse(),
        lambda: torch.zeros(2, 2, dtype=torch.complex64),
        lambda: torch.zeros(2, 2, dtype=torch.float8_e4m3fn),
        lambda: torch.zeros(2, 2, device="meta"),
    ],
)
def test_tensors_that_hold_no_readable_numbers(make):
    with pytest.raises(InvalidTypeError) as caught:
        Activations({"conv": make()})
    assert caught.value.layer == "conv"


def test_uint16_tensor_is_refused():
    with pytest.raises(InvalidInputError, match="uint16"):
        as_array(torch.zeros(2, 2, dtype=torch.uint16))


@pytest.mark.parametrize("labels", [torch.tensor([5, 3, 5]), list(torch.tensor([5, 3, 5]))])
def test_labels(labels):
    codes, classes = encode_labels(labels)
    assert codes.tolist() == [1, 0, 1]
    assert classes == (3, 5)


def test_pool_takes_tensors_and_masks():
    tokens = torch.arange(12, dtype=torch.bfloat16).reshape(2, 3, 2)
    mask = torch.tensor([[1, 1, 0], [1, 1, 1]])
    pooled = pool(tokens, layout="NTC", how="last", mask=mask)
    np.testing.assert_array_equal(np.asarray(pooled), [[2.0, 3.0], [10.0, 11.0]])
    mean = pool(tokens, layout="NTC", how="mean", mask=mask.bool())
    np.testing.assert_array_equal(mean, [[1.0, 2.0], [8.0, 9.0]])
