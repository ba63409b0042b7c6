//! The seam between Rust and Python: the only crate that names `PyO3`. It converts, calls and
//! converts back; no arithmetic lives here.
//!
//! - `run`: the one door through which every computation passes.
//! - `arrays`: numpy arrays in and out.
//! - `errors`: one exhaustive match from the project's error to Python's exceptions.
//! - one thin file per stage of the flow.

#![forbid(unsafe_code)]
// `PyO3` extracts arguments by value, and its functions are documented in `_core.pyi`.
#![allow(
    clippy::needless_pass_by_value,
    clippy::too_many_arguments,
    missing_docs
)]

mod agreement;
mod arrays;
mod build_info;
mod community;
mod dimension;
mod errors;
mod fractal;
mod graph;
mod modularity;
mod neighbours;
mod partitions;
mod persistence;
mod run;
mod self_similarity;
mod sets;

use pyo3::prelude::*;

/// The compiled half of layerscope; private, see `_core.pyi`.
#[pymodule(gil_used = true)]
mod _core {
    #[pymodule_export]
    use crate::agreement::{agreement_from_graph, agreement_from_neighbors};
    #[pymodule_export]
    use crate::build_info::build_info;
    #[pymodule_export]
    use crate::community::{communities, community_levels};
    #[pymodule_export]
    use crate::dimension::two_nn;
    #[pymodule_export]
    use crate::fractal::{
        box_counts, boxes, degree_exponent, fit_laws, hop_distances, linkage_heights, path_lengths,
        path_statistics, rewire,
    };
    #[pymodule_export]
    use crate::graph::{graph_from_edges, graph_from_neighbors};
    #[pymodule_export]
    use crate::modularity::{
        modularity_from_graph, modularity_from_neighbors, modularity_without_groups, permutation,
    };
    #[pymodule_export]
    use crate::neighbours::{approximate_neighbors, estimate_memory, neighbors};
    #[pymodule_export]
    use crate::partitions::{follow_communities, partition_agreement};
    #[pymodule_export]
    use crate::persistence::{nntp, nntp_cancelled, nnts, nnts_chance};
    #[pymodule_export]
    use crate::self_similarity::{self_similarity, self_similarity_gradient, unit_distances};
    #[pymodule_export]
    use crate::sets::{nnts_sets, nnts_sets_memory};
}
