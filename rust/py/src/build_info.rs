//! How the extension was built and what it runs on, for `layerscope info`.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::run::cores;

/// Version, profile, processor architecture and threads.
#[pyfunction]
pub fn build_info(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let info = PyDict::new(py);
    info.set_item("version", env!("CARGO_PKG_VERSION"))?;
    let profile = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    info.set_item("profile", profile)?;
    info.set_item("architecture", std::env::consts::ARCH)?;
    info.set_item("threads", cores().get())?;
    Ok(info)
}
