//! Neighbours or graph, and labels → modularity.

use layerscope_core::{Labels, Result, Run, random};
use layerscope_measures::arcs::{Arcs, Sparse, Table};
use layerscope_measures::modularity::{
    Modularity, Parameters, Permutations, leave_groups_out, modularity,
};
use numpy::{PyArray1, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::arrays::{array1, slice1, slice2};
use crate::run::{Manner, door};

/// value, bound, ratio, terms per class, same-label share, negative edges, null mean, sd and z.
type Answer<'py> = (
    f64,
    f64,
    f64,
    Bound<'py, PyArray1<f64>>,
    f64,
    u64,
    f64,
    f64,
    f64,
);

#[pyfunction]
#[pyo3(signature = (indices, weights, codes, n_classes, resolution, directed, clip_negative, n_permutations, seed, n_jobs=None, progress=None))]
pub fn modularity_from_neighbors<'py>(
    py: Python<'py>,
    indices: PyReadonlyArray2<'py, u32>,
    weights: Option<PyReadonlyArray2<'py, f64>>,
    codes: PyReadonlyArray1<'py, u32>,
    n_classes: usize,
    resolution: f64,
    directed: bool,
    clip_negative: bool,
    n_permutations: usize,
    seed: u64,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Answer<'py>> {
    let (rows, k) = (indices.shape()[0], indices.shape()[1]);
    let indices = slice2(py, &indices, "indices")?;
    let weights = weights
        .as_ref()
        .map(|array| slice2(py, array, "weights"))
        .transpose()?;
    let codes = slice1(py, &codes, "labels")?;
    let found = door(py, Manner { n_jobs, progress }, |run| {
        let table = Table::new(indices, weights, rows, k)?;
        let parameters = Parameters::new(resolution, directed, clip_negative)?;
        score(
            &table,
            codes,
            n_classes,
            &parameters,
            n_permutations,
            seed,
            run,
        )
    })?;
    Ok(answer(py, found))
}

#[pyfunction]
#[pyo3(signature = (indptr, indices, weights, graph_directed, codes, n_classes, resolution, directed, clip_negative, n_permutations, seed, n_jobs=None, progress=None))]
pub fn modularity_from_graph<'py>(
    py: Python<'py>,
    indptr: PyReadonlyArray1<'py, i64>,
    indices: PyReadonlyArray1<'py, u32>,
    weights: PyReadonlyArray1<'py, f64>,
    graph_directed: bool,
    codes: PyReadonlyArray1<'py, u32>,
    n_classes: usize,
    resolution: f64,
    directed: bool,
    clip_negative: bool,
    n_permutations: usize,
    seed: u64,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Answer<'py>> {
    let indptr = slice1(py, &indptr, "indptr")?;
    let indices = slice1(py, &indices, "indices")?;
    let weights = slice1(py, &weights, "weights")?;
    let codes = slice1(py, &codes, "labels")?;
    let found = door(py, Manner { n_jobs, progress }, |run| {
        let graph = Sparse::new(indptr, indices, weights, graph_directed)?;
        let parameters = Parameters::new(resolution, directed, clip_negative)?;
        score(
            &graph,
            codes,
            n_classes,
            &parameters,
            n_permutations,
            seed,
            run,
        )
    })?;
    Ok(answer(py, found))
}

#[pyfunction]
#[pyo3(signature = (indices, weights, codes, n_classes, groups, n_groups, k, resolution, directed, clip_negative, n_jobs=None, progress=None))]
pub fn modularity_without_groups<'py>(
    py: Python<'py>,
    indices: PyReadonlyArray2<'py, u32>,
    weights: Option<PyReadonlyArray2<'py, f64>>,
    codes: PyReadonlyArray1<'py, u32>,
    n_classes: usize,
    groups: PyReadonlyArray1<'py, u32>,
    n_groups: usize,
    k: usize,
    resolution: f64,
    directed: bool,
    clip_negative: bool,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Vec<Option<f64>>> {
    let (rows, depth) = (indices.shape()[0], indices.shape()[1]);
    let indices = slice2(py, &indices, "indices")?;
    let weights = weights
        .as_ref()
        .map(|array| slice2(py, array, "weights"))
        .transpose()?;
    let codes = slice1(py, &codes, "labels")?;
    let groups = slice1(py, &groups, "groups")?;
    door(py, Manner { n_jobs, progress }, |run| {
        let table = Table::new(indices, weights, rows, depth)?;
        let parameters = Parameters::new(resolution, directed, clip_negative)?;
        let labels = Labels::new(codes, n_classes)?;
        let groups = Labels::new(groups, n_groups)?;
        leave_groups_out(&table, labels, groups, k, &parameters, run)
    })
}

#[pyfunction]
pub fn permutation(
    py: Python<'_>,
    n: u32,
    seed: u64,
    item: u64,
) -> PyResult<Bound<'_, PyArray1<u32>>> {
    let manner = Manner {
        n_jobs: Some(1),
        progress: None,
    };
    let order = door(py, manner, |_| {
        let mut order: Vec<u32> = (0..n).collect();
        random::shuffle(&mut order, seed, item);
        Ok(order)
    })?;
    Ok(array1(py, order))
}

fn score(
    arcs: &impl Arcs,
    codes: &[u32],
    classes: usize,
    parameters: &Parameters,
    count: usize,
    seed: u64,
    run: &Run,
) -> Result<Modularity> {
    let labels = Labels::new(codes, classes)?;
    modularity(arcs, labels, parameters, Permutations { count, seed }, run)
}

fn answer(py: Python<'_>, found: Modularity) -> Answer<'_> {
    (
        found.value,
        found.bound,
        found.ratio,
        array1(py, found.per_class),
        found.same_label_share,
        found.n_negative_edges,
        found.null.mean,
        found.null.sd,
        found.null.z,
    )
}
