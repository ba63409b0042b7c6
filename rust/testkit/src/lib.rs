//! Test kit, not published: naive twins of every measure, input that hurts, and graphs with known
//! answers.

#![forbid(unsafe_code)]

pub mod graphs;
pub mod knn;
pub mod knn_matrices;
