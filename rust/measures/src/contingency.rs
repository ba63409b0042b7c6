//! Which samples two partitions of the same samples have in common: the table that agreement and
//! following share.

use layerscope_core::{Labels, Result, Run, filled, with_capacity};

/// Largest table of all pairs of parts: 512 KiB, which stays in the second cache.
const WHOLE: usize = 1 << 16;

/// How many samples a part of the first and a part of the second partition share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// Part of the first partition.
    pub first: u32,
    /// Part of the second.
    pub second: u32,
    /// Samples in both, at least one.
    pub count: u64,
}

/// Sizes of the parts of two partitions, and the cells that are not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contingency {
    /// Samples.
    pub samples: u64,
    /// Samples in each part of the first partition.
    pub first: Vec<u64>,
    /// Samples in each part of the second.
    pub second: Vec<u64>,
    /// Rising by part of the first partition; inside one, in the order of their first samples.
    pub cells: Vec<Cell>,
}

impl Contingency {
    /// Counts. O(n + parts) time, 8 bytes per sample.
    pub fn new(first: Labels, second: Labels, run: &Run) -> Result<Self> {
        second.check_rows(first.codes().len())?;
        match first.classes().checked_mul(second.classes()) {
            Some(cells) if cells <= WHOLE.min(first.codes().len()) => {
                Self::in_a_table(first, second, run)
            }
            _ => Self::part_by_part(first, second, run),
        }
    }

    /// Counts in a table of all pairs of parts, for few parts.
    fn in_a_table(first: Labels, second: Labels, run: &Run) -> Result<Self> {
        let width = second.classes();
        let mut table = filled(first.classes() * width, 0u64)?;
        let mut cells: Vec<Cell> = Vec::new();
        for (parts, others) in first
            .codes()
            .chunks(65536)
            .zip(second.codes().chunks(65536))
        {
            run.check()?;
            for (&part, &other) in parts.iter().zip(others) {
                let count = &mut table[part as usize * width + other as usize];
                if *count == 0 {
                    cells.push(Cell {
                        first: part,
                        second: other,
                        count: 0,
                    });
                }
                *count += 1;
            }
        }
        // They came in the order of their first samples; inside a part they stay so.
        cells.sort_by_key(|cell| cell.first);
        let (mut rows, mut columns) = (filled(first.classes(), 0)?, filled(width, 0)?);
        for cell in &mut cells {
            let (part, other) = (cell.first as usize, cell.second as usize);
            cell.count = table[part * width + other];
            rows[part] += cell.count;
            columns[other] += cell.count;
        }
        Ok(Self {
            samples: first.codes().len() as u64,
            first: rows,
            second: columns,
            cells,
        })
    }

    /// Counts one part of the first partition after the other, for many parts.
    fn part_by_part(first: Labels, second: Labels, run: &Run) -> Result<Self> {
        let starts = starts(first)?;
        // Samples in the order of their part in the first partition.
        let mut next = starts.clone();
        let mut filed = filled(first.codes().len(), 0u32)?;
        for (row, (&part, &other)) in first.codes().iter().zip(second.codes()).enumerate() {
            if row % 65536 == 0 {
                run.check()?;
            }
            filed[next[part as usize]] = other;
            next[part as usize] += 1;
        }
        let mut cells = with_capacity(first.classes())?;
        let mut sizes = filled(second.classes(), 0u64)?;
        let mut counts = filled(second.classes(), 0u64)?;
        for part in 0..first.classes() {
            run.check()?;
            let begin = cells.len();
            for &other in &filed[starts[part]..starts[part + 1]] {
                if counts[other as usize] == 0 {
                    cells.push(Cell {
                        first: part as u32,
                        second: other,
                        count: 0,
                    });
                }
                counts[other as usize] += 1;
            }
            for cell in &mut cells[begin..] {
                cell.count = std::mem::take(&mut counts[cell.second as usize]);
                sizes[cell.second as usize] += cell.count;
            }
        }
        Ok(Self {
            samples: first.codes().len() as u64,
            first: (0..first.classes())
                .map(|part| (starts[part + 1] - starts[part]) as u64)
                .collect(),
            second: sizes,
            cells,
        })
    }

    /// Size of the cell's part in the first partition, and in the second.
    pub fn sizes(&self, cell: &Cell) -> (u64, u64) {
        (
            self.first[cell.first as usize],
            self.second[cell.second as usize],
        )
    }
}

/// Where the samples of each part begin when they stand part by part.
fn starts(labels: Labels) -> Result<Vec<usize>> {
    let mut starts = filled(labels.classes() + 1, 0usize)?;
    for &part in labels.codes() {
        starts[part as usize + 1] += 1;
    }
    for part in 0..labels.classes() {
        starts[part + 1] += starts[part];
    }
    Ok(starts)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use layerscope_core::{Interrupt, Progress};
    use layerscope_testkit::partitions::{pairs, width};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn a_table_counts_as_part_by_part((first, second) in pairs(60, 20)) {
            let (interrupt, progress) = (Interrupt::default(), Progress::default());
            let run = Run::new(NonZeroUsize::MIN, &interrupt, &progress);
            let labels = |codes| Labels::new(codes, width(codes)).unwrap();
            let table = Contingency::in_a_table(labels(&first), labels(&second), &run).unwrap();
            let by_part = Contingency::part_by_part(labels(&first), labels(&second), &run).unwrap();
            prop_assert_eq!(table, by_part);
        }
    }
}
