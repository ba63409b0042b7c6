//! Graph → communities.

use layerscope_core::Error;
use layerscope_measures::community::{
    Algorithm, Network, Quality, Settings, communities as find, hierarchy,
};
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::arrays::{array1, slice1};
use crate::errors::to_python;
use crate::run::{Manner, door};

/// Labels, modularity, quality, converged, iterations.
type Answer<'py> = (Bound<'py, PyArray1<i64>>, f64, f64, bool, u32);

#[pyfunction]
#[pyo3(signature = (indptr, indices, weights, algorithm, resolution, quality, initial, iterations, runs, seed, n_jobs=None, progress=None))]
pub fn communities<'py>(
    py: Python<'py>,
    indptr: PyReadonlyArray1<'py, i64>,
    indices: PyReadonlyArray1<'py, u32>,
    weights: PyReadonlyArray1<'py, f64>,
    algorithm: &str,
    resolution: f64,
    quality: &str,
    initial: Option<PyReadonlyArray1<'py, u32>>,
    iterations: Option<u32>,
    runs: u32,
    seed: u64,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Answer<'py>> {
    let indptr = slice1(py, &indptr, "indptr")?;
    let indices = slice1(py, &indices, "indices")?;
    let weights = slice1(py, &weights, "weights")?;
    let initial = initial
        .as_ref()
        .map(|array| slice1(py, array, "initial"))
        .transpose()?;
    let settings = Settings {
        algorithm: match algorithm {
            "louvain" => Algorithm::Louvain,
            "leiden" => Algorithm::Leiden,
            other => {
                let rule = "must be one of 'louvain', 'leiden'";
                return Err(to_python(py, Error::invalid("algorithm", rule, other)));
            }
        },
        quality: kind(py, quality)?,
        resolution,
        initial,
        iterations,
        runs,
        seed,
    };
    let found = door(py, Manner { n_jobs, progress }, |run| {
        find(
            run,
            &Network::new(run, indptr, indices, weights)?,
            &settings,
        )
    })?;
    Ok((
        numbers(py, found.labels),
        found.modularity,
        found.quality,
        found.converged,
        found.iterations,
    ))
}

#[pyfunction]
#[pyo3(signature = (indptr, indices, weights, labels, resolution, quality, seed, n_jobs=None, progress=None))]
pub fn community_levels<'py>(
    py: Python<'py>,
    indptr: PyReadonlyArray1<'py, i64>,
    indices: PyReadonlyArray1<'py, u32>,
    weights: PyReadonlyArray1<'py, f64>,
    labels: PyReadonlyArray1<'py, u32>,
    resolution: f64,
    quality: &str,
    seed: u64,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Vec<Bound<'py, PyArray1<i64>>>> {
    let indptr = slice1(py, &indptr, "indptr")?;
    let indices = slice1(py, &indices, "indices")?;
    let weights = slice1(py, &weights, "weights")?;
    let labels = slice1(py, &labels, "labels")?;
    let settings = Settings {
        algorithm: Algorithm::Leiden,
        quality: kind(py, quality)?,
        resolution,
        initial: None,
        iterations: None,
        runs: 1,
        seed,
    };
    let levels = door(py, Manner { n_jobs, progress }, |run| {
        let network = Network::new(run, indptr, indices, weights)?;
        hierarchy(run, &network, labels, &settings)
    })?;
    Ok(levels.into_iter().map(|level| numbers(py, level)).collect())
}

fn kind(py: Python<'_>, quality: &str) -> PyResult<Quality> {
    match quality {
        "modularity" => Ok(Quality::Modularity),
        "cpm" => Ok(Quality::Cpm),
        other => {
            let rule = "must be one of 'modularity', 'cpm'";
            Err(to_python(py, Error::invalid("quality", rule, other)))
        }
    }
}

fn numbers(py: Python<'_>, labels: Vec<u32>) -> Bound<'_, PyArray1<i64>> {
    array1(py, labels.into_iter().map(i64::from).collect())
}
