"""Arrays of any framework in, one of four plain kinds out.

A matrix on its way into the extension is a C-contiguous numpy array of float64, float32, float16,
or uint16; the last always holds the 16-bit words of bfloat16 here, since a user's own uint16
array is refused at the door (counts and words cannot be told apart).
"""

from __future__ import annotations

import cmath
import contextlib
import sys
from collections.abc import Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from layerscope.errors import InvalidInputError, InvalidTypeError

__all__ = [
    "Array",
    "BFloat16Array",
    "as_array",
    "as_matrix",
    "bfloat16",
    "check_entries",
    "check_matrix_shape",
    "encode_labels",
    "to_float",
    "to_numpy",
    "why_no_array",
]

_LARGEST_EXACT_INTEGER = 2**53


class BFloat16Array:
    """16-bit words that stand for bfloat16 numbers; made by :func:`bfloat16`.

    Attributes
    ----------
    words : ndarray of uint16
        The words, of any shape.
    """

    __slots__ = ("words",)
    dtype = "bfloat16"

    def __init__(self, words: npt.NDArray[np.uint16]) -> None:
        self.words = words

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.words.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.words.ndim

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.words.nbytes

    def __len__(self) -> int:
        return len(self.words)

    def __getitem__(self, key: Any) -> BFloat16Array:
        return BFloat16Array(np.asanyarray(self.words[key]))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        if copy is False:
            raise ValueError("bfloat16 words must be widened, which copies")
        wide = (self.words.astype(np.uint32) << 16).view(np.float32)
        return wide if dtype is None else wide.astype(dtype)

    def __repr__(self) -> str:
        return f"BFloat16Array(shape={self.shape})"


Array: TypeAlias = npt.NDArray[Any] | BFloat16Array


def bfloat16(words: npt.ArrayLike) -> BFloat16Array:
    """Mark 16-bit words as bfloat16 numbers.

    Parameters
    ----------
    words : array-like of uint16 or int16
        The upper halves of float32 numbers, of any shape.

    Returns
    -------
    BFloat16Array
        Accepted wherever layerscope takes an array; nothing is copied.

    Raises
    ------
    InvalidTypeError
        If the words are not 16-bit integers.

    Examples
    --------
    >>> import numpy as np
    >>> from layerscope import bfloat16
    >>> np.asarray(bfloat16(np.array([0x3F80, 0xC000], dtype=np.uint16)))
    array([ 1., -2.], dtype=float32)
    """
    array = to_numpy(words, "words")
    if isinstance(array, BFloat16Array):
        return array
    if array.dtype not in (np.dtype(np.uint16), np.dtype(np.int16)):
        raise InvalidTypeError("words", "must be 16-bit integers", array.dtype)
    return BFloat16Array(array if array.dtype == np.uint16 else array.view(np.uint16))


def as_array(X: Any, argument: str = "X") -> Array:
    """Return ``X`` as a numpy array of a supported float kind, or as marked bfloat16 words.

    Floats of 16, 32 and 64 bits pass as they are, without a copy; integers and booleans are
    converted once, to float32 where that is exact and to float64 otherwise.

    Raises
    ------
    InvalidTypeError
        For objects, strings, complex numbers, extended floats, sparse matrices.
    InvalidInputError
        For an unmarked uint16 array, ragged lists, masked entries, and integers beyond 2**53.
    """
    array = to_numpy(X, argument)
    if isinstance(array, BFloat16Array):
        return array
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind == "f" and size in (2, 4, 8) and array.dtype.isnative:
        return array
    if array.dtype.name == "bfloat16":
        return BFloat16Array(array.view(np.uint16))
    if kind == "u" and size == 2:  # of either byte order
        rule = "must not be uint16: mark bfloat16 words with layerscope.bfloat16, convert counts"
        raise InvalidInputError(argument, rule, f"dtype uint16, shape {array.shape}")
    array = np.asarray(array)  # a converted memory map would still call itself one
    if kind == "f" and size in (2, 4, 8):
        return array.astype(array.dtype.newbyteorder("="))
    if kind in "iub":
        if size >= 8 and array.size and _largest(array) > _LARGEST_EXACT_INTEGER:
            rule = "must hold integers of at most 2**53, which float64 represents exactly"
            raise InvalidInputError(argument, rule, _largest(array))
        return array.astype(np.float32 if size <= 2 else np.float64)
    rule = "must hold real numbers (floats of 16, 32 or 64 bits, integers or booleans)"
    raise InvalidTypeError(argument, rule, f"dtype {array.dtype}")


def to_numpy(X: Any, argument: str = "X") -> Array:
    """Return ``X`` as a plain numpy array of whatever dtype, or as marked bfloat16 words.

    Memory maps stay memory maps; other subclasses of ndarray lose their subclass.

    Raises
    ------
    InvalidTypeError
        For what is not an array: None, strings, sparse matrices.
    InvalidInputError
        For ragged lists and masked entries.
    """
    if isinstance(X, BFloat16Array):
        return X
    array = _from_framework(X, argument)
    if isinstance(array, np.ma.MaskedArray):
        if np.ma.is_masked(array):
            raise InvalidInputError(argument, "must not have masked entries", "a masked array")
        array = array.data
    if isinstance(array, BFloat16Array) or type(array) in (np.ndarray, np.memmap):
        return array
    return np.asarray(array)  # np.matrix has two axes even where one was asked for


def as_matrix(X: Any, argument: str = "X", *, layout_hint: bool = True) -> npt.NDArray[Any]:
    """Return ``X`` as a C-contiguous matrix in one of the four kinds the extension reads.

    Raises
    ------
    InvalidInputError
        If it has not two axes, or no row, or no column.
    """
    array = as_array(X, argument)
    values: npt.NDArray[Any] = array.words if isinstance(array, BFloat16Array) else array
    check_matrix_shape(values.shape, argument, layout_hint=layout_hint)
    if not (values.flags.c_contiguous and values.flags.aligned):
        values = np.array(values, order="C", copy=True, subok=False)
    return values


def check_matrix_shape(
    shape: tuple[int, ...], argument: str = "X", *, layout_hint: bool = True
) -> None:
    """Refuse a shape that is not (at least one row, at least one column)."""
    if len(shape) != 2:
        rule = "must have two axes (n_samples, n_features)"
        if len(shape) > 2 and layout_hint:
            rule += "; reduce maps and tokens with layerscope.pool"
        raise InvalidInputError(argument, rule, f"shape {shape}")
    if 0 in shape:
        rule = "must have at least one row and one column"
        raise InvalidInputError(argument, rule, f"shape {shape}")


def to_float(array: Array) -> npt.NDArray[Any]:
    """Return ordinary floats that numpy can compute with: bfloat16 and float16 become float32."""
    if isinstance(array, BFloat16Array):
        return np.asarray(array)
    return array.astype(np.float32) if array.dtype == np.float16 else array


def encode_labels(
    labels: Any, n_samples: int | None = None
) -> tuple[npt.NDArray[np.uint32], tuple[Hashable, ...]]:
    """Return a code per sample and the classes that the codes count, sorted where they sort.

    Raises
    ------
    InvalidInputError
        For a wrong length, a None or NaN label, or labels that are not one-dimensional.
    InvalidTypeError
        For a label that is not hashable.
    """
    if _is_torch(labels):
        labels = labels.detach().cpu().numpy()
    if isinstance(labels, np.ndarray) and labels.ndim == 1 and labels.dtype.kind in "iu":
        return _encode_integers(labels, n_samples)
    entries = check_entries(labels, n_samples)
    first_seen = dict.fromkeys(entries)
    classes: Sequence[Any] = list(first_seen)
    with contextlib.suppress(TypeError):  # labels of mixed kinds keep the order they came in
        classes = sorted(classes)
    code_of = {label: code for code, label in enumerate(classes)}
    codes = np.fromiter((code_of[label] for label in entries), np.uint32, len(entries))
    return codes, tuple(classes)


def _encode_integers(
    labels: npt.NDArray[Any], n_samples: int | None
) -> tuple[npt.NDArray[np.uint32], tuple[Hashable, ...]]:
    """Encode an array of integers; none of them can be missing."""
    _check_length(len(labels), n_samples, "labels")
    if np.ma.is_masked(labels):
        raise InvalidInputError("labels", "must not be missing", "a masked array")
    low, high = (int(labels.min()), int(labels.max())) if labels.size else (0, 0)
    if high - low >= 4 * labels.size + 1000:  # too thinly spread for a table
        sparse, places = np.unique(labels, return_inverse=True)
        return places.astype(np.uint32), tuple(sparse.tolist())
    # The offset is taken in a type that holds it: int8 labels may span 255.
    places = (labels.astype(np.int64) if labels.dtype != np.uint64 else labels) - low
    places = places.astype(np.intp)
    present = np.zeros(high - low + 1, dtype=bool)
    present[places] = True
    codes = np.cumsum(present, dtype=np.int64) - 1
    classes = tuple(int(place) + low for place in np.flatnonzero(present))
    return codes.astype(np.uint32)[places], classes


def check_entries(
    values: Any, n_samples: int | None = None, argument: str = "labels"
) -> list[Hashable]:
    """Return labels, or sample ids, as a list of Python objects, one per sample.

    Raises
    ------
    InvalidInputError
        For a wrong length, a None or NaN entry, or more than one axis.
    InvalidTypeError
        For an entry that is not hashable, or values that are no sequence.
    """
    entries = _entry_list(values, argument)
    _check_length(len(entries), n_samples, argument)
    for row, entry in enumerate(entries):
        missing = entry is None or (isinstance(entry, float | complex) and cmath.isnan(entry))
        if missing or type(entry).__name__ in {"NAType", "NaTType"}:
            raise InvalidInputError(argument, "must not be missing", f"{entry} at row {row}")
        try:
            hash(entry)
        except TypeError:
            kind = type(entry).__name__
            raise InvalidTypeError(argument, "must be hashable", f"{kind} at row {row}") from None
    return entries


def _check_length(length: int, n_samples: int | None, argument: str) -> None:
    if n_samples is not None and length != n_samples:
        rule = f"must have one entry per row ({n_samples})"
        raise InvalidInputError(argument, rule, f"{length} entries")


def _entry_list(values: Any, argument: str) -> list[Any]:
    rule = "must be a sequence with one entry per sample"
    if values is None or isinstance(values, str | bytes | Mapping | AbstractSet):
        raise InvalidTypeError(argument, rule, type(values).__name__)
    if not isinstance(values, list | tuple):
        if _is_torch(values):
            values = values.detach().cpu().numpy()
        elif hasattr(values, "to_numpy"):  # pandas and polars
            values = values.to_numpy()
        if np.ma.is_masked(values):
            raise InvalidInputError(argument, "must not be missing", "a masked array")
        if hasattr(values, "__array__"):
            values = np.asarray(values)
            if values.ndim != 1:
                rule = "must have one axis, one entry per sample"
                raise InvalidInputError(argument, rule, f"shape {values.shape}")
            listed: list[Any] = values.tolist()
            return [_python_scalar(entry) for entry in listed] if values.dtype == object else listed
    try:
        entries = list(values)
    except TypeError:
        raise InvalidTypeError(argument, rule, type(values).__name__) from None
    return [_python_scalar(entry) for entry in entries]


def _python_scalar(entry: Any) -> Any:
    if isinstance(entry, np.generic) or (_is_torch(entry) and entry.ndim == 0):
        return entry.item()  # tensors hash by identity: each would be a class of its own
    if isinstance(entry, np.ndarray) and entry.ndim == 0:
        return entry.item()
    return entry


def _from_framework(X: Any, argument: str) -> Array:
    if isinstance(X, np.ndarray):
        return X
    if _is_torch(X):
        return _from_torch(X, argument)
    if type(X).__module__.startswith("scipy.sparse"):
        raise InvalidTypeError(argument, "must be dense; call .toarray()", type(X).__name__)
    if isinstance(X, str | bytes | Mapping | AbstractSet) or X is None:
        raise InvalidTypeError(argument, "must be an array", type(X).__name__)
    if not hasattr(X, "__array__") and hasattr(X, "__dlpack__"):
        return _from_dlpack(X, argument)
    try:
        array = np.asarray(X)
        return array if array.dtype != object else _from_nullable(X, array)
    except MemoryError:
        raise
    except Exception as error:  # what a foreign __array__ raises is its own affair
        if hasattr(X, "__dlpack__"):  # cupy refuses __array__ and offers this
            return _from_dlpack(X, argument)
        rule = "must be a rectangular array"
        raise InvalidInputError(argument, rule, why_no_array(error)) from error


def why_no_array(error: Exception) -> str:
    """Return in few words why numpy made no array."""
    return "rows of different lengths" if "inhomogeneous" in str(error) else str(error)


def _from_dlpack(X: Any, argument: str) -> npt.NDArray[Any]:
    try:
        try:
            return np.from_dlpack(X, device="cpu")
        except TypeError:  # __dlpack__ from before it had keywords
            return np.from_dlpack(X)
    except MemoryError:
        raise
    except Exception as error:
        rule = "must be readable by numpy through __dlpack__"
        raise InvalidTypeError(argument, rule, f"{type(X).__name__}: {error}") from error


def _from_nullable(X: Any, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Read a frame of pandas' nullable numbers, which numpy sees as objects."""
    kinds = [getattr(dtype, "kind", "O") for dtype in getattr(X, "dtypes", ())]
    if not kinds or not set(kinds) <= set("fiub"):
        return array
    numbers: npt.NDArray[Any] = X.to_numpy(dtype=np.float64, na_value=np.nan)
    return numbers


def _is_torch(X: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(X, torch.Tensor)


def _from_torch(X: Any, argument: str) -> Array:
    torch = sys.modules["torch"]
    if X.layout != torch.strided:
        raise InvalidTypeError(argument, "must be dense; call .to_dense()", X.layout)
    try:
        tensor = X.detach().cpu()
        if tensor.dtype == torch.bfloat16:
            return BFloat16Array(tensor.contiguous().view(torch.int16).numpy().view(np.uint16))
        array: npt.NDArray[Any] = tensor.resolve_conj().resolve_neg().numpy()
    except (TypeError, RuntimeError, NotImplementedError) as error:  # float8, meta, quantised
        raise InvalidTypeError(argument, "must be readable by numpy", error) from error
    return array


def _largest(array: npt.NDArray[Any]) -> int:
    return max(abs(int(array.min())), abs(int(array.max())))
