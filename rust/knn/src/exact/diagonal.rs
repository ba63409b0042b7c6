//! A tile on the diagonal, which is a row's first: looks at the k that seem nearest within the
//! block, and takes the others only by the threshold that these give.

use std::ops::Range;

use layerscope_core::{Result, filled, widest, with_capacity};

use super::candidates::{Candidates, Scratch};
use super::narrow::{Sweep, Worker};
use super::output::own;
use crate::kernel::Kernel;

/// Values that are compared with a limit together, a bit each.
const CHUNK: usize = 16;

/// Lower bounds of the rows of one left panel with the whole block.
pub(crate) struct Bounds {
    stride: usize,
    lower: Vec<f32>,
    near: Vec<u16>,
}

impl Bounds {
    pub(crate) fn new(block: usize, kernel: Kernel) -> Result<Self> {
        Ok(Self {
            stride: block,
            lower: filled(block * kernel.left_rows(), 0.0)?,
            near: with_capacity(block.div_ceil(CHUNK))?,
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

    /// Finds the first `length` places of a row whose value is at most `limit` and more than `from`.
    fn find(&mut self, row: usize, length: usize, (from, limit): (f32, f32)) {
        let values = &self.lower[row * self.stride..][..length];
        let near = &mut self.near;
        near.clear();
        widest(
            #[inline(always)]
            || {
                let (full, rest) = values.as_chunks::<CHUNK>();
                near.extend(full.iter().map(
                    #[inline(always)]
                    |chunk| within(chunk, from, limit),
                ));
                if !rest.is_empty() {
                    let mut last = [f32::INFINITY; CHUNK];
                    last[..rest.len()].copy_from_slice(rest);
                    near.push(within(&last, from, limit));
                }
            },
        );
    }
}

/// Which finite values lie in (from, limit].
#[allow(clippy::inline_always, clippy::needless_bitwise_bool)]
#[inline(always)]
fn within(values: &[f32; CHUNK], from: f32, limit: f32) -> u16 {
    let mut mask = 0;
    for (at, &value) in values.iter().enumerate() {
        let wanted = (value > from) & (value <= limit) & (value < f32::INFINITY);
        mask |= u16::from(wanted) << at;
    }
    mask
}

impl Sweep<'_> {
    /// Works on a tile on the diagonal.
    pub(crate) fn diagonal(&self, worker: &mut Worker, i: usize) -> Result<()> {
        let vectors = self.vectors;
        let kernel = vectors.kernel;
        let (rows, columns) = (kernel.left_rows(), kernel.right_rows());
        let range = vectors.range(i);
        let length = range.len();
        let mut state = own(&self.states[i]);
        for (other, start) in (0..length).step_by(rows).enumerate() {
            self.context.run.check()?;
            for (panel, first) in (0..length).step_by(columns).enumerate() {
                let test = worker.frame.test((other, start), (panel, first));
                let tile = &mut worker.tile;
                let (left, right) = (vectors.left(i, other), vectors.right(i, panel));
                kernel.micro(left, right, vectors.depth, &test, tile)?;
                let terms = &worker.frame.row_terms[panel * vectors.block + start..][..rows];
                worker.bounds.put(first, columns, &tile.values, terms);
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
        let Worker { bounds, keys, .. } = worker;
        let length = range.len();
        let lower = &mut bounds.lower[row * bounds.stride..][..length];
        lower[local] = f32::INFINITY;
        if let Some(group) = context.data.group(context.number(range.start + local)) {
            for (value, place) in lower.iter_mut().zip(range.clone()) {
                if context.data.group(context.number(place)) == Some(group) {
                    *value = f32::INFINITY;
                }
            }
        }
        // The k-th smallest of the minima of interleaved parts is not below the k-th smallest of
        // all, and little above it.
        let guess = kth_of_parts(lower, context.wanted);
        let offer = |state: &mut Candidates, keys: &mut Scratch, bounds: &Bounds| {
            let lower = &bounds.lower[row * bounds.stride..][..length];
            for (chunk, &mask) in bounds.near.iter().enumerate() {
                let mut mask = mask;
                while mask != 0 {
                    let place = chunk * CHUNK + mask.trailing_zeros() as usize;
                    mask &= mask - 1;
                    let key = self.form.key(f64::from(lower[place]));
                    state.offer(context, keys, local, range.start + place, key)?;
                }
            }
            Ok(())
        };
        bounds.find(row, length, (f32::NEG_INFINITY, guess));
        offer(state, keys, bounds)?;
        state.prune(context, keys, local)?;
        let mut limit = [0.0];
        self.form
            .limits(&state.thresholds()[local..=local], &mut limit);
        bounds.find(row, length, (guess, limit[0]));
        offer(state, keys, bounds)
    }
}

/// An upper bound of the `wanted`-th smallest value: infinite where there are too few.
fn kth_of_parts(values: &[f32], wanted: usize) -> f32 {
    const PARTS: usize = 64;
    let mut least = [f32::INFINITY; PARTS];
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
        },
    );
    if wanted > PARTS {
        return f32::INFINITY;
    }
    *least.select_nth_unstable_by(wanted - 1, f32::total_cmp).1
}
