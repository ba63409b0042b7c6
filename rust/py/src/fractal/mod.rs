//! Graphs → distances, box coverings, dimensions.

mod distances;

pub use distances::{hop_distances, path_statistics};
