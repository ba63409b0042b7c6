//! Small searches: the key of every pair, by its definition.
//!
//! Nothing is estimated, so nothing has to be certified. Eight rows stand side by side, feature by
//! feature, and the lane sums of four rows with eight (see `lanes`) are taken together, each in the
//! written order. Below some size this beats every product, whose rows have to be packed, bounded
//! and looked at again.
//!
//! Rows are compared as they are numbered, copies and all, so the answer needs nothing from
//! `duplicates`. When rows ask about themselves, a tile of keys serves the rows on both sides.

use std::ops::Range;
use std::sync::Mutex;

use layerscope_core::{Ranked, Result, Run, filled, widest, with_capacity};

use crate::exact::{Output, Writer, own};
use crate::lanes::{self, PANEL, Sums, TOGETHER};
use crate::memory::{Sizes, bytes};
use crate::metric::Metric;
use crate::rows::Rows;

/// Rows of a block; a tile is a pair of blocks.
const BLOCK: usize = 64;

/// Lists up to that long are kept in order; longer ones are put in order now and then.
const SORTED: usize = 48;

/// What is compared with what.
#[derive(Clone, Copy)]
pub(crate) struct Direct<'a> {
    pub asked: &'a Rows<'a>,
    pub data: &'a Rows<'a>,
    /// Whether the rows ask about themselves: then none is its own neighbour.
    pub symmetric: bool,
    /// Group of every row.
    pub groups: Option<&'a [u32]>,
    pub writer: Writer,
}

/// Rows as they are compared, eight side by side.
struct Panels {
    metric: Metric,
    columns: usize,
    rows: usize,
    values: Vec<[f64; PANEL]>,
    /// What the angles need of each row.
    roots: Vec<[f64; PANEL]>,
}

/// The keys of the rows of one block with those of another.
type Tile = [[f64; BLOCK]];

/// The best candidates of the rows of a block so far.
struct Best {
    held: Vec<Vec<Ranked>>,
    /// Never below the key of the `wanted`-th best.
    thresholds: [f64; BLOCK],
}

impl Panels {
    fn new(run: &Run, rows: &Rows) -> Result<Self> {
        let (length, columns) = (rows.len(), rows.columns());
        let panels = length.div_ceil(PANEL);
        let mut values = filled(panels * columns, [0.0; PANEL])?;
        let mut roots = filled(panels, [0.0; PANEL])?;
        let mut buffer = filled(columns, 0.0)?;
        for row in 0..length {
            run.check()?;
            rows.read(row, &mut buffer);
            let (panel, place) = (row / PANEL, row % PANEL);
            roots[panel][place] = rows.root(row);
            for (slot, &value) in values[panel * columns..].iter_mut().zip(&buffer) {
                slot[place] = value;
            }
        }
        Ok(Self {
            metric: rows.metric(),
            columns,
            rows: length,
            values,
            roots,
        })
    }

    /// The rows of a block.
    fn block(&self, block: usize) -> Range<usize> {
        block * BLOCK..((block + 1) * BLOCK).min(self.rows)
    }

    fn panel(&self, panel: usize) -> &[[f64; PANEL]] {
        &self.values[panel * self.columns..][..self.columns]
    }

    /// Fills a tile; keys beyond the last rows mean nothing.
    fn fill(
        &self,
        run: &Run,
        others: &Self,
        (i, j): (usize, usize),
        tile: &mut Tile,
    ) -> Result<()> {
        let panels = |rows: Range<usize>| rows.start / PANEL..rows.end.div_ceil(PANEL);
        let (above, across) = (panels(self.block(i)), panels(others.block(j)));
        for (at, up) in above.enumerate() {
            run.check()?;
            let rows = &mut tile[at * PANEL..][..PANEL];
            let places = across.clone().enumerate();
            widest(
                #[inline(always)]
                || {
                    for (place, right) in places.clone() {
                        let upper = self.keys::<0>(up, others, right);
                        let lower = self.keys::<TOGETHER>(up, others, right);
                        for r in 0..TOGETHER {
                            let span = place * PANEL..(place + 1) * PANEL;
                            rows[r][span.clone()].copy_from_slice(&upper[r]);
                            rows[TOGETHER + r][span].copy_from_slice(&lower[r]);
                        }
                    }
                },
            );
        }
        Ok(())
    }

    // Loops by index, as in `lanes`.
    #[allow(clippy::inline_always, clippy::needless_range_loop)]
    #[inline(always)]
    fn keys<const FIRST: usize>(&self, up: usize, others: &Self, right: usize) -> Sums {
        let (x, y) = (self.panel(up), others.panel(right));
        if self.metric == Metric::Euclidean {
            return lanes::side_by_side::<FIRST>(
                x,
                y,
                #[inline(always)]
                |a, b| (a - b) * (a - b),
            );
        }
        let mut keys = lanes::side_by_side::<FIRST>(
            x,
            y,
            #[inline(always)]
            |a, b| a * b,
        );
        let (roots, other_roots) = (&self.roots[up], &others.roots[right]);
        for r in 0..TOGETHER {
            for c in 0..PANEL {
                let key = &mut keys[r][c];
                *key = if self.metric == Metric::InnerProduct {
                    -*key
                } else {
                    Metric::angle_key(*key, roots[FIRST + r], other_roots[c])
                };
            }
        }
        keys
    }
}

impl Best {
    fn new(rows: usize, wanted: usize) -> Result<Self> {
        let mut held = with_capacity(rows)?;
        for _ in 0..rows {
            held.push(with_capacity(room(wanted))?);
        }
        Ok(Self {
            held,
            thresholds: [f64::INFINITY; BLOCK],
        })
    }

    /// Takes a candidate. Tiles come in any order, so one that equals the threshold may still win
    /// by its index.
    fn offer(&mut self, row: usize, key: f64, index: usize, wanted: usize) {
        let held = &mut self.held[row];
        let ranked = Ranked {
            key,
            index: index as u32,
        };
        if wanted > SORTED {
            held.push(ranked);
            if held.len() == room(wanted) {
                self.thresholds[row] = prune(held, wanted);
            }
            return;
        }
        if held.len() < wanted {
            held.push(ranked);
        } else if stands_before(ranked, held[wanted - 1]) {
            held[wanted - 1] = ranked;
        } else {
            return;
        }
        let mut at = held.len() - 1;
        while at > 0 && stands_before(ranked, held[at - 1]) {
            held[at] = held[at - 1];
            at -= 1;
        }
        held[at] = ranked;
        if held.len() == wanted {
            self.thresholds[row] = held[wanted - 1].key;
        }
    }
}

/// `a < b`, in fewer branches.
#[allow(clippy::needless_bitwise_bool)]
#[inline]
fn stands_before(a: Ranked, b: Ranked) -> bool {
    (a.key < b.key) | ((a.key == b.key) & (a.index < b.index))
}

/// Keeps the best; returns the last key among them.
fn prune(held: &mut Vec<Ranked>, wanted: usize) -> f64 {
    if held.len() <= wanted {
        return f64::INFINITY;
    }
    let key = held.select_nth_unstable(wanted - 1).1.key;
    held.truncate(wanted);
    key
}

/// Candidates that a row holds before it drops the worse ones.
fn room(wanted: usize) -> usize {
    if wanted > SORTED { 2 * wanted } else { wanted }
}

impl Direct<'_> {
    /// Writes the nearest rows of every asking row.
    pub(crate) fn search(&self, run: &Run, output: &mut Output) -> Result<()> {
        let data = Panels::new(run, self.data)?;
        let strangers = if self.symmetric {
            None
        } else {
            Some(Panels::new(run, self.asked)?)
        };
        let asked = strangers.as_ref().unwrap_or(&data);
        let wanted = self.writer.k + 1;
        let (blocks, others) = (asked.rows.div_ceil(BLOCK), data.rows.div_ceil(BLOCK));
        let mut best = with_capacity(blocks)?;
        for block in 0..blocks {
            best.push(Mutex::new(Best::new(asked.block(block).len(), wanted)?));
        }
        let mut tiles = Vec::new();
        for i in 0..blocks {
            let from = if self.symmetric { i } else { 0 };
            tiles.extend((from..others).map(|j| (i, j)));
        }
        run.progress().start((tiles.len() + blocks) as u64);
        let scratch = || filled(BLOCK, [0.0; BLOCK]);
        run.map_with(tiles.len(), scratch, |tile, at| {
            let (i, j) = tiles[at];
            asked.fill(run, &data, (i, j), tile)?;
            let (left, right) = (asked.block(i), data.block(j));
            self.take(&mut own(&best[i]), &left, &right, tile);
            if self.symmetric && i != j {
                self.take_across(&mut own(&best[j]), &left, &right, tile);
            }
            run.progress().step();
            Ok(())
        })?;
        let slots = output.slots(BLOCK);
        let ties = run.map(blocks, |block| {
            let mut tied = filled(self.writer.k, 0u64)?;
            let mut slot = own(&slots[block]);
            for (local, list) in own(&best[block]).held.iter_mut().enumerate() {
                if wanted > SORTED {
                    prune(list, wanted);
                    list.sort_unstable();
                }
                self.writer.write(&mut slot, local, list, &mut tied)?;
            }
            run.progress().step();
            Ok(tied)
        })?;
        drop(slots);
        output.count(ties);
        Ok(())
    }

    /// Offers the rows on the right to those on the left.
    fn take(&self, best: &mut Best, left: &Range<usize>, right: &Range<usize>, tile: &Tile) {
        let wanted = self.writer.k + 1;
        for (local, (row, keys)) in left.clone().zip(tile).enumerate() {
            for (place, keys) in keys.as_chunks::<PANEL>().0.iter().enumerate() {
                let mut near = within(keys, &[best.thresholds[local]; PANEL]);
                while near != 0 {
                    let at = near.trailing_zeros() as usize;
                    near &= near - 1;
                    let (other, key) = (right.start + place * PANEL + at, keys[at]);
                    let fits = other < right.end && key <= best.thresholds[local];
                    if fits && !self.barred(row, other) {
                        best.offer(local, key, other, wanted);
                    }
                }
            }
        }
    }

    /// Offers the rows on the left to those on the right.
    fn take_across(&self, best: &mut Best, left: &Range<usize>, right: &Range<usize>, tile: &Tile) {
        let wanted = self.writer.k + 1;
        for (row, keys) in left.clone().zip(tile) {
            for (place, keys) in keys.as_chunks::<PANEL>().0.iter().enumerate() {
                let mut near = within(keys, &best.thresholds.as_chunks().0[place]);
                while near != 0 {
                    let at = near.trailing_zeros() as usize;
                    near &= near - 1;
                    let local = place * PANEL + at;
                    let other = right.start + local;
                    if other < right.end && !self.barred(row, other) {
                        best.offer(local, keys[at], row, wanted);
                    }
                }
            }
        }
    }

    /// Whether two rows may not be neighbours.
    fn barred(&self, row: usize, other: usize) -> bool {
        self.symmetric
            && (row == other
                || self
                    .groups
                    .is_some_and(|groups| groups[row] == groups[other]))
    }
}

/// The keys that do not exceed their thresholds, a bit each.
#[inline]
fn within(keys: &[f64; PANEL], thresholds: &[f64; PANEL]) -> u32 {
    let pairs = keys.iter().zip(thresholds).enumerate();
    pairs.fold(0, |mask, (at, (key, limit))| {
        mask | u32::from(key <= limit) << at
    })
}

/// Bytes that such a search holds.
pub(crate) fn held(sizes: &Sizes) -> u64 {
    let wide = |size: usize| size as u128;
    let panels = 8 * wide(sizes.rows.next_multiple_of(PANEL)) * (wide(sizes.columns) + 1);
    let lists = size_of::<Ranked>() as u128 * wide(room(sizes.wanted + 1)) + 40;
    let tiles = 8 * wide(sizes.rows.div_ceil(BLOCK)).pow(2);
    let workers = wide(sizes.jobs) * (8 * BLOCK * BLOCK) as u128;
    let held = sizes.shared() + panels + wide(sizes.rows) * lists + tiles + workers;
    bytes(held.max(sizes.before()))
}
