"""Run every Python bench: ``python benches/python/run.py [--full] [--only NAME]``."""

from __future__ import annotations

import argparse

import alignment
import approximate
import intrinsic_dimension
import label_agreement
import modularity
import modularity_curve
import neighbours
import persistence
from _bench import print_machine, run

BENCHES = {
    "neighbours": neighbours,
    "approximate": approximate,
    "modularity": modularity,
    "modularity_curve": modularity_curve,
    "label_agreement": label_agreement,
    "intrinsic_dimension": intrinsic_dimension,
    "persistence": persistence,
    "alignment": alignment,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="the large cases too")
    parser.add_argument("--only", choices=BENCHES, help="one bench")
    options = parser.parse_args()
    print_machine(
        "scikit-learn",
        "networkx",
        "igraph",
        "leidenalg",
        "networkit",
        "faiss-cpu",
        "pynndescent",
        "rustworkx",
    )
    for name, bench in BENCHES.items():
        if options.only in (None, name):
            run(bench.TITLE, bench.CASES, full=options.full)


if __name__ == "__main__":
    main()
