//! The order in which the sweep sees the rows: rows that lie together stand together.
//!
//! Then a diagonal tile holds most of a row's neighbours, its first threshold is nearly its last,
//! and the rows that are looked at one by one are still in the cache. No result depends on the
//! order, so this is a rough k-means: on some of the features, in f32, on a sample of the rows.

use layerscope_core::{Result, Run, filled, widest, with_capacity};

use super::side::Side;
use crate::kernel::{Kernel, Precision, Row, Test, Tile, Words};

/// Clusters at most; a multiple of every kernel's panel.
const CLUSTERS: usize = 128;
/// Rows per cluster at least.
pub(crate) const MEMBERS: usize = 100;
/// Sampled rows per cluster.
const SAMPLED: usize = 24;
/// Features that count, in chunks of one cache line.
const FEATURES: usize = 128;
const CHUNK: usize = 16;
const ROUNDS: usize = 3;
/// Rows that are assigned together.
const PIECE: usize = 480;

/// Numbers in the order of the sweep, in clusters of some `members` rows at least; `None` where
/// they may stay as they are.
pub(crate) fn order(
    run: &Run,
    side: &Side,
    middle: &[f64],
    members: usize,
) -> Result<Option<Vec<u32>>> {
    let n = side.len();
    let kernel = Kernel::widest(Precision::Single);
    let unit = kernel.right_rows();
    let clusters = (n / members.max(1)).min(CLUSTERS) / unit * unit;
    if clusters == 0 {
        return Ok(None);
    }
    let sketch = Sketch::new(side, middle);
    let sampled = n.min(SAMPLED * clusters);
    let mut sample = filled(sampled * sketch.width, 0.0)?;
    run.for_each_chunk(&mut sample, PIECE * sketch.width, |piece, out| {
        let mut buffer = [0.0; CHUNK];
        for (at, row) in out.chunks_exact_mut(sketch.width).enumerate() {
            sketch.read((piece * PIECE + at) * n / sampled, row, &mut buffer);
        }
        run.check()
    })?;
    let mut centres = with_capacity(clusters * sketch.width)?;
    for cluster in 0..clusters {
        let row = cluster * sampled / clusters;
        centres.extend_from_slice(&sample[row * sketch.width..][..sketch.width]);
    }
    for _ in 0..ROUNDS {
        let nearest = Nearest::new(kernel, &centres, sketch.width)?;
        let labels = run.map(sampled.div_ceil(PIECE), |piece| {
            let rows = &sample[piece * PIECE * sketch.width..];
            nearest.of(&rows[..rows.len().min(PIECE * sketch.width)])
        })?;
        move_centres(&sample, &labels.concat(), sketch.width, &mut centres);
    }
    let nearest = Nearest::new(kernel, &centres, sketch.width)?;
    let scratch = || Ok((filled(PIECE * sketch.width, 0.0)?, [0.0; CHUNK]));
    let found = run.map_with(n.div_ceil(PIECE), scratch, |(rows, buffer), piece| {
        let range = piece * PIECE..((piece + 1) * PIECE).min(n);
        let rows = &mut rows[..range.len() * sketch.width];
        let mut lengths = with_capacity(range.len())?;
        for (number, row) in range.zip(rows.chunks_exact_mut(sketch.width)) {
            lengths.push(sketch.read(number, row, buffer));
        }
        let labels = nearest.of(rows)?;
        Ok(labels.into_iter().zip(lengths).collect::<Vec<_>>())
    })?;
    let found = found.concat();
    let places = chain(&centres, sketch.width);
    let mut order: Vec<u32> = with_capacity(n)?;
    order.extend(0..n as u32);
    // Within a cluster by length, since the bounds of a panel are those of its longest row.
    order.sort_unstable_by(|&a, &b| {
        let ((cluster, length), (other, width)) = (found[a as usize], found[b as usize]);
        places[cluster as usize]
            .cmp(&places[other as usize])
            .then(length.total_cmp(&width))
            .then(a.cmp(&b))
    });
    Ok(Some(order))
}

/// Some features of the packed rows, less the middle.
struct Sketch<'a> {
    side: &'a Side<'a>,
    middle: &'a [f64],
    /// First feature of each chunk.
    starts: Vec<usize>,
    width: usize,
}

impl<'a> Sketch<'a> {
    fn new(side: &'a Side<'a>, middle: &'a [f64]) -> Self {
        let columns = middle.len();
        let chunks = columns.div_ceil(CHUNK);
        let taken = chunks.min(FEATURES / CHUNK);
        let starts: Vec<_> = (0..taken).map(|at| at * chunks / taken * CHUNK).collect();
        let width = starts.iter().map(|&start| CHUNK.min(columns - start)).sum();
        Self {
            side,
            middle,
            starts,
            width,
        }
    }

    /// Writes the sketch of a row; returns its squared length.
    fn read(&self, number: usize, out: &mut [f32], buffer: &mut [f64; CHUNK]) -> f32 {
        let euclidean = self.side.centred();
        let mut at = 0;
        for &start in &self.starts {
            let end = (start + CHUNK).min(self.middle.len());
            let part = &mut buffer[..end - start];
            self.side.pack(number, start..end, self.middle, part);
            for (place, value) in part.iter().enumerate() {
                let off = if euclidean {
                    0.0
                } else {
                    self.middle[start + place]
                };
                // Far values are only ever put in the wrong place.
                out[at + place] = (value - off).clamp(-1e15, 1e15) as f32;
            }
            at += part.len();
        }
        out.iter().map(|value| value * value).sum()
    }
}

/// Centres, packed for the kernel.
struct Nearest {
    kernel: Kernel,
    width: usize,
    panels: Words,
    /// Squared lengths of the centres.
    terms: Vec<f32>,
}

impl Nearest {
    fn new(kernel: Kernel, centres: &[f32], width: usize) -> Result<Self> {
        let clusters = centres.len() / width;
        let mut panels = Words::zeros(clusters * width)?;
        let mut terms = with_capacity(clusters)?;
        for (cluster, centre) in centres.chunks_exact(width).enumerate() {
            kernel.pack_right(Row::Single(centre), cluster, &mut panels)?;
            terms.push(centre.iter().map(|value| value * value).sum());
        }
        Ok(Self {
            kernel,
            width,
            panels,
            terms,
        })
    }

    /// The nearest centre of each row.
    fn of(&self, rows: &[f32]) -> Result<Vec<u8>> {
        const LARGEST: usize = 32;
        let (kernel, width) = (self.kernel, self.width);
        let (left, right) = (kernel.left_rows(), kernel.right_rows());
        let everything = [f32::INFINITY; LARGEST];
        let (ones, twos, zeros) = ([1.0; LARGEST], [2.0; LARGEST], [0.0; LARGEST]);
        let mut panel = Words::zeros(left * width)?;
        let mut tile = Tile::default();
        let mut labels = with_capacity(rows.len() / width)?;
        for group in rows.chunks(left * width) {
            for (at, row) in group.chunks_exact(width).enumerate() {
                kernel.pack_left(Row::Single(row), at, &mut panel)?;
            }
            let mut best = [[f32::NEG_INFINITY; LARGEST]; LARGEST];
            let mut which = [[0u8; LARGEST]; LARGEST];
            for (at, centres) in self.panels.chunks_exact(right * width).enumerate() {
                let test = Test {
                    initial: &[],
                    row_scale: &twos,
                    row_term: &zeros,
                    row_threshold: &everything,
                    column_scale: &ones,
                    column_term: &self.terms[at * right..],
                    column_threshold: &everything,
                };
                kernel.micro(&panel, centres, width, &test, &mut tile)?;
                let (best, which, values) = (&mut best, &mut which, &tile.values);
                widest(
                    #[inline(always)]
                    || {
                        for r in 0..left {
                            let row = &values[r * right..][..right];
                            for ((slot, best), &value) in
                                which[r].iter_mut().zip(&mut best[r]).zip(row)
                            {
                                let better = value > *best;
                                *best = if better { value } else { *best };
                                *slot = if better { at as u8 } else { *slot };
                            }
                        }
                    },
                );
            }
            for r in 0..group.len() / width {
                let mut first = 0;
                for lane in 1..right {
                    if best[r][lane] > best[r][first] {
                        first = lane;
                    }
                }
                labels.push(which[r][first] * right as u8 + first as u8);
            }
        }
        Ok(labels)
    }
}

/// Puts every centre amid its rows; a centre without rows stays.
fn move_centres(rows: &[f32], labels: &[u8], width: usize, centres: &mut [f32]) {
    let mut counts = [0u32; CLUSTERS];
    for &label in labels {
        counts[label as usize] += 1;
    }
    for (centre, &count) in centres.chunks_exact_mut(width).zip(&counts) {
        if count > 0 {
            centre.fill(0.0);
        }
    }
    for (row, &label) in rows.chunks_exact(width).zip(labels) {
        let share = 1.0 / counts[label as usize] as f32;
        let centre = &mut centres[label as usize * width..][..width];
        for (sum, &value) in centre.iter_mut().zip(row) {
            *sum += value * share;
        }
    }
}

/// Places of the centres in a chain from near to near.
fn chain(centres: &[f32], width: usize) -> Vec<u8> {
    let clusters = centres.len() / width;
    let mut places = vec![u8::MAX; clusters];
    let mut current = 0;
    for place in 0..clusters {
        places[current] = place as u8;
        let own = &centres[current * width..][..width];
        let distance = |other: usize| -> f32 {
            let other = &centres[other * width..][..width];
            own.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum()
        };
        let open = (0..clusters).filter(|&other| places[other] == u8::MAX);
        let next = open
            .map(|other| (distance(other), other))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((_, next)) = next {
            current = next;
        }
    }
    places
}
