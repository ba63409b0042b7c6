"""Measures: neighbours, graphs or activations in, frozen results out.

One file per measure; a measure never imports another, shared arithmetic lives in the files whose
names start with an underscore. What is known about each of them stands in ``_registry``.
"""

from layerscope.measures._per_layer import PerLayer, per_layer
from layerscope.measures.alignment import Alignment, alignment
from layerscope.measures.cka import CKA, cka
from layerscope.measures.communities import Communities, leiden, louvain
from layerscope.measures.follow_communities import FollowedCommunities, follow_communities
from layerscope.measures.intrinsic_dimension import IntrinsicDimension, intrinsic_dimension
from layerscope.measures.label_agreement import LabelAgreement, label_agreement
from layerscope.measures.modularity import Modularity, modularity
from layerscope.measures.modularity_curve import Difference, ModularityCurve, modularity_curve
from layerscope.measures.nntp import NNTP, nntp
from layerscope.measures.nnts import NNTS, nnts
from layerscope.measures.self_similarity import (
    FeatureNetwork,
    SelfSimilarity,
    feature_network,
    self_similarity,
)

__all__ = [
    "CKA",
    "NNTP",
    "NNTS",
    "Alignment",
    "Communities",
    "Difference",
    "FeatureNetwork",
    "FollowedCommunities",
    "IntrinsicDimension",
    "LabelAgreement",
    "Modularity",
    "ModularityCurve",
    "PerLayer",
    "SelfSimilarity",
    "alignment",
    "cka",
    "feature_network",
    "follow_communities",
    "intrinsic_dimension",
    "label_agreement",
    "leiden",
    "louvain",
    "modularity",
    "modularity_curve",
    "nntp",
    "nnts",
    "per_layer",
    "self_similarity",
]
