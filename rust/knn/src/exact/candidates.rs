//! Who may still be among the k nearest: per row a bounded buffer and a threshold that only falls.
//!
//! An entry is kept while its lower bound does not exceed the threshold, which is the k-th
//! smallest upper bound seen (k counts distinct rows here). Every true neighbour survives: its key
//! is at most the k-th smallest key, that is at most the k-th smallest upper bound, and its lower
//! bound is at most its key. Equality survives, so ties are decided by keys and numbers alone.
//!
//! A full buffer is pruned; when bounds are too wide for that to help, its keys are computed, which
//! leaves exactly k entries, so every candidate is computed at most once and a buffer never grows.

use layerscope_core::{Ranked, Result, Run, filled, with_capacity};

use super::certify::Bound;
use super::side::Side;
use crate::engine::Engine;

/// A candidate of some row.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Lower bound of the key, or the key itself.
    lower: f64,
    number: u32,
    exact: bool,
}

const EMPTY: Entry = Entry {
    lower: 0.0,
    number: 0,
    exact: false,
};

/// Entries that a buffer for k neighbours among `rows` rows holds.
pub(crate) fn capacity(wanted: usize, rows: usize) -> usize {
    wanted
        .saturating_mul(2)
        .saturating_add(8)
        .min(rows)
        .max(wanted + 1)
}

/// Bytes that one row's buffer takes.
pub(crate) const ENTRY_BYTES: u128 = size_of::<Entry>() as u128;

/// What a comparison needs: both sides, their bounds, and how many neighbours are wanted.
pub(crate) struct Context<'a> {
    pub run: Run<'a>,
    pub engine: Engine,
    pub asked: Side<'a>,
    pub data: Side<'a>,
    pub asked_bounds: &'a [Bound],
    pub data_bounds: &'a [Bound],
    pub wanted: usize,
}

/// Scratch of one thread for computing keys.
#[derive(Default)]
pub(crate) struct Scratch {
    x: Vec<f64>,
    y: Vec<f64>,
    uppers: Vec<f64>,
    ranked: Vec<Ranked>,
}

impl Scratch {
    pub(crate) fn new(columns: usize, capacity: usize) -> Result<Self> {
        Ok(Self {
            x: filled(columns, 0.0)?,
            y: filled(columns, 0.0)?,
            uppers: with_capacity(capacity)?,
            ranked: with_capacity(capacity)?,
        })
    }
}

/// The buffers of the rows of one block.
pub(crate) struct Candidates {
    start: usize,
    capacity: usize,
    entries: Vec<Entry>,
    lengths: Vec<usize>,
    thresholds: Vec<f64>,
}

impl Candidates {
    /// Empty buffers for `rows` rows from number `start` on.
    pub(crate) fn new(start: usize, rows: usize, capacity: usize) -> Result<Self> {
        Ok(Self {
            start,
            capacity,
            entries: filled(rows * capacity, EMPTY)?,
            lengths: filled(rows, 0)?,
            thresholds: filled(rows, f64::INFINITY)?,
        })
    }

    /// The present thresholds of the block.
    pub(crate) fn thresholds(&self) -> &[f64] {
        &self.thresholds
    }

    /// Lowers a threshold to a key that at least k candidates certainly do not exceed.
    pub(crate) fn tighten(&mut self, local: usize, threshold: f64) {
        self.thresholds[local] = self.thresholds[local].min(threshold);
    }

    /// Offers row `number` of the data to the block's row `local`.
    pub(crate) fn offer(
        &mut self,
        context: &Context,
        scratch: &mut Scratch,
        local: usize,
        number: usize,
        lower: f64,
    ) -> Result<()> {
        if lower > self.thresholds[local] {
            return Ok(());
        }
        if self.lengths[local] == self.capacity {
            self.prune(context, scratch, local);
            if self.lengths[local] >= self.capacity - self.capacity / 4 {
                self.settle(context, scratch, local)?;
            }
            if lower > self.thresholds[local] {
                return Ok(());
            }
        }
        let slot = local * self.capacity + self.lengths[local];
        self.entries[slot] = Entry {
            lower,
            number: number as u32,
            exact: false,
        };
        self.lengths[local] += 1;
        Ok(())
    }

    /// Lowers the threshold and drops what lies above it.
    fn prune(&mut self, context: &Context, scratch: &mut Scratch, local: usize) {
        let span = local * self.capacity..local * self.capacity + self.lengths[local];
        let held = &mut self.entries[span];
        if held.len() >= context.wanted {
            let own = context.asked_bounds[self.start + local];
            scratch.uppers.clear();
            scratch.uppers.extend(held.iter().map(|entry| {
                if entry.exact {
                    entry.lower
                } else {
                    own.upper(context.data_bounds[entry.number as usize], entry.lower)
                }
            }));
            let (_, kth, _) = scratch
                .uppers
                .select_nth_unstable_by(context.wanted - 1, f64::total_cmp);
            self.thresholds[local] = self.thresholds[local].min(*kth);
        }
        let threshold = self.thresholds[local];
        let mut kept = 0;
        for i in 0..held.len() {
            if held[i].lower <= threshold {
                held[kept] = held[i];
                kept += 1;
            }
        }
        self.lengths[local] = kept;
    }

    /// Computes the keys of all that is held and keeps the best, in order.
    fn settle(&mut self, context: &Context, scratch: &mut Scratch, local: usize) -> Result<()> {
        let span = local * self.capacity..local * self.capacity + self.lengths[local];
        let held = &mut self.entries[span];
        let Scratch { x, y, ranked, .. } = scratch;
        let (asked, data) = (context.asked, context.data);
        let row = asked.row(self.start + local);
        asked.rows.read(row, x);
        ranked.clear();
        for entry in held.iter() {
            let mut key = entry.lower;
            if !entry.exact {
                context.run.check()?;
                let other = data.row(entry.number as usize);
                let roots = (asked.rows.root(row), data.rows.root(other));
                if asked.rows.metric().is_angle() && (roots.0 == 0.0 || roots.1 == 0.0) {
                    // Dead rows tie with everything: worth not reading them.
                    key = 0.0;
                } else {
                    data.rows.read(other, y);
                    key = asked.rows.metric().key(x, roots.0, y, roots.1);
                }
            }
            ranked.push(Ranked {
                key,
                index: entry.number,
            });
        }
        if ranked.len() > context.wanted {
            ranked.select_nth_unstable(context.wanted);
            ranked.truncate(context.wanted);
        }
        ranked.sort_unstable();
        for (entry, best) in held.iter_mut().zip(ranked.iter()) {
            *entry = Entry {
                lower: best.key,
                number: best.index,
                exact: true,
            };
        }
        self.lengths[local] = ranked.len();
        if ranked.len() == context.wanted {
            self.thresholds[local] = ranked[context.wanted - 1].key;
        }
        Ok(())
    }

    /// The nearest of the block's row `local`, in order, at most as many as wanted.
    pub(crate) fn finish<'s>(
        &mut self,
        context: &Context,
        scratch: &'s mut Scratch,
        local: usize,
    ) -> Result<&'s [Ranked]> {
        self.prune(context, scratch, local);
        self.settle(context, scratch, local)?;
        Ok(&scratch.ranked)
    }
}
