//! Neighbours or graph, and labels → label agreement.

use layerscope_core::Labels;
use layerscope_measures::agreement::{Agreement, agreement};
use layerscope_measures::arcs::{Sparse, Table};
use numpy::{PyArray1, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::arrays::{array1, slice1, slice2};
use crate::run::{Manner, door};

/// value, value per class, isolated rows.
type Answer<'py> = (f64, Bound<'py, PyArray1<f64>>, u64);

#[pyfunction]
#[pyo3(signature = (indices, codes, n_classes, n_jobs=None, progress=None))]
pub fn agreement_from_neighbors<'py>(
    py: Python<'py>,
    indices: PyReadonlyArray2<'py, u32>,
    codes: PyReadonlyArray1<'py, u32>,
    n_classes: usize,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Answer<'py>> {
    let (rows, k) = (indices.shape()[0], indices.shape()[1]);
    let indices = slice2(py, &indices, "indices")?;
    let codes = slice1(py, &codes, "labels")?;
    let found = door(py, Manner { n_jobs, progress }, |run| {
        let table = Table::new(indices, None, rows, k)?;
        agreement(&table, Labels::new(codes, n_classes)?, run)
    })?;
    Ok(answer(py, found))
}

#[pyfunction]
#[pyo3(signature = (indptr, indices, weights, graph_directed, codes, n_classes, n_jobs=None, progress=None))]
pub fn agreement_from_graph<'py>(
    py: Python<'py>,
    indptr: PyReadonlyArray1<'py, i64>,
    indices: PyReadonlyArray1<'py, u32>,
    weights: PyReadonlyArray1<'py, f64>,
    graph_directed: bool,
    codes: PyReadonlyArray1<'py, u32>,
    n_classes: usize,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Answer<'py>> {
    let indptr = slice1(py, &indptr, "indptr")?;
    let indices = slice1(py, &indices, "indices")?;
    let weights = slice1(py, &weights, "weights")?;
    let codes = slice1(py, &codes, "labels")?;
    let found = door(py, Manner { n_jobs, progress }, |run| {
        let graph = Sparse::new(indptr, indices, weights, graph_directed)?;
        agreement(&graph, Labels::new(codes, n_classes)?, run)
    })?;
    Ok(answer(py, found))
}

fn answer(py: Python<'_>, found: Agreement) -> Answer<'_> {
    (found.value, array1(py, found.per_class), found.n_isolated)
}
