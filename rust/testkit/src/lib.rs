//! Not published: what the tests of the other crates lean on. Naive twins of what is computed
//! fast, graphs with known answers, and input that hurts.

#![forbid(unsafe_code)]

pub mod graphs;
pub mod knn;
pub mod knn_matrices;
