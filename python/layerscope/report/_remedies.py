"""What a report says where a number is refused or misleads, and what to do instead."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["INSTEAD_OF_STEPS", "degenerate_units", "misleads"]

#: What there is where the steps of a graph support no dimension; the code runs as it stands.
INSTEAD_OF_STEPS = (
    "Boxes of real sizes cover the distances between the samples instead; with X the layer's "
    "activations, a row per sample: from layerscope import feature_network, fractal_dimension, "
    "metric_box_counts; fractal_dimension(metric_box_counts(feature_network(X.T).distances))"
)
#: Share of dead or of duplicate units above which the null of self-similarity misleads.
MOST_DEGENERATE = 0.1


def misleads(dead_share: float, duplicate_share: float) -> bool:
    """Return whether a layer has too many dead or duplicate units for its null.

    >>> misleads(0.47, 0.0), misleads(0.1, 0.1), misleads(0.0, 0.2), misleads(float("nan"), 0.0)
    (True, False, True, False)
    """
    return dead_share > MOST_DEGENERATE or duplicate_share > MOST_DEGENERATE


def degenerate_units(shares: Iterable[tuple[float, float]]) -> str:
    """Say what dead and duplicate units do to the null, and the remedy; empty where they are few.

    Parameters
    ----------
    shares : iterable of (float, float)
        Shares of dead and of duplicate units, per layer.

    Returns
    -------
    str

    >>> degenerate_units([(0.02, 0.0)])
    ''
    """
    told = [pair for pair in shares if misleads(*pair)]
    sentences = []
    if any(dead > MOST_DEGENERATE for dead, _ in told):
        sentences.append(
            "permuting leaves dead units dead, so the null is too narrow and z too large in size: "
            "measure again without them, X[:, X.std(axis=0) > 0]"
        )
    if any(duplicate > MOST_DEGENERATE for _, duplicate in told):
        sentences.append(
            "permuting makes duplicate units differ, so z tells of them rather than of the scales: "
            "measure again with one of each, numpy.unique(X, axis=1)"
        )
    return "; ".join(sentences)
