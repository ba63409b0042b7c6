"""What is known about each measure: where its parts are and what it asks for.

To add a measure is to add an entry here and the files that it names; a test holds them together.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MEASURES", "Facts"]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Facts about one measure. Paths are those of the source tree.

    Attributes
    ----------
    name : str
        Name of the measure, as results and reports have it.
    function : str
        Its public function.
    module : str
        The Python file.
    rust : str or None
        The file, or the folder's first file, that computes it; None for a measure made of dense
        products, which are numpy's.
    rust_twin : str or None
        Its naive twin in the Rust test kit; None where there is no Rust.
    twin : str
        Its naive twin in Python.
    docs, bench : str
        Its page, and the bench that times it.
    needs_labels, is_random : bool
        Whether it asks for labels; whether a seed decides any of its numbers.
    minimum_rows : int
        Fewer rows are an error.
    papers : tuple of str
        Keys of its sources, see :mod:`layerscope.cite`.
    """

    name: str
    function: str
    module: str
    rust: str | None
    rust_twin: str | None
    twin: str
    docs: str
    bench: str
    needs_labels: bool
    is_random: bool
    minimum_rows: int
    papers: tuple[str, ...]


_ALL = (
    Facts(
        name="label_agreement",
        function="layerscope.label_agreement",
        module="python/layerscope/measures/label_agreement.py",
        rust="rust/measures/src/agreement.rs",
        rust_twin="rust/testkit/src/agreement.rs",
        twin="python/layerscope/_reference/agreement.py",
        docs="docs/measures/label-agreement.md",
        bench="benches/python/label_agreement.py",
        needs_labels=True,
        is_random=False,
        minimum_rows=2,
        papers=(),
    ),
    Facts(
        name="modularity",
        function="layerscope.modularity",
        module="python/layerscope/measures/modularity.py",
        rust="rust/measures/src/modularity/mod.rs",
        rust_twin="rust/testkit/src/modularity.rs",
        twin="python/layerscope/_reference/modularity.py",
        docs="docs/measures/modularity.md",
        bench="benches/python/modularity.py",
        needs_labels=True,
        is_random=True,
        minimum_rows=2,
        papers=("lu2022", "newman2004", "newman2003"),
    ),
    Facts(
        name="modularity_curve",
        function="layerscope.modularity_curve",
        module="python/layerscope/measures/modularity_curve.py",
        rust="rust/measures/src/modularity/jackknife.rs",
        rust_twin="rust/testkit/src/modularity.rs",
        twin="python/layerscope/_reference/modularity.py",
        docs="docs/measures/modularity.md",
        bench="benches/python/modularity_curve.py",
        needs_labels=True,
        is_random=True,
        minimum_rows=2,
        papers=("lu2022", "newman2004", "newman2003", "efron1982", "kott2001"),
    ),
    Facts(
        name="intrinsic_dimension",
        function="layerscope.intrinsic_dimension",
        module="python/layerscope/measures/intrinsic_dimension.py",
        rust="rust/measures/src/dimension.rs",
        rust_twin="rust/testkit/src/dimension.rs",
        twin="python/layerscope/_reference/dimension.py",
        docs="docs/measures/intrinsic-dimension.md",
        bench="benches/python/intrinsic_dimension.py",
        needs_labels=False,
        is_random=False,
        minimum_rows=3,
        papers=("facco2017",),
    ),
    Facts(
        name="nnts",
        function="layerscope.nnts",
        module="python/layerscope/measures/nnts.py",
        rust="rust/measures/src/nnts.rs",
        rust_twin="rust/testkit/src/persistence.rs",
        twin="python/layerscope/_reference/persistence.py",
        docs="docs/measures/nnts.md",
        bench="benches/python/persistence.py",
        needs_labels=False,
        is_random=True,
        minimum_rows=2,
        papers=("hryniowski2020",),
    ),
    Facts(
        name="nntp",
        function="layerscope.nntp",
        module="python/layerscope/measures/nntp.py",
        rust="rust/measures/src/nntp.rs",
        rust_twin="rust/testkit/src/persistence.rs",
        twin="python/layerscope/_reference/persistence.py",
        docs="docs/measures/nntp.md",
        bench="benches/python/persistence.py",
        needs_labels=False,
        is_random=False,
        minimum_rows=2,
        papers=("hryniowski2020",),
    ),
    Facts(
        name="follow_communities",
        function="layerscope.follow_communities",
        module="python/layerscope/measures/follow_communities.py",
        rust="rust/measures/src/following.rs",
        rust_twin="rust/testkit/src/following.rs",
        twin="python/layerscope/_reference/following.py",
        docs="docs/measures/follow-communities.md",
        bench="benches/python/follow_communities.py",
        needs_labels=False,
        is_random=True,
        minimum_rows=2,
        papers=("traag2019", "blondel2008", "vinh2010", "hubert1985"),
    ),
    Facts(
        name="cka",
        function="layerscope.cka",
        module="python/layerscope/measures/cka.py",
        rust=None,
        rust_twin=None,
        twin="python/layerscope/_reference/cka.py",
        docs="docs/measures/cka.md",
        bench="benches/python/alignment.py",
        needs_labels=False,
        is_random=False,
        minimum_rows=2,
        papers=("kornblith2019", "song2012", "nguyen2021"),
    ),
    Facts(
        name="alignment",
        function="layerscope.alignment",
        module="python/layerscope/measures/alignment.py",
        rust=None,
        rust_twin=None,
        twin="python/layerscope/_reference/alignment.py",
        docs="docs/measures/alignment.md",
        bench="benches/python/alignment.py",
        needs_labels=False,
        is_random=False,
        minimum_rows=2,
        papers=("huh2024", "glielmo2022"),
    ),
    Facts(
        name="hop_distances",
        function="layerscope.hop_distances",
        module="python/layerscope/measures/hop_distances.py",
        rust="rust/measures/src/fractal/distances.rs",
        rust_twin="rust/testkit/src/fractal.rs",
        twin="python/layerscope/_reference/fractal.py",
        docs="docs/measures/hop-distances.md",
        bench="benches/python/fractal.py",
        needs_labels=False,
        is_random=False,
        minimum_rows=1,
        papers=("then2014",),
    ),
    Facts(
        name="path_statistics",
        function="layerscope.path_statistics",
        module="python/layerscope/measures/hop_distances.py",
        rust="rust/measures/src/fractal/paths.rs",
        rust_twin="rust/testkit/src/fractal.rs",
        twin="python/layerscope/_reference/fractal.py",
        docs="docs/measures/hop-distances.md",
        bench="benches/python/fractal.py",
        needs_labels=False,
        is_random=False,
        minimum_rows=1,
        papers=("then2014",),
    ),
    Facts(
        name="path_lengths",
        function="layerscope.path_lengths",
        module="python/layerscope/measures/path_lengths.py",
        rust="rust/measures/src/fractal/lengths.rs",
        rust_twin="rust/testkit/src/fractal.rs",
        twin="python/layerscope/_reference/fractal.py",
        docs="docs/measures/hop-distances.md",
        bench="benches/python/fractal.py",
        needs_labels=False,
        is_random=False,
        minimum_rows=1,
        papers=("dijkstra1959",),
    ),
    Facts(
        name="box_counts",
        function="layerscope.box_counts",
        module="python/layerscope/measures/box_counts.py",
        rust="rust/measures/src/fractal/counts.rs",
        rust_twin="rust/testkit/src/fractal.rs",
        twin="python/layerscope/_reference/fractal.py",
        docs="docs/measures/box-covering.md",
        bench="benches/python/fractal.py",
        needs_labels=False,
        is_random=True,
        minimum_rows=1,
        papers=(
            "song2007",
            "sun2014",
            "akiba2016",
            "kim2007",
        ),
    ),
    Facts(
        name="boxes",
        function="layerscope.boxes",
        module="python/layerscope/measures/box_counts.py",
        rust="rust/measures/src/fractal/counts.rs",
        rust_twin="rust/testkit/src/fractal.rs",
        twin="python/layerscope/_reference/fractal.py",
        docs="docs/measures/box-covering.md",
        bench="benches/python/fractal.py",
        needs_labels=False,
        is_random=True,
        minimum_rows=1,
        papers=(
            "song2007",
            "sun2014",
            "akiba2016",
            "kim2007",
        ),
    ),
    Facts(
        name="metric_box_counts",
        function="layerscope.metric_box_counts",
        module="python/layerscope/measures/metric_box_counts.py",
        rust="rust/measures/src/fractal/linkage.rs",
        rust_twin="rust/testkit/src/fractal.rs",
        twin="python/layerscope/_reference/fractal.py",
        docs="docs/measures/box-covering.md",
        bench="benches/python/fractal.py",
        needs_labels=False,
        is_random=False,
        minimum_rows=1,
        papers=(
            "song2007",
            "murtagh1983",
        ),
    ),
    Facts(
        name="fuzzy_box_counts",
        function="layerscope.fuzzy_box_counts",
        module="python/layerscope/measures/fuzzy_box_counts.py",
        rust="rust/measures/src/fractal/paths.rs",
        rust_twin="rust/testkit/src/fractal.rs",
        twin="python/layerscope/_reference/fractal.py",
        docs="docs/measures/box-covering.md",
        bench="benches/python/fractal.py",
        needs_labels=False,
        is_random=False,
        minimum_rows=1,
        papers=("zhang2014",),
    ),
    Facts(
        name="fractal_dimension",
        function="layerscope.fractal_dimension",
        module="python/layerscope/measures/fractal_dimension.py",
        rust="rust/measures/src/fractal/dimension.rs",
        rust_twin="rust/testkit/src/fractal.rs",
        twin="python/layerscope/_reference/fractal.py",
        docs="docs/measures/fractal-dimension.md",
        bench="benches/python/fractal.py",
        needs_labels=False,
        is_random=True,
        minimum_rows=1,
        papers=(
            "song2005",
            "song2007",
            "maslov2002",
        ),
    ),
    Facts(
        name="ball_growth_dimension",
        function="layerscope.ball_growth_dimension",
        module="python/layerscope/measures/ball_growth_dimension.py",
        rust="rust/measures/src/fractal/dimension.rs",
        rust_twin="rust/testkit/src/fractal.rs",
        twin="python/layerscope/_reference/fractal.py",
        docs="docs/measures/fractal-dimension.md",
        bench="benches/python/fractal.py",
        needs_labels=False,
        is_random=True,
        minimum_rows=1,
        papers=("song2005",),
    ),
    Facts(
        name="renormalisation_exponent",
        function="layerscope.renormalisation_exponent",
        module="python/layerscope/measures/renormalize.py",
        rust="rust/measures/src/fractal/counts.rs",
        rust_twin="rust/testkit/src/fractal.rs",
        twin="python/layerscope/_reference/fractal.py",
        docs="docs/measures/fractal-dimension.md",
        bench="benches/python/fractal.py",
        needs_labels=False,
        is_random=True,
        minimum_rows=1,
        papers=(
            "song2005",
            "song2007",
        ),
    ),
    Facts(
        name="degree_exponent",
        function="layerscope.degree_exponent",
        module="python/layerscope/measures/degree_exponent.py",
        rust="rust/measures/src/fractal/degree_exponent.rs",
        rust_twin="rust/testkit/src/fractal.rs",
        twin="python/layerscope/_reference/fractal.py",
        docs="docs/measures/fractal-dimension.md",
        bench="benches/python/fractal.py",
        needs_labels=False,
        is_random=False,
        minimum_rows=1,
        papers=("clauset2009",),
    ),
    Facts(
        name="rewire",
        function="layerscope.rewire",
        module="python/layerscope/measures/rewire.py",
        rust="rust/measures/src/fractal/rewire.rs",
        rust_twin="rust/testkit/src/fractal.rs",
        twin="python/layerscope/_reference/fractal.py",
        docs="docs/measures/fractal-dimension.md",
        bench="benches/python/fractal.py",
        needs_labels=False,
        is_random=True,
        minimum_rows=1,
        papers=("maslov2002",),
    ),
    Facts(
        name="feature_network",
        function="layerscope.feature_network",
        module="python/layerscope/measures/feature_network.py",
        rust="rust/measures/src/self_similarity/distances.rs",
        rust_twin="rust/testkit/src/self_similarity.rs",
        twin="python/layerscope/_reference/self_similarity.py",
        docs="docs/measures/feature-network.md",
        bench="benches/python/feature_network.py",
        needs_labels=False,
        is_random=False,
        minimum_rows=1,
        papers=("ding2025",),
    ),
    Facts(
        name="self_similarity",
        function="layerscope.self_similarity",
        module="python/layerscope/measures/self_similarity.py",
        rust="rust/measures/src/self_similarity/mod.rs",
        rust_twin="rust/testkit/src/self_similarity.rs",
        twin="python/layerscope/_reference/self_similarity.py",
        docs="docs/measures/self-similarity.md",
        bench="benches/python/self_similarity.py",
        needs_labels=False,
        is_random=True,
        minimum_rows=1,
        papers=("ding2025",),
    ),
    Facts(
        name="louvain",
        function="layerscope.louvain",
        module="python/layerscope/measures/communities.py",
        rust="rust/measures/src/community/mod.rs",
        rust_twin="rust/testkit/src/community.rs",
        twin="python/layerscope/_reference/communities.py",
        docs="docs/measures/communities.md",
        bench="benches/python/communities.py",
        needs_labels=False,
        is_random=True,
        minimum_rows=0,
        papers=("blondel2008", "newman2004"),
    ),
    Facts(
        name="leiden",
        function="layerscope.leiden",
        module="python/layerscope/measures/communities.py",
        rust="rust/measures/src/community/mod.rs",
        rust_twin="rust/testkit/src/community.rs",
        twin="python/layerscope/_reference/communities.py",
        docs="docs/measures/communities.md",
        bench="benches/python/communities.py",
        needs_labels=False,
        is_random=True,
        minimum_rows=0,
        papers=("traag2019", "blondel2008", "newman2004"),
    ),
)

#: Name of a measure -> its facts.
MEASURES = {facts.name: facts for facts in _ALL}
