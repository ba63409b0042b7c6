//! Distances between all units, kept or computed again.
//!
//! To count distances no root is needed: sums of squared differences are in the same order. They
//! become distances where each one itself matters.

use std::sync::Mutex;

use layerscope_core::{Error, Result, Run, filled, widest};

use super::tile::{Root, summary, sums};
use super::units::{PANEL, Units};

/// Distances above this many bytes are computed again at each pass.
const KEPT_BYTES: u64 = 64 << 20;

/// All distances `C_ij`, i < j, in pieces: piece p holds the rows of the units of panel p.
#[derive(Debug)]
pub struct Distances<'a> {
    units: &'a Units,
    /// Distances if they were asked for, otherwise sums of squared differences.
    kept: Option<Vec<f64>>,
    rooted: bool,
    root: Root,
    range: (f64, f64),
}

impl<'a> Distances<'a> {
    /// Prepares the distances of `units`. With `keep` each of them is kept, without it they can
    /// only be counted. `copies` of the units count as scratch.
    pub fn new(
        run: &Run,
        units: &'a Units,
        rms: bool,
        keep: bool,
        copies: u64,
        memory_limit: Option<u64>,
    ) -> Result<Self> {
        let pairs = pairs(units.len());
        let bytes = 8 * pairs as u64;
        let limit = memory_limit.unwrap_or(u64::MAX);
        let piece = 8 * (PANEL * units.len()) as u64 * run.jobs() as u64;
        let needed = copies * units.bytes() + if keep { 2 * bytes } else { piece.min(bytes) };
        if needed > limit {
            return Err(Error::MemoryLimit { needed, limit });
        }
        let room = limit - copies * units.bytes();
        let mut kept = None;
        if keep || bytes <= KEPT_BYTES.min(room) {
            let mut all = filled(pairs, 0.0)?;
            let pieces: Vec<_> = split(&mut all, units.len());
            run.map(pieces.len(), |piece| {
                let mut rows = pieces[piece].lock().map_err(poisoned)?;
                compute(run, units, piece, &mut rows)
            })?;
            drop(pieces);
            kept = Some(all);
        }
        let mut distances = Self {
            units,
            kept,
            rooted: false,
            root: Root {
                samples: units.samples() as f64,
                scale: units.scale(),
                divisor: 1.0,
            },
            range: (f64::NAN, f64::NAN),
        };
        let summaries = distances.fold(run, summary)?;
        if pairs == 0 {
            distances.rooted = keep;
            return Ok(distances);
        }
        if rms {
            let total: f64 = summaries.iter().map(|&(_, _, total)| total).sum();
            let mean = distances.root.of(total / pairs as f64);
            if mean > 0.0 {
                distances.root.divisor = mean;
            }
        }
        let least = summaries.iter().fold(f64::INFINITY, |m, sum| m.min(sum.0));
        let most = summaries.iter().fold(0.0, |m: f64, sum| m.max(sum.1));
        distances.range = (distances.root.of(least), distances.root.of(most));
        if keep {
            distances.take_roots(run)?;
        }
        Ok(distances)
    }

    /// Makes distances of the sums that were kept.
    fn take_roots(&mut self, run: &Run) -> Result<()> {
        const CHUNK: usize = 1 << 14;
        self.rooted = true;
        let root = self.root;
        run.for_each_chunk(
            self.kept.as_deref_mut().unwrap_or(&mut []),
            CHUNK,
            |_, sums| {
                run.check()?;
                widest(
                    #[inline(always)]
                    || {
                        for sum in sums.iter_mut() {
                            *sum = root.of(*sum);
                        }
                    },
                );
                Ok(())
            },
        )
    }

    /// `θ_min` and `θ_max`; NaN without pairs.
    pub fn range(&self) -> (f64, f64) {
        self.range
    }

    /// Number of unordered pairs.
    pub fn pairs(&self) -> usize {
        pairs(self.units.len())
    }

    /// Number of units.
    pub fn len(&self) -> usize {
        self.units.len()
    }

    /// Whether there are no units; there is always one.
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// All of them, row by row of the upper triangle, where they were kept.
    pub fn kept(&self) -> Option<&[f64]> {
        self.kept.as_deref().filter(|_| self.rooted)
    }

    /// What distances were divided by.
    pub(super) fn divisor(&self) -> f64 {
        self.root.divisor
    }

    /// The largest number of a piece whose distance is at most `distance`.
    pub(super) fn last(&self, distance: f64) -> f64 {
        if self.rooted {
            distance
        } else {
            self.root.last(distance)
        }
    }

    /// About the number of a piece whose distance is `distance`.
    pub(super) fn about(&self, distance: f64) -> f64 {
        if self.rooted {
            distance
        } else {
            self.root.square(distance)
        }
    }

    /// The distance of a number of a piece.
    pub(super) fn distance(&self, number: f64) -> f64 {
        if self.rooted {
            number
        } else {
            self.root.of(number)
        }
    }

    /// Writes them as a symmetric matrix with a zero diagonal; they must have been kept.
    pub fn write_square(&self, run: &Run, square: &mut [f64]) -> Result<()> {
        let d = self.len();
        let Some(all) = self.kept() else {
            return Err(Error::Internal("distances were not kept".into()));
        };
        run.for_each_chunk(square, d, |i, row| {
            run.check()?;
            for (j, slot) in row[..i].iter_mut().enumerate() {
                *slot = all[row_start(j, d) + i - j - 1];
            }
            row[i] = 0.0;
            row[i + 1..].copy_from_slice(&all[row_start(i, d)..][..d - i - 1]);
            Ok(())
        })
    }

    /// What `work` says of each piece, in the order of pieces. A piece holds numbers in the order
    /// of their distances: the distances themselves only where each was to be kept.
    pub(super) fn fold<T: Send>(
        &self,
        run: &Run,
        work: impl Fn(&[f64]) -> T + Sync,
    ) -> Result<Vec<T>> {
        let d = self.len();
        run.map_with(
            self.units.panels(),
            || Ok(Vec::new()),
            |scratch: &mut Vec<f64>, piece| {
                run.check()?;
                let (start, end) = (first_of(piece, d), first_of(piece + 1, d));
                if let Some(all) = &self.kept {
                    return Ok(work(&all[start..end]));
                }
                scratch.clear();
                scratch.resize(end - start, 0.0);
                compute(run, self.units, piece, scratch)?;
                Ok(work(scratch))
            },
        )
    }
}

fn poisoned<T>(_: T) -> Error {
    Error::Internal("a piece of distances was left locked".into())
}

fn pairs(units: usize) -> usize {
    units * (units - 1) / 2
}

/// Where row i of the upper triangle starts.
pub(super) fn row_start(i: usize, d: usize) -> usize {
    i * (2 * d - i - 1) / 2
}

fn first_of(piece: usize, d: usize) -> usize {
    row_start((piece * PANEL).min(d), d)
}

fn split(all: &mut [f64], d: usize) -> Vec<Mutex<&mut [f64]>> {
    let mut rest = all;
    let mut pieces = Vec::new();
    for piece in 0..d.div_ceil(PANEL) {
        let length = first_of(piece + 1, d) - first_of(piece, d);
        let (head, tail) = rest.split_at_mut(length);
        pieces.push(Mutex::new(head));
        rest = tail;
    }
    pieces
}

/// The rows of the units of panel `left`, one after another.
fn compute(run: &Run, units: &Units, left: usize, out: &mut [f64]) -> Result<()> {
    let d = units.len();
    let start = first_of(left, d);
    for right in left..units.panels() {
        run.check()?;
        let tile = sums(units, left, right);
        for (lane, row) in tile.iter().enumerate() {
            let i = left * PANEL + lane;
            let first = (i + 1).max(right * PANEL);
            let last = ((right + 1) * PANEL).min(d);
            if first >= last {
                continue;
            }
            let slot = &mut out[row_start(i, d) - start + (first - i - 1)..][..last - first];
            slot.copy_from_slice(&row[first - right * PANEL..][..last - first]);
        }
    }
    Ok(())
}
