//! Activations → neighbours: the k nearest rows of every row, exactly as the written order says,
//! to the last bit, whatever the number of threads.

mod bits;
mod descent;
mod direct;
mod duplicates;
mod engine;
mod estimate;
mod exact;
mod kernel;
mod lanes;
mod memory;
mod metric;
#[cfg(feature = "probe")]
pub mod probe;
mod request;
mod rows;
mod scale;
mod widen;

pub use bits::{BitQuery, BitSearch, Workers};
pub use descent::{Approximate, Recall, approximate};
pub use engine::{engine_name, has_amx};
pub use estimate::{Plans, estimate_memory};
pub use exact::{Neighbours, neighbors};
pub use metric::Metric;
pub use request::Request;

#[cfg(test)]
mod tests;
