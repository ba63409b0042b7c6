//! Partitions of the same samples at the seam: how far two agree, how a chain of them flows.

use layerscope_core::Labels;
use layerscope_measures::following::{Step, follow};
use layerscope_measures::partition_agreement::partition_agreement as agree;
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::arrays::{array1, slice1};
use crate::run::{Manner, door};

/// ami, ari, nmi, purity; fragmentation per class; largest class and its size per community.
type Agreement<'py> = (
    f64,
    f64,
    f64,
    f64,
    Bound<'py, PyArray1<f64>>,
    Bound<'py, PyArray1<u32>>,
    Bound<'py, PyArray1<u64>>,
);

#[pyfunction]
#[pyo3(signature = (found, n_found, codes, n_classes, n_jobs=None, progress=None))]
pub fn partition_agreement<'py>(
    py: Python<'py>,
    found: PyReadonlyArray1<'py, u32>,
    n_found: usize,
    codes: PyReadonlyArray1<'py, u32>,
    n_classes: usize,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Agreement<'py>> {
    let found = slice1(py, &found, "found")?;
    let codes = slice1(py, &codes, "labels")?;
    let answer = door(py, Manner { n_jobs, progress }, |run| {
        agree(
            Labels::new(found, n_found)?,
            Labels::new(codes, n_classes)?,
            run,
        )
    })?;
    Ok((
        answer.ami,
        answer.ari,
        answer.nmi,
        answer.purity,
        array1(py, answer.fragmentation),
        array1(py, answer.majority),
        array1(py, answer.majority_count),
    ))
}

/// Per step of the chain: heir and destination of each community, parent of each of the next.
type Arrows<'py> = (
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<i64>>,
);

#[pyfunction]
#[pyo3(signature = (layers, n_communities, minimum_overlap, n_jobs=None, progress=None))]
pub fn follow_communities<'py>(
    py: Python<'py>,
    layers: Vec<PyReadonlyArray1<'py, u32>>,
    n_communities: Vec<usize>,
    minimum_overlap: f64,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Vec<Arrows<'py>>> {
    let codes = layers
        .iter()
        .map(|layer| slice1(py, layer, "layers"))
        .collect::<PyResult<Vec<_>>>()?;
    let steps = door(py, Manner { n_jobs, progress }, |run| {
        let chain = codes.iter().zip(&n_communities);
        let chain = chain
            .map(|(codes, &number)| Labels::new(codes, number))
            .collect::<layerscope_core::Result<Vec<_>>>()?;
        follow(&chain, minimum_overlap, run)
    })?;
    Ok(steps.into_iter().map(|step| arrays(py, step)).collect())
}

fn arrays(py: Python<'_>, step: Step) -> Arrows<'_> {
    let numbers = |found: Vec<Option<u32>>| {
        let numbers = found.into_iter().map(|one| one.map_or(-1, i64::from));
        array1(py, numbers.collect())
    };
    (
        numbers(step.heir),
        numbers(step.destination),
        numbers(step.parent),
    )
}
