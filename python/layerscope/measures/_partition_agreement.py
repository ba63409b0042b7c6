"""How far do communities that were found agree with classes that are known?

With a class i of a_i samples, a community j of b_j, n_ij in both, n in all, and entropies H:

    MI    = Σ n_ij/n · ln(n n_ij / (a_i b_j))
    nmi   = MI / ((H(a) + H(b)) / 2)
    ami   = (MI − E) / ((H(a) + H(b)) / 2 − E)
    ari   = the share of pairs treated alike, adjusted for chance
    purity = Σ_j max_i n_ij / n
    fragmentation of i = 1 − Σ_j n_ij (n_ij − 1) / (a_i (a_i − 1))

E is the mean of MI over all ways to deal the samples into classes and communities of these sizes
(Vinh, Epps and Bailey 2010), summed over the hypergeometric law of every pair of sizes, so ami of
unrelated partitions is 0 on average, as ari is (Hubert and Arabie 1985). Partitions that are equal
up to names have ami = ari = nmi = 1, also without samples; one part beside several has 0.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope import _core
from layerscope._arrays import encode_labels
from layerscope._result import Result, StackResult
from layerscope._settings import check_jobs, record
from layerscope.measures._labelled import class_values
from layerscope.measures._per_layer import layer_index

__all__ = ["LayerAgreement", "PartitionAgreement", "layer_agreement", "partition_agreement"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PartitionAgreement(Result):
    """How far two partitions of the same samples agree.

    Attributes
    ----------
    ami : float
        Mutual information adjusted for chance, over the mean of the entropies: 1 for equal
        partitions, 0 on average for unrelated ones.
    ari : float
        Adjusted Rand index: pairs treated alike, adjusted likewise.
    nmi : float
        Mutual information over the mean of the entropies; many small communities raise it by
        chance.
    purity : float
        Share of the samples that are of the largest class of their community.
    fragmentation : dict
        Class -> chance that two of its members lie in different communities; 0 for one member.
    majority : tuple
        Largest class of each community, the first of equals.
    majority_share : ndarray of float64, shape (n_communities,)
        Share of each community that is of its largest class.
    """

    ami: float
    ari: float
    nmi: float
    purity: float
    fragmentation: dict[Hashable, float]
    majority: tuple[Hashable, ...]
    majority_share: npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LayerAgreement(StackResult):
    """Agreement with the classes per layer; ``agreement[name]`` is that of one layer.

    Attributes
    ----------
    ami, ari, nmi, purity : ndarray of float64, shape (L,)
        As in :class:`PartitionAgreement`.
    fragmentation : dict
        Class -> its fragmentation in every layer, ndarray of shape (L,).
    results : tuple of PartitionAgreement
        The result of each layer.
    """

    ami: npt.NDArray[np.float64]
    ari: npt.NDArray[np.float64]
    nmi: npt.NDArray[np.float64]
    purity: npt.NDArray[np.float64]
    fragmentation: dict[Hashable, npt.NDArray[np.float64]]
    results: tuple[PartitionAgreement, ...]

    def __getitem__(self, layer: str | int) -> PartitionAgreement:
        place = layer if isinstance(layer, int) else layer_index(self.layers, layer)
        return self.results[place]

    def __len__(self) -> int:
        return len(self.results)


def partition_agreement(
    found: Any, classes: Any, *, n_jobs: int | None = None
) -> PartitionAgreement:
    """Compare communities with classes.

    Parameters
    ----------
    found : sequence of length n_samples
        Community of each sample.
    classes : sequence of length n_samples
        Class of each sample.
    n_jobs : int, optional
        Threads; None for all cores. Never changes the result.

    Returns
    -------
    PartitionAgreement

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For sequences of different lengths, and for a missing label.

    Notes
    -----
    O(n + D₁ D₂ √n) with D the number of different sizes of parts on each side, at most √(2n) of
    them. Sources: Vinh, Epps and Bailey, Journal of Machine Learning Research 11, 2837 (2010);
    Hubert and Arabie, Journal of Classification 2, 193 (1985).

    Examples
    --------
    >>> from layerscope.measures._partition_agreement import partition_agreement
    >>> found = partition_agreement([0, 0, 0, 1, 1, 1], list("aaabbc"))
    >>> round(found.ami, 4), round(found.ari, 4), round(found.purity, 4)
    (0.7276, 0.7059, 0.8333)
    >>> found.fragmentation, found.majority
    ({'a': 0.0, 'b': 0.0, 'c': 0.0}, ('a', 'b'))
    """
    parts, numbers = encode_labels(found)
    codes, names = encode_labels(classes, parts.size)
    ami, ari, nmi, purity, torn, majority, count = _core.partition_agreement(
        parts, len(numbers), codes, len(names), check_jobs(n_jobs)
    )
    return PartitionAgreement(
        ami=ami,
        ari=ari,
        nmi=nmi,
        purity=purity,
        fragmentation=class_values(names, torn),
        majority=tuple(names[code] for code in majority),
        majority_share=count / np.bincount(parts, minlength=len(numbers)),
        settings=record("partition_agreement", n_samples=codes.size),
    )


def layer_agreement(results: Mapping[str, PartitionAgreement]) -> LayerAgreement:
    """Put the agreements of all layers with the same classes together."""
    parts = tuple(results.values())

    def column(name: str) -> npt.NDArray[np.float64]:
        return np.array([getattr(part, name) for part in parts], dtype=np.float64)

    return LayerAgreement(
        layers=tuple(results),
        ami=column("ami"),
        ari=column("ari"),
        nmi=column("nmi"),
        purity=column("purity"),
        fragmentation={
            label: np.array([part.fragmentation[label] for part in parts])
            for label in parts[0].fragmentation
        },
        results=parts,
        settings=dict(parts[0].settings),
    )
