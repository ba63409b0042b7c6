//! Graph → box coverings.

use layerscope_core::{Error, Result};
use layerscope_measures::fractal::Network;
use layerscope_measures::fractal::counts::{self, Method, Plan};
use numpy::{PyArray1, PyArray2, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::arrays::{array1, array2, slice1};
use crate::errors::to_python;
use crate::run::{Manner, door};

fn method(name: &str) -> Result<Method> {
    Ok(match name {
        "greedy" => Method::Greedy,
        "cbb" => Method::Burning,
        "memb" => Method::Memb,
        "obca" => Method::Obca,
        "sketch" => Method::Sketch,
        "random" => Method::Random,
        other => {
            let rule = "must be one of 'greedy', 'cbb', 'memb', 'obca', 'sketch', 'random'";
            return Err(Error::invalid("method", rule, other));
        }
    })
}

/// sizes, counts (repeats, sizes), diameter, nodes, components.
type Counts<'py> = (
    Bound<'py, PyArray1<f64>>,
    Bound<'py, PyArray2<u32>>,
    Option<f64>,
    usize,
    usize,
);

#[pyfunction]
#[pyo3(signature = (indptr, indices, weights, method, sizes, n_repeats, largest, weighted, seed, memory_limit=None, n_jobs=None, progress=None))]
pub fn box_counts<'py>(
    py: Python<'py>,
    indptr: PyReadonlyArray1<'py, i64>,
    indices: PyReadonlyArray1<'py, u32>,
    weights: PyReadonlyArray1<'py, f64>,
    method: &str,
    sizes: Option<PyReadonlyArray1<'py, f64>>,
    n_repeats: usize,
    largest: bool,
    weighted: bool,
    seed: u64,
    memory_limit: Option<u64>,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Counts<'py>> {
    let indptr = slice1(py, &indptr, "indptr")?;
    let indices = slice1(py, &indices, "indices")?;
    let weights = slice1(py, &weights, "weights")?;
    let sizes = match &sizes {
        Some(sizes) => Some(slice1(py, sizes, "sizes")?),
        None => None,
    };
    let plan = Plan {
        method: self::method(method).map_err(|error| to_python(py, error))?,
        sizes,
        repeats: n_repeats,
        largest,
        weighted,
        seed,
        memory_limit,
    };
    let found = door(py, Manner { n_jobs, progress }, |run| {
        counts::box_counts(Network::new(indptr, indices, weights)?, &plan, run)
    })?;
    let columns = found.sizes.len();
    Ok((
        array1(py, found.sizes),
        array2(py, found.all.concat(), columns)?,
        found.diameter,
        found.nodes,
        found.components,
    ))
}

#[pyfunction]
#[pyo3(signature = (indptr, indices, weights, size, method, n_repeats, weighted, seed, memory_limit=None, n_jobs=None, progress=None))]
pub fn boxes<'py>(
    py: Python<'py>,
    indptr: PyReadonlyArray1<'py, i64>,
    indices: PyReadonlyArray1<'py, u32>,
    weights: PyReadonlyArray1<'py, f64>,
    size: f64,
    method: &str,
    n_repeats: usize,
    weighted: bool,
    seed: u64,
    memory_limit: Option<u64>,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyArray1<u32>>> {
    let indptr = slice1(py, &indptr, "indptr")?;
    let indices = slice1(py, &indices, "indices")?;
    let weights = slice1(py, &weights, "weights")?;
    let plan = Plan {
        method: self::method(method).map_err(|error| to_python(py, error))?,
        sizes: None,
        repeats: n_repeats,
        largest: false,
        weighted,
        seed,
        memory_limit,
    };
    let found = door(py, Manner { n_jobs, progress }, |run| {
        counts::boxes(Network::new(indptr, indices, weights)?, size, &plan, run)
    })?;
    Ok(array1(py, found))
}
