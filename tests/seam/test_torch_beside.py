"""torch in the same process: imported before or after, both compute, no runtime clashes."""

from __future__ import annotations

import pytest

from tests.seam._calls import run_program

pytestmark = pytest.mark.torch

WORK = """
import numpy as np
def both():
    X = np.random.default_rng(0).normal(size=(2000, 64)).astype(np.float32)
    a = torch.from_numpy(X)
    ours = layerscope.neighbors(a, n_neighbors=5)
    theirs = torch.cdist(a, a, compute_mode="donot_use_mm_for_euclid_dist")
    theirs.fill_diagonal_(float("inf"))
    theirs = theirs.topk(5, largest=False).indices.numpy()
    assert (np.sort(ours.indices, 1) == np.sort(theirs, 1)).mean() > 0.999
    half = layerscope.neighbors(a.bfloat16().requires_grad_(), n_neighbors=5)
    assert half.indices.shape == (2000, 5)
both()
both()
"""


@pytest.mark.parametrize(
    "imports", ["import torch, layerscope", "import layerscope, torch"], ids=["torch", "layerscope"]
)
def test_imported_first(imports: str) -> None:
    run_program(f"{imports}\n{WORK}", seconds=240)


def test_forked_workers_of_a_loader() -> None:
    """A data loader forks after the parent has used both."""
    program = """
import torch, layerscope
import numpy as np
X = np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32)
expected = layerscope.neighbors(X, n_neighbors=3).indices.astype(np.int64)

class Rows(torch.utils.data.Dataset):
    def __len__(self):
        return 4
    def __getitem__(self, i):
        return torch.from_numpy(layerscope.neighbors(X, n_neighbors=3).indices.astype(np.int64))

from torch.utils.data import DataLoader
loader = DataLoader(Rows(), batch_size=1, num_workers=2, multiprocessing_context="fork")
batches = [batch[0].numpy() for batch in loader]
assert len(batches) == 4
assert all((batch == expected).all() for batch in batches)
"""
    run_program(program, seconds=240)
