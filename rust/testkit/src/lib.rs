//! Test kit: naive twins of what is computed fast, graphs with known answers, and input that hurts.
//! Not published: the tests of the other crates use it.
//!
//! A twin is written from the definition, as short and as slow as it likes, and shares no code with
//! what it checks.

#![forbid(unsafe_code)]

pub mod agreement;
pub mod community;
pub mod dimension;
pub mod following;
pub mod graphs;
pub mod knn;
pub mod knn_matrices;
pub mod modularity;
pub mod partitions;
pub mod persistence;
pub mod self_similarity;
