//! The sweep of a narrow kernel over pairs of blocks: multiply and test in one go, offer what
//! passes.
//!
//! For rows i, j of a tile the kernel computes w = fl(2 v̂ᵢ·v̂ⱼ − tⱼ) and lets the pair pass when
//! l = rᵢ − w is not above the larger of the two thresholds. With `Facts` of the rows,
//!
//! > rᵢ = baseᵢ − errorᵢ · max |v̂ⱼ|,  tⱼ = baseⱼ − residualⱼ · max |vᵢ|,
//!
//! the maxima taken over the panel on the other side, so l is not above the form of the pair.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use layerscope_core::{Result, filled};

use super::candidates::{Candidates, Context, Scratch};
use super::form::Form;
use super::frame::Frame;
use super::output::own;
use super::vectors::Vectors;
use crate::kernel::{Strip, Survivors, Tile};

/// Pairs that are kept before they are offered.
const HITS: usize = 1 << 13;

/// Scratch of one thread.
pub(crate) struct Worker {
    frame: Frame,
    tile: Tile,
    hits: Survivors,
    /// Lower bounds of the rows of one left panel with the whole block.
    lower: Vec<f32>,
    keys: Scratch,
}

/// Bytes of a [`Worker`], without its key scratch.
pub(crate) fn worker_bytes(block: usize) -> u128 {
    let block = block as u128;
    // Terms for some block / 16 + block / 6 panels, lower bounds, both sides.
    4 * block * (block / 4 + 32 + 3) + 2 * 40 * block + 8 * HITS as u128
}

/// The pairs of blocks.
pub(crate) struct Sweep<'a> {
    pub context: &'a Context<'a>,
    pub form: &'a Form<'a>,
    pub vectors: &'a Vectors,
    pub capacity: usize,
    /// One per block.
    pub states: &'a [Mutex<Candidates>],
    /// Set when looking at candidates has become dearer than a wider product.
    pub flooded: &'a AtomicBool,
}

impl Sweep<'_> {
    /// The tiles, and how many of them come first: the diagonal, which gives every row a threshold,
    /// and those beside it, where most neighbours are. The others follow in squares of blocks, so
    /// that what one tile read is still near when the next one wants it.
    pub(crate) fn tiles(&self) -> (Vec<(u32, u32)>, usize) {
        const SQUARE: usize = 12;
        const BESIDE: usize = 4;
        let blocks = self.vectors.blocks();
        let beside = if blocks > 4 * BESIDE { BESIDE } else { 0 };
        let mut tiles = Vec::new();
        for j in 0..blocks {
            let before = j.saturating_sub(beside)..j;
            tiles.push((j as u32, j as u32));
            tiles.extend(before.map(|i| (i as u32, j as u32)));
        }
        let first = tiles.len();
        for right in (0..blocks).step_by(SQUARE) {
            for left in (0..=right).step_by(SQUARE) {
                for i in left..(left + SQUARE).min(blocks) {
                    let from = right.max(i + 1 + beside);
                    let to = (right + SQUARE).min(blocks);
                    tiles.extend((from..to).map(|j| (i as u32, j as u32)));
                }
            }
        }
        (tiles, first)
    }

    /// Looks at what the rows of a block hold so far, so that their thresholds fall.
    pub(crate) fn tighten(&self, worker: &mut Worker, block: usize) -> Result<()> {
        let mut state = own(&self.states[block]);
        for local in 0..self.vectors.range(block).len() {
            state.prune(self.context, &mut worker.keys, local)?;
        }
        Ok(())
    }

    pub(crate) fn worker(&self) -> Result<Worker> {
        let (block, kernel) = (self.vectors.block, self.vectors.kernel);
        Ok(Worker {
            frame: Frame::new(self.vectors)?,
            tile: Tile::default(),
            hits: Survivors::new(HITS)?,
            lower: filled(block * kernel.left_rows(), 0.0)?,
            keys: Scratch::new(self.context.data.rows.columns(), self.capacity)?,
        })
    }

    /// Works on one tile; does nothing once the search is flooded.
    pub(crate) fn run_tile(
        &self,
        worker: &mut Worker,
        at: usize,
        (i, j): (u32, u32),
    ) -> Result<()> {
        if self.flooded.load(Ordering::Relaxed) {
            return Ok(());
        }
        let (i, j) = (i as usize, j as usize);
        let frame = &mut worker.frame;
        frame.set(self.vectors, i, j);
        if i == j {
            self.diagonal(worker, i)?;
        } else {
            for (threshold, at) in [
                (&mut frame.left.threshold, i),
                (&mut frame.right.threshold, j),
            ] {
                let state = own(&self.states[at]);
                let known = state.thresholds();
                self.form.limits(known, &mut threshold[..known.len()]);
            }
            self.product(worker, i, j)?;
        }
        self.watch(at);
        Ok(())
    }

    /// Notices when too many pairs have to be looked at.
    fn watch(&self, at: usize) {
        let context = self.context;
        let pairs = (at + 1) as u64 * (self.vectors.block * self.vectors.block) as u64;
        let fair = 16 * (context.wanted * context.data.len()) as u64 + pairs / 12;
        if context.looked_at.load(Ordering::Relaxed) > fair {
            self.flooded.store(true, Ordering::Relaxed);
        }
    }

    fn product(&self, worker: &mut Worker, i: usize, j: usize) -> Result<()> {
        let vectors = self.vectors;
        let kernel = vectors.kernel;
        let columns = kernel.right_rows();
        let panels = vectors.range(i).len().div_ceil(kernel.left_rows());
        for (panel, first) in (0..vectors.range(j).len()).step_by(columns).enumerate() {
            self.context.run.check()?;
            let mut done = 0;
            while done < panels {
                let start = done * kernel.left_rows();
                let strip = Strip {
                    left: vectors.left_from(i, done),
                    panels: panels - done,
                    right: vectors.right(j, panel),
                    first: (start, first),
                    depth: vectors.depth,
                    test: worker.frame.test((done, start), (panel, first)),
                    stride: vectors.block,
                };
                done += kernel.strip(&strip, &mut worker.tile, &mut worker.hits)?;
                if done < panels {
                    self.offer(worker, i, j)?;
                }
            }
        }
        self.offer(worker, i, j)
    }

    /// Offers what passed to the rows on both sides.
    fn offer(&self, worker: &mut Worker, i: usize, j: usize) -> Result<()> {
        let Worker {
            hits, keys, frame, ..
        } = worker;
        let context = self.context;
        let columns = self.vectors.kernel.right_rows();
        if hits.found().is_empty() {
            return Ok(());
        }
        for swapped in [false, true] {
            let (block, other) = if swapped { (j, i) } else { (i, j) };
            let mut state = own(&self.states[block]);
            let (own_side, place) = if swapped {
                (&mut frame.right, j * self.vectors.block)
            } else {
                (&mut frame.left, i * self.vectors.block)
            };
            for hit in hits.found() {
                let (row, column) = (usize::from(hit.row), usize::from(hit.column));
                let (mine, theirs) = if swapped {
                    (column, row)
                } else {
                    (row, column)
                };
                let term = frame.row_terms[column / columns * self.vectors.block + row];
                let lower = f64::from(term) - f64::from(hit.value);
                // The pair may have passed for the other row only.
                if lower > f64::from(own_side.threshold[mine]) {
                    continue;
                }
                let key = self.form.key(lower);
                if key > state.thresholds()[mine] {
                    continue;
                }
                let theirs = other * self.vectors.block + theirs;
                if let Some(group) = context.data.group(context.number(theirs))
                    && context.data.group(context.number(place + mine)) == Some(group)
                {
                    continue;
                }
                state.offer(context, keys, mine, theirs, key)?;
            }
            let known = state.thresholds();
            self.form
                .limits(known, &mut own_side.threshold[..known.len()]);
        }
        hits.clear();
        Ok(())
    }

    /// A tile on the diagonal, which is a row's first: looks at the k that seem nearest within the
    /// block, and takes the others only by the threshold that these give.
    fn diagonal(&self, worker: &mut Worker, i: usize) -> Result<()> {
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
                kernel.micro(
                    vectors.left(i, other),
                    vectors.right(i, panel),
                    vectors.depth,
                    &test,
                    &mut worker.tile,
                )?;
                let terms = &worker.frame.row_terms[panel * vectors.block + start..];
                for (r, &term) in terms.iter().enumerate().take(rows) {
                    let from = &worker.tile.values[r * columns..][..columns];
                    let to = &mut worker.lower[r * vectors.block + first..][..columns];
                    for (slot, &w) in to.iter_mut().zip(from) {
                        // From below: the difference is rounded once.
                        let lower = term - w;
                        *slot = lower - lower.abs() * 1.2e-7 - 1e-37;
                    }
                }
            }
            for local in start..(start + rows).min(length) {
                let span =
                    (local - start) * vectors.block..(local - start) * vectors.block + length;
                self.first_look(worker, &mut state, &range, local, span)?;
            }
        }
        Ok(())
    }

    fn first_look(
        &self,
        worker: &mut Worker,
        state: &mut Candidates,
        range: &Range<usize>,
        local: usize,
        span: Range<usize>,
    ) -> Result<()> {
        let context = self.context;
        let Worker { lower, keys, .. } = worker;
        let lower = &mut lower[span];
        lower[local] = f32::INFINITY;
        if let Some(group) = context.data.group(context.number(range.start + local)) {
            for (value, place) in lower.iter_mut().zip(range.clone()) {
                if context.data.group(context.number(place)) == Some(group) {
                    *value = f32::INFINITY;
                }
            }
        }
        let offer = |state: &mut Candidates, keys: &mut Scratch, place: usize, value: f32| {
            let key = self.form.key(f64::from(value));
            state.offer(context, keys, local, range.start + place, key)
        };
        // The k-th smallest of the minima of interleaved parts is not below the k-th smallest of
        // all, and little above it.
        let guess = kth_of_parts(lower, context.wanted);
        for (place, &value) in lower.iter().enumerate() {
            if value <= guess && value < f32::INFINITY {
                offer(state, keys, place, value)?;
            }
        }
        state.prune(context, keys, local)?;
        let mut limit = [0.0];
        self.form
            .limits(&state.thresholds()[local..=local], &mut limit);
        for (place, &value) in lower.iter().enumerate() {
            if value > guess && value <= limit[0] && value < f32::INFINITY {
                offer(state, keys, place, value)?;
            }
        }
        Ok(())
    }
}

/// An upper bound of the `wanted`-th smallest value: infinite where there are too few.
fn kth_of_parts(values: &[f32], wanted: usize) -> f32 {
    const PARTS: usize = 64;
    let mut least = [f32::INFINITY; PARTS];
    let (full, rest) = values.as_chunks::<PARTS>();
    for chunk in full {
        for (slot, &value) in least.iter_mut().zip(chunk) {
            *slot = if value < *slot { value } else { *slot };
        }
    }
    for (slot, &value) in least.iter_mut().zip(rest) {
        *slot = slot.min(value);
    }
    if wanted > PARTS {
        return f32::INFINITY;
    }
    *least.select_nth_unstable_by(wanted - 1, f32::total_cmp).1
}

#[cfg(test)]
#[path = "narrow_tests.rs"]
mod tests;
