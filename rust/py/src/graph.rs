//! Graphs: built here, kept on the Python side as three arrays.

use layerscope_core::{Error, Graph, Symmetrize};
use numpy::{PyArray1, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::arrays::{array1, slice1, slice2};
use crate::errors::to_python;
use crate::run::{Manner, door};

/// Row pointers, columns, weights.
type Parts<'py> = (
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<u32>>,
    Bound<'py, PyArray1<f64>>,
);

#[pyfunction]
#[pyo3(signature = (n_nodes, sources, targets, weights, directed, n_jobs=None, progress=None))]
pub fn graph_from_edges<'py>(
    py: Python<'py>,
    n_nodes: usize,
    sources: PyReadonlyArray1<'py, u32>,
    targets: PyReadonlyArray1<'py, u32>,
    weights: Option<PyReadonlyArray1<'py, f64>>,
    directed: bool,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Parts<'py>> {
    let sources = slice1(py, &sources, "edges")?;
    let targets = slice1(py, &targets, "edges")?;
    let weights = match &weights {
        Some(weights) => Some(slice1(py, weights, "weights")?),
        None => None,
    };
    let graph = door(py, Manner { n_jobs, progress }, |run| {
        Graph::from_edges(run, n_nodes, sources, targets, weights, directed)
    })?;
    Ok(parts(py, graph))
}

#[pyfunction]
#[pyo3(signature = (n_nodes, indices, weights, symmetrize, n_jobs=None, progress=None))]
pub fn graph_from_neighbors<'py>(
    py: Python<'py>,
    n_nodes: usize,
    indices: PyReadonlyArray2<'py, u32>,
    weights: Option<PyReadonlyArray2<'py, f64>>,
    symmetrize: Option<&str>,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Parts<'py>> {
    let rule = match symmetrize {
        None => None,
        Some("mean") => Some(Symmetrize::Mean),
        Some("union") => Some(Symmetrize::Union),
        Some("mutual") => Some(Symmetrize::Mutual),
        Some(other) => {
            let rule = "must be one of 'mean', 'union', 'mutual', None";
            return Err(to_python(py, Error::invalid("symmetrize", rule, other)));
        }
    };
    let (rows, k) = (indices.shape()[0], indices.shape()[1]);
    if rows != n_nodes {
        let rule = format!("must have one row per node ({n_nodes})");
        return Err(to_python(py, Error::invalid("indices", rule, rows)));
    }
    let indices = slice2(py, &indices, "indices")?;
    let weights = match &weights {
        Some(weights) => Some(slice2(py, weights, "weights")?),
        None => None,
    };
    let graph = door(py, Manner { n_jobs, progress }, |run| {
        Graph::from_neighbours(run, k, indices, weights, rule)
    })?;
    Ok(parts(py, graph))
}

fn parts(py: Python<'_>, graph: Graph) -> Parts<'_> {
    let (indptr, indices, weights) = graph.into_parts();
    let indptr = indptr.into_iter().map(u64::cast_signed).collect();
    (array1(py, indptr), array1(py, indices), array1(py, weights))
}
