//! Graphs → distances, box coverings, dimensions.

mod coverings;
mod distances;
mod laws;

pub use coverings::{box_counts, boxes};
pub use distances::{hop_distances, linkage_heights, path_lengths, path_statistics};
pub use laws::{degree_exponent, fit_laws, rewire};
