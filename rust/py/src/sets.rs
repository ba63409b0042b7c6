//! NNTS for large k at the seam: layers and lists in, matrices out, no list in between.

use std::sync::atomic::{AtomicUsize, Ordering};

use layerscope_core::{Error, NearestSets, Result};
use layerscope_knn::{BitQuery, BitSearch, Metric, Workers};
use layerscope_measures::nnts::bits::nnts_by_bits;
use layerscope_measures::nnts::plan::{BitPlan, Extent};
use layerscope_measures::nnts::{Keep, Lists, NntsInput, check_ks};
use layerscope_measures::nnts_interval::intervals;
use numpy::{PyArrayMethods, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::arrays::{Layer, array1, array2, borrowed, slice2, table_of};
use crate::errors::to_python;
use crate::persistence::{Matrices, keep};
use crate::run::{Manner, cores, door};

/// A layer's values, or its neighbours where these are known.
pub enum Source<'py> {
    Lists(PyReadonlyArray2<'py, u32>),
    Values(Layer<'py>),
}

impl<'a, 'py> FromPyObject<'a, 'py> for Source<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match table_of(&object) {
            Some(lists) => Ok(Source::Lists(borrowed(lists.try_readonly())?)),
            None => Ok(Source::Values(Layer::extract(object)?)),
        }
    }
}

/// The same, borrowed.
#[derive(Clone, Copy)]
enum Asked<'a> {
    Lists(Lists<'a>),
    Query(BitQuery<'a>),
}

/// What a layer's rows are like: ties at the largest k, repeated rows, zero rows, infinite distances.
type Notes = (u64, usize, usize, u64);

/// Jaccard and overlap of all pairs of layers at every k, with intervals at every k or the largest.
#[pyfunction]
#[pyo3(signature = (layers, names, ks, metric, n_bootstrap, seed, keep_shared, every_k, memory_limit=None, n_jobs=None, progress=None))]
pub fn nnts_sets<'py>(
    py: Python<'py>,
    layers: Vec<Source<'py>>,
    names: Vec<String>,
    ks: Vec<usize>,
    metric: &str,
    n_bootstrap: usize,
    seed: u64,
    keep_shared: bool,
    every_k: bool,
    memory_limit: Option<u64>,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<(Matrices<'py>, Vec<Notes>)> {
    let asked = borrow(py, &layers, metric, &ks)?;
    let samples = asked.first().map_or(0, Asked::samples);
    let keep = keep(keep_shared || n_bootstrap > 0, every_k);
    // The layer in preparation, whose name an error should carry.
    let preparing = AtomicUsize::new(usize::MAX);
    let work = door(py, Manner { n_jobs, progress }, |run| {
        check_ks(&ks)?;
        let plan = plan_for(&asked, samples, &ks, keep, run.jobs(), memory_limit)?;
        let workers = Workers::default();
        let mut searches = Vec::new();
        for (position, asked) in asked.iter().enumerate() {
            preparing.store(position, Ordering::Relaxed);
            if asked.samples() != samples {
                let rule = format!("must have {samples} rows in every layer");
                return Err(Error::invalid("stack", rule, asked.samples()));
            }
            searches.push(match asked {
                Asked::Query(query) => Prepared::Search(Box::new(query.prepare(run, &workers)?)),
                Asked::Lists(lists) => {
                    NntsInput::new(vec![*lists], samples, ks.clone())?;
                    Prepared::Lists(*lists)
                }
            });
        }
        preparing.store(usize::MAX, Ordering::Relaxed);
        let sources: Vec<_> = searches.iter().map(Prepared::sets).collect();
        let (mut found, notes) = nnts_by_bits(&sources, samples, &ks, plan, keep, run)?;
        let notes: Vec<Notes> = searches
            .iter()
            .zip(notes)
            .map(|(search, notes)| {
                let (duplicates, zeros) = search.counts();
                (notes.tied, duplicates, zeros, notes.infinite)
            })
            .collect();
        drop(searches);
        drop(workers);
        let interval = match &found.shared {
            Some(shared) if n_bootstrap > 0 => Some(intervals(
                shared,
                samples,
                keep.of(&ks),
                n_bootstrap,
                seed,
                run,
            )?),
            _ => None,
        };
        if !keep_shared {
            found.shared = None;
        }
        Ok((found, interval, notes))
    });
    let (found, interval, notes) = work.inspect_err(|error| {
        if let Some(name) = names.get(preparing.load(Ordering::Relaxed)) {
            // Errors of ours have a place for the layer; any other stays as it is.
            if error.value(py).hasattr("layer").unwrap_or(false) {
                let _ = error.value(py).setattr("layer", name);
            }
        }
    })?;
    let shared = found
        .shared
        .map(|shared| array2(py, shared, samples))
        .transpose()?;
    let matrices = (
        array1(py, found.jaccard),
        array1(py, found.overlap),
        interval.map(|(low, high)| (array1(py, low), array1(py, high))),
        shared,
    );
    Ok((matrices, notes))
}

/// Bytes that `nnts_sets` takes for layers of the given numbers of features, at least and at best.
#[pyfunction]
#[pyo3(signature = (layers, ks, metric, keep_shared, every_k, memory_limit=None, n_jobs=None))]
pub fn nnts_sets_memory<'py>(
    py: Python<'py>,
    layers: Vec<Source<'py>>,
    ks: Vec<usize>,
    metric: &str,
    keep_shared: bool,
    every_k: bool,
    memory_limit: Option<u64>,
    n_jobs: Option<usize>,
) -> PyResult<u64> {
    let asked = borrow(py, &layers, metric, &ks)?;
    let samples = asked.first().map_or(0, Asked::samples);
    let jobs = n_jobs.unwrap_or_else(|| cores().get());
    plan_for(
        &asked,
        samples,
        &ks,
        keep(keep_shared, every_k),
        jobs,
        memory_limit,
    )
    .map(|plan| plan.bytes)
    .map_err(|error| to_python(py, error))
}

fn borrow<'a>(
    py: Python<'_>,
    layers: &'a [Source<'_>],
    metric: &str,
    ks: &[usize],
) -> PyResult<Vec<Asked<'a>>> {
    let metric = Metric::parse(metric).map_err(|error| to_python(py, error))?;
    layers
        .iter()
        .map(|layer| {
            Ok(match layer {
                Source::Lists(list) => Asked::Lists(Lists {
                    indices: slice2(py, list, "stack")?,
                    depth: list.shape()[1],
                }),
                Source::Values(values) => Asked::Query(BitQuery {
                    data: values.borrow(py, "X")?,
                    metric,
                    k: ks.last().copied().unwrap_or(0),
                }),
            })
        })
        .collect()
}

fn plan_for(
    asked: &[Asked],
    samples: usize,
    ks: &[usize],
    keep: Keep,
    jobs: usize,
    limit: Option<u64>,
) -> Result<BitPlan> {
    let queries = || {
        asked.iter().filter_map(|asked| match asked {
            Asked::Query(query) => Some(query),
            Asked::Lists(_) => None,
        })
    };
    let held: u64 = queries().map(BitQuery::held_bytes).sum();
    let preparing = queries().map(BitQuery::preparing_bytes).max().unwrap_or(0);
    Extent {
        layers: asked.len(),
        samples,
        ks,
        keep,
        held: held + preparing,
        piece_bytes: &|rows| {
            let bytes = queries().map(|query| query.piece_bytes(rows));
            bytes.max().unwrap_or(0)
        },
    }
    .plan(jobs, limit)
}

impl Asked<'_> {
    fn samples(&self) -> usize {
        match self {
            Self::Lists(lists) => lists.indices.len() / lists.depth.max(1),
            Self::Query(query) => query.data.rows(),
        }
    }
}

/// A layer ready to make sets.
enum Prepared<'a> {
    Lists(Lists<'a>),
    Search(Box<BitSearch<'a>>),
}

impl Prepared<'_> {
    fn sets(&self) -> &dyn NearestSets {
        match self {
            Self::Lists(lists) => lists,
            Self::Search(search) => search.as_ref(),
        }
    }

    fn counts(&self) -> (usize, usize) {
        match self {
            Self::Lists(_) => (0, 0),
            Self::Search(search) => (search.n_duplicate_rows(), search.n_zero_rows()),
        }
    }
}
