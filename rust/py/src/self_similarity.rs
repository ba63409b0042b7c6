//! A layer's responses → self-similarity of its units.

use layerscope_core::{Error, filled};
use layerscope_measures::self_similarity::{
    Distances, Form, Parameters, Surrogate, Units, differentiate, self_similarity as measure,
};
use numpy::{PyArray1, PyArray2};
use pyo3::prelude::*;

use crate::arrays::{Layer, array1, array2};
use crate::errors::to_python;
use crate::run::{Manner, door};

/// value, (`θ_min`, `θ_max`), θ, counts, (dimension, its error), window, null, (dead, duplicate).
type Answer<'py> = (
    f64,
    (f64, f64),
    Bound<'py, PyArray1<f64>>,
    Bound<'py, PyArray1<f64>>,
    (f64, f64),
    (f64, f64),
    Bound<'py, PyArray1<f64>>,
    (usize, usize),
);

#[pyfunction]
#[pyo3(signature = (data, form, rms, n_thetas, n_null, seed, memory_limit=None, n_jobs=None, progress=None))]
pub fn self_similarity<'py>(
    py: Python<'py>,
    data: Layer<'py>,
    form: &str,
    rms: bool,
    n_thetas: usize,
    n_null: usize,
    seed: u64,
    memory_limit: Option<u64>,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Answer<'py>> {
    let parameters = Parameters {
        form: parse(py, form)?,
        rms,
        thetas: n_thetas,
        draws: n_null,
        seed,
        memory_limit,
    };
    let matrix = data.borrow(py, "X")?;
    let found = door(py, Manner { n_jobs, progress }, |run| {
        measure(run, &matrix, &parameters)
    })?;
    Ok((
        found.value,
        (found.theta_min, found.theta_max),
        array1(py, found.theta),
        array1(py, found.counts),
        (found.dimension, found.dimension_error),
        found.window,
        array1(py, found.null),
        (found.n_dead, found.n_duplicate),
    ))
}

fn parse(py: Python<'_>, form: &str) -> PyResult<Form> {
    match form {
        "paper" => Ok(Form::Paper),
        "printed" => Ok(Form::Printed),
        "covering" => Ok(Form::Covering),
        "correlation" => Ok(Form::Correlation),
        other => {
            let rule = "must be paper, printed, covering or correlation";
            Err(to_python(py, Error::invalid("form", rule, other)))
        }
    }
}

#[pyfunction]
#[pyo3(signature = (data, form, rms, n_thetas, kappa, factor, with_gradient, n_jobs=None, progress=None))]
pub fn self_similarity_gradient<'py>(
    py: Python<'py>,
    data: Layer<'py>,
    form: &str,
    rms: bool,
    n_thetas: usize,
    kappa: f64,
    factor: f64,
    with_gradient: bool,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<(f64, Bound<'py, PyArray2<f64>>)> {
    let parameters = Parameters {
        form: parse(py, form)?,
        rms,
        thetas: n_thetas,
        draws: 0,
        seed: 0,
        memory_limit: None,
    };
    let matrix = data.borrow(py, "features")?;
    let units = matrix.columns();
    let found = door(py, Manner { n_jobs, progress }, |run| {
        let surrogate = Surrogate { kappa, factor };
        differentiate(run, &matrix, &parameters, surrogate, with_gradient)
    })?;
    Ok((found.value, array2(py, found.gradient, units)?))
}

#[pyfunction]
#[pyo3(signature = (data, memory_limit=None, n_jobs=None, progress=None))]
pub fn unit_distances<'py>(
    py: Python<'py>,
    data: Layer<'py>,
    memory_limit: Option<u64>,
    n_jobs: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let matrix = data.borrow(py, "X")?;
    let units = matrix.columns();
    let square = door(py, Manner { n_jobs, progress }, |run| {
        let responses = Units::new(run, &matrix)?;
        let distances = Distances::new(run, &responses, false, true, 1, memory_limit)?;
        let mut square = filled(units * units, 0.0)?;
        distances.write_square(run, &mut square)?;
        Ok(square)
    })?;
    array2(py, square, units)
}
