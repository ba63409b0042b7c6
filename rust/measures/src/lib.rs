//! Measures: a neighbour table, a graph or distances in, numbers out.
//!
//! Each measure is one file (or one folder) with the same anatomy; measures never import one
//! another. What they share lives in files of its own: the two shapes in which
//! arcs come in [`arcs`], what two partitions have in common in [`contingency`].

#![forbid(unsafe_code)]

pub mod agreement;
pub mod arcs;
pub mod assignment;
pub mod community;
pub mod contingency;
pub mod dimension;
pub mod following;
pub mod modularity;
pub mod nntp;
pub mod nnts;
pub mod nnts_interval;
pub mod partition_agreement;
pub mod self_similarity;
