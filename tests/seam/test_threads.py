"""The number of threads never shows: not in a bit of a result, not when four callers meet."""

from __future__ import annotations

import inspect
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

import layerscope as ls
from layerscope.errors import InvalidInputError, InvalidTypeError
from tests.seam._calls import CALLS, LABELS, X, bits


@pytest.mark.parametrize("call", CALLS)
def test_same_bits_at_one_two_and_seven_threads(call: str) -> None:
    one, two, seven, cores = (bits(CALLS[call](n_jobs=jobs)) for jobs in (1, 2, 7, None))
    assert len(one) > 100
    assert one == two == seven == cores


def test_bits_tell_results_apart() -> None:
    """The comparison above could not fail if `bits` dropped the numbers."""
    results = {bits(CALLS[call](n_jobs=1)) for call in CALLS}
    assert len(results) == len(CALLS)
    nudged = X.copy()
    nudged[0, 0] = np.nextafter(nudged[0, 0], np.float32(9))
    assert bits(ls.neighbors(nudged)) != bits(ls.neighbors(X))


@pytest.mark.parametrize("call", ["neighbors, euclidean", "modularity", "modularity_curve"])
def test_four_python_threads_at_once(call: str) -> None:
    alone = bits(CALLS[call](n_jobs=2))
    barrier = Barrier(4)

    def meet(jobs: int) -> bytes:
        barrier.wait()
        return bits(CALLS[call](n_jobs=jobs))

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(meet, (1, 2, 3, 7), timeout=120))
    assert together == [alone] * 4


def takes_jobs() -> dict[str, object]:
    found = {
        word: value
        for word in ls.__all__
        if inspect.isfunction(value := getattr(ls, word))
        and "n_jobs" in inspect.signature(value).parameters
    }
    assert len(found) >= 6
    return found


def test_every_function_with_jobs_is_called_here() -> None:
    called = {call.split(",")[0] for call in CALLS}
    # estimate_memory computes a number of bytes, which the threads are part of; analyze_run is
    # analyze at each step.
    assert set(takes_jobs()) - called <= {"estimate_memory", "analyze_run"}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("jobs", "error"),
    [
        (0, InvalidInputError),
        (-1, InvalidInputError),
        (10**6, InvalidInputError),
        (10**30, InvalidInputError),
        ("x", InvalidTypeError),
        (1.5, InvalidTypeError),
        (True, InvalidTypeError),
    ],
)
def test_wrong_numbers_of_jobs(call: str, jobs: object, error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        CALLS[call](n_jobs=jobs)
    assert raised.value.argument == "n_jobs"
    assert str(jobs) in str(raised.value)


def sizes() -> list[np.ndarray]:
    """Ever larger inputs: the interpreter is visited every 50 ms, so a call must last that long."""
    rng = np.random.default_rng(0)
    return [rng.normal(size=(n, 128)).astype(np.float32) for n in (2000, 6000, 18000, 54000)]


def test_progress_is_told_what_is_done() -> None:
    told: list[tuple[int, int, str]] = []
    for larger in sizes():
        ls.neighbors(larger, n_neighbors=3, progress=lambda *what: told.append(what))
        if told:
            break
    assert told
    done = [entry[0] for entry in told]
    assert done == sorted(done)
    for now, total, what in told:
        assert 0 <= now <= total
        assert isinstance(what, str)
        assert what


def test_an_error_in_progress_stops_the_work_and_comes_out() -> None:
    class StopHereError(Exception):
        pass

    def refuse(*what: object) -> None:
        raise StopHereError

    for larger in sizes():
        try:
            ls.neighbors(larger, n_neighbors=3, progress=refuse)
        except StopHereError:
            break
    else:
        pytest.fail("progress was never called")
    assert bits(ls.modularity(X, LABELS)) == bits(ls.modularity(X, LABELS))


@pytest.mark.parametrize("progress", [3, "yes", [print]])
def test_wrong_progress(progress: object) -> None:
    with pytest.raises(InvalidTypeError, match="progress must be"):
        ls.neighbors(X, progress=progress)


def test_progress_changes_nothing() -> None:
    for call in CALLS.values():
        assert bits(call(progress=lambda *what: None)) == bits(call())
