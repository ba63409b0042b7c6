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
use super::judge::{self, Judge, Reader};
use super::near::{Near, TOGETHER};
use super::side::Side;
use crate::engine::Engine;

/// A candidate of some row.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// A lower bound of the key.
    lower: f64,
    place: u32,
    /// How far the key may lie above it, in units of `Near::unit`: infinite for a mere guess, 0 for
    /// the key itself.
    gap: f32,
}

impl Entry {
    const EMPTY: Self = Self {
        lower: 0.0,
        place: 0,
        gap: f32::INFINITY,
    };

    fn is_guess(&self) -> bool {
        self.gap == f32::INFINITY
    }

    fn is_key(&self) -> bool {
        self.gap == 0.0
    }

    /// An upper bound of the key.
    fn upper(&self, unit: f64) -> f64 {
        if self.is_key() {
            return self.lower;
        }
        self.lower + f64::from(self.gap) * unit
    }

    fn key(place: u32, key: f64) -> Self {
        Self {
            lower: key,
            place,
            gap: 0.0,
        }
    }

    fn between(place: u32, lower: f64, upper: f64, inverse: f64) -> Self {
        // More than the roundings here and in `upper`; never 0, which would say that this is the
        // key.
        let rounded = 4.0 * f64::EPSILON * (lower.abs() + upper.abs());
        let gap = ((upper - lower + rounded) * inverse) as f32;
        Self {
            lower,
            place,
            gap: gap * (1.0 + 4.0 * f32::EPSILON) + f32::MIN_POSITIVE,
        }
    }
}

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
#[derive(Clone, Copy)]
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
    pub order: Option<&'a [u32]>,
    /// Looks at pairs of places, where a narrow kernel guesses.
    pub near: Option<Near<'a>>,
    pub wanted: usize,
    /// Pairs looked at one by one so far.
    pub looked_at: &'a AtomicU64,
}

impl Context<'_> {
    /// The number at a place of the sweep.
    pub(crate) fn number(&self, place: usize) -> usize {
        self.order.map_or(place, |order| order[place] as usize)
    }

    /// The place of each number; empty when numbers are places.
    pub(crate) fn places(&self) -> Result<Vec<u32>> {
        let order = self.order.unwrap_or_default();
        let mut places = filled(order.len(), 0)?;
        for (place, &number) in order.iter().enumerate() {
            places[number as usize] = place as u32;
        }
        Ok(places)
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
            entries: filled(rows * capacity, Entry::EMPTY)?,
            lengths: filled(rows, 0)?,
            thresholds: filled(rows, f64::INFINITY)?,
        })
    }

    /// The place of a row of the block.
    pub(crate) fn place(&self, local: usize) -> usize {
        self.start + local
    }

    /// The present thresholds of the block.
    pub(crate) fn thresholds(&self) -> &[f64] {
        &self.thresholds
    }

    /// Lowers a threshold to a key that at least k candidates certainly do not exceed.
    pub(crate) fn tighten(&mut self, local: usize, threshold: f64) {
        self.thresholds[local] = self.thresholds[local].min(threshold);
    }

    /// Offers the data's row at `place` to the block's row `local`.
    pub(crate) fn offer(
        &mut self,
        context: &Context,
        scratch: &mut Scratch,
        local: usize,
        place: usize,
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
            lower,
            place: place as u32,
            gap: f32::INFINITY,
        };
        self.lengths[local] += 1;
        Ok(())
    }

    fn held(&mut self, local: usize) -> &mut [Entry] {
        let start = local * self.capacity;
        &mut self.entries[start..start + self.lengths[local]]
    }

    /// Lowers the threshold and drops what lies above it.
    pub(crate) fn prune(
        &mut self,
        context: &Context,
        scratch: &mut Scratch,
        local: usize,
    ) -> Result<()> {
        if let Some(near) = &context.near {
            return self.look(context, near, scratch, local);
        }
        let mut threshold = self.thresholds[local];
        let own = context.asked_bounds[context.number(self.start + local)];
        let held = self.held(local);
        if held.len() >= context.wanted {
            let uppers = &mut scratch.uppers;
            uppers.clear();
            uppers.extend(held.iter().map(|entry| {
                if entry.is_key() {
                    entry.lower
                } else {
                    let number = context.number(entry.place as usize);
                    own.upper(context.data_bounds[number], entry.lower)
                }
            }));
            let (_, kth, _) = uppers.select_nth_unstable_by(context.wanted - 1, f64::total_cmp);
            threshold = threshold.min(*kth);
        }
        self.lengths[local] = gather(held, |entry| entry.lower <= threshold);
        self.thresholds[local] = threshold;
        Ok(())
    }

    /// Looks at the guesses whose lower bound does not exceed the k-th smallest upper bound of
    /// those looked at before, the most promising first; drops what exceeds it.
    fn look(
        &mut self,
        context: &Context,
        near: &Near,
        scratch: &mut Scratch,
        local: usize,
    ) -> Result<()> {
        context.run.check()?;
        let place = self.start + local;
        let mut threshold = self.thresholds[local];
        let held = self.held(local);
        let uppers = &mut scratch.uppers;
        uppers.clear();
        // Both are powers of two.
        let (unit, inverse) = (near.unit(), 1.0 / near.unit());
        // Those known already stand first and tell a threshold before any other is looked at.
        let known = held.iter().take_while(|entry| !entry.is_guess()).count();
        let mut left = gather(&mut held[known..], |entry| entry.lower <= threshold);
        if left > 0 {
            for entry in &held[..known] {
                threshold = threshold.min(note(uppers, context.wanted, entry.upper(unit)));
            }
            left = gather(&mut held[known..known + left], |entry| {
                entry.lower <= threshold
            });
        }
        let open = &mut held[known..known + left];
        // The most promising first, but only as many as can be among the k; those behind them
        // need no order, and few are looked at anyway.
        if open.len() > context.wanted + TOGETHER {
            open.select_nth_unstable_by(context.wanted, |a, b| a.lower.total_cmp(&b.lower));
        }
        for entry in open.iter().take(TOGETHER) {
            near.expect(entry.place as usize);
        }
        let mut looked_at = 0;
        let mut at = 0;
        while at < open.len() {
            let (mut few, mut places, mut count) = ([0; TOGETHER], [0; TOGETHER], 0);
            while count < TOGETHER && at < open.len() {
                if open[at].lower <= threshold {
                    (few[count], places[count]) = (at, open[at].place as usize);
                    count += 1;
                }
                at += 1;
            }
            for next in open[at..].iter().take(TOGETHER) {
                if next.lower <= threshold {
                    near.expect(next.place as usize);
                }
            }
            looked_at += count as u64;
            let bounds = near.look(place, &places[..count]);
            for (&i, (lower, upper)) in few[..count].iter().zip(bounds) {
                let entry = &mut open[i];
                // What is known stays known.
                *entry = Entry::between(entry.place, lower.max(entry.lower), upper, inverse);
                threshold = threshold.min(note(uppers, context.wanted, entry.upper(unit)));
            }
        }
        let held = &mut held[..known + left];
        self.lengths[local] = gather(held, |entry| entry.lower <= threshold);
        self.thresholds[local] = threshold;
        context.looked_at.fetch_add(looked_at, Ordering::Relaxed);
        Ok(())
    }

    /// Computes the keys of all that is held and keeps the best, in order.
    fn settle(&mut self, context: &Context, scratch: &mut Scratch, local: usize) -> Result<()> {
        let number = context.number(self.start + local);
        let held = self.held(local);
        let known = held.iter().take_while(|entry| entry.is_key()).count();
        for open in held[known..].chunks_mut(judge::TOGETHER) {
            context.run.check()?;
            let mut numbers = [0; judge::TOGETHER];
            for (number, entry) in numbers.iter_mut().zip(&*open) {
                *number = context.number(entry.place as usize);
            }
            let others = &numbers[..open.len()];
            let keys = context.judge.keys(&mut scratch.reader, number, others);
            for (entry, key) in open.iter_mut().zip(keys) {
                *entry = Entry::key(entry.place, key);
            }
        }
        let ranked = |entry: &Entry| Ranked {
            key: entry.lower,
            index: context.number(entry.place as usize) as u32,
        };
        if held.len() > context.wanted {
            held.select_nth_unstable_by(context.wanted, |a, b| ranked(a).cmp(&ranked(b)));
        }
        let kept = held.len().min(context.wanted);
        let held = &mut held[..kept];
        held.sort_unstable_by_key(ranked);
        scratch.ranked.clear();
        scratch.ranked.extend(held.iter().map(ranked));
        let last = held.last().map(|entry| entry.lower);
        self.lengths[local] = kept;
        if let Some(key) = last.filter(|_| kept == context.wanted) {
            self.tighten(local, key);
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

/// Moves the entries that meet a condition to the front and forgets the others; returns how many
/// are left.
fn gather(entries: &mut [Entry], wanted: impl Fn(&Entry) -> bool) -> usize {
    let mut front = 0;
    for i in 0..entries.len() {
        let entry = entries[i];
        entries[front] = entry;
        front += usize::from(wanted(&entry));
    }
    front
}

/// Puts a value among the `wanted` smallest, which are in order, and returns the largest of them
/// once there are so many.
fn note(smallest: &mut Vec<f64>, wanted: usize, value: f64) -> f64 {
    if smallest.is_empty() {
        smallest.resize(wanted, f64::INFINITY);
    }
    let smallest = &mut smallest[..wanted];
    if value < smallest[wanted - 1] {
        // Without branches: each value is the larger of the one before it and what the new one
        // leaves of it.
        let mut before = f64::NEG_INFINITY;
        for slot in smallest.iter_mut() {
            let (here, least) = (*slot, if value < *slot { value } else { *slot });
            *slot = if before > least { before } else { least };
            before = here;
        }
    }
    smallest[wanted - 1]
}
