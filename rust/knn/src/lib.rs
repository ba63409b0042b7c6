//! Activations → neighbours: the k nearest rows of every row, exactly as the written order says,
//! to the last bit, whatever the number of threads.

mod exact;
mod kernel;
mod lanes;
mod metric;
mod request;
mod rows;
mod scale;
mod widen;

pub use exact::{Neighbours, neighbors};
pub use metric::Metric;
pub use request::Request;

/// Bytes that a search takes: scratch and output.
pub fn estimate_memory(
    n_samples: usize,
    _n_features: usize,
    k: usize,
    _element_bytes: usize,
    _metric: Metric,
    _jobs: usize,
) -> u64 {
    (n_samples as u64).saturating_mul(12 * k as u64 + 64)
}
