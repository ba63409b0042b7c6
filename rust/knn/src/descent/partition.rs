//! Random partitions into leaves of near rows, by carving balls around sampled leaders.
//!
//! A node of more rows than a leaf may hold samples leaders among its rows, moves them once to the
//! mean of a sample of what they attract, and gives every row to its nearest leader. Everything is
//! measured by the int8 kernel about the centre of the node. Nodes of one level are cut together,
//! piece by piece, and put together in order: the same leaves for any number of threads.

use std::ops::Range;

use layerscope_core::random::stream;
use layerscope_core::{Result, Run, filled, with_capacity};
use rand::RngExt;

use super::points::{Points, Reader};
use super::quantise::{Packed, Sides};
use crate::kernel::{Kernel, MOST_LEFT, Tile};

/// Leaders of a node at most.
const FAN: usize = 64;
/// Rows per leader in the sample that moves them.
const SHARE: usize = 16;
/// Rows assigned in one piece of work.
const PIECE: usize = 1536;

/// Rows by leaf.
pub(crate) struct Leaves {
    order: Vec<u32>,
    ranges: Vec<Range<usize>>,
}

impl Leaves {
    /// Number of leaves.
    pub(crate) fn len(&self) -> usize {
        self.ranges.len()
    }

    /// The places of a leaf.
    pub(crate) fn places(&self, leaf: usize) -> &[u32] {
        &self.order[self.ranges[leaf].clone()]
    }

    /// All places, leaf after leaf.
    pub(crate) fn order(&self) -> &[u32] {
        &self.order
    }

    /// Rows of the largest leaf.
    pub(crate) fn largest(&self) -> usize {
        self.ranges.iter().map(Range::len).max().unwrap_or(0)
    }

    /// The same leaves where place i is what was `order()[i]`.
    pub(crate) fn renumbered(mut self) -> Self {
        for (place, slot) in self.order.iter_mut().enumerate() {
            *slot = place as u32;
        }
        self
    }

    /// For every place its leaf and its slot there.
    pub(crate) fn homes(&self) -> Result<Vec<(u32, u32)>> {
        let mut homes = filled(self.order.len(), (0, 0))?;
        for leaf in 0..self.len() {
            for (slot, &place) in self.places(leaf).iter().enumerate() {
                homes[place as usize] = (leaf as u32, slot as u32);
            }
        }
        Ok(homes)
    }
}

/// The leaders of a node.
struct Cutter {
    centre: Vec<f64>,
    leaders: Packed,
}

struct Scratch {
    rows: Packed,
    reader: Reader,
    limits: Vec<f32>,
    tile: Tile,
}

/// One way to cut.
#[derive(Clone, Copy)]
pub(crate) struct Cut<'a> {
    pub run: &'a Run<'a>,
    pub kernel: Kernel,
    pub points: &'a Points<'a>,
    /// Rows of a leaf, about.
    pub target: usize,
    pub seed: u64,
    /// Which partition this is.
    pub number: u64,
}

impl Cut<'_> {
    /// Rows of a leaf at most.
    fn most(&self) -> usize {
        self.target + self.target / 2
    }

    /// Cuts all places into leaves.
    pub(crate) fn leaves(&self) -> Result<Leaves> {
        let n = self.points.len();
        let mut order: Vec<u32> = with_capacity(n)?;
        order.extend(0..n as u32);
        let mut nodes: Vec<Range<usize>> = with_capacity(1)?;
        nodes.push(0..n);
        let mut level = 0;
        while nodes.iter().any(|node| node.len() > self.most()) {
            nodes = self.level(&mut order, nodes, level)?;
            level += 1;
        }
        Ok(Leaves {
            order,
            ranges: self.merged(nodes),
        })
    }

    /// Cuts every node that is too large; returns the nodes after that, in order.
    fn level(
        &self,
        order: &mut [u32],
        nodes: Vec<Range<usize>>,
        level: u64,
    ) -> Result<Vec<Range<usize>>> {
        let (run, before) = (self.run, &*order);
        let large: Vec<usize> = (0..nodes.len())
            .filter(|&node| nodes[node].len() > self.most())
            .collect();
        let cutters = run.map_with(
            large.len(),
            || self.scratch(),
            |scratch, at| {
                let range = nodes[large[at]].clone();
                let node = self.number << 48 | level << 40 | range.start as u64;
                self.cutter(&before[range], scratch, node)
            },
        )?;
        let mut pieces = Vec::new();
        for (at, &node) in large.iter().enumerate() {
            let range = nodes[node].clone();
            for start in range.clone().step_by(PIECE) {
                pieces.push((at, start..(start + PIECE).min(range.end)));
            }
        }
        let labels = run.map_with(
            pieces.len(),
            || self.scratch(),
            |scratch, piece| {
                let (at, range) = pieces[piece].clone();
                self.assign(&cutters[at], &before[range], scratch)
            },
        )?;
        let labels = labels.concat();
        let mut after = Vec::new();
        let mut sorted = Vec::new();
        let mut next_large = large.iter().peekable();
        let mut labels = &labels[..];
        for (node, range) in nodes.into_iter().enumerate() {
            run.check()?;
            if next_large.next_if_eq(&&node).is_none() {
                after.push(range);
                continue;
            }
            let (mine, rest) = labels.split_at(range.len());
            labels = rest;
            self.sort_node(&mut order[range.clone()], mine, &mut sorted, |part| {
                after.push(range.start + part.start..range.start + part.end);
            });
        }
        Ok(after)
    }

    /// Sorts the rows of a node by label and hands on the parts.
    fn sort_node(
        &self,
        rows: &mut [u32],
        labels: &[u8],
        sorted: &mut Vec<u32>,
        mut take: impl FnMut(Range<usize>),
    ) {
        let mut starts = [0; FAN + 1];
        for &label in labels {
            starts[usize::from(label) + 1] += 1;
        }
        if starts.contains(&rows.len()) {
            // Leaders that cannot tell these rows apart: any parts will do.
            for start in (0..rows.len()).step_by(self.target) {
                take(start..(start + self.target).min(rows.len()));
            }
            return;
        }
        for label in 0..FAN {
            starts[label + 1] += starts[label];
        }
        let parts = starts;
        sorted.clear();
        sorted.extend_from_slice(rows);
        for (&row, &label) in sorted.iter().zip(labels) {
            let slot = &mut starts[usize::from(label)];
            rows[*slot] = row;
            *slot += 1;
        }
        for part in parts.windows(2).filter(|part| part[0] < part[1]) {
            take(part[0]..part[1]);
        }
    }

    /// Joins small leaves with the next one.
    fn merged(&self, nodes: Vec<Range<usize>>) -> Vec<Range<usize>> {
        let small = self.target / 3;
        let mut merged: Vec<Range<usize>> = Vec::new();
        for node in nodes {
            if let Some(last) = merged.last_mut() {
                let together = last.len() + node.len();
                if last.len().min(node.len()) < small && together <= self.most() {
                    last.end = node.end;
                    continue;
                }
            }
            merged.push(node);
        }
        merged
    }

    fn scratch(&self) -> Result<Scratch> {
        let columns = self.points.columns();
        let rows = self.kernel.left_rows();
        Ok(Scratch {
            rows: Packed::new(self.kernel, rows, columns, Sides::Left)?,
            reader: Reader::new(columns)?,
            limits: filled(FAN.next_multiple_of(32).max(rows), f32::INFINITY)?,
            tile: Tile::default(),
        })
    }

    /// Samples leaders of a node, moves them to the means of what they attract in a sample, and
    /// puts near ones side by side.
    fn cutter(&self, places: &[u32], scratch: &mut Scratch, node: u64) -> Result<Cutter> {
        let points = self.points;
        let columns = points.columns();
        let fan = places.len().div_ceil(self.target).clamp(2, FAN);
        let mut generator = stream(self.seed, node);
        let mut centre = filled(columns, 0.0)?;
        points.centre(places, &mut scratch.reader, &mut centre);
        let mut draw = || places[generator.random_range(0..places.len() as u64) as usize];
        let mut values = filled(fan * columns, 0.0)?;
        for row in values.chunks_exact_mut(columns) {
            points.centred(draw(), &centre, &mut scratch.reader, row);
        }
        let mut leaders = Packed::new(self.kernel, FAN.min(fan), columns, Sides::Right)?;
        leaders.fill_values(&values)?;
        let mut cutter = Cutter { centre, leaders };
        let sample: Vec<u32> = (0..(SHARE * fan).min(places.len()))
            .map(|_| draw())
            .collect();
        let labels = self.assign(&cutter, &sample, scratch)?;
        let mut sums = filled(fan * columns, 0.0)?;
        let mut counts = [0usize; FAN];
        let mut row = filled(columns, 0.0)?;
        for (&place, &label) in sample.iter().zip(&labels) {
            let label = usize::from(label);
            points.centred(place, &cutter.centre, &mut scratch.reader, &mut row);
            counts[label] += 1;
            for (sum, x) in sums[label * columns..][..columns].iter_mut().zip(&row) {
                *sum += x;
            }
        }
        for (leader, &count) in counts[..fan]
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
        {
            let span = leader * columns..(leader + 1) * columns;
            for (value, sum) in values[span.clone()].iter_mut().zip(&sums[span]) {
                *value = sum / count as f32;
            }
        }
        cutter.leaders.fill_values(&chained(&values, columns)?)?;
        Ok(cutter)
    }

    /// The nearest leader of every row.
    fn assign(&self, cutter: &Cutter, places: &[u32], scratch: &mut Scratch) -> Result<Vec<u8>> {
        let (up, across) = (self.kernel.left_rows(), self.kernel.right_rows());
        let Scratch {
            rows,
            reader,
            limits,
            tile,
        } = scratch;
        let mut labels = with_capacity(places.len())?;
        for chunk in places.chunks(up) {
            self.run.check()?;
            rows.fill(self.run, self.points, chunk, &cutter.centre, reader)?;
            let mut best = [(f32::NEG_INFINITY, 0u8); MOST_LEFT];
            for column in (0..cutter.leaders.len()).step_by(across) {
                rows.test(0, limits, &cutter.leaders, column, limits, tile)?;
                let width = across.min(cutter.leaders.len() - column);
                for (best, values) in best[..up].iter_mut().zip(tile.values.chunks_exact(across)) {
                    let values = &values[..width];
                    let most = values
                        .iter()
                        .fold(f32::NEG_INFINITY, |a, &b| if b > a { b } else { a });
                    if most > best.0 {
                        let at = values.iter().position(|&value| value == most).unwrap_or(0);
                        *best = (most, (column + at) as u8);
                    }
                }
            }
            labels.extend(best[..chunk.len()].iter().map(|best| best.1));
        }
        Ok(labels)
    }
}

/// Leaders in a greedy chain, each followed by the nearest of those left, so that parts that are
/// near come side by side in the order of the rows.
fn chained(values: &[f32], columns: usize) -> Result<Vec<f32>> {
    let mut left: Vec<&[f32]> = values.chunks_exact(columns).collect();
    let mut chain = with_capacity(values.len())?;
    let mut here = left.swap_remove(0);
    chain.extend_from_slice(here);
    while !left.is_empty() {
        let distance =
            |other: &[f32]| -> f32 { here.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum() };
        let mut nearest = (f32::INFINITY, 0);
        for (at, other) in left.iter().enumerate() {
            let found = distance(other);
            if found < nearest.0 {
                nearest = (found, at);
            }
        }
        here = left.swap_remove(nearest.1);
        chain.extend_from_slice(here);
    }
    Ok(chain)
}
