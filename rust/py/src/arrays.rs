//! numpy arrays in (borrowed) and out (handed over without a copy).

use half::f16;
use half::slice::HalfBitsSliceExt;
use layerscope_core::{Element, Error, Matrix};
use numpy::{
    BorrowError, Element as NumpyElement, IntoPyArray, PyArray1, PyArray2, PyArrayMethods,
    PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::errors::to_python;

/// A layer as it comes from Python: C-contiguous, one of four kinds. bfloat16 travels as its
/// 16-bit words; the Python side has made sure that words are what they are.
pub enum Layer<'py> {
    F32(PyReadonlyArray2<'py, f32>),
    F64(PyReadonlyArray2<'py, f64>),
    F16(PyReadonlyArray2<'py, f16>),
    Words(PyReadonlyArray2<'py, u16>),
}

impl<'a, 'py> FromPyObject<'a, 'py> for Layer<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let object = &*object;
        if let Some(array) = table_of::<f32>(object) {
            Ok(Layer::F32(borrowed(array.try_readonly())?))
        } else if let Some(array) = table_of::<f64>(object) {
            Ok(Layer::F64(borrowed(array.try_readonly())?))
        } else if let Some(array) = table_of::<f16>(object) {
            Ok(Layer::F16(borrowed(array.try_readonly())?))
        } else if let Some(array) = table_of::<u16>(object) {
            Ok(Layer::Words(borrowed(array.try_readonly())?))
        } else {
            Err(unknown_kind())
        }
    }
}

/// The array, where it is a table of this kind.
///
/// A derived choice between kinds would word an error for each that does not fit, and so run
/// Python code: Ctrl-C in that moment was swallowed.
pub fn table_of<'a, 'py, T: NumpyElement>(
    object: &'a Bound<'py, PyAny>,
) -> Option<&'a Bound<'py, PyArray2<T>>> {
    object.cast().ok()
}

/// The borrow, or the error that Python sees.
pub fn borrowed<T>(borrow: Result<T, BorrowError>) -> PyResult<T> {
    borrow.map_err(PyErr::from)
}

/// What the Python side never lets through.
pub fn unknown_kind() -> PyErr {
    PyTypeError::new_err("a table of another kind than the seam takes")
}

impl Layer<'_> {
    /// Borrows the values as a matrix; `argument` is the name used in errors.
    pub fn borrow(&self, py: Python<'_>, argument: &str) -> PyResult<Matrix<'_>> {
        let fail = |error| to_python(py, error);
        let (element, shape) = match self {
            Layer::F32(array) => (Element::F32(slice2(py, array, argument)?), array.shape()),
            Layer::F64(array) => (Element::F64(slice2(py, array, argument)?), array.shape()),
            Layer::F16(array) => (Element::F16(slice2(py, array, argument)?), array.shape()),
            Layer::Words(array) => {
                let words: &[u16] = slice2(py, array, argument)?;
                (Element::Bf16(words.reinterpret_cast()), array.shape())
            }
        };
        Matrix::new(argument, element, shape[0], shape[1]).map_err(fail)
    }
}

/// Borrows a two-dimensional array, row by row.
pub fn slice2<'a, T: NumpyElement>(
    py: Python<'_>,
    array: &'a PyReadonlyArray2<'_, T>,
    argument: &str,
) -> PyResult<&'a [T]> {
    array.as_slice().map_err(|_| {
        to_python(
            py,
            Error::invalid(argument, "must be C-contiguous", "strided memory"),
        )
    })
}

/// Borrows a one-dimensional array.
pub fn slice1<'a, T: NumpyElement>(
    py: Python<'_>,
    array: &'a PyReadonlyArray1<'_, T>,
    argument: &str,
) -> PyResult<&'a [T]> {
    array.as_slice().map_err(|_| {
        to_python(
            py,
            Error::invalid(argument, "must be contiguous", "strided memory"),
        )
    })
}

/// Hands a vector to numpy.
pub fn array1<T: NumpyElement>(py: Python<'_>, values: Vec<T>) -> Bound<'_, PyArray1<T>> {
    values.into_pyarray(py)
}

/// Hands a vector to numpy as a table of `columns` columns.
pub fn array2<T: NumpyElement>(
    py: Python<'_>,
    values: Vec<T>,
    columns: usize,
) -> PyResult<Bound<'_, PyArray2<T>>> {
    let rows = values.len().checked_div(columns).unwrap_or(0);
    values.into_pyarray(py).reshape([rows, columns])
}
