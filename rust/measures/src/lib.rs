//! Measures: a neighbour table, a graph or distances in, numbers out.
//!
//! Each measure is one file (or one folder) with the same anatomy; measures never import one
//! another. What they share, the two shapes in which arcs come, lives in [`arcs`].

#![forbid(unsafe_code)]

pub mod agreement;
pub mod arcs;
pub mod dimension;
pub mod fractal;
pub mod modularity;
pub mod nntp;
pub mod nnts;
pub mod nnts_interval;
pub mod self_similarity;
