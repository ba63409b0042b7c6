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

use layerscope_core::{Result, filled, widest, with_capacity};

use super::candidates::{Candidates, Context, Scratch};
use super::form::Form;
use super::output::own;
use super::vectors::{Facts, Vectors};
use crate::kernel::{PADDING, Test, Tile};

/// Pairs that are kept before they are offered.
const HITS: usize = 1 << 13;

/// A pair that passed; places counted within their blocks.
#[derive(Clone, Copy)]
struct Hit {
    left: u16,
    right: u16,
    /// rᵢ − w, in units of the form.
    lower: f64,
}

/// One side of a tile, each fact as one array.
#[derive(Default)]
struct Side {
    base: Vec<f32>,
    error: Vec<f32>,
    residual: Vec<f32>,
    scale: Vec<f32>,
    initial: Vec<i32>,
    threshold: Vec<f32>,
    /// Largest |v| and |v̂| of each panel.
    norms: Vec<f32>,
    digits: Vec<f32>,
}

/// What the pairs of one tile are tested against.
struct Frame {
    block: usize,
    left: Side,
    right: Side,
    /// rᵢ for each panel on the right, tⱼ for each panel on the left.
    row_terms: Vec<f32>,
    column_terms: Vec<f32>,
}

/// Scratch of one thread.
pub(crate) struct Worker {
    frame: Frame,
    tile: Tile,
    hits: Vec<Hit>,
    /// Lower bounds of the rows of one left panel with the whole block.
    lower: Vec<f32>,
    keys: Scratch,
}

/// Bytes of a [`Worker`], without its key scratch.
pub(crate) fn worker_bytes(block: usize) -> u128 {
    let block = block as u128;
    // Terms for some block / 16 + block / 6 panels, lower bounds, both sides.
    4 * block * (block / 4 + 12 + 3) + 2 * 40 * block + 24 * HITS as u128
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
            hits: with_capacity(HITS)?,
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
        let (rows, columns) = (kernel.left_rows(), kernel.right_rows());
        let (left, right) = (vectors.range(i).len(), vectors.range(j).len());
        for (panel, first) in (0..right).step_by(columns).enumerate() {
            self.context.run.check()?;
            for (other, start) in (0..left).step_by(rows).enumerate() {
                let test = worker.frame.test((other, start), (panel, first));
                if kernel.micro(
                    vectors.left(i, other),
                    vectors.right(j, panel),
                    vectors.depth,
                    &test,
                    &mut worker.tile,
                )? {
                    let terms = &worker.frame.row_terms[panel * vectors.block + start..];
                    for r in 0..rows {
                        let mut mask = worker.tile.masks[r];
                        while mask != 0 {
                            let c = mask.trailing_zeros() as usize;
                            mask &= mask - 1;
                            let w = worker.tile.values[r * columns + c];
                            worker.hits.push(Hit {
                                left: (start + r) as u16,
                                right: (first + c) as u16,
                                lower: f64::from(terms[r]) - f64::from(w),
                            });
                        }
                    }
                    if worker.hits.len() + rows * columns > HITS {
                        self.offer(worker, i, j)?;
                    }
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
        if hits.is_empty() {
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
            for hit in hits.iter() {
                let (mine, theirs) = if swapped {
                    (hit.right as usize, hit.left as usize)
                } else {
                    (hit.left as usize, hit.right as usize)
                };
                // The pair may have passed for the other row only.
                if hit.lower > f64::from(own_side.threshold[mine]) {
                    continue;
                }
                let key = self.form.key(hit.lower);
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
                for r in 0..rows {
                    let from = &worker.tile.values[r * columns..][..columns];
                    let to = &mut worker.lower[r * vectors.block + first..][..columns];
                    for (slot, &w) in to.iter_mut().zip(from) {
                        // From below: the difference is rounded once.
                        let lower = terms[r] - w;
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

impl Frame {
    /// What the kernel tests in a pair of panels: each by its number and its first place.
    fn test(&self, (other, start): (usize, usize), (panel, first): (usize, usize)) -> Test<'_> {
        Test {
            initial: &self.left.initial[start..],
            row_scale: &self.left.scale[start..],
            row_term: &self.row_terms[panel * self.block + start..],
            row_threshold: &self.left.threshold[start..],
            column_scale: &self.right.scale[first..],
            column_term: &self.column_terms[other * self.block + first..],
            column_threshold: &self.right.threshold[first..],
        }
    }

    fn new(vectors: &Vectors) -> Result<Self> {
        let (block, kernel) = (vectors.block, vectors.kernel);
        Ok(Self {
            block,
            left: Side::default(),
            right: Side::default(),
            row_terms: filled(block * (block / kernel.right_rows()), 0.0)?,
            column_terms: filled(block * (block / kernel.left_rows()), 0.0)?,
        })
    }

    /// Makes ready for a tile in which every pair passes.
    fn set(&mut self, vectors: &Vectors, i: usize, j: usize) {
        let (block, kernel) = (vectors.block, vectors.kernel);
        self.left.fill(vectors.facts(i), kernel.left_rows(), true);
        self.right
            .fill(vectors.facts(j), kernel.right_rows(), false);
        let terms = |out: &mut [f32], base: &[f32], factor: &[f32], largest: f32| {
            widest(
                #[inline(always)]
                || {
                    for ((slot, &base), &factor) in out.iter_mut().zip(base).zip(factor) {
                        *slot = base - factor * largest;
                    }
                },
            );
        };
        let rows = vectors.range(i).len();
        let columns = vectors.range(j).len();
        for (out, &digits) in self
            .row_terms
            .chunks_exact_mut(block)
            .zip(&self.right.digits)
        {
            terms(out, &self.left.base, &self.left.error, digits);
            out[rows..].fill(PADDING);
        }
        for (out, &norm) in self
            .column_terms
            .chunks_exact_mut(block)
            .zip(&self.left.norms)
        {
            terms(out, &self.right.base, &self.right.residual, norm);
            out[columns..].fill(PADDING);
        }
    }
}

impl Side {
    fn fill(&mut self, facts: &[Facts], panel: usize, left: bool) {
        fn put<T>(to: &mut Vec<T>, facts: &[Facts], what: impl Fn(&Facts) -> T) {
            to.clear();
            to.extend(facts.iter().map(what));
        }
        put(&mut self.base, facts, |fact| fact.base);
        // The factor 2 of the form goes to the rows on the left.
        put(&mut self.scale, facts, |fact| {
            if left { 2.0 * fact.scale } else { fact.scale }
        });
        if left {
            put(&mut self.error, facts, |fact| fact.error);
            put(&mut self.initial, facts, |fact| fact.initial);
        } else {
            put(&mut self.residual, facts, |fact| fact.residual);
        }
        self.threshold.clear();
        self.threshold.resize(facts.len(), f32::INFINITY);
        let largest = |what: fn(&Facts) -> f32, out: &mut Vec<f32>| {
            out.clear();
            out.extend(
                facts
                    .chunks(panel)
                    .map(|rows| rows.iter().map(what).fold(0.0, f32::max)),
            );
        };
        largest(|fact| fact.norm, &mut self.norms);
        largest(|fact| fact.digits, &mut self.digits);
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use layerscope_core::{Element, Interrupt, Matrix, Progress, Run};
    use layerscope_testkit::knn_matrices::nasty;

    use super::super::side;
    use super::super::vectors::least_block;
    use super::*;
    use crate::kernel::{Kernel, Precision};
    use crate::metric::Metric;
    use crate::rows::{Rows, magnitude};
    use crate::scale::Scale;

    /// Checks that no lower bound exceeds its key; returns how far the widest lies below, against
    /// the largest key.
    fn check_all_pairs(
        name: &str,
        values: &[f64],
        d: usize,
        metric: Metric,
        kernel: Kernel,
    ) -> f64 {
        let (interrupt, progress) = (Interrupt::default(), Progress::default());
        let run = Run::new(NonZeroUsize::MIN, &interrupt, &progress);
        let n = values.len() / d;
        let matrix = Matrix::new("X", Element::F64(values), n, d).unwrap();
        let mut largest = [magnitude(values)];
        let scale = if metric.is_angle() {
            Scale::NONE
        } else {
            Scale::bringing(largest[0])
        };
        scale.apply(&mut largest);
        let rows = Rows::new(&run, matrix, metric, scale).unwrap();
        let side = side::Side {
            rows: &rows,
            distinct: None,
            groups: None,
        };
        let form = Form::new(&run, side, largest[0]).unwrap();
        let vectors = Vectors::new(&run, &form, kernel, least_block(kernel), None).unwrap();
        let (left, right) = (kernel.left_rows(), kernel.right_rows());
        let near = vectors.near(&form);
        let mut frame = Frame::new(&vectors).unwrap();
        let mut tile = Tile::default();
        let (mut x, mut y) = (vec![0.0; d], vec![0.0; d]);
        let (mut widest, mut highest) = (0.0f64, 0.0f64);
        for (i, j) in (0..vectors.blocks()).flat_map(|i| (0..vectors.blocks()).map(move |j| (i, j)))
        {
            frame.set(&vectors, i, j);
            for start in (0..vectors.range(i).len()).step_by(left) {
                for first in (0..vectors.range(j).len()).step_by(right) {
                    let panels = (start / left, first / right);
                    let test = frame.test((panels.0, start), (panels.1, first));
                    let (a, b) = (vectors.left(i, panels.0), vectors.right(j, panels.1));
                    assert!(kernel.micro(a, b, vectors.depth, &test, &mut tile).unwrap());
                    for (row, column) in (0..left).flat_map(|r| (0..right).map(move |c| (r, c))) {
                        let me = i * vectors.block + start + row;
                        let you = j * vectors.block + first + column;
                        let passed = tile.masks[row] >> column & 1 == 1;
                        if me >= n || you >= n {
                            assert!(!passed, "{name}: padding passed");
                            continue;
                        }
                        assert!(
                            passed,
                            "{name} {me} {you}: did not pass an infinite threshold"
                        );
                        let w = f64::from(tile.values[row * right + column]);
                        let lower = form.key(f64::from(test.row_term[row]) - w);
                        rows.read(me, &mut x);
                        rows.read(you, &mut y);
                        let key = metric.key(&x, rows.root(me), &y, rows.root(you));
                        assert!(
                            lower <= key,
                            "{name} {me} {you}: {lower:e} {key:e} {kernel:?}"
                        );
                        let (lower, upper) = near.look(me, you);
                        assert!(
                            lower <= key && key <= upper,
                            "{name} {me} {you}: {lower:e} {key:e} {upper:e} near"
                        );
                        let mut limit = [0.0];
                        form.limits(&[key], &mut limit);
                        assert!(f64::from(limit[0]) >= f64::from(test.row_term[row]) - w);
                        widest = widest.max(key - lower);
                        highest = highest.max(key.abs());
                    }
                }
            }
        }
        widest / highest
    }

    #[test]
    fn no_lower_bound_exceeds_its_key() {
        for (n, d) in [(12, 1), (23, 5), (17, 64), (9, 300)] {
            for (name, table) in nasty(n, d, 12) {
                for metric in Metric::ALL {
                    for kernel in Kernel::available() {
                        check_all_pairs(name, &table.values, d, metric, kernel);
                    }
                }
            }
        }
    }

    #[test]
    fn long_rows_keep_their_bounds() {
        for (name, table) in nasty(3, 20_000, 13) {
            for kernel in Kernel::available() {
                check_all_pairs(name, &table.values, 20_000, Metric::Euclidean, kernel);
            }
        }
    }

    #[test]
    fn offsets_cost_nothing_and_digits_what_they_should() {
        let (_, table) = nasty(30, 64, 14).swap_remove(0);
        for kernel in Kernel::available() {
            let allowed = match kernel.precision() {
                Precision::Single => 1e-4,
                Precision::Half => 0.02,
                Precision::Byte => 0.1,
            };
            for metric in Metric::ALL {
                let width = check_all_pairs("gaussian", &table.values, 64, metric, kernel);
                assert!(width < allowed, "{kernel:?} {metric:?} {width}");
            }
            for offset in [1e3, 1e6] {
                let shifted: Vec<f64> = table.values.iter().map(|x| x + offset).collect();
                let metric = Metric::Euclidean;
                let width = check_all_pairs("shifted", &shifted, 64, metric, kernel);
                assert!(width < allowed, "{kernel:?} {offset} {width}");
            }
        }
    }
}
