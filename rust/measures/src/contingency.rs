//! Which samples two partitions of the same samples have in common: the table that agreement and
//! following share.

use layerscope_core::{Labels, Result, Run, filled, with_capacity};

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
