//! Activations → neighbours.

use layerscope_core::{Error, Run};
use layerscope_knn::{Metric, Neighbours, Plans, Request};
use numpy::{PyArray1, PyArray2, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::arrays::{Layer, array1, array2, slice1};
use crate::errors::to_python;
use crate::run::{Manner, brief_door, cores, door};

type Answer<'py> = (
    Bound<'py, PyArray2<u32>>,
    Bound<'py, PyArray2<f64>>,
    Bound<'py, PyArray1<u64>>,
    usize,
    usize,
);

#[pyfunction]
#[pyo3(signature = (data, k, metric, queries=None, groups=None, memory_limit=None, n_jobs=None, progress=None))]
pub fn neighbors<'py>(
    py: Python<'py>,
    data: Layer<'py>,
    k: i64,
    metric: &str,
    queries: Option<Layer<'py>>,
    groups: Option<PyReadonlyArray1<'py, u32>>,
    memory_limit: Option<u64>,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Answer<'py>> {
    let request = request(
        py,
        &data,
        k,
        metric,
        queries.as_ref(),
        groups.as_ref(),
        memory_limit,
    )?;
    let manner = Manner { n_jobs, progress };
    let work = |run: &Run| layerscope_knn::neighbors(run, &request);
    let found = if request.is_brief() {
        brief_door(py, manner, work)?
    } else {
        door(py, manner, work)?
    };
    answer(py, found, request.k)
}

type NearlyAnswer<'py> = (Answer<'py>, Option<(f64, f64, f64)>, Option<&'static str>);

#[pyfunction]
#[pyo3(signature = (data, k, metric, seed, queries=None, groups=None, memory_limit=None, n_jobs=None, progress=None))]
pub fn approximate_neighbors<'py>(
    py: Python<'py>,
    data: Layer<'py>,
    k: i64,
    metric: &str,
    seed: u64,
    queries: Option<Layer<'py>>,
    groups: Option<PyReadonlyArray1<'py, u32>>,
    memory_limit: Option<u64>,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<NearlyAnswer<'py>> {
    let request = request(
        py,
        &data,
        k,
        metric,
        queries.as_ref(),
        groups.as_ref(),
        memory_limit,
    )?;
    let found = door(py, Manner { n_jobs, progress }, |run| {
        layerscope_knn::approximate(run, &request, seed)
    })?;
    let recall = found.recall.map(|r| (r.value, r.low, r.high));
    let answer = answer(py, found.neighbours, request.k)?;
    Ok((answer, recall, found.exact_because))
}

fn request<'a>(
    py: Python<'_>,
    data: &'a Layer,
    k: i64,
    metric: &str,
    queries: Option<&'a Layer>,
    groups: Option<&'a PyReadonlyArray1<u32>>,
    memory_limit: Option<u64>,
) -> PyResult<Request<'a>> {
    let fail = |error| to_python(py, error);
    let k = usize::try_from(k)
        .map_err(|_| fail(Error::invalid("n_neighbors", "must be at least 1", k)))?;
    Ok(Request {
        data: data.borrow(py, "X")?,
        queries: queries
            .map(|layer| layer.borrow(py, "queries"))
            .transpose()?,
        groups: groups
            .map(|array| slice1(py, array, "groups"))
            .transpose()?,
        k,
        metric: Metric::parse(metric).map_err(fail)?,
        memory_limit,
    })
}

fn answer(py: Python<'_>, found: Neighbours, k: usize) -> PyResult<Answer<'_>> {
    Ok((
        array2(py, found.indices, k)?,
        array2(py, found.values, k)?,
        array1(py, found.tied),
        found.n_duplicate_rows,
        found.n_zero_rows,
    ))
}

#[pyfunction]
#[pyo3(signature = (n_samples, n_features, k, metric, approximate=false, memory_limit=None, n_jobs=None))]
pub fn estimate_memory(
    py: Python<'_>,
    n_samples: usize,
    n_features: usize,
    k: usize,
    metric: &str,
    approximate: bool,
    memory_limit: Option<u64>,
    n_jobs: Option<usize>,
) -> PyResult<u64> {
    let fail = |error| to_python(py, error);
    let plans = Plans {
        rows: n_samples,
        columns: n_features,
        k,
        metric: Metric::parse(metric).map_err(fail)?,
        approximate,
        jobs: n_jobs.unwrap_or_else(|| cores().get()),
        memory_limit,
    };
    layerscope_knn::estimate_memory(&plans).map_err(fail)
}
