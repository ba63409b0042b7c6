//! Graph → distances in steps.

use layerscope_core::Error;
use layerscope_measures::fractal::{Network, distances, lengths, linkage, paths};
use numpy::{PyArray1, PyArrayMethods, PyReadonlyArray1, PyReadwriteArray2};
use pyo3::prelude::*;

use crate::arrays::{array1, borrowed, slice1, table_of, unknown_kind};
use crate::errors::to_python;
use crate::run::{Manner, door};

/// The table that distances go to, in one of two widths.
pub enum Table<'py> {
    Narrow(PyReadwriteArray2<'py, u8>),
    Wide(PyReadwriteArray2<'py, u16>),
}

impl<'a, 'py> FromPyObject<'a, 'py> for Table<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Some(table) = table_of::<u8>(&object) {
            Ok(Table::Narrow(borrowed(table.try_readwrite())?))
        } else if let Some(table) = table_of::<u16>(&object) {
            Ok(Table::Wide(borrowed(table.try_readwrite())?))
        } else {
            Err(unknown_kind())
        }
    }
}

#[pyfunction]
#[pyo3(signature = (indptr, indices, sources, out, memory_limit=None, n_jobs=None, progress=None))]
pub fn hop_distances<'py>(
    py: Python<'py>,
    indptr: PyReadonlyArray1<'py, i64>,
    indices: PyReadonlyArray1<'py, u32>,
    sources: Option<PyReadonlyArray1<'py, u32>>,
    out: Table<'py>,
    memory_limit: Option<u64>,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<bool> {
    let indptr = slice1(py, &indptr, "indptr")?;
    let indices = slice1(py, &indices, "indices")?;
    let sources = match &sources {
        Some(sources) => Some(slice1(py, sources, "sources")?),
        None => None,
    };
    let strided = |_| {
        to_python(
            py,
            Error::invalid("out", "must be C-contiguous", "strided memory"),
        )
    };
    let manner = Manner { n_jobs, progress };
    match out {
        Table::Narrow(mut table) => {
            let table = table.as_slice_mut().map_err(strided)?;
            door(py, manner, |run| {
                let network = Network::new(indptr, indices, &[])?;
                distances::hop_distances(network, sources, table, memory_limit, run)
            })
        }
        Table::Wide(mut table) => {
            let table = table.as_slice_mut().map_err(strided)?;
            door(py, manner, |run| {
                let network = Network::new(indptr, indices, &[])?;
                distances::hop_distances(network, sources, table, memory_limit, run)
            })
        }
    }
}

/// diameter, average path, eccentricity of every source, components, ordered pairs per distance.
type Paths<'py> = (
    u32,
    f64,
    Bound<'py, PyArray1<u32>>,
    usize,
    Bound<'py, PyArray1<u64>>,
);

#[pyfunction]
#[pyo3(signature = (indptr, indices, sources=None, n_jobs=None, progress=None))]
pub fn path_statistics<'py>(
    py: Python<'py>,
    indptr: PyReadonlyArray1<'py, i64>,
    indices: PyReadonlyArray1<'py, u32>,
    sources: Option<PyReadonlyArray1<'py, u32>>,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Paths<'py>> {
    let indptr = slice1(py, &indptr, "indptr")?;
    let indices = slice1(py, &indices, "indices")?;
    let sources = match &sources {
        Some(sources) => Some(slice1(py, sources, "sources")?),
        None => None,
    };
    let found = door(py, Manner { n_jobs, progress }, |run| {
        paths::paths(Network::new(indptr, indices, &[])?, sources, run)
    })?;
    Ok((
        found.diameter,
        found.average,
        array1(py, found.eccentricity),
        found.components,
        array1(py, found.pairs),
    ))
}

#[pyfunction]
#[pyo3(signature = (indptr, indices, weights, sources, out, n_jobs=None, progress=None))]
pub fn path_lengths<'py>(
    py: Python<'py>,
    indptr: PyReadonlyArray1<'py, i64>,
    indices: PyReadonlyArray1<'py, u32>,
    weights: PyReadonlyArray1<'py, f64>,
    sources: Option<PyReadonlyArray1<'py, u32>>,
    mut out: PyReadwriteArray2<'py, f64>,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<()> {
    let indptr = slice1(py, &indptr, "indptr")?;
    let indices = slice1(py, &indices, "indices")?;
    let weights = slice1(py, &weights, "weights")?;
    let sources = match &sources {
        Some(sources) => Some(slice1(py, sources, "sources")?),
        None => None,
    };
    let table = out.as_slice_mut().map_err(|_| {
        let strided = Error::invalid("out", "must be C-contiguous", "strided memory");
        to_python(py, strided)
    })?;
    door(py, Manner { n_jobs, progress }, |run| {
        lengths::path_lengths(Network::new(indptr, indices, weights)?, sources, table, run)
    })
}

#[pyfunction]
#[pyo3(signature = (distances, count, n_jobs=None, progress=None))]
pub fn linkage_heights<'py>(
    py: Python<'py>,
    distances: PyReadonlyArray1<'py, f64>,
    count: usize,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let distances = slice1(py, &distances, "distances")?;
    let found = door(py, Manner { n_jobs, progress }, |run| {
        linkage::heights(distances, count, run)
    })?;
    Ok(array1(py, found))
}
