//! Distances between all units, kept or computed again.

use std::sync::Mutex;

use layerscope_core::{Error, Result, Run, filled, widest};

use super::units::{PANEL, Units};

/// Distances above this many bytes are computed again at each pass.
const KEPT_BYTES: u64 = 64 << 20;

/// Samples whose two panels fit into the first cache.
const STRIP: usize = 64;

/// All distances `C_ij`, i < j, in pieces: piece p holds the rows of the units of panel p.
#[derive(Debug)]
pub struct Distances<'a> {
    units: &'a Units,
    kept: Option<Vec<f64>>,
    /// What distances are divided by: 1, or their root mean square.
    divisor: f64,
    range: (f64, f64),
}

/// What one pass over a piece learns first.
struct Summary {
    least: f64,
    most: f64,
    squares: f64,
}

impl<'a> Distances<'a> {
    /// Prepares the distances of `units`; `keep` forces them to be kept. `copies` of the units
    /// count as scratch.
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
            divisor: 1.0,
            range: (f64::NAN, f64::NAN),
        };
        // Of the scaled responses, whose squares neither overflow nor vanish.
        let scale = units.scale();
        let summaries = distances.fold(run, |piece| {
            let (least, most) = ends(piece);
            let squares = if rms {
                piece.iter().map(|&c| (c * scale) * (c * scale)).sum()
            } else {
                0.0
            };
            Summary {
                least,
                most,
                squares,
            }
        })?;
        if pairs == 0 {
            return Ok(distances);
        }
        if rms {
            let squares: f64 = summaries.iter().map(|sum| sum.squares).sum();
            let root = (squares / pairs as f64).sqrt() / scale;
            if root > 0.0 {
                distances.divisor = root;
            }
            if let Some(all) = &mut distances.kept {
                for c in all.iter_mut() {
                    *c /= distances.divisor;
                }
            }
        }
        let least = summaries
            .iter()
            .fold(f64::INFINITY, |m, sum| m.min(sum.least));
        let most = summaries.iter().fold(0.0, |m: f64, sum| m.max(sum.most));
        distances.range = (least / distances.divisor, most / distances.divisor);
        Ok(distances)
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
        self.kept.as_deref()
    }

    /// What distances were divided by.
    pub(super) fn divisor(&self) -> f64 {
        self.divisor
    }

    /// Writes them as a symmetric matrix with a zero diagonal; they must have been kept.
    pub fn write_square(&self, run: &Run, square: &mut [f64]) -> Result<()> {
        let d = self.len();
        let Some(all) = &self.kept else {
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

    /// What `work` says of each piece, in the order of pieces.
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
                if self.divisor != 1.0 {
                    for c in scratch.iter_mut() {
                        *c /= self.divisor;
                    }
                }
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
        let tile = roots(units, left, right);
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

/// Least and most of some distances, ∞ and 0 of none.
fn ends(distances: &[f64]) -> (f64, f64) {
    // Eight of each side by side: which comes first is all the same to a minimum.
    let (eights, rest) = distances.as_chunks::<8>();
    let (least, most) = widest(
        #[inline(always)]
        || {
            let (mut least, mut most) = ([f64::INFINITY; 8], [0.0f64; 8]);
            for eight in eights {
                for ((least, most), &c) in least.iter_mut().zip(&mut most).zip(eight) {
                    *least = if c < *least { c } else { *least };
                    *most = if c > *most { c } else { *most };
                }
            }
            (least, most)
        },
    );
    let all_least = least.iter().chain(rest);
    let all_most = most.iter().chain(rest);
    (
        all_least.fold(f64::INFINITY, |least, &c| least.min(c)),
        all_most.fold(0.0, |most: f64, &c| most.max(c)),
    )
}

/// `C_ij` for every pair of two panels: Σ over samples of (`F_i` − `F_j`)², samples in order, and
/// the root of its mean.
fn roots(units: &Units, left: usize, right: usize) -> [[f64; PANEL]; PANEL] {
    let mut sums = [[0.0; PANEL]; PANEL];
    let (samples, scale) = (units.samples() as f64, units.scale());
    let (left, right) = (units.panel(left), units.panel(right));
    widest(
        #[inline(always)]
        || {
            for (x, y) in left.chunks(STRIP).zip(right.chunks(STRIP)) {
                for (pair, [first, second]) in sums.as_chunks_mut::<2>().0.iter_mut().enumerate() {
                    // Two rows of one panel's width stay in registers over the strip.
                    let (mut a, mut b) = (*first, *second);
                    for (x, y) in x.iter().zip(y) {
                        let (p, q) = (x[2 * pair], x[2 * pair + 1]);
                        for lane in 0..PANEL {
                            let (u, v) = (p - y[lane], q - y[lane]);
                            a[lane] += u * u;
                            b[lane] += v * v;
                        }
                    }
                    (*first, *second) = (a, b);
                }
            }
            for c in sums.as_flattened_mut() {
                *c = (*c / samples).sqrt() / scale;
            }
        },
    );
    sums
}
