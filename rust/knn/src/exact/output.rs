//! From lists of distinct neighbours to the rows of the answer.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Mutex, PoisonError};

use layerscope_core::{Error, Ranked, Result, filled};

use crate::duplicates::Distinct;
use crate::metric::Metric;
use crate::scale::Scale;

/// The answer: k neighbours per row that was asked about, nearest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbours {
    /// Rows of the data, `rows × k`.
    pub indices: Vec<u32>,
    /// Distances, similarities or products, `rows × k`.
    pub values: Vec<f64>,
    /// For each j, the rows whose (j+1)-th and (j+2)-th keys are exactly equal.
    pub tied: Vec<u64>,
    /// Rows of the data that equal an earlier row.
    pub n_duplicate_rows: usize,
    /// Rows of the data without a direction (angles only).
    pub n_zero_rows: usize,
}

/// Some rows of the answer, waiting to be filled.
pub(crate) struct Slot<'a> {
    indices: &'a mut [u32],
    values: &'a mut [f64],
}

/// Fills rows and counts ties.
#[derive(Clone, Copy)]
pub(crate) struct Writer {
    pub metric: Metric,
    pub scale: Scale,
    pub k: usize,
}

impl Writer {
    /// Writes the list, at least k long, as row `local` of the slot, and counts its ties.
    pub(crate) fn write(
        &self,
        slot: &mut Slot,
        local: usize,
        list: &[Ranked],
        tied: &mut [u64],
    ) -> Result<()> {
        let k = self.k;
        if list.len() < k {
            let found = list.len();
            return Err(Error::Internal(format!(
                "a row has {found} of {k} neighbours"
            )));
        }
        for (j, pair) in list.windows(2).take(k).enumerate() {
            tied[j] += u64::from(pair[0].key == pair[1].key);
        }
        let span = local * k..(local + 1) * k;
        let slots = slot.indices[span.clone()]
            .iter_mut()
            .zip(&mut slot.values[span]);
        for ((index, value), ranked) in slots.zip(list) {
            *index = ranked.index;
            *value = self.metric.value(ranked.key, self.scale);
        }
        Ok(())
    }
}

/// The arrays of the answer.
pub(crate) struct Output {
    indices: Vec<u32>,
    values: Vec<f64>,
    tied: Vec<u64>,
    k: usize,
}

impl Output {
    pub(crate) fn new(rows: usize, k: usize) -> Result<Self> {
        let length = rows
            .checked_mul(k)
            .ok_or(Error::OutOfMemory { bytes: u64::MAX })?;
        Ok(Self {
            indices: filled(length, 0)?,
            values: filled(length, 0.0)?,
            tied: filled(k, 0)?,
            k,
        })
    }

    /// Consecutive slots of `rows` rows, each behind a lock that one thread will take once.
    pub(crate) fn slots(&mut self, rows: usize) -> Vec<Mutex<Slot<'_>>> {
        self.indices
            .chunks_mut(rows * self.k)
            .zip(self.values.chunks_mut(rows * self.k))
            .map(|(indices, values)| Mutex::new(Slot { indices, values }))
            .collect()
    }

    pub(crate) fn count(&mut self, tied: Vec<Vec<u64>>) {
        for piece in tied {
            for (total, part) in self.tied.iter_mut().zip(piece) {
                *total += part;
            }
        }
    }

    pub(crate) fn finish(self, n_duplicate_rows: usize, n_zero_rows: usize) -> Neighbours {
        Neighbours {
            indices: self.indices,
            values: self.values,
            tied: self.tied,
            n_duplicate_rows,
            n_zero_rows,
        }
    }
}

/// Takes a lock that nobody else wants.
pub(crate) fn own<T>(lock: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Replaces distinct rows by their members: from a list ordered by (key, number), the first
/// `wanted` rows by (key, row), without row `except`.
pub(crate) fn expand(
    list: &[Ranked],
    distinct: &Distinct,
    except: Option<u32>,
    wanted: usize,
    out: &mut Vec<Ranked>,
) {
    out.clear();
    // Equal keys stand together; within such a run the members are merged by row.
    for run in list.chunk_by(|a, b| a.key == b.key) {
        let mut next: BinaryHeap<Reverse<(u32, usize, usize)>> = run
            .iter()
            .enumerate()
            .map(|(which, ranked)| Reverse((distinct.members(ranked.index as usize)[0], which, 0)))
            .collect();
        while let Some(Reverse((row, which, at))) = next.pop() {
            if out.len() == wanted {
                return;
            }
            if Some(row) != except {
                out.push(Ranked {
                    key: run[which].key,
                    index: row,
                });
            }
            let members = distinct.members(run[which].index as usize);
            if let Some(&row) = members.get(at + 1) {
                next.push(Reverse((row, which, at + 1)));
            }
        }
    }
}
