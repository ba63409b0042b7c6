//! The heaviest one-to-one assignment of rows to columns when most pairs are not allowed.
//!
//! **Problem.** Of a sparse list of pairs (row, column) with positive integer weights, choose pairs
//! so that no row and no column is chosen twice and the sum of their weights is as large as can be.
//! Not every row need be chosen.
//!
//! **How.** Shortest augmenting paths (the Hungarian method in the form of Jonker and Volgenant
//! 1987): rows enter one by one; each is given its best column along a shortest alternating path,
//! found by Dijkstra's algorithm over costs that prices of rows and columns keep from being
//! negative. A row may also end unassigned, at cost 0. Integers only: the sum is the true maximum.
//!
//! **Complexity.** O(rows · pairs · log pairs) at worst; a path is short as a rule.
//!
//! **Determinism.** One thread, ties by the lower column: the same pairs give the same assignment.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use layerscope_core::{Result, Run, filled};

/// A pair that may be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The row.
    pub row: u32,
    /// The column.
    pub column: u32,
    /// What choosing it adds, above 0 and far below 2^62.
    pub weight: i64,
}

const NONE: u32 = u32::MAX;
const FAR: i64 = i64::MAX;

/// Returns the column of each row, None where it has none. `pairs` rise by row.
pub fn heaviest(
    pairs: &[Pair],
    rows: usize,
    columns: usize,
    run: &Run,
) -> Result<Vec<Option<u32>>> {
    let mut search = Search::new(pairs, rows, columns)?;
    for row in 0..rows as u32 {
        search.enter(row, run)?;
    }
    let chosen = search.column_of;
    Ok(chosen
        .into_iter()
        .map(|column| (column != NONE).then_some(column))
        .collect())
}

struct Search<'a> {
    pairs: &'a [Pair],
    starts: Vec<usize>,
    column_of: Vec<u32>,
    row_of: Vec<u32>,
    /// Prices: weight ≤ row price + column price for every pair, equal where it is chosen.
    row_price: Vec<i64>,
    column_price: Vec<i64>,
    /// Of the path that is sought: distance of each column and the row before it.
    distance: Vec<i64>,
    before: Vec<u32>,
    reached: Vec<u32>,
    settled: Vec<u32>,
    queue: BinaryHeap<Reverse<(i64, u32)>>,
}

/// Where a shortest path ends.
#[derive(Clone, Copy)]
enum End {
    /// At a column that no row has.
    Free(u32),
    /// At a row that gives up its column.
    Out(u32),
}

impl<'a> Search<'a> {
    fn new(pairs: &'a [Pair], rows: usize, columns: usize) -> Result<Self> {
        let mut starts = filled(rows + 1, 0usize)?;
        for pair in pairs {
            starts[pair.row as usize + 1] += 1;
        }
        for row in 0..rows {
            starts[row + 1] += starts[row];
        }
        Ok(Self {
            pairs,
            starts,
            column_of: filled(rows, NONE)?,
            row_of: filled(columns, NONE)?,
            row_price: filled(rows, 0)?,
            column_price: filled(columns, 0)?,
            distance: filled(columns, FAR)?,
            before: filled(columns, NONE)?,
            reached: Vec::new(),
            settled: Vec::new(),
            queue: BinaryHeap::new(),
        })
    }

    /// Lets a row in: finds its shortest path and moves columns along it.
    fn enter(&mut self, row: u32, run: &Run) -> Result<()> {
        let own = self.starts[row as usize]..self.starts[row as usize + 1];
        let best = self.pairs[own]
            .iter()
            .map(|pair| pair.weight - self.column_price[pair.column as usize]);
        self.row_price[row as usize] = best.fold(0, i64::max);
        let (length, end) = self.shortest(row, run)?;
        self.reprice(row, length);
        self.shift(row, end);
        for column in self.reached.drain(..) {
            self.distance[column as usize] = FAR;
        }
        self.settled.clear();
        self.queue.clear();
        Ok(())
    }

    /// The length and the end of the shortest alternating path from `start`.
    fn shortest(&mut self, start: u32, run: &Run) -> Result<(i64, End)> {
        let (mut row, mut so_far) = (start, 0);
        let mut out = (FAR, start);
        let mut steps = 0u32;
        loop {
            steps += 1;
            if steps % 256 == 1 {
                run.check()?;
            }
            // Leaving this row unassigned costs its price.
            let leave = so_far + self.row_price[row as usize];
            if leave < out.0 {
                out = (leave, row);
            }
            for at in self.starts[row as usize]..self.starts[row as usize + 1] {
                let Pair { column, weight, .. } = self.pairs[at];
                let to = column as usize;
                let price = self.row_price[row as usize] + self.column_price[to];
                let length = so_far + price - weight;
                if length < self.distance[to] && length <= out.0 {
                    if self.distance[to] == FAR {
                        self.reached.push(column);
                    }
                    self.distance[to] = length;
                    self.before[to] = row;
                    self.queue.push(Reverse((length, column)));
                }
            }
            let next = loop {
                match self.queue.pop() {
                    Some(Reverse((length, column))) if length > self.distance[column as usize] => {}
                    other => break other,
                }
            };
            match next {
                Some(Reverse((length, column))) if length <= out.0 => {
                    if self.row_of[column as usize] == NONE {
                        return Ok((length, End::Free(column)));
                    }
                    self.settled.push(column);
                    (row, so_far) = (self.row_of[column as usize], length);
                }
                _ => return Ok((out.0, End::Out(out.1))),
            }
        }
    }

    /// Makes the path free of charge and leaves no pair a weight above its prices.
    fn reprice(&mut self, start: u32, length: i64) {
        self.row_price[start as usize] -= length;
        for &column in &self.settled {
            let rest = length - self.distance[column as usize];
            self.column_price[column as usize] += rest;
            self.row_price[self.row_of[column as usize] as usize] -= rest;
        }
    }

    /// Gives each row on the path the column that follows it.
    fn shift(&mut self, start: u32, end: End) {
        let mut column = match end {
            End::Free(column) => column,
            End::Out(row) => std::mem::replace(&mut self.column_of[row as usize], NONE),
        };
        // `start` itself stays out when the path ends where it begins.
        while column != NONE {
            let row = self.before[column as usize];
            self.row_of[column as usize] = row;
            column = std::mem::replace(&mut self.column_of[row as usize], column);
            if row == start {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use layerscope_core::{Interrupt, Progress};
    use layerscope_testkit::following as twin;
    use proptest::prelude::*;

    use super::*;

    fn assign(pairs: &[Pair], rows: usize, columns: usize) -> Vec<Option<u32>> {
        let (interrupt, progress) = (Interrupt::default(), Progress::default());
        let run = Run::new(NonZeroUsize::MIN, &interrupt, &progress);
        heaviest(pairs, rows, columns, &run).unwrap()
    }

    fn sparse(weights: &[Vec<i64>]) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for (row, line) in weights.iter().enumerate() {
            for (column, &weight) in line.iter().enumerate().filter(|&(_, &weight)| weight > 0) {
                pairs.push(Pair {
                    row: row as u32,
                    column: column as u32,
                    weight,
                });
            }
        }
        pairs
    }

    fn weights() -> impl Strategy<Value = Vec<Vec<i64>>> {
        (1usize..7, 1usize..7, 1i64..9).prop_flat_map(|(rows, columns, most)| {
            // Half of the entries fall below one: pairs that are not allowed.
            let line = proptest::collection::vec(-most..=most, columns);
            proptest::collection::vec(line, rows)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn no_assignment_is_heavier(weights in weights()) {
            let columns = weights[0].len();
            let found = assign(&sparse(&weights), weights.len(), columns);
            let mut taken = vec![false; columns];
            let mut sum = 0;
            for (row, column) in found.iter().enumerate() {
                if let Some(column) = *column {
                    prop_assert!(!std::mem::replace(&mut taken[column as usize], true));
                    prop_assert!(weights[row][column as usize] > 0);
                    sum += weights[row][column as usize];
                }
            }
            prop_assert_eq!(sum, twin::heaviest(&weights));
        }
    }

    #[test]
    fn nothing_to_assign() {
        assert_eq!(assign(&[], 2, 0), [None, None]);
        assert!(assign(&[], 0, 3).is_empty());
    }
}
