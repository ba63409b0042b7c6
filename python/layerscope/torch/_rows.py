"""Labels and ids of the rows, and whether every layer has the rows of the batch."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from layerscope._arrays import Array
from layerscope.errors import InvalidInputError
from layerscope.torch._batches import Batch, length

__all__ = ["RowEntries", "check_rows"]


def check_rows(rows: dict[str, Array], batch: Batch) -> int:
    """Return the number of rows of a batch, the same in every layer.

    The labels decide it, else the first input if any layer agrees with it (a recurrent network
    may have time on its first axis), else the first layer.
    """
    counts = {name: len(array) for name, array in rows.items()}
    fed = length((batch.args, batch.kwargs))
    alike = fed is not None and set(counts.values()) == {fed}
    if alike and batch.labels is not None and len(batch.labels) != fed:
        rule = f"must have one entry per row of the batch ({fed})"
        raise InvalidInputError("labels", rule, f"{len(batch.labels)} entries")
    if batch.labels is not None:
        expected, whose = len(batch.labels), "labels"
    elif fed is not None and fed in counts.values():
        expected, whose = fed, "input"
    else:
        whose, expected = next(iter(counts.items()))
    for name, count in counts.items():
        if count != expected:
            rule = "must have one row per sample of the batch; leave the layer out or reshape it"
            found = f"{count} rows, where the {whose} has {expected}"
            raise InvalidInputError("output", rule, found, layer=name)
    return expected


class RowEntries:
    """Labels and sample ids over the batches."""

    def __init__(self) -> None:
        self.labels: list[Hashable] | None = None
        self.warnings: list[str] = []
        self._ids: list[Hashable] | None = None
        self._given_ids = False
        self._gave_up = False
        self._n_batches = 0

    def add(self, batch: Batch, n_rows: int) -> None:
        """Append those of a batch.

        Raises
        ------
        InvalidInputError
            For labels or given ids in some batches only, or as many as there are not rows.
        """
        self.labels = self._extended("labels", self.labels, batch.labels)
        if batch.dropped_target and not self._n_batches:
            text = f"The second entry of a batch {batch.dropped_target} and was left out."
            self.warnings.append(text)
        ids: Any = batch.ids
        if ids is not None and len(ids) != n_rows:
            if not batch.noted:
                rule = f"must have one entry per row ({n_rows})"
                raise InvalidInputError("ids", rule, f"{len(ids)} entries")
            self._give_up("the loader makes batches of other samples than its sampler names")
        if not self._gave_up:
            self._ids = self._extended("ids", self._ids, ids)
        self._given_ids = self._given_ids or (ids is not None and not batch.noted)
        self._n_batches += 1

    def _give_up(self, because: str) -> None:
        if not self._gave_up:
            self.warnings.append(f"There are no sample ids: {because}.")
        self._gave_up, self._ids = True, None

    def unique_ids(self) -> list[Hashable] | None:
        """Return the ids; none if a sampler drew some sample twice."""
        if self._ids is not None and not self._given_ids and len(set(self._ids)) < len(self._ids):
            self._give_up("the sampler drew some samples more than once")
        return self._ids

    def _extended(
        self, argument: str, before: list[Hashable] | None, new: list[Hashable] | None
    ) -> list[Hashable] | None:
        if self._n_batches and (before is None) != (new is None):
            rule = "must be in every batch or in none"
            found = f"{'none' if new is None else 'some'} in batch {self._n_batches}"
            raise InvalidInputError(argument, rule, found)
        if new is None:
            return None
        before = [] if before is None else before
        before.extend(new)
        return before
