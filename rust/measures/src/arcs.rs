//! Weighted arcs, read row by row, from the two shapes in which they come: a neighbour table
//! ([`Table`]) and compressed sparse rows ([`Sparse`]).
//!
//! Both check their input once, when they are made, so that reading is plain and fast.

use layerscope_core::{Error, Result};

/// Sums that the arcs of a row go to in turn, so that an addition need not wait for the last one.
const LANES: usize = 4;

/// Arcs that can be read row by row.
pub trait Arcs: Sync {
    /// Number of nodes.
    fn nodes(&self) -> usize;

    /// Number of stored arcs, for choosing the size of pieces of work.
    fn stored(&self) -> usize;

    /// Whether every edge is visited once from each end.
    fn undirected(&self) -> bool;

    /// Calls `visit(target, weight)` for each arc that leaves `node`, in stored order.
    ///
    /// A self-loop of an undirected graph is visited twice: it counts twice in the degree.
    fn visit(&self, node: usize, visit: impl FnMut(usize, f64));

    /// The weight, as `weigh` counts it, of the arcs from `node` to nodes of the same code.
    #[inline]
    fn alike(&self, node: usize, codes: &[u32], weigh: impl Fn(f64) -> f64) -> f64 {
        let (mut sums, mut rank) = ([[0.0; LANES]; 2], 0);
        self.visit(node, |target, weight| {
            // Choosing the place to add to spares a branch: under permuted labels it is a coin.
            sums[usize::from(codes[target] == codes[node])][rank % LANES] += weigh(weight);
            rank += 1;
        });
        sums[1].iter().sum()
    }
}

/// A neighbour table: `k` arcs leave every row; without weights each weighs 1.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    indices: &'a [u32],
    weights: Option<&'a [f64]>,
    rows: usize,
    k: usize,
}

impl<'a> Table<'a> {
    /// Wraps `rows × k` neighbours, row by row, with as many finite weights or none.
    pub fn new(
        indices: &'a [u32],
        weights: Option<&'a [f64]>,
        rows: usize,
        k: usize,
    ) -> Result<Self> {
        if rows.checked_mul(k) != Some(indices.len()) {
            let rule = format!("must hold {rows} x {k} entries");
            return Err(Error::invalid("indices", rule, indices.len()));
        }
        check_targets(indices, rows)?;
        if let Some(weights) = weights {
            check_weights(weights, indices.len())?;
        }
        Ok(Self {
            indices,
            weights,
            rows,
            k,
        })
    }

    /// Neighbours per row.
    pub fn k(&self) -> usize {
        self.k
    }

    /// The neighbours of a row.
    pub fn row(&self, row: usize) -> &'a [u32] {
        &self.indices[row * self.k..(row + 1) * self.k]
    }

    /// The weights of a row's arcs; None means 1 each.
    pub fn row_weights(&self, row: usize) -> Option<&'a [f64]> {
        self.weights
            .map(|weights| &weights[row * self.k..(row + 1) * self.k])
    }
}

impl Arcs for Table<'_> {
    fn nodes(&self) -> usize {
        self.rows
    }

    fn stored(&self) -> usize {
        self.indices.len()
    }

    fn undirected(&self) -> bool {
        false
    }

    #[inline]
    fn visit(&self, node: usize, mut visit: impl FnMut(usize, f64)) {
        let targets = self.row(node);
        match self.row_weights(node) {
            None => targets
                .iter()
                .for_each(|&target| visit(target as usize, 1.0)),
            Some(weights) => {
                for (&target, &weight) in targets.iter().zip(weights) {
                    visit(target as usize, weight);
                }
            }
        }
    }

    #[inline]
    fn alike(&self, node: usize, codes: &[u32], weigh: impl Fn(f64) -> f64) -> f64 {
        let (targets, code) = (self.row(node), codes[node]);
        match self.row_weights(node) {
            // Counting is faster than adding ones, and as exact.
            None => {
                let same = |&target: &u32| u32::from(codes[target as usize] == code);
                weigh(1.0) * f64::from(targets.iter().map(same).sum::<u32>())
            }
            Some(weights) => {
                let mut sums = [[0.0; LANES]; 2];
                for (rank, (&target, &weight)) in targets.iter().zip(weights).enumerate() {
                    let same = codes[target as usize] == code;
                    sums[usize::from(same)][rank % LANES] += weigh(weight);
                }
                sums[1].iter().sum()
            }
        }
    }
}

/// A graph in compressed sparse rows. An undirected edge is stored in both rows, a self-loop once.
#[derive(Debug, Clone, Copy)]
pub struct Sparse<'a> {
    indptr: &'a [i64],
    indices: &'a [u32],
    weights: &'a [f64],
    directed: bool,
}

impl<'a> Sparse<'a> {
    /// Wraps the three arrays of a graph.
    pub fn new(
        indptr: &'a [i64],
        indices: &'a [u32],
        weights: &'a [f64],
        directed: bool,
    ) -> Result<Self> {
        let ends = indptr.first() == Some(&0)
            && indptr
                .last()
                .is_some_and(|&end| usize::try_from(end) == Ok(indices.len()));
        if !ends || indptr.windows(2).any(|pair| pair[0] > pair[1]) {
            return Err(Error::invalid(
                "indptr",
                "must rise from 0 to the number of stored arcs",
                format!("{} pointers for {} arcs", indptr.len(), indices.len()),
            ));
        }
        check_targets(indices, indptr.len() - 1)?;
        check_weights(weights, indices.len())?;
        Ok(Self {
            indptr,
            indices,
            weights,
            directed,
        })
    }
}

impl Arcs for Sparse<'_> {
    fn nodes(&self) -> usize {
        self.indptr.len() - 1
    }

    fn stored(&self) -> usize {
        self.indices.len()
    }

    fn undirected(&self) -> bool {
        !self.directed
    }

    #[inline]
    fn visit(&self, node: usize, mut visit: impl FnMut(usize, f64)) {
        let arcs = self.indptr[node] as usize..self.indptr[node + 1] as usize;
        for (&target, &weight) in self.indices[arcs.clone()].iter().zip(&self.weights[arcs]) {
            let target = target as usize;
            visit(target, weight);
            if target == node && !self.directed {
                visit(target, weight);
            }
        }
    }
}

fn check_targets(indices: &[u32], nodes: usize) -> Result<()> {
    let largest = indices.iter().copied().max();
    match largest {
        Some(largest) if largest as usize >= nodes => Err(Error::invalid(
            "indices",
            format!("must lie below the number of rows ({nodes})"),
            largest,
        )),
        _ => Ok(()),
    }
}

fn check_weights(weights: &[f64], arcs: usize) -> Result<()> {
    if weights.len() != arcs {
        let rule = format!("must have one entry per arc ({arcs})");
        return Err(Error::invalid("weights", rule, weights.len()));
    }
    // A sum of magnitudes is finite unless an entry is not (or the sum overflows): one fast pass,
    // then a slow one only when it is needed.
    let mut sums = [0.0; 8];
    for weights in weights.chunks(8) {
        for (sum, weight) in sums.iter_mut().zip(weights) {
            *sum += weight.abs();
        }
    }
    if sums.iter().sum::<f64>().is_finite() {
        return Ok(());
    }
    match weights.iter().find(|weight| !weight.is_finite()) {
        Some(weight) => Err(Error::invalid("weights", "must be finite", weight)),
        None => Err(Error::invalid(
            "weights",
            "must have a finite sum",
            "an overflow",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visited(arcs: &impl Arcs, node: usize) -> Vec<(usize, f64)> {
        let mut seen = Vec::new();
        arcs.visit(node, |target, weight| seen.push((target, weight)));
        seen
    }

    #[test]
    fn a_table_without_weights_weighs_one() {
        let table = Table::new(&[1, 2, 0, 2, 0, 1], None, 3, 2).unwrap();
        assert_eq!(visited(&table, 1), [(0, 1.0), (2, 1.0)]);
    }

    #[test]
    fn an_undirected_self_loop_is_visited_twice() {
        let (indptr, indices, weights) = ([0, 2, 3], [0, 1, 0], [2.0, 1.0, 1.0]);
        let undirected = Sparse::new(&indptr, &indices, &weights, false).unwrap();
        assert_eq!(visited(&undirected, 0), [(0, 2.0), (0, 2.0), (1, 1.0)]);
        let directed = Sparse::new(&indptr, &indices, &weights, true).unwrap();
        assert_eq!(visited(&directed, 0), [(0, 2.0), (1, 1.0)]);
    }

    #[test]
    fn broken_arrays_are_refused() {
        assert!(Table::new(&[1, 0], None, 2, 2).is_err());
        assert!(Table::new(&[1, 2], None, 2, 1).is_err());
        assert!(Table::new(&[1, 0], Some(&[1.0]), 2, 1).is_err());
        assert!(Table::new(&[1, 0], Some(&[1.0, f64::NAN]), 2, 1).is_err());
        assert!(Table::new(&[1, 0], Some(&[1e308, 1e308]), 2, 1).is_err());
        assert!(Sparse::new(&[], &[], &[], true).is_err());
        assert!(Sparse::new(&[0, 2, 1], &[0], &[1.0], true).is_err());
        assert!(Sparse::new(&[0, 1], &[1], &[1.0], true).is_err());
    }
}
