//! The vocabulary of layerscope: the words every other crate speaks, and nothing that computes a
//! measure.
//!
//! A layer enters as a [`Matrix`] (rows are samples), becomes a [`NeighbourTable`], and often a
//! [`Graph`]; classes come as [`Labels`]. Work is done under a [`Run`], which carries how many
//! threads may take part, the token that stops it and the count of what is done. Whatever goes
//! wrong is an [`Error`] that holds the argument, the rule and the value.
//!
//! Not for you if you only want to call layerscope from Python: the package's own documentation
//! speaks of samples and layers, this one of slices and indices.

#![forbid(unsafe_code)]

mod alloc;
mod bits;
mod error;
mod fit;
mod graph;
mod labels;
mod matrix;
mod neighbours;
mod pool;
pub mod random;
mod run;
mod wide;

pub use alloc::{filled, with_capacity};
pub use bits::{BitLines, BitRows, NearestSets, SetNotes, set_bit};
pub use error::{Error, Result};
pub use fit::{Line, fit_line, fit_line_through_origin};
pub use graph::{Graph, Symmetrize};
pub use labels::Labels;
pub use matrix::{Element, Matrix};
pub use neighbours::{NeighbourTable, Ranked};
pub use pool::{Guest, Pool};
pub use run::{Interrupt, Progress, Run};
pub use wide::widest;
