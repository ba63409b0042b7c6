"""Measures: neighbours, graphs or activations in, frozen results out.

One file per measure; a measure never imports another, shared arithmetic lives in the files whose
names start with an underscore. What is known about each of them stands in ``_registry``.
"""

from layerscope.measures._per_layer import PerLayer, per_layer
from layerscope.measures.alignment import Alignment, alignment
from layerscope.measures.ball_growth_dimension import BallGrowthDimension, ball_growth_dimension
from layerscope.measures.box_counts import BoxCounts, box_counts, boxes
from layerscope.measures.cka import CKA, cka
from layerscope.measures.communities import Communities, leiden, louvain
from layerscope.measures.degree_exponent import DegreeExponent, degree_exponent
from layerscope.measures.feature_network import FeatureNetwork, feature_network
from layerscope.measures.follow_communities import FollowedCommunities, follow_communities
from layerscope.measures.fractal_dimension import FractalDimension, fractal_dimension
from layerscope.measures.fuzzy_box_counts import FuzzyBoxCounts, fuzzy_box_counts
from layerscope.measures.hop_distances import PathStatistics, hop_distances, path_statistics
from layerscope.measures.intrinsic_dimension import IntrinsicDimension, intrinsic_dimension
from layerscope.measures.label_agreement import LabelAgreement, label_agreement
from layerscope.measures.metric_box_counts import metric_box_counts
from layerscope.measures.modularity import Modularity, modularity
from layerscope.measures.modularity_curve import Difference, ModularityCurve, modularity_curve
from layerscope.measures.nntp import NNTP, nntp
from layerscope.measures.nnts import NNTS, nnts
from layerscope.measures.path_lengths import path_lengths
from layerscope.measures.renormalize import (
    RenormalisationExponent,
    renormalisation_exponent,
    renormalize,
)
from layerscope.measures.rewire import rewire
from layerscope.measures.self_similarity import SelfSimilarity, self_similarity

__all__ = [
    "CKA",
    "NNTP",
    "NNTS",
    "Alignment",
    "BallGrowthDimension",
    "BoxCounts",
    "Communities",
    "DegreeExponent",
    "Difference",
    "FeatureNetwork",
    "FollowedCommunities",
    "FractalDimension",
    "FuzzyBoxCounts",
    "IntrinsicDimension",
    "LabelAgreement",
    "Modularity",
    "ModularityCurve",
    "PathStatistics",
    "PerLayer",
    "RenormalisationExponent",
    "SelfSimilarity",
    "alignment",
    "ball_growth_dimension",
    "box_counts",
    "boxes",
    "cka",
    "degree_exponent",
    "feature_network",
    "follow_communities",
    "fractal_dimension",
    "fuzzy_box_counts",
    "hop_distances",
    "intrinsic_dimension",
    "label_agreement",
    "leiden",
    "louvain",
    "metric_box_counts",
    "modularity",
    "modularity_curve",
    "nntp",
    "nnts",
    "path_lengths",
    "path_statistics",
    "per_layer",
    "renormalisation_exponent",
    "renormalize",
    "rewire",
    "self_similarity",
]
