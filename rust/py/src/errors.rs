//! The one mapping from [`Error`] to Python: a match without a wildcard, so that a new variant
//! does not compile until it is mapped.

use layerscope_core::Error;
use pyo3::exceptions::{PyKeyboardInterrupt, PyMemoryError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

/// Turns an error into the exception that `layerscope.errors` defines for it.
pub fn to_python(py: Python<'_>, error: Error) -> PyErr {
    match error {
        Error::InvalidInput {
            argument,
            rule,
            value,
        } => raise(py, "InvalidInputError", (argument, rule, value)),
        Error::MemoryLimit { needed, limit } => raise(
            py,
            "MemoryLimitError",
            (
                "memory_limit",
                format!("must be at least {needed} bytes for this input"),
                limit,
            ),
        ),
        Error::OutOfMemory { bytes } => {
            PyMemoryError::new_err(format!("the system refused {bytes} bytes"))
        }
        Error::Interrupted => PyKeyboardInterrupt::new_err(()),
        Error::Internal(what) => raise(
            py,
            "LayerscopeError",
            (
                "layerscope",
                "must not fail inside; please report this",
                what,
            ),
        ),
    }
}

fn raise<'py>(
    py: Python<'py>,
    class: &'static str,
    arguments: impl pyo3::call::PyCallArgs<'py>,
) -> PyErr {
    match errors_module(py)
        .and_then(|module| module.getattr(class))
        .and_then(|class| Ok(class.cast_into::<PyType>()?))
        .and_then(|class| class.call1(arguments))
    {
        Ok(exception) => PyErr::from_value(exception),
        Err(failure) => failure,
    }
}

fn errors_module(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static MODULE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || {
        PyResult::Ok(py.import("layerscope.errors")?.into_any().unbind())
    })?;
    Ok(module.bind(py).clone())
}
