//! Test kit: naive twins of every measure, strategies and graphs with known answers.

#![forbid(unsafe_code)]

pub mod graphs;
