//! The sweep over pairs of blocks: pack, multiply, test, offer.
//!
//! When rows ask about themselves, the tile (I, J) serves the rows of I and of J. What is found
//! does not depend on the order of the tiles: a row's answer is a set under a total order, and
//! thresholds only ever drop what cannot belong to it.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use layerscope_core::{Result, filled, with_capacity};

use super::candidates::{Candidates, Context, Scratch};
use super::scan::{Columns, Hit, Row};
use crate::engine::Engine;
use crate::kernel::{Product, multiply, multiply_plainly};
use crate::memory::Plan;
use crate::metric::Metric;

/// Pairs that are kept before they are offered.
const HITS: usize = 1 << 13;

/// Scratch of one thread.
#[derive(Default)]
pub(crate) struct Worker {
    left: Vec<f64>,
    right: Vec<f64>,
    /// The block that `left` holds whole.
    held: Option<usize>,
    product: Vec<f64>,
    columns: Columns,
    hits: Vec<Hit>,
    uppers: Vec<f64>,
    keys: Scratch,
}

/// Bytes of a [`Worker`], without its key scratch.
pub(crate) fn worker_bytes(block: usize, panel: usize) -> u128 {
    let (block, panel) = (block as u128, panel as u128);
    let hits = HITS as u128 + block;
    8 * (2 * block * panel + block * block + 5 * block) + hits * size_of::<Hit>() as u128
}

/// The pairs of blocks of one band of asking rows.
pub(crate) struct Sweep<'a> {
    pub context: &'a Context<'a>,
    pub plan: &'a Plan,
    /// The centre that packing takes off.
    pub centre: &'a [f64],
    /// Whether the asking rows are the data themselves.
    pub symmetric: bool,
    /// Blocks of asking rows in this band.
    pub band: Range<usize>,
    /// One per block of the band.
    pub states: &'a [Mutex<Candidates>],
}

impl Sweep<'_> {
    /// The tiles, diagonal first, so that thresholds are tight before most pairs are seen.
    pub(crate) fn tiles(&self) -> Vec<(u32, u32)> {
        let blocks = self.context.data.len().div_ceil(self.plan.block);
        let mut tiles = Vec::new();
        if self.symmetric {
            tiles.extend(self.band.clone().map(|i| (i as u32, i as u32)));
        }
        for i in self.band.clone() {
            let open = |&j: &usize| !self.symmetric || j > i || !self.band.contains(&j);
            tiles.extend((0..blocks).filter(open).map(|j| (i as u32, j as u32)));
        }
        tiles
    }

    pub(crate) fn worker(&self) -> Result<Worker> {
        let Plan {
            block,
            panel,
            capacity,
            ..
        } = *self.plan;
        Ok(Worker {
            left: filled(block * panel, 0.0)?,
            right: filled(block * panel, 0.0)?,
            held: None,
            product: filled(block * block, 0.0)?,
            columns: Columns::default(),
            hits: with_capacity(HITS + 2 * block)?,
            uppers: with_capacity(block)?,
            keys: Scratch::new(self.context.data.rows.columns(), capacity)?,
        })
    }

    /// Works on one tile.
    pub(crate) fn run_tile(&self, worker: &mut Worker, (i, j): (u32, u32)) -> Result<()> {
        let (i, j) = (i as usize, j as usize);
        let left = block_range(i, self.plan.block, self.context.asked.len());
        let right = block_range(j, self.plan.block, self.context.data.len());
        self.multiply(
            worker,
            i,
            left.clone(),
            right.clone(),
            self.symmetric && i == j,
        )?;
        let both = self.symmetric && self.band.contains(&j);
        worker
            .columns
            .fill(&self.context.data_bounds[right.clone()]);
        if both && i == j {
            self.seed(worker, i, &left);
        }
        let mut from = 0;
        while from < left.len() {
            from = self.test(worker, (i, j), from, (&left, &right), both);
            self.offer(worker, i, left.start, right.start, false)?;
            if both {
                self.offer(worker, j, right.start, left.start, true)?;
            }
        }
        Ok(())
    }

    fn multiply(
        &self,
        worker: &mut Worker,
        i: usize,
        left: Range<usize>,
        right: Range<usize>,
        same: bool,
    ) -> Result<()> {
        let context = self.context;
        let d = context.data.rows.columns();
        let factor = if context.data.rows.metric() == Metric::Euclidean {
            -2.0
        } else {
            -1.0
        };
        for start in (0..d).step_by(self.plan.panel) {
            context.run.check()?;
            let columns = start..(start + self.plan.panel).min(d);
            let width = columns.len();
            let whole = width == d;
            if !(whole && worker.held == Some(i)) {
                for (number, out) in left.clone().zip(worker.left.chunks_exact_mut(width)) {
                    context
                        .asked
                        .pack(number, columns.clone(), self.centre, out);
                }
                worker.held = whole.then_some(i);
            }
            if !same {
                for (number, out) in right.clone().zip(worker.right.chunks_exact_mut(width)) {
                    context.data.pack(number, columns.clone(), self.centre, out);
                }
            }
            let other = if same { &worker.left } else { &worker.right };
            let product = Product {
                left: &worker.left[..left.len() * width],
                right: &other[..right.len() * width],
                left_rows: left.len(),
                right_rows: right.len(),
                features: width,
                factor,
                accumulate: start > 0,
            };
            let out = &mut worker.product[..left.len() * right.len()];
            match context.engine {
                Engine::Plain => multiply_plainly(&product, out)?,
                _ => multiply(&product, out)?,
            }
        }
        Ok(())
    }

    /// Gives the rows of a diagonal tile, which is a row's first, a threshold before any candidate
    /// is taken: the k-th smallest upper bound within the block.
    fn seed(&self, worker: &mut Worker, block: usize, rows: &Range<usize>) {
        let context = self.context;
        let wanted = context.wanted;
        if rows.len() <= wanted {
            return;
        }
        let Worker {
            product,
            columns,
            uppers,
            ..
        } = worker;
        let mut state = self.lock(block);
        for (local, products) in product
            .chunks_exact(rows.len())
            .take(rows.len())
            .enumerate()
        {
            let own = context.data_bounds[rows.start + local];
            columns.uppers(own, products, uppers);
            uppers[local] = f64::INFINITY;
            if let Some(group) = context.data.group(rows.start + local) {
                for (upper, number) in uppers.iter_mut().zip(rows.clone()) {
                    if context.data.group(number) == Some(group) {
                        *upper = f64::INFINITY;
                    }
                }
            }
            let (_, kth, _) = uppers.select_nth_unstable_by(wanted - 1, f64::total_cmp);
            state.tighten(local, *kth);
        }
    }

    /// Collects the pairs that one of the two rows may want, for the rows on the left from `from`
    /// on; returns the first that has to wait until these are offered.
    fn test(
        &self,
        worker: &mut Worker,
        (i, j): (usize, usize),
        from: usize,
        (left, right): (&Range<usize>, &Range<usize>),
        both: bool,
    ) -> usize {
        let context = self.context;
        let left_thresholds = self.thresholds(i);
        worker.columns.thresholds.clear();
        if both {
            worker.columns.thresholds.extend(self.thresholds(j));
        } else {
            worker
                .columns
                .thresholds
                .resize(right.len(), f64::NEG_INFINITY);
        }
        worker.hits.clear();
        for (local, &threshold) in left_thresholds.iter().enumerate().skip(from) {
            if worker.hits.len() >= HITS {
                return local;
            }
            // On the diagonal each pair is looked at once, and no row beside itself.
            let first = if self.symmetric && i == j {
                local + 1
            } else {
                0
            };
            let row = Row {
                index: local as u32,
                bound: context.asked_bounds[left.start + local],
                threshold,
            };
            let products = &worker.product[local * right.len()..(local + 1) * right.len()];
            row.test(first, products, &worker.columns, &mut worker.hits);
        }
        left.len()
    }

    fn thresholds(&self, block: usize) -> Vec<f64> {
        self.lock(block).thresholds().to_vec()
    }

    fn lock(&self, block: usize) -> std::sync::MutexGuard<'_, Candidates> {
        self.states[block - self.band.start]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Offers the hits to the rows of one block.
    fn offer(
        &self,
        worker: &mut Worker,
        block: usize,
        own: usize,
        other: usize,
        swapped: bool,
    ) -> Result<()> {
        let context = self.context;
        let mut state = self.lock(block);
        for hit in &worker.hits {
            let (mine, theirs) = if swapped {
                (hit.right, hit.left)
            } else {
                (hit.left, hit.right)
            };
            let number = other + theirs as usize;
            let group = context.data.group(number);
            if group.is_some() && group == context.asked.group(own + mine as usize) {
                continue;
            }
            state.offer(context, &mut worker.keys, mine as usize, number, hit.lower)?;
        }
        Ok(())
    }
}

/// The numbers of a block.
pub(crate) fn block_range(block: usize, rows: usize, len: usize) -> Range<usize> {
    block * rows..((block + 1) * rows).min(len)
}
