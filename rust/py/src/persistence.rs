//! Neighbour persistence over layers at the seam.

use layerscope_measures::nntp::{cancelled, nntp as count_runs};
use layerscope_measures::nnts::{Keep, Lists, NntsInput, nnts as count_shared};
use layerscope_measures::nnts_interval::{chance, intervals};
use numpy::{PyArray1, PyArray2, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::arrays::{array1, array2, slice2};
use crate::run::{Manner, door};

/// Jaccard, overlap, the interval where it was asked for, and each sample's intersections.
pub type Matrices<'py> = (
    Bound<'py, PyArray1<f64>>,
    Bound<'py, PyArray1<f64>>,
    Option<(Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f64>>)>,
    Option<Bound<'py, PyArray2<u16>>>,
);

/// What is kept of each sample: nothing, its intersections at every k, or at the largest.
pub fn keep(anything: bool, every_k: bool) -> Keep {
    match (anything, every_k) {
        (false, _) => Keep::Nothing,
        (true, false) => Keep::Largest,
        (true, true) => Keep::Every,
    }
}

/// Jaccard and overlap of all pairs of layers at every k, with intervals at every k or the largest.
#[pyfunction]
#[pyo3(signature = (lists, ks, n_bootstrap, seed, keep_shared, every_k, n_jobs=None, progress=None))]
pub fn nnts<'py>(
    py: Python<'py>,
    lists: Vec<PyReadonlyArray2<'py, u32>>,
    ks: Vec<usize>,
    n_bootstrap: usize,
    seed: u64,
    keep_shared: bool,
    every_k: bool,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Matrices<'py>> {
    let samples = lists.first().map_or(0, |list| list.shape()[0]);
    let layers = borrow(py, &lists)?;
    let (found, interval) = door(py, Manner { n_jobs, progress }, |run| {
        let keep = keep(keep_shared || n_bootstrap > 0, every_k);
        let kept = keep.of(&ks).to_vec();
        let input = NntsInput::new(layers, samples, ks)?;
        let mut found = count_shared(&input, keep, run)?;
        let interval = match &found.shared {
            Some(shared) if n_bootstrap > 0 => {
                Some(intervals(shared, samples, &kept, n_bootstrap, seed, run)?)
            }
            _ => None,
        };
        if !keep_shared {
            found.shared = None;
        }
        Ok((found, interval))
    })?;
    let shared = found
        .shared
        .map(|shared| array2(py, shared, samples))
        .transpose()?;
    Ok((
        array1(py, found.jaccard),
        array1(py, found.overlap),
        interval.map(|(low, high)| (array1(py, low), array1(py, high))),
        shared,
    ))
}

/// NNTS of two independent layers of n samples at k.
#[pyfunction]
pub fn nnts_chance(n: usize, k: usize) -> f64 {
    chance(n, k)
}

type Runs<'py> = (
    Bound<'py, PyArray2<i64>>,
    Bound<'py, PyArray2<i64>>,
    Bound<'py, PyArray2<u32>>,
);

/// Runs of presence at the gap asked for and at gap 0, and the pairs that persist end to end.
#[pyfunction]
#[pyo3(signature = (lists, gap, n_jobs=None, progress=None))]
pub fn nntp<'py>(
    py: Python<'py>,
    lists: Vec<PyReadonlyArray2<'py, u32>>,
    gap: usize,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Runs<'py>> {
    let samples = lists.first().map_or(0, |list| list.shape()[0]);
    let layers = borrow(py, &lists)?;
    let depth = layers.len();
    let found = door(py, Manner { n_jobs, progress }, |run| {
        count_runs(&layers, samples, gap, run)
    })?;
    Ok((
        array2(py, found.counts, depth)?,
        array2(py, found.raw, depth)?,
        array2(py, flatten(found.end_to_end), 2)?,
    ))
}

/// The pairs of the first layer that the second does not have.
#[pyfunction]
#[pyo3(signature = (first, second, n_jobs=None, progress=None))]
pub fn nntp_cancelled<'py>(
    py: Python<'py>,
    first: PyReadonlyArray2<'py, u32>,
    second: PyReadonlyArray2<'py, u32>,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyArray2<u32>>> {
    let samples = first.shape()[0];
    let lists = [first, second];
    let layers = borrow(py, &lists)?;
    let pairs = door(py, Manner { n_jobs, progress }, |run| {
        cancelled(layers[0], layers[1], samples, run)
    })?;
    array2(py, flatten(pairs), 2)
}

fn borrow<'a>(py: Python<'_>, lists: &'a [PyReadonlyArray2<'_, u32>]) -> PyResult<Vec<Lists<'a>>> {
    lists
        .iter()
        .map(|list| {
            Ok(Lists {
                indices: slice2(py, list, "stack")?,
                depth: list.shape()[1],
            })
        })
        .collect()
}

fn flatten(pairs: Vec<(u32, u32)>) -> Vec<u32> {
    pairs.into_iter().flat_map(|(i, j)| [i, j]).collect()
}
