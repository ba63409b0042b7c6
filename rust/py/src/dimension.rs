//! Distances to the two nearest neighbours → intrinsic dimension.

use layerscope_measures::dimension;
use numpy::{PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::arrays::slice2;
use crate::run::{Manner, door};

#[pyfunction]
#[pyo3(signature = (distances, n_jobs=None, progress=None))]
pub fn two_nn(
    py: Python<'_>,
    distances: PyReadonlyArray2<'_, f64>,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<(f64, f64, usize, usize)> {
    let k = distances.shape()[1];
    let distances = slice2(py, &distances, "distances")?;
    let found = door(py, Manner { n_jobs, progress }, |run| {
        dimension::two_nn(distances, k, run)
    })?;
    Ok((
        found.value,
        found.standard_error,
        found.n_excluded,
        found.n_used,
    ))
}
