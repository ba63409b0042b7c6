//! Not published: what the tests of the other crates lean on. Naive twins of what is computed
//! fast, and input that hurts.

pub mod knn;
pub mod knn_matrices;
