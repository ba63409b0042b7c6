//! The heaviest one-to-one assignment of rows to columns when most pairs are not allowed.
//!
//! **Problem.** Of a sparse list of pairs (row, column) with positive integer weights, choose pairs
//! so that no row and no column is chosen twice and the sum of their weights is as large as can be.
//! Not every row need be chosen.
//!
//! **How.** The Hungarian method in phases. Each row also has a column of its own of weight 0, which
//! stands for staying unassigned, so that every row ends with a column. Prices of rows and columns
//! never sum to less than the weight of a pair, and to exactly that for a chosen one: then the
//! assignment is the heaviest for its rows. A phase finds, by Dijkstra's algorithm from all rows
//! without a column at once, how far the nearest free column is, lowers and raises prices by what
//! that leaves over, and then augments along disjoint paths of exact pairs until there is none.
//! Integers only: the sum is the true maximum.
//!
//! **Complexity.** O(pairs log pairs) per phase, at most one phase per row; few as a rule, as each
//! assigns many rows.
//!
//! **Determinism.** One thread, rows and pairs in their order, ties in the queue by the lower
//! column: the same pairs give the same assignment.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use layerscope_core::{Error, Result, Run, filled, with_capacity};

/// A pair that may be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The row.
    pub row: u32,
    /// The column.
    pub column: u32,
    /// What choosing it adds: above 0 and far below 2^62.
    pub weight: i64,
}

const NONE: u32 = u32::MAX;
const FAR: i64 = i64::MAX;
/// Steps between two looks at the interrupt token.
const STRIDE: u32 = 4096;

/// Returns the column of each row, None where it has none. `pairs` rise by row.
pub fn heaviest(
    pairs: &[Pair],
    rows: usize,
    columns: usize,
    run: &Run,
) -> Result<Vec<Option<u32>>> {
    let mut matching = Matching::new(pairs, rows, columns)?;
    while !matching.free.is_empty() {
        matching.reprice(run)?;
        matching.augment(run)?;
    }
    let chosen = matching.column_of.into_iter();
    Ok(chosen
        .map(|column| ((column as usize) < columns).then_some(column))
        .collect())
}

struct Matching {
    /// Pairs of each row, its own column last: those of row r at `starts[r]..starts[r + 1]`.
    starts: Vec<usize>,
    targets: Vec<(u32, i64)>,
    column_of: Vec<u32>,
    row_of: Vec<u32>,
    /// weight ≤ row price + column price for every pair, equal where it is chosen.
    row_price: Vec<i64>,
    column_price: Vec<i64>,
    /// Rows without a column, rising.
    free: Vec<u32>,
    /// Scratch of a phase: distance of each column, and columns that a path has tried.
    distance: Vec<i64>,
    tried: Vec<bool>,
    /// The next pair to try of each row.
    next: Vec<usize>,
    steps: u32,
}

impl Matching {
    fn new(pairs: &[Pair], rows: usize, columns: usize) -> Result<Self> {
        if rows + columns >= NONE as usize {
            let rule = "must be fewer than 2^32 together";
            return Err(Error::invalid("communities", rule, rows + columns));
        }
        let mut starts = with_capacity(rows + 1)?;
        let mut targets = with_capacity(pairs.len() + rows)?;
        let mut row_price = filled(rows, 0i64)?;
        let mut at = 0;
        starts.push(0);
        for (row, price) in row_price.iter_mut().enumerate() {
            while let Some(pair) = pairs.get(at).filter(|pair| pair.row as usize == row) {
                targets.push((pair.column, pair.weight));
                *price = pair.weight.max(*price);
                at += 1;
            }
            targets.push(((columns + row) as u32, 0));
            starts.push(targets.len());
        }
        if at < pairs.len() {
            return Err(Error::Internal("pairs do not rise by row".into()));
        }
        Ok(Self {
            starts,
            targets,
            column_of: filled(rows, NONE)?,
            row_of: filled(columns + rows, NONE)?,
            row_price,
            column_price: filled(columns + rows, 0)?,
            free: (0..rows as u32).collect(),
            distance: filled(columns + rows, FAR)?,
            tried: filled(columns + rows, false)?,
            next: filled(rows, 0)?,
            steps: 0,
        })
    }

    fn tick(&mut self, run: &Run) -> Result<()> {
        self.steps = self.steps.wrapping_add(1);
        if self.steps.is_multiple_of(STRIDE) {
            run.check()?;
        }
        Ok(())
    }

    fn slack(&self, row: u32, (column, weight): (u32, i64)) -> i64 {
        self.row_price[row as usize] + self.column_price[column as usize] - weight
    }

    /// Changes prices so that a path of exact pairs leads from a free row to a free column.
    fn reprice(&mut self, run: &Run) -> Result<()> {
        let mut queue = BinaryHeap::new();
        for at in 0..self.free.len() {
            self.spread(self.free[at], 0, &mut queue);
            self.tick(run)?;
        }
        let mut settled = Vec::new();
        let nearest = loop {
            self.tick(run)?;
            let Some(Reverse((length, column))) = queue.pop() else {
                return Err(Error::Internal("a row cannot reach its own column".into()));
            };
            if length > self.distance[column as usize] {
                continue;
            }
            let row = self.row_of[column as usize];
            if row == NONE {
                break length;
            }
            settled.push((column, row, length));
            self.spread(row, length, &mut queue);
        };
        for &row in &self.free {
            self.row_price[row as usize] -= nearest;
        }
        for (column, row, length) in settled {
            self.column_price[column as usize] += nearest - length;
            self.row_price[row as usize] -= nearest - length;
        }
        self.distance.fill(FAR);
        Ok(())
    }

    /// Puts the columns of a row that lies at `so_far` into the queue.
    fn spread(&mut self, row: u32, so_far: i64, queue: &mut BinaryHeap<Reverse<(i64, u32)>>) {
        for at in self.starts[row as usize]..self.starts[row as usize + 1] {
            let length = so_far + self.slack(row, self.targets[at]);
            let column = self.targets[at].0;
            if length < self.distance[column as usize] {
                self.distance[column as usize] = length;
                queue.push(Reverse((length, column)));
            }
        }
    }

    /// Gives columns to free rows along paths of exact pairs that share no column.
    fn augment(&mut self, run: &Run) -> Result<()> {
        self.tried.fill(false);
        self.next
            .copy_from_slice(&self.starts[..self.starts.len() - 1]);
        let mut left = Vec::new();
        for row in std::mem::take(&mut self.free) {
            if !self.path(row, run)? {
                left.push(row);
            }
        }
        self.free = left;
        Ok(())
    }

    /// Seeks a path from `start`, depth first; each column is tried once in a phase.
    fn path(&mut self, start: u32, run: &Run) -> Result<bool> {
        // Rows on the path; each but the first has the column that the one before wants.
        let mut path = vec![start];
        while let Some(&row) = path.last() {
            self.tick(run)?;
            let Some(column) = self.untried(row) else {
                path.pop();
                continue;
            };
            self.tried[column as usize] = true;
            let holder = self.row_of[column as usize];
            if holder != NONE {
                path.push(holder);
                continue;
            }
            let mut given = column;
            while let Some(row) = path.pop() {
                self.row_of[given as usize] = row;
                given = std::mem::replace(&mut self.column_of[row as usize], given);
            }
            return Ok(true);
        }
        Ok(false)
    }

    /// The next column of a row that is exact and that no path has tried.
    fn untried(&mut self, row: u32) -> Option<u32> {
        let end = self.starts[row as usize + 1];
        while self.next[row as usize] < end {
            let target = self.targets[self.next[row as usize]];
            self.next[row as usize] += 1;
            if !self.tried[target.0 as usize] && self.slack(row, target) == 0 {
                return Some(target.0);
            }
        }
        None
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
