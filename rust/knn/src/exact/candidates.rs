//! Who may still be among the k nearest: per row a bounded buffer and a threshold that only falls.
//!
//! An entry is kept while its lower bound does not exceed the threshold, which is never below the
//! k-th smallest key (k counts distinct rows here). Every true neighbour survives: its lower bound
//! is at most its key. Equality survives, so ties are decided by keys and numbers alone.
//!
//! A full buffer is pruned. The guesses of the float64 product come with upper bounds that tell a
//! threshold; those of the narrow kernels do not, and are looked at one after another, the most
//! promising first, until the next one cannot matter. When that does not help either, keys are
//! computed, which leaves exactly k entries: every candidate is computed at most once and a buffer
//! never grows.

use std::sync::atomic::{AtomicU64, Ordering};

use layerscope_core::{Ranked, Result, Run, filled, with_capacity};

use super::certify::Bound;
use super::judge::{Judge, Reader};
use super::side::Side;
use crate::engine::Engine;

/// A candidate of some row.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// What is known of the key.
    value: f64,
    number: u32,
    known: Known,
}

/// What `value` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// A lower bound.
    Lower,
    /// Near the key: `Judge::slack`.
    Near,
    /// The key.
    Key,
}

const EMPTY: Entry = Entry {
    value: 0.0,
    number: 0,
    known: Known::Lower,
};

/// Entries that a buffer for k neighbours among `rows` rows holds.
pub(crate) fn capacity(wanted: usize, rows: usize) -> usize {
    wanted
        .saturating_mul(2)
        .saturating_add(8)
        .min(rows)
        .max(wanted + 1)
}

/// The same where guesses of a narrow kernel are held.
pub(crate) fn narrow_capacity(wanted: usize, rows: usize) -> usize {
    capacity(2 * wanted + 8, rows).max(wanted + 1)
}

/// Bytes that one row's buffer takes.
pub(crate) const ENTRY_BYTES: u128 = size_of::<Entry>() as u128;

/// What a comparison needs: both sides, how many neighbours are wanted, and what guesses are worth.
pub(crate) struct Context<'a> {
    pub run: Run<'a>,
    pub engine: Engine,
    pub asked: Side<'a>,
    pub data: Side<'a>,
    pub judge: Judge<'a>,
    /// Bounds of the float64 product; empty when a narrow kernel guesses.
    pub asked_bounds: &'a [Bound],
    pub data_bounds: &'a [Bound],
    /// The number at each place of the sweep, where that is not the place itself.
    pub order: Option<Vec<u32>>,
    pub wanted: usize,
    /// Pairs looked at one by one so far.
    pub looked_at: &'a AtomicU64,
}

impl Context<'_> {
    /// The number at a place of the sweep.
    pub(crate) fn number(&self, place: usize) -> usize {
        self.order
            .as_ref()
            .map_or(place, |order| order[place] as usize)
    }

    /// The place of each number; empty when numbers are places.
    pub(crate) fn places(&self) -> Result<Vec<u32>> {
        let order = self.order.as_deref().unwrap_or_default();
        let mut places = filled(order.len(), 0)?;
        for (place, &number) in order.iter().enumerate() {
            places[number as usize] = place as u32;
        }
        Ok(places)
    }

    fn lower(&self, entry: &Entry) -> f64 {
        match entry.known {
            Known::Near => entry.value - self.judge.slack(entry.value),
            Known::Lower | Known::Key => entry.value,
        }
    }
}

/// Scratch of one thread for computing keys.
#[derive(Default)]
pub(crate) struct Scratch {
    reader: Reader,
    uppers: Vec<f64>,
    ranked: Vec<Ranked>,
}

impl Scratch {
    pub(crate) fn new(columns: usize, capacity: usize) -> Result<Self> {
        Ok(Self {
            reader: Reader::new(columns)?,
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
    /// Empty buffers for `rows` rows from place `start` on.
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
            self.prune(context, scratch, local)?;
            if self.lengths[local] >= self.capacity - self.capacity / 4 {
                self.settle(context, scratch, local)?;
            }
            if lower > self.thresholds[local] {
                return Ok(());
            }
        }
        let slot = local * self.capacity + self.lengths[local];
        self.entries[slot] = Entry {
            value: lower,
            number: number as u32,
            known: Known::Lower,
        };
        self.lengths[local] += 1;
        Ok(())
    }

    /// Lowers the threshold and drops what lies above it.
    pub(crate) fn prune(
        &mut self,
        context: &Context,
        scratch: &mut Scratch,
        local: usize,
    ) -> Result<()> {
        if context.data_bounds.is_empty() {
            return self.look(context, scratch, local);
        }
        let number = context.number(self.start + local);
        let span = local * self.capacity..local * self.capacity + self.lengths[local];
        let held = &mut self.entries[span];
        if held.len() >= context.wanted {
            let own = context.asked_bounds[number];
            scratch.uppers.clear();
            scratch.uppers.extend(held.iter().map(|entry| {
                if entry.known == Known::Key {
                    entry.value
                } else {
                    own.upper(context.data_bounds[entry.number as usize], entry.value)
                }
            }));
            let (_, kth, _) = scratch
                .uppers
                .select_nth_unstable_by(context.wanted - 1, f64::total_cmp);
            self.thresholds[local] = self.thresholds[local].min(*kth);
        }
        let threshold = self.thresholds[local];
        self.lengths[local] = gather(held, |entry| entry.value <= threshold);
        Ok(())
    }

    /// Looks at the guesses whose lower bound does not exceed the k-th smallest upper bound of
    /// those looked at before, the most promising first; drops what exceeds it.
    fn look(&mut self, context: &Context, scratch: &mut Scratch, local: usize) -> Result<()> {
        context.run.check()?;
        let judge = &context.judge;
        let number = context.number(self.start + local);
        let start = local * self.capacity;
        let held = &mut self.entries[start..start + self.lengths[local]];
        let Scratch { reader, uppers, .. } = scratch;
        uppers.clear();
        let mut threshold = self.thresholds[local];
        // Those known already stand first and tell a threshold before any other is looked at.
        let known = gather(held, |entry| entry.known != Known::Lower);
        for entry in &held[..known] {
            threshold = threshold.min(note(uppers, context.wanted, upper(judge, entry)));
        }
        let open = &mut held[known..];
        let left = gather(open, |entry| entry.value <= threshold);
        let open = &mut open[..left];
        // The most promising first, but only as many as can be among the k; those behind them
        // need no order.
        if open.len() > context.wanted {
            open.select_nth_unstable_by(context.wanted, |a, b| a.value.total_cmp(&b.value));
        }
        let mut looked_at = 0;
        for i in 0..open.len() {
            if let Some(next) = open.get(i + 2) {
                judge.expect(next.number as usize);
            }
            let entry = &mut open[i];
            if entry.value > threshold {
                continue;
            }
            looked_at += 1;
            let other = entry.number as usize;
            if let Some(value) = judge.near(number, other) {
                (entry.value, entry.known) = (value, Known::Near);
            } else {
                (entry.value, entry.known) = (judge.key(reader, number, other), Known::Key);
            }
            threshold = threshold.min(note(uppers, context.wanted, upper(judge, entry)));
        }
        let held = &mut held[..known + left];
        self.lengths[local] = gather(held, |entry| context.lower(entry) <= threshold);
        self.thresholds[local] = threshold;
        context.looked_at.fetch_add(looked_at, Ordering::Relaxed);
        Ok(())
    }

    /// Computes the keys of all that is held and keeps the best, in order.
    fn settle(&mut self, context: &Context, scratch: &mut Scratch, local: usize) -> Result<()> {
        let number = context.number(self.start + local);
        let span = local * self.capacity..local * self.capacity + self.lengths[local];
        let held = &mut self.entries[span];
        let Scratch { reader, ranked, .. } = scratch;
        ranked.clear();
        for entry in held.iter() {
            let mut key = entry.value;
            if entry.known != Known::Key {
                context.run.check()?;
                key = context.judge.key(reader, number, entry.number as usize);
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
                value: best.key,
                number: best.index,
                known: Known::Key,
            };
        }
        self.lengths[local] = ranked.len();
        if ranked.len() == context.wanted {
            self.tighten(local, ranked[context.wanted - 1].key);
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
        self.prune(context, scratch, local)?;
        self.settle(context, scratch, local)?;
        Ok(&scratch.ranked)
    }
}

/// Moves the entries that meet a condition to the front; returns how many they are.
fn gather(entries: &mut [Entry], wanted: impl Fn(&Entry) -> bool) -> usize {
    let mut front = 0;
    for i in 0..entries.len() {
        if wanted(&entries[i]) {
            entries.swap(front, i);
            front += 1;
        }
    }
    front
}

/// An upper bound of the key of an entry that has been looked at.
fn upper(judge: &Judge, entry: &Entry) -> f64 {
    match entry.known {
        Known::Near => entry.value + judge.slack(entry.value),
        Known::Lower | Known::Key => entry.value,
    }
}

/// Puts a value among the `wanted` smallest, which are in order, and returns the largest of them
/// once there are so many.
fn note(smallest: &mut Vec<f64>, wanted: usize, value: f64) -> f64 {
    if smallest.len() < wanted {
        smallest.push(value);
    } else if value < smallest[wanted - 1] {
        smallest[wanted - 1] = value;
    } else {
        return smallest[wanted - 1];
    }
    let mut at = smallest.len() - 1;
    while at > 0 && smallest[at - 1] > value {
        smallest[at] = smallest[at - 1];
        at -= 1;
    }
    smallest[at] = value;
    if smallest.len() == wanted {
        smallest[wanted - 1]
    } else {
        f64::INFINITY
    }
}
