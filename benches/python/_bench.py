"""A harness that only knows ratios: ours and its peers, in turn, in one process.

The rules that it keeps are in ``benches/RULES.md``.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import math
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

# Takes the number of threads; whatever else it needs was made before.
Job = Callable[[int], Any]
# Takes the answer of ours and of a peer; says in a few words how they agree.
Agreement = Callable[[Any, Any], str]

THREADS = (1, 2)
BUSY = 0.5  # load average above which others share the cores
PAUSE = 0.03  # seconds: idle OpenMP threads spin for a while and would hold a core of the next
SHORTEST = 0.005  # seconds: quicker calls are repeated within one measurement


@dataclass(frozen=True)
class Case:
    """One question with one answer, asked of ours and of its peers.

    ``make`` does all set-up and returns ours, the peers by name, and how answers are compared.
    The id holds every parameter. Cases that are not ``quick`` run in the full form only.
    """

    id: str
    make: Callable[[], tuple[Job, dict[str, Job], Agreement]]
    quick: bool = True
    repetitions: int = 5


@dataclass
class Timed:
    """A job and how long its measurements took, seconds a call."""

    job: Job
    calls: int = 1
    seconds: list[float] = field(default_factory=list)

    def measure(self, threads: int) -> None:
        start = time.perf_counter()
        for _ in range(self.calls):
            self.job(threads)
        self.seconds.append((time.perf_counter() - start) / self.calls)


def compare(case: Case) -> None:
    """Run one case at each number of threads and print a row per peer."""
    ours, peers, agreement = case.make()
    cores = os.cpu_count() or 1
    for threads in (number for number in THREADS if number <= cores):
        with threadpool_limits(limits=threads):
            timed = {name: Timed(job) for name, job in {"": ours, **peers}.items()}
            answers = {name: warm_up(one, threads) for name, one in timed.items()}
            for _ in range(case.repetitions):  # in turn, so that a slow minute hits all alike
                for one in timed.values():
                    time.sleep(PAUSE)
                    one.measure(threads)
        for name in peers:
            found = agreement(answers[""], answers[name])
            print_row(case.id, threads, timed[""].seconds, name, timed[name].seconds, found)
        del answers


def warm_up(timed: Timed, threads: int) -> Any:
    """Return the answer of a first, unmeasured call, and decide how many calls to measure."""
    timed.job(threads)  # pools start, code is compiled
    start = time.perf_counter()
    answer = timed.job(threads)
    timed.calls = max(1, math.ceil(SHORTEST / max(time.perf_counter() - start, 1e-9)))
    return answer


def print_row(
    case: str, threads: int, ours: Sequence[float], peer: str, theirs: Sequence[float], found: str
) -> None:
    """Print median times, their ratio, and the smallest and largest ratio of one round."""
    ratio = statistics.median(theirs) / statistics.median(ours)
    rounds = [their / our for our, their in zip(ours, theirs, strict=True)]
    spread = f"{min(rounds):.2f}–{max(rounds):.2f}"
    print(
        f"{case:<34}{threads:>4}{milliseconds(ours):>11}  {peer:<24}{milliseconds(theirs):>11}"
        f"{ratio:>8.2f}  {spread:<13}{found}",
        flush=True,
    )


def milliseconds(seconds: Sequence[float]) -> str:
    """Return the median in milliseconds, three digits."""
    value = 1000 * statistics.median(seconds)
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:.{digits}f}"


def print_machine(*packages: str) -> None:
    """Print what the numbers depend on: date, processor, load, versions.

    Raises
    ------
    SystemExit
        If the extension was not built for speed.
    """
    if profile() != "release":
        built = "must be built for release (make bench, or maturin develop --release)"
        raise SystemExit(f"layerscope {built}; got a {profile()} build")
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    versions = ", ".join(f"{name} {version(name)}" for name in ("layerscope", "numpy", *packages))
    load = os.getloadavg()[0]
    print(f"{now} · {processor()}, {os.cpu_count()} cores, load {load:.1f}")
    print(f"Python {platform.python_version()}, {versions}")
    if load > BUSY:
        print("The machine is busy: the ratios below are rough, those at two threads most of all")


def version(package: str) -> str:
    """Return the version of an installed package."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"


def profile() -> str:
    """Return the build profile of the extension; only a release build is worth timing."""
    from layerscope import _core

    return str(_core.build_info()["profile"])


def processor() -> str:
    """Return the processor's own name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def run(title: str, cases: Sequence[Case] | Callable[[], Sequence[Case]], *, full: bool) -> None:
    """Print the table of one bench; times are medians in milliseconds.

    Cases that hang on options are given as a function.
    """
    print(f"\n{title}")
    print(
        f"{'case':<34}{'thr':>4}{'ours ms':>11}  {'peer':<24}{'peer ms':>11}{'ratio':>8}"
        f"  {'rounds':<13}agreement"
    )
    for case in cases() if callable(cases) else cases:
        if full or case.quick:
            compare(case)


def options_of(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Parse what every bench understands, beside what the parser knows already."""
    parser.add_argument("--full", action="store_true", help="the large cases too")
    parser.add_argument("--dadapy", metavar="PYTHON", help="an interpreter that has dadapy")
    parser.add_argument("--torch", metavar="PYTHON", help="an interpreter that has torch")
    options = parser.parse_args()
    if options.dadapy:
        os.environ["LAYERSCOPE_DADAPY"] = options.dadapy
    if options.torch:
        os.environ["LAYERSCOPE_TORCH"] = options.torch
    return options


def main(title: str, cases: Sequence[Case] | Callable[[], Sequence[Case]], *packages: str) -> None:
    """Run one bench as a program."""
    options = options_of(argparse.ArgumentParser(description=title))
    print_machine(*packages)
    run(title, cases, full=options.full)
