//! Counts and degrees → exponents; graph → rewired graph.

use layerscope_measures::fractal::{
    Network, degree_exponent as exponent, dimension, rewire as swap,
};
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::arrays::{array1, slice1};
use crate::run::{Manner, door};

#[pyfunction]
#[pyo3(signature = (sizes, counts, n_jobs=None, progress=None))]
pub fn fit_laws(
    py: Python<'_>,
    sizes: PyReadonlyArray1<'_, f64>,
    counts: PyReadonlyArray1<'_, f64>,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<(f64, f64, f64, f64)> {
    let sizes = slice1(py, &sizes, "sizes")?;
    let counts = slice1(py, &counts, "counts")?;
    let laws = door(py, Manner { n_jobs, progress }, |_| {
        dimension::fit(sizes, counts)
    })?;
    Ok((
        laws.slope,
        laws.standard_error,
        laws.rmse_power,
        laws.rmse_exponential,
    ))
}

#[pyfunction]
#[pyo3(signature = (degrees, n_jobs=None, progress=None))]
pub fn degree_exponent(
    py: Python<'_>,
    degrees: PyReadonlyArray1<'_, u64>,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<(f64, f64, u64, usize, f64)> {
    let degrees = slice1(py, &degrees, "degrees")?;
    let found = door(py, Manner { n_jobs, progress }, |run| {
        exponent::degree_exponent(degrees, run)
    })?;
    Ok((
        found.value,
        found.standard_error,
        found.k_min,
        found.n_tail,
        found.distance,
    ))
}

/// Sources, targets, and where each edge's weight stood.
type Edges<'py> = (
    Bound<'py, PyArray1<u32>>,
    Bound<'py, PyArray1<u32>>,
    Bound<'py, PyArray1<u64>>,
);

#[pyfunction]
#[pyo3(signature = (indptr, indices, n_swaps, seed, n_jobs=None, progress=None))]
pub fn rewire<'py>(
    py: Python<'py>,
    indptr: PyReadonlyArray1<'py, i64>,
    indices: PyReadonlyArray1<'py, u32>,
    n_swaps: u64,
    seed: u64,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Edges<'py>> {
    let indptr = slice1(py, &indptr, "indptr")?;
    let indices = slice1(py, &indices, "indices")?;
    let (sources, targets, places) = door(py, Manner { n_jobs, progress }, |run| {
        swap::rewire(Network::new(indptr, indices, &[])?, n_swaps, seed, run)
    })?;
    Ok((array1(py, sources), array1(py, targets), array1(py, places)))
}
