//! How the extension was built and what it runs on, for `layerscope info`.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::to_python;
use crate::run::cores;

/// Version, profile, processor architecture and features, and threads.
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
    info.set_item("features", features())?;
    let engine = layerscope_knn::engine_name().map_err(|error| to_python(py, error))?;
    info.set_item("engine", engine)?;
    info.set_item("threads", cores().get())?;
    Ok(info)
}

/// Instruction sets of this processor that matter to arithmetic, whether an engine uses them or not.
#[cfg(target_arch = "x86_64")]
fn features() -> Vec<&'static str> {
    use std::arch::is_x86_feature_detected as has;

    let known = [
        ("avx2", has!("avx2")),
        ("fma", has!("fma")),
        ("f16c", has!("f16c")),
        ("avx512f", has!("avx512f")),
        ("avx512bw", has!("avx512bw")),
        ("avx512vnni", has!("avx512vnni")),
        ("avx512bf16", has!("avx512bf16")),
        ("avxvnni", has!("avxvnni")),
        // Where the system lets this process use it.
        ("amx-int8", layerscope_knn::has_amx()),
    ];
    present(&known)
}

/// Instruction sets of this processor that matter to arithmetic, whether an engine uses them or not.
#[cfg(target_arch = "aarch64")]
fn features() -> Vec<&'static str> {
    use std::arch::is_aarch64_feature_detected as has;

    let known = [
        ("neon", has!("neon")),
        ("dotprod", has!("dotprod")),
        ("fp16", has!("fp16")),
        ("bf16", has!("bf16")),
        ("i8mm", has!("i8mm")),
    ];
    present(&known)
}

/// None are told apart elsewhere.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn features() -> Vec<&'static str> {
    present(&[])
}

fn present(known: &[(&'static str, bool)]) -> Vec<&'static str> {
    known
        .iter()
        .filter(|(_, has)| *has)
        .map(|(name, _)| *name)
        .collect()
}
