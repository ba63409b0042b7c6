"""Delete-group jackknife: how far would a number move with other rows?

Twenty seeded groups, stratified by class. The number is computed anew without each group,
neighbours sought among the rows that are kept, and

    variance = (g − 1)/g Σ_j (θ₋ⱼ − mean θ)²,   interval = value ± t₁₉ √variance

estimates the spread of the number at this number of rows. Differences are judged paired: θ₋ⱼ of
both layers lack the same rows.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from layerscope import _core
from layerscope.measures._labelled import Codes

__all__ = ["FEWEST_ROWS", "GROUPS", "groups_for", "interval", "standard_errors"]

GROUPS = 20
#: Two rows per group, below which leaving one out says little.
FEWEST_ROWS = 2 * GROUPS
#: 97.5 % quantile of Student's t with 19 degrees of freedom.
STUDENT_T = 2.093024054408263
#: Random stream of the groups; streams from 0 up belong to permutations.
_STREAM = 2 << 32


def groups_for(labels: Codes, random_state: int) -> npt.NDArray[np.uint32]:
    """Return the group of each row: sizes differ by at most one, in all and within each class."""
    codes, _ = labels
    shuffled = _core.permutation(codes.size, random_state, _STREAM)
    by_class = shuffled[np.argsort(codes[shuffled], kind="stable")]
    groups = np.empty(codes.size, dtype=np.uint32)
    groups[by_class] = np.arange(codes.size) % GROUPS
    return groups


def standard_errors(thetas: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the standard error of each row of values without a group; NaN for NaN."""
    deviations = thetas - thetas.mean(axis=-1, keepdims=True)
    g = thetas.shape[-1]
    errors: npt.NDArray[np.float64] = np.sqrt((g - 1) / g * (deviations**2).sum(axis=-1))
    return errors


def interval(
    values: npt.NDArray[np.float64], errors: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the ends of the 95 % interval."""
    return values - STUDENT_T * errors, values + STUDENT_T * errors
