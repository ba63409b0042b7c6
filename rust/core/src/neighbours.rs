//! The neighbour table and the one rule that orders it.

use std::cmp::Ordering;

use crate::{Error, Result};

/// A candidate neighbour: a key (smaller is nearer) and the row it stands for. The order is total:
/// the key first, then the index, so that every tie has one answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// Squared distance, or minus the similarity; never NaN.
    pub key: f64,
    /// Row of the candidate.
    pub index: u32,
}

impl Eq for Ranked {}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        // -0.0 and 0.0 are the same key, so `total_cmp` alone would break ties wrongly.
        self.key
            .partial_cmp(&other.key)
            .unwrap_or(Ordering::Equal)
            .then(self.index.cmp(&other.index))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// For each row its k nearest others, nearest first, with the keys that ordered them.
#[derive(Debug, Clone, PartialEq)]
pub struct NeighbourTable {
    rows: usize,
    k: usize,
    indices: Vec<u32>,
    keys: Vec<f64>,
}

impl NeighbourTable {
    /// Wraps the two arrays, `rows × k` each, row by row.
    pub fn new(rows: usize, k: usize, indices: Vec<u32>, keys: Vec<f64>) -> Result<Self> {
        if rows.checked_mul(k) != Some(indices.len()) || indices.len() != keys.len() {
            return Err(Error::Internal(format!(
                "a neighbour table of {rows} x {k} got {} indices and {} keys",
                indices.len(),
                keys.len()
            )));
        }
        Ok(Self {
            rows,
            k,
            indices,
            keys,
        })
    }

    /// Number of rows that were asked about.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Neighbours per row.
    pub fn k(&self) -> usize {
        self.k
    }

    /// All neighbours, row by row.
    pub fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// All keys, row by row: squared distances, or minus the similarity.
    pub fn keys(&self) -> &[f64] {
        &self.keys
    }

    /// The two arrays, for handing over without a copy.
    pub fn into_parts(self) -> (Vec<u32>, Vec<f64>) {
        (self.indices, self.keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_smaller_index_and_zero_has_no_sign() {
        let mut ranked =
            [(0.0, 7), (-0.0, 9), (0.0, 3), (-1.0, 8)].map(|(key, index)| Ranked { key, index });
        ranked.sort();
        assert_eq!(ranked.map(|r| r.index), [8, 3, 7, 9]);
    }
}
