//! The k nearest rows as *sets*, for k so large that lists of distances would not fit.
//!
//! A set needs no order inside and no distances. For a row, every pair is estimated (`estimate`)
//! with the certain bounds of `exact::certify`; those bounds alone settle all but the few pairs at
//! the edge of the set, and the keys of these decide (`choose`). The sets are those of the list
//! search to the last member: the same key, then the index.
//!
//! **Cost.** O(n² d) for all rows; n float64 of scratch for every row in hand, nothing per
//! neighbour.

mod choose;
mod estimate;
mod layer;
mod worker;

pub use layer::{BitQuery, BitSearch};
pub use worker::Workers;

#[cfg(test)]
mod tests;
