//! The sweep of a narrow kernel over pairs of blocks: multiply and test in one go, offer what
//! passes.
//!
//! For rows i, j of a tile the kernel computes w = fl(2 v̂ᵢ·v̂ⱼ − tⱼ) and lets the pair pass when
//! l = rᵢ − w is not above the larger of the two thresholds. With `Facts` of the rows,
//!
//! > rᵢ = baseᵢ − errorᵢ · max |v̂ⱼ|,  tⱼ = baseⱼ − residualⱼ · max |vᵢ|,
//!
//! the maxima taken over the panel on the other side, so l is not above the form of the pair.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use layerscope_core::{Result, with_capacity};

use super::candidates::{Candidates, Context, Scratch};
use super::diagonal::Bounds;
use super::form::Form;
use super::frame::Frame;
use super::output::own;
use super::vectors::Vectors;
use crate::kernel::{Isa, Kernel, Precision, Strip, Survivors, Tile};
use crate::memory::Plan;

/// Pairs that are kept before they are offered.
const HITS: usize = 1 << 13;

/// Scratch of one thread.
pub(crate) struct Worker {
    /// What a tile is tested against: of each block on the right, where a row sees them all at once.
    pub frames: Vec<Frame>,
    pub tile: Tile,
    hits: Survivors,
    pub bounds: Bounds,
    pub keys: Scratch,
}

/// Whether every row had better see all others at once. Then few pairs have to be looked at, since
/// its first threshold is its last, but each pair is multiplied twice.
pub(crate) fn prefers_whole(kernel: Kernel, rows: usize, columns: usize) -> bool {
    const ROWS: usize = 3000;
    // Products that take as long as what is saved on a row.
    let products = match (kernel.precision(), kernel.isa()) {
        (_, Isa::Portable) => 30_000,
        (_, Isa::Amx) => 4_000_000,
        (Precision::Byte, _) => 1_500_000,
        _ => 300_000,
    };
    rows <= ROWS && rows.saturating_mul(columns) <= products
}

/// Bytes of a [`Worker`], without its key scratch.
pub(crate) fn worker_bytes(plan: &Plan, rows: usize) -> u128 {
    let block = plan.block as u128;
    let (frames, length) = if plan.whole {
        let blocks = rows.div_ceil(plan.block) as u128;
        (blocks, blocks * block)
    } else {
        (1, block)
    };
    // Terms for some block / 16 + block / 6 panels, both sides; lower bounds.
    frames * (4 * block * (block / 4 + 3) + 2 * 40 * block) + 4 * length * 32 + 8 * HITS as u128
}

/// The pairs of blocks.
pub(crate) struct Sweep<'a> {
    pub context: &'a Context<'a>,
    pub form: &'a Form<'a>,
    pub vectors: &'a Vectors,
    pub plan: &'a Plan,
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
        if self.plan.whole {
            let tiles: Vec<_> = (0..blocks as u32).map(|i| (i, i)).collect();
            let first = tiles.len();
            return (tiles, first);
        }
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
        let vectors = self.vectors;
        let seen = if self.plan.whole { vectors.blocks() } else { 1 };
        let mut frames = with_capacity(seen)?;
        for _ in 0..seen {
            frames.push(Frame::new(vectors)?);
        }
        Ok(Worker {
            frames,
            tile: Tile::default(),
            hits: Survivors::new(HITS)?,
            bounds: Bounds::new(seen * vectors.block, vectors.kernel)?,
            keys: Scratch::new(self.context.data.rows.columns(), self.plan.capacity)?,
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
        if i == j {
            self.diagonal(worker, i)?;
        } else {
            let frame = &mut worker.frames[0];
            frame.set(self.vectors, i, j);
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
        let vectors = self.vectors;
        let width = if self.plan.whole { vectors.blocks() } else { 1 } * vectors.block;
        let pairs = (at + 1) as u64 * (vectors.block * width) as u64;
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
                    test: worker.frames[0].test((done, start), (panel, first)),
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
            hits, keys, frames, ..
        } = worker;
        let frame = &mut frames[0];
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
}

#[cfg(test)]
#[path = "narrow_tests.rs"]
mod tests;
