//! Measures: neighbour tables, graphs and labels in, numbers out. One measure, one file; siblings
//! never import one another.

#![forbid(unsafe_code)]

pub mod nntp;
pub mod nnts;
pub mod nnts_interval;
