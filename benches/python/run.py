"""Run every Python bench: ``python benches/python/run.py [--full] [--only NAME]``."""

from __future__ import annotations

import argparse

import alignment
import approximate
import communities
import feature_network
import follow_communities
import fractal
import intrinsic_dimension
import label_agreement
import modularity
import modularity_curve
import neighbours
import persistence
import self_similarity
from _bench import options_of, print_machine, run

BENCHES = {
    "neighbours": neighbours,
    "approximate": approximate,
    "modularity": modularity,
    "modularity_curve": modularity_curve,
    "label_agreement": label_agreement,
    "intrinsic_dimension": intrinsic_dimension,
    "persistence": persistence,
    "follow_communities": follow_communities,
    "alignment": alignment,
    "fractal": fractal,
    "communities": communities,
    "feature_network": feature_network,
    "self_similarity": self_similarity,
}

PEERS = (
    "scikit-learn",
    "networkx",
    "igraph",
    "leidenalg",
    "networkit",
    "faiss-cpu",
    "pynndescent",
    "rustworkx",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=BENCHES, help="one bench")
    options = options_of(parser)
    print_machine(*PEERS)
    for name, bench in BENCHES.items():
        if options.only in (None, name):
            run(bench.TITLE, bench.CASES, full=options.full)


if __name__ == "__main__":
    main()
