"""A stack of layers: named matrices over the same samples."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt

from layerscope._arrays import Array, check_entries
from layerscope.activations import _save
from layerscope.activations._layers import RowsOf, check_ids, check_layers, row_numbers, take
from layerscope.activations._names import check_names

__all__ = ["Activations", "as_stack"]


class Activations(Mapping[str, Array]):
    """Named layers in order, each a matrix with one row per sample.

    Parameters
    ----------
    layers : mapping of str to array-like of shape (n_samples, n_features)
        The layers in order. Floats of 16, 32 and 64 bits, memory maps and bfloat16 words are kept
        as they are, without a copy; tensors, lists and integers are converted once. Maps and
        tokens (three or four axes) are refused: reduce them first with :func:`layerscope.pool`.
    sample_ids : sequence of hashable, optional
        One identifier per row, all different.
    labels : sequence of hashable, optional
        One class per row.

    Attributes
    ----------
    layers : tuple of str
        Names of the layers, in order.
    n_samples : int
        Number of rows, the same in every layer.
    sample_ids, labels : tuple or None
        As given, made of Python objects.
    warnings : tuple of str
        What a reader should know, for example that the order of the layers was guessed.

    Raises
    ------
    InvalidTypeError
        For layers that are no mapping, names that are no strings, entries that are no real numbers,
        labels or ids that are not hashable.
    InvalidInputError
        For no layer at all, a layer that is not two-dimensional or empty, layers of different
        length, labels or ids of the wrong length or missing, ids that are not unique.

    Notes
    -----
    Takes constant time per layer and no memory beyond conversions. Values are not looked at: NaN
    and infinity are refused by the measures, which name the layer and the row. Two stacks are
    equal only if they are the same object.

    Examples
    --------
    >>> import numpy as np
    >>> from layerscope import Activations
    >>> stack = Activations({"conv": np.ones((4, 3)), "fc": np.ones((4, 2))}, labels=[0, 0, 1, 1])
    >>> stack
    Activations of 2 layers, 4 samples, labels of 2 classes
      conv  float64  4 × 3
      fc    float64  4 × 2
    >>> stack.layers, stack["fc"].shape
    (('conv', 'fc'), (4, 2))
    """

    __slots__ = ("_labels", "_layers", "_n_samples", "_sample_ids", "_warnings")

    def __init__(
        self, layers: Mapping[str, Any], *, sample_ids: Any = None, labels: Any = None
    ) -> None:
        inherited: tuple[str, ...] = ()
        if isinstance(layers, Activations):
            sample_ids = layers.sample_ids if sample_ids is None else sample_ids
            labels = layers.labels if labels is None else labels
            inherited = layers.warnings
            layers = layers._layers
        self._fill(check_layers(layers, "layers"), sample_ids, labels, inherited)

    def _fill(
        self, layers: dict[str, Any], sample_ids: Any, labels: Any, warnings: tuple[str, ...]
    ) -> None:
        self._layers: dict[str, Array | RowsOf] = layers
        self._n_samples = int(next(iter(layers.values())).shape[0])
        self._sample_ids = check_ids(sample_ids, self._n_samples)
        entries = None if labels is None else check_entries(labels, self._n_samples)
        self._labels = None if entries is None else tuple(entries)
        self._warnings = warnings

    def _with(self, layers: dict[str, Any], sample_ids: Any, labels: Any) -> Activations:
        made = object.__new__(Activations)
        made._fill(layers, sample_ids, labels, self._warnings)
        return made

    @classmethod
    def _read(
        cls, layers: Mapping[str, Any], sample_ids: Any, labels: Any, warnings: Iterable[str]
    ) -> Activations:
        """Make a stack that carries the warnings of whoever read it."""
        layers = check_layers(layers, "path")  # what is wrong with them is wrong with the files
        made = cls(layers, sample_ids=sample_ids, labels=labels)
        made._warnings = tuple(warnings)
        return made

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers, in order."""
        return tuple(self._layers)

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return self._n_samples

    @property
    def sample_ids(self) -> tuple[Hashable, ...] | None:
        """One identifier per row, or None."""
        return self._sample_ids

    @property
    def labels(self) -> tuple[Hashable, ...] | None:
        """One class per row, or None."""
        return self._labels

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader should know, in sentences."""
        return self._warnings

    def __getitem__(self, name: str) -> Array:
        layer = self._layers[name]
        return layer.read() if isinstance(layer, RowsOf) else layer

    def __iter__(self) -> Iterator[str]:
        return iter(self._layers)

    def __len__(self) -> int:
        return len(self._layers)

    def __contains__(self, name: object) -> bool:
        return name in self._layers

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def select(self, names: Iterable[str]) -> Activations:
        """Return a stack of the named layers, in the order named.

        Parameters
        ----------
        names : sequence of str
            Names of layers, none twice.

        Returns
        -------
        Activations
            Shares the arrays of this one.

        Raises
        ------
        InvalidInputError
            For an unknown or repeated name, or none at all.
        InvalidTypeError
            For a single string, or a name that is none.

        Examples
        --------
        >>> import numpy as np
        >>> from layerscope import Activations
        >>> stack = Activations({"a": np.ones((2, 3)), "b": np.ones((2, 2)), "c": np.ones((2, 1))})
        >>> stack.select(["c", "a"]).layers
        ('c', 'a')
        """
        wanted = check_names(names, self._layers, "names")
        chosen = {name: self._layers[name] for name in wanted}
        return self._with(chosen, self._sample_ids, self._labels)

    def subset(self, rows: npt.ArrayLike | slice) -> Activations:
        """Return the stack restricted to some rows, with their ids and labels.

        Parameters
        ----------
        rows : array-like of bool of shape (n_samples,), or of int, or slice
            A mask, or the numbers of the rows in the order wanted; negative ones count from the
            end.

        Returns
        -------
        Activations
            Rows of arrays in memory are copied now; rows of memory maps are read each time that
            their layer is asked for, so that no more than one layer need fit in memory.

        Raises
        ------
        InvalidInputError
            For a mask of the wrong length, a row that does not exist, no row at all, or a repeated
            row where there are sample ids.
        InvalidTypeError
            For rows that are neither booleans nor integers.

        Examples
        --------
        >>> import numpy as np
        >>> from layerscope import Activations
        >>> stack = Activations({"a": np.arange(8.0).reshape(4, 2)}, labels=list("xyxy"))
        >>> stack.subset([True, False, True, False]).labels
        ('x', 'x')
        >>> stack.subset([3, 0])["a"]
        array([[6., 7.],
               [0., 1.]])
        """
        chosen = row_numbers(rows, self._n_samples)
        layers = {name: take(layer, chosen) for name, layer in self._layers.items()}
        ids = None if self._sample_ids is None else [self._sample_ids[row] for row in chosen]
        labels = None if self._labels is None else [self._labels[row] for row in chosen]
        return self._with(layers, ids, labels)

    def save(self, path: str | Path) -> None:
        """Write the stack to one ``.safetensors`` file, or to a folder of ``.npy`` files.

        The order of the layers, the sample ids and the labels are kept, and
        :func:`layerscope.load` brings them back. Everything is written under a temporary name and
        renamed at the end, so that nothing half-written is ever seen; layers are written in blocks
        of rows, so that memory maps need not fit in memory.

        Parameters
        ----------
        path : str or path
            A name that ends in ``.safetensors``, or the folder to make. An existing file is
            replaced; an existing folder only if it is empty or holds nothing but a stack saved
            before.

        Raises
        ------
        InvalidInputError
            For a path that cannot be written, a folder with other files in it, and for sample ids
            or labels other than strings, booleans and 64-bit integers, which would not come back
            the same.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> import numpy as np
        >>> from layerscope import Activations, load
        >>> stack = Activations({"b": np.ones((2, 3)), "a": np.ones((2, 2))}, labels=["x", "y"])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     stack.save(pathlib.Path(folder) / "stack.safetensors")
        ...     back = load(pathlib.Path(folder) / "stack.safetensors")
        >>> back.layers, back.labels
        (('b', 'a'), ('x', 'y'))
        """
        _save.save(self, path, sample_ids=self._sample_ids, labels=self._labels)

    def __repr__(self) -> str:
        many = "" if len(self) == 1 else "s"
        head = f"Activations of {len(self)} layer{many}, {self._n_samples} samples"
        if self._labels is not None:
            count = len(set(self._labels))
            head += f", labels of {count} class{'' if count == 1 else 'es'}"
        if self._sample_ids is not None:
            head += ", with sample ids"
        width = max(map(len, self._layers))
        rows = [
            f"  {name:<{width}}  {layer.dtype!s}  {layer.shape[0]} × {layer.shape[1]}"
            for name, layer in self._layers.items()
        ]
        return "\n".join([head, *rows, *(f"  warning: {text}" for text in self._warnings)])


def as_stack(stack: Any, argument: str = "stack") -> dict[str, Any]:
    """Return the layers of a stack as a plain dictionary in layer order.

    Parameters
    ----------
    stack : Activations or mapping of str to array-like
        The layers. What was computed from a layer and carries its own ``n_samples``, such as
        :class:`layerscope.Neighbors`, passes through untouched.
    argument : str
        What errors call it.

    Returns
    -------
    dict of str to array
        Arrays as :class:`Activations` keeps them.

    Raises
    ------
    InvalidTypeError, InvalidInputError
        As :class:`Activations`.

    Examples
    --------
    >>> from layerscope.activations import as_stack
    >>> as_stack({"a": [[1.0, 2.0]]})
    {'a': array([[1., 2.]])}
    """
    if isinstance(stack, Activations):
        return {name: stack[name] for name in stack}
    return check_layers(stack, argument, computed=True)
