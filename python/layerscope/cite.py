"""The papers behind a result, as BibTeX."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from layerscope._result import Result
from layerscope._version import __version__
from layerscope.errors import InvalidTypeError

__all__ = ["cite"]

_ENTRIES = {
    "layerscope": f"""\
@software{{layerscope,
  author  = {{{{The layerscope authors}}}},
  title   = {{layerscope: the hidden layers of deep networks, measured as complex networks}},
  version = {{{__version__}}}
}}""",
    "lu2022": """\
@inproceedings{lu2022modularity,
  author    = {Lu, Yao and Yang, Wen and Zhang, Yunzhe and Chen, Zuohui and Chen, Jinyin and
               Xuan, Qi and Wang, Zhen and Yang, Xiaoniu},
  title     = {Understanding the Dynamics of {DNNs} Using Graph Modularity},
  booktitle = {Computer Vision -- {ECCV} 2022},
  pages     = {225--242},
  publisher = {Springer},
  year      = {2022},
  doi       = {10.1007/978-3-031-19775-8_14},
  eprint    = {2111.12485},
  archivePrefix = {arXiv}
}""",
    "newman2004": """\
@article{newman2004community,
  author  = {Newman, M. E. J. and Girvan, M.},
  title   = {Finding and evaluating community structure in networks},
  journal = {Physical Review E},
  volume  = {69},
  pages   = {026113},
  year    = {2004},
  doi     = {10.1103/PhysRevE.69.026113}
}""",
    "leicht2008": """\
@article{leicht2008directed,
  author  = {Leicht, E. A. and Newman, M. E. J.},
  title   = {Community structure in directed networks},
  journal = {Physical Review Letters},
  volume  = {100},
  pages   = {118703},
  year    = {2008},
  doi     = {10.1103/PhysRevLett.100.118703}
}""",
    "newman2003": """\
@article{newman2003mixing,
  author  = {Newman, M. E. J.},
  title   = {Mixing patterns in networks},
  journal = {Physical Review E},
  volume  = {67},
  pages   = {026126},
  year    = {2003},
  doi     = {10.1103/PhysRevE.67.026126}
}""",
    "efron1982": """\
@book{efron1982jackknife,
  author    = {Efron, Bradley},
  title     = {The Jackknife, the Bootstrap and Other Resampling Plans},
  publisher = {Society for Industrial and Applied Mathematics},
  year      = {1982},
  doi       = {10.1137/1.9781611970319}
}""",
    "kott2001": """\
@article{kott2001jackknife,
  author  = {Kott, Phillip S.},
  title   = {The delete-a-group jackknife},
  journal = {Journal of Official Statistics},
  volume  = {17},
  number  = {4},
  pages   = {521--526},
  year    = {2001}
}""",
    "facco2017": """\
@article{facco2017twonn,
  author  = {Facco, Elena and d'Errico, Maria and Rodriguez, Alex and Laio, Alessandro},
  title   = {Estimating the intrinsic dimension of datasets by a minimal neighborhood information},
  journal = {Scientific Reports},
  volume  = {7},
  pages   = {12140},
  year    = {2017},
  doi     = {10.1038/s41598-017-11873-y}
}""",
    "ding2025": """\
@misc{ding2025selfsimilarity,
  author = {Ding, Jingyi and Qi, Chengwen and Wang, Hongfei and Wu, Jianshe and Jiao, Licheng and
            Guo, Yuwei and Gao, Jian},
  title  = {Self-similarity Analysis in Deep Neural Networks},
  year   = {2025},
  eprint = {2507.17785},
  archivePrefix = {arXiv}
}""",
    "hryniowski2020": """\
@misc{hryniowski2020interlayer,
  author = {Hryniowski, Andrew and Wong, Alexander},
  title  = {Inter-layer Information Similarity Assessment of Deep Neural Networks Via Topological
            Similarity and Persistence Analysis of Data Neighbour Dynamics},
  year   = {2020},
  eprint = {2012.03793},
  archivePrefix = {arXiv}
}""",
    "kornblith2019": """\
@inproceedings{kornblith2019similarity,
  author    = {Kornblith, Simon and Norouzi, Mohammad and Lee, Honglak and Hinton, Geoffrey},
  title     = {Similarity of Neural Network Representations Revisited},
  booktitle = {International Conference on Machine Learning},
  year      = {2019},
  eprint    = {1905.00414},
  archivePrefix = {arXiv}
}""",
    "song2012": """\
@article{song2012dependence,
  author  = {Song, Le and Smola, Alex and Gretton, Arthur and Bedo, Justin and Borgwardt, Karsten},
  title   = {Feature Selection via Dependence Maximization},
  journal = {Journal of Machine Learning Research},
  volume  = {13},
  pages   = {1393--1434},
  year    = {2012}
}""",
    "nguyen2021": """\
@inproceedings{nguyen2021wide,
  author    = {Nguyen, Thao and Raghu, Maithra and Kornblith, Simon},
  title     = {Do Wide and Deep Networks Learn the Same Things? Uncovering How Neural Network
               Representations Vary with Width and Depth},
  booktitle = {International Conference on Learning Representations},
  year      = {2021},
  eprint    = {2010.15327},
  archivePrefix = {arXiv}
}""",
    "huh2024": """\
@inproceedings{huh2024platonic,
  author    = {Huh, Minyoung and Cheung, Brian and Wang, Tongzhou and Isola, Phillip},
  title     = {The {Platonic} Representation Hypothesis},
  booktitle = {International Conference on Machine Learning},
  year      = {2024},
  eprint    = {2405.07987},
  archivePrefix = {arXiv}
}""",
    "glielmo2022": """\
@article{glielmo2022ranking,
  author  = {Glielmo, Aldo and Zeni, Claudio and Cheng, Bingqing and Cs{\\'a}nyi, G{\\'a}bor and
             Laio, Alessandro},
  title   = {Ranking the information content of distance measures},
  journal = {PNAS Nexus},
  volume  = {1},
  number  = {2},
  pages   = {pgac039},
  year    = {2022},
  doi     = {10.1093/pnasnexus/pgac039}
}""",
    "blondel2008": """\
@article{blondel2008louvain,
  author  = {Blondel, Vincent D. and Guillaume, Jean-Loup and Lambiotte, Renaud and
             Lefebvre, Etienne},
  title   = {Fast unfolding of communities in large networks},
  journal = {Journal of Statistical Mechanics: Theory and Experiment},
  volume  = {2008},
  number  = {10},
  pages   = {P10008},
  year    = {2008},
  doi     = {10.1088/1742-5468/2008/10/P10008}
}""",
    "traag2019": """\
@article{traag2019leiden,
  author  = {Traag, V. A. and Waltman, L. and van Eck, N. J.},
  title   = {From {Louvain} to {Leiden}: guaranteeing well-connected communities},
  journal = {Scientific Reports},
  volume  = {9},
  pages   = {5233},
  year    = {2019},
  doi     = {10.1038/s41598-019-41695-z}
}""",
    "vinh2010": """\
@article{vinh2010clusterings,
  author  = {Vinh, Nguyen Xuan and Epps, Julien and Bailey, James},
  title   = {Information Theoretic Measures for Clusterings Comparison: Variants, Properties,
             Normalization and Correction for Chance},
  journal = {Journal of Machine Learning Research},
  volume  = {11},
  pages   = {2837--2854},
  year    = {2010}
}""",
    "hubert1985": """\
@article{hubert1985partitions,
  author  = {Hubert, Lawrence and Arabie, Phipps},
  title   = {Comparing partitions},
  journal = {Journal of Classification},
  volume  = {2},
  pages   = {193--218},
  year    = {1985},
  doi     = {10.1007/BF01908075}
}""",
    "radovanovic2010": """\
@article{radovanovic2010hubs,
  author  = {Radovanovi{\\'c}, Milo{\\v s} and Nanopoulos, Alexandros and Ivanovi{\\'c}, Mirjana},
  title   = {Hubs in Space: Popular Nearest Neighbors in High-Dimensional Data},
  journal = {Journal of Machine Learning Research},
  volume  = {11},
  pages   = {2487--2531},
  year    = {2010}
}""",
    "song2005": """\
@article{song2005selfsimilarity,
  author  = {Song, Chaoming and Havlin, Shlomo and Makse, Hern{\\'a}n A.},
  title   = {Self-similarity of complex networks},
  journal = {Nature},
  volume  = {433},
  pages   = {392--395},
  year    = {2005},
  doi     = {10.1038/nature03248}
}""",
    "song2007": """\
@article{song2007fractal,
  author  = {Song, Chaoming and Gallos, Lazaros K. and Havlin, Shlomo and Makse, Hern{\\'a}n A.},
  title   = {How to calculate the fractal dimension of a complex network: the box covering
             algorithm},
  journal = {Journal of Statistical Mechanics: Theory and Experiment},
  pages   = {P03006},
  year    = {2007},
  doi     = {10.1088/1742-5468/2007/03/P03006}
}""",
    "kim2007": """\
@article{kim2007fractality,
  author  = {Kim, J. S. and Goh, K.-I. and Kahng, B. and Kim, D.},
  title   = {A box-covering algorithm for fractal scaling in scale-free networks},
  journal = {Chaos},
  volume  = {17},
  number  = {2},
  pages   = {026116},
  year    = {2007}
}""",
    "sun2014": """\
@article{sun2014overlapping,
  author  = {Sun, Yuanyuan and Zhao, Yujie},
  title   = {Overlapping-box-covering method for the fractal dimension of complex networks},
  journal = {Physical Review E},
  volume  = {89},
  pages   = {042809},
  year    = {2014},
  doi     = {10.1103/PhysRevE.89.042809}
}""",
    "akiba2016": """\
@inproceedings{akiba2016fractality,
  author    = {Akiba, Takuya and Nakamura, Kenko and Takaguchi, Taro},
  title     = {Fractality of Massive Graphs: Scalable Analysis with Sketch-Based Box-Covering
               Algorithm},
  booktitle = {IEEE International Conference on Data Mining},
  year      = {2016},
  eprint    = {1609.07994},
  archivePrefix = {arXiv}
}""",
    "zhang2014": """\
@article{zhang2014fuzzy,
  author  = {Zhang, Haixin and Hu, Yong and Lan, Xin and Mahadevan, Sankaran and Deng, Yong},
  title   = {Fuzzy fractal dimension of complex networks},
  journal = {Applied Soft Computing},
  volume  = {25},
  pages   = {514--518},
  year    = {2014}
}""",
    "dijkstra1959": """\
@article{dijkstra1959note,
  author  = {Dijkstra, Edsger W.},
  title   = {A note on two problems in connexion with graphs},
  journal = {Numerische Mathematik},
  volume  = {1},
  pages   = {269--271},
  year    = {1959}
}""",
    "murtagh1983": """\
@article{murtagh1983survey,
  author  = {Murtagh, Fionn},
  title   = {A Survey of Recent Advances in Hierarchical Clustering Algorithms},
  journal = {The Computer Journal},
  volume  = {26},
  number  = {4},
  pages   = {354--359},
  year    = {1983}
}""",
    "maslov2002": """\
@article{maslov2002specificity,
  author  = {Maslov, Sergei and Sneppen, Kim},
  title   = {Specificity and Stability in Topology of Protein Networks},
  journal = {Science},
  volume  = {296},
  pages   = {910--913},
  year    = {2002},
  doi     = {10.1126/science.1065103}
}""",
    "clauset2009": """\
@article{clauset2009power,
  author  = {Clauset, Aaron and Shalizi, Cosma Rohilla and Newman, M. E. J.},
  title   = {Power-Law Distributions in Empirical Data},
  journal = {SIAM Review},
  volume  = {51},
  number  = {4},
  pages   = {661--703},
  year    = {2009},
  doi     = {10.1137/070710111}
}""",
    "then2014": """\
@article{then2014msbfs,
  author  = {Then, Manuel and Kaufmann, Moritz and Chirigati, Fernando and Hoang-Vu, Tuan-Anh and
             Pham, Kien and Kemper, Alfons and Neumann, Thomas and Vo, Huy T.},
  title   = {The More the Merrier: Efficient Multi-Source Graph Traversal},
  journal = {Proceedings of the VLDB Endowment},
  volume  = {8},
  number  = {4},
  pages   = {449--460},
  year    = {2014}
}""",
}

#: Sources by the name of a function, a measure or a result's class.
_SOURCES = {
    "modularity": ("lu2022", "newman2004", "newman2003"),
    "Modularity": ("lu2022", "newman2004", "newman2003"),
    "modularity_curve": ("lu2022", "newman2004", "newman2003", "efron1982", "kott2001"),
    "ModularityCurve": ("lu2022", "newman2004", "newman2003", "efron1982", "kott2001"),
    "Difference": ("lu2022", "efron1982", "kott2001"),
    "intrinsic_dimension": ("facco2017",),
    "IntrinsicDimension": ("facco2017",),
    "nnts": ("hryniowski2020",),
    "NNTS": ("hryniowski2020",),
    "nntp": ("hryniowski2020",),
    "NNTP": ("hryniowski2020",),
    "cka": ("kornblith2019", "song2012", "nguyen2021"),
    "cka_matrix": ("kornblith2019", "song2012", "nguyen2021"),
    "CKAMatrix": ("kornblith2019", "song2012", "nguyen2021"),
    "CKA": ("kornblith2019", "song2012", "nguyen2021"),
    "alignment": ("huh2024", "glielmo2022"),
    "Alignment": ("huh2024", "glielmo2022"),
    "louvain": ("blondel2008", "newman2004"),
    "leiden": ("traag2019", "blondel2008", "newman2004"),
    "partition_agreement": ("vinh2010", "hubert1985"),
    "self_similarity": ("ding2025",),
    "SelfSimilarity": ("ding2025",),
    "feature_network": ("ding2025",),
    "FeatureNetwork": ("ding2025",),
    "neighbors": ("radovanovic2010",),
    "Neighbors": ("radovanovic2010",),
    "hubness": ("radovanovic2010",),
    "path_statistics": ("then2014",),
    "PathStatistics": ("then2014",),
    "box_counts": ("song2007", "sun2014", "akiba2016", "kim2007"),
    "BoxCounts": ("song2007", "sun2014", "akiba2016", "kim2007"),
    "path_lengths": ("dijkstra1959",),
    "metric_box_counts": ("song2007", "murtagh1983"),
    "fuzzy_box_counts": ("zhang2014",),
    "FuzzyBoxCounts": ("zhang2014",),
    "fractal_dimension": ("song2005", "song2007", "maslov2002"),
    "FractalDimension": ("song2005", "song2007", "maslov2002"),
    "ball_growth_dimension": ("song2005",),
    "BallGrowthDimension": ("song2005",),
    "renormalisation_exponent": ("song2005", "song2007"),
    "RenormalisationExponent": ("song2005", "song2007"),
    "degree_exponent": ("clauset2009",),
    "DegreeExponent": ("clauset2009",),
}


def cite(result: Any) -> str:
    """Return the BibTeX entries of the papers behind a result, and of layerscope itself.

    Parameters
    ----------
    result : Result, Neighbors or Report
        Anything that layerscope computed. A report gives the union over its results.

    Returns
    -------
    str
        Entries separated by empty lines, each once, in a fixed order.

    Raises
    ------
    InvalidTypeError
        If ``result`` is no result of layerscope.

    Notes
    -----
    O(number of results).

    Examples
    --------
    >>> from layerscope import cite
    >>> from layerscope._result import Result
    >>> text = cite(Result(settings={"function": "intrinsic_dimension"}))
    >>> [line for line in text.splitlines() if line.startswith("@")]
    ['@software{layerscope,', '@article{facco2017twonn,']
    """
    if not isinstance(result, Result) and not isinstance(getattr(result, "settings", None), dict):
        raise InvalidTypeError("result", "must be a result of layerscope", type(result).__name__)
    wanted = {"layerscope", *_sources(result)}
    return "\n\n".join(entry for key, entry in _ENTRIES.items() if key in wanted)


def _sources(result: Any) -> Iterator[str]:
    settings = getattr(result, "settings", None) or {}
    names = {
        str(settings.get("function", "")),
        str(getattr(result, "measure", "")),
        type(result).__name__,
    }
    if "hubness" in (getattr(result, "table", None) or ()):
        names.add("hubness")
    for name in names:
        yield from _SOURCES.get(name, ())
    if settings.get("directed") and any("odularity" in name for name in names):
        yield "leicht2008"
    agreement = getattr(result, "agreement", None)
    if isinstance(agreement, Result):
        yield from _sources(agreement)
    inner = getattr(result, "results", None)
    for part in _parts(inner):
        yield from _sources(part)


def _parts(inner: Any) -> Iterator[Any]:
    """Yield the results inside a mapping or tuple of results, at any depth."""
    if isinstance(inner, Mapping):
        inner = tuple(inner.values())
    if isinstance(inner, tuple | list):
        for entry in inner:
            if isinstance(entry, Mapping | tuple | list):
                yield from _parts(entry)
            else:
                yield entry
