//! A tile on the diagonal, which is a row's first: looks at the k that seem nearest within the
//! block, and takes the others only by the threshold that these give. In a small search a row sees
//! all blocks here at once, and is done.

use std::ops::Range;

use layerscope_core::{Result, filled, widest, with_capacity};

use super::candidates::{Candidates, Scratch};
use super::narrow::{Sweep, Worker};
use super::output::own;
use crate::kernel::Kernel;

/// Values that are compared with a limit together, a bit each.
const CHUNK: usize = 16;

/// Lower bounds of the rows of one left panel with all rows that they see.
pub(crate) struct Bounds {
    stride: usize,
    lower: Vec<f32>,
    near: Vec<u16>,
}

impl Bounds {
    pub(crate) fn new(seen: usize, kernel: Kernel) -> Result<Self> {
        Ok(Self {
            stride: seen,
            lower: filled(seen * kernel.left_rows(), 0.0)?,
            near: with_capacity(seen.div_ceil(CHUNK))?,
        })
    }

    /// Takes over the values of a tile whose first column is column `first` of the block.
    fn put(&mut self, first: usize, columns: usize, values: &[f32], terms: &[f32]) {
        let Self { stride, lower, .. } = self;
        widest(
            #[inline(always)]
            || {
                let rows = lower.chunks_exact_mut(*stride).zip(values.chunks(columns));
                for ((to, from), &term) in rows.zip(terms) {
                    for (slot, &w) in to[first..].iter_mut().zip(from) {
                        // From below: the difference is rounded once.
                        let lower = term - w;
                        *slot = lower - lower.abs() * 1.2e-7 - 1e-37;
                    }
                }
            },
        );
    }

    /// Finds those of the first `length` places of a row whose value is at most `limit`, and finite.
    fn find(&mut self, row: usize, length: usize, limit: f32) {
        let limit = limit.min(f32::MAX);
        let Self {
            stride,
            lower,
            near,
        } = self;
        let values = &lower[row * *stride..][..length];
        let chunks = length.div_ceil(CHUNK);
        near.clear();
        near.resize(chunks, 0);
        widest(
            #[inline(always)]
            || {
                let (full, rest) = values.as_chunks::<CHUNK>();
                for (slot, chunk) in near.iter_mut().zip(full) {
                    *slot = within(chunk, limit);
                }
                if !rest.is_empty() {
                    let mut last = [f32::INFINITY; CHUNK];
                    last[..rest.len()].copy_from_slice(rest);
                    near[chunks - 1] = within(&last, limit);
                }
            },
        );
    }
}

/// Which values are at most that large.
#[allow(clippy::inline_always)]
#[inline(always)]
fn within(values: &[f32; CHUNK], limit: f32) -> u16 {
    let mut mask = 0;
    for (at, &value) in values.iter().enumerate() {
        mask |= u16::from(value <= limit) << at;
    }
    mask
}

impl Sweep<'_> {
    /// Works on a tile on the diagonal.
    pub(crate) fn diagonal(&self, worker: &mut Worker, i: usize) -> Result<()> {
        let vectors = self.vectors;
        let kernel = vectors.kernel;
        let (rows, columns) = (kernel.left_rows(), kernel.right_rows());
        let seen = if self.plan.whole {
            0..vectors.blocks()
        } else {
            i..i + 1
        };
        for (frame, j) in worker.frames.iter_mut().zip(seen.clone()) {
            frame.set(vectors, i, j);
        }
        let length = vectors.range(i).len();
        let range = vectors.range(seen.start).start..vectors.range(seen.end - 1).end;
        let mut state = own(&self.states[i]);
        for (other, start) in (0..length).step_by(rows).enumerate() {
            self.context.run.check()?;
            for (at, j) in seen.clone().enumerate() {
                for (panel, first) in (0..vectors.range(j).len()).step_by(columns).enumerate() {
                    let frame = &worker.frames[at];
                    let test = frame.test((other, start), (panel, first));
                    let tile = &mut worker.tile;
                    let (left, right) = (vectors.left(i, other), vectors.right(j, panel));
                    kernel.micro(left, right, vectors.depth, &test, tile)?;
                    let terms = &frame.row_terms[panel * vectors.block + start..][..rows];
                    let first = at * vectors.block + first;
                    worker.bounds.put(first, columns, &tile.values, terms);
                }
            }
            for local in start..(start + rows).min(length) {
                self.first_look(worker, &mut state, &range, (local, local - start))?;
            }
        }
        Ok(())
    }

    fn first_look(
        &self,
        worker: &mut Worker,
        state: &mut Candidates,
        range: &Range<usize>,
        (local, row): (usize, usize),
    ) -> Result<()> {
        let context = self.context;
        let Worker {
            frames,
            bounds,
            keys,
            ..
        } = worker;
        let length = range.len();
        let lower = &mut bounds.lower[row * bounds.stride..][..length];
        let own = state.place(local);
        lower[own - range.start] = f32::INFINITY;
        if let Some(group) = context.data.group(context.number(own)) {
            for (value, place) in lower.iter_mut().zip(range.clone()) {
                if context.data.group(context.number(place)) == Some(group) {
                    *value = f32::INFINITY;
                }
            }
        }
        // The k-th smallest of the minima of interleaved parts is not below the k-th smallest of
        // all, and little above it.
        let guess = kth_of_parts(lower, context.wanted);
        // Where all are seen at once, with what a bound may be off they are all that is needed.
        let guess = if self.plan.whole {
            guess + frames[0].width(local)
        } else {
            guess
        };
        let offer = |state: &mut Candidates, keys: &mut Scratch, bounds: &Bounds, from: f32| {
            let lower = &bounds.lower[row * bounds.stride..][..length];
            for (chunk, &mask) in bounds.near.iter().enumerate() {
                let mut mask = mask;
                while mask != 0 {
                    let place = chunk * CHUNK + mask.trailing_zeros() as usize;
                    mask &= mask - 1;
                    if lower[place] > from {
                        let key = self.form.key(f64::from(lower[place]));
                        state.offer(context, keys, local, range.start + place, key)?;
                    }
                }
            }
            Ok(())
        };
        bounds.find(row, length, guess);
        offer(state, keys, bounds, f32::NEG_INFINITY)?;
        state.prune(context, keys, local)?;
        let mut limit = [0.0];
        self.form
            .limits(&state.thresholds()[local..=local], &mut limit);
        if limit[0] > guess {
            bounds.find(row, length, limit[0]);
            offer(state, keys, bounds, guess)?;
        }
        Ok(())
    }
}

/// How many values are at most that large.
#[allow(clippy::inline_always)]
#[inline(always)]
fn count(values: &[f32], limit: f32) -> usize {
    let mut count = 0u32;
    for &value in values {
        count += u32::from(value <= limit);
    }
    count as usize
}

/// An upper bound of the `wanted`-th smallest value: infinite where there are too few.
fn kth_of_parts(values: &[f32], wanted: usize) -> f32 {
    const PARTS: usize = 64;
    /// The bound lies above the smallest value sought by no more than this share of all of them.
    const HALVINGS: usize = 9;
    let mut least = [f32::INFINITY; PARTS];
    let mut guess = f32::INFINITY;
    widest(
        #[inline(always)]
        || {
            let (full, rest) = values.as_chunks::<PARTS>();
            for chunk in full {
                for (slot, &value) in least.iter_mut().zip(chunk) {
                    *slot = if value < *slot { value } else { *slot };
                }
            }
            for (slot, &value) in least.iter_mut().zip(rest) {
                *slot = if value < *slot { value } else { *slot };
            }
            let mut lowest = [f32::INFINITY; CHUNK];
            let mut highest = [f32::NEG_INFINITY; CHUNK];
            for chunk in least.as_chunks::<CHUNK>().0 {
                for ((low, high), &value) in lowest.iter_mut().zip(&mut highest).zip(chunk) {
                    *low = if value < *low { value } else { *low };
                    let finite = if value < f32::INFINITY { value } else { *high };
                    *high = if finite > *high { finite } else { *high };
                }
            }
            let mut low = lowest.into_iter().fold(f32::INFINITY, f32::min);
            let mut high = highest.into_iter().fold(f32::NEG_INFINITY, f32::max);
            if count(&least, high) < wanted {
                return;
            }
            for _ in 0..HALVINGS {
                let middle = low + (high - low) * 0.5;
                if count(&least, middle) >= wanted {
                    high = middle;
                } else {
                    low = middle;
                }
            }
            guess = high;
        },
    );
    guess
}
