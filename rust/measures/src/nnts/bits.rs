//! NNTS for large k: neighbourhoods as rows of bits, without lists and without distances.
//!
//! Of a block of samples the sets of every layer are made (`NearestSets`), compared by AND and a
//! count of ones, and forgotten before the next block, so that memory grows with the block, not with
//! n k. The intersections are the same integers as those of the lists, and the means are formed by
//! the same function: not a bit differs.
//!
//! **Complexity.** The sets, and O(L² |ks| n²/64) time; L |ks| n/8 bytes for each sample of a block,
//! four bytes per pair of layers and possible intersection size (Σ(k + 1) of them), and two bytes
//! per pair, kept k and sample where the intersections are kept.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use layerscope_core::{
    BitLines, BitRows, NearestSets, Result, Run, SetNotes, filled, set_bit, with_capacity,
};

use super::plan::BitPlan;
use super::popcount::for_each_pair;
use super::{Keep, Lists, Nnts, check_ks, means};

impl NearestSets for Lists<'_> {
    fn fill(
        &self,
        run: &Run,
        rows: Range<usize>,
        ks: &[usize],
        lines: &mut BitLines,
    ) -> Result<SetNotes> {
        lines.clear();
        for (local, row) in rows.enumerate() {
            run.check()?;
            let list = &self.indices[row * self.depth..(row + 1) * self.depth];
            let mut known = 0;
            for (at, &k) in ks.iter().enumerate() {
                let line = local * ks.len() + at;
                if at > 0 {
                    lines.copy(line - 1, line);
                }
                for &j in &list[known..k] {
                    set_bit(lines.line(line), j as usize);
                }
                known = k;
            }
        }
        // Whoever made the lists has counted.
        Ok(SetNotes::default())
    }
}

/// Samples compared by one thread before it takes others.
const CHUNK: usize = 16;

/// NNTS and overlap of all pairs of layers at rising ks, and what each layer noted.
pub fn nnts_by_bits(
    layers: &[&dyn NearestSets],
    samples: usize,
    ks: &[usize],
    plan: BitPlan,
    keep: Keep,
    run: &Run,
) -> Result<(Nnts, Vec<SetNotes>)> {
    check_ks(ks)?;
    let run = if plan.jobs == 1 { run.serial() } else { *run };
    let pairs = layers.len() * layers.len().saturating_sub(1) / 2;
    let mut tally = Tally::new(pairs, samples, ks, keep)?;
    let mut notes = vec![SetNotes::default(); layers.len()];
    let block = plan.block.min(samples).max(1);
    let mut sets = with_capacity(layers.len())?;
    for _ in layers {
        sets.push(BitRows::new(block * ks.len(), samples)?);
    }
    let pieces_of = |rows: usize| rows.div_ceil(plan.piece) * layers.len();
    let blocks = || (0..samples).step_by(block);
    let rows_of = |start: usize| start..(start + block).min(samples);
    let total: usize = blocks().map(|start| pieces_of(rows_of(start).len())).sum();
    run.progress().start(total as u64);
    for start in blocks() {
        let rows = rows_of(start);
        fill(layers, ks, plan.piece, &rows, &mut sets, &mut notes, &run)?;
        let counted = run.map(rows.len().div_ceil(CHUNK), |chunk| {
            let some = chunk * CHUNK..((chunk + 1) * CHUNK).min(rows.len());
            let mut found = with_capacity(some.len() * pairs * ks.len())?;
            for local in some {
                run.check()?;
                for_each_pair(&sets, local, ks.len(), &mut found);
            }
            Ok(found)
        })?;
        for (chunk, found) in counted.iter().enumerate() {
            run.check()?;
            tally.add(start + chunk * CHUNK, found);
        }
    }
    let (jaccard, overlap) = means(layers.len(), samples, ks, |pair, at, h| {
        u64::from(tally.counts[pair * tally.stride + tally.starts[at] + h])
    });
    let found = Nnts {
        jaccard,
        overlap,
        shared: (keep != Keep::Nothing).then_some(tally.shared),
    };
    Ok((found, notes))
}

/// Makes the sets of some rows in every layer.
fn fill(
    layers: &[&dyn NearestSets],
    ks: &[usize],
    piece: usize,
    rows: &Range<usize>,
    sets: &mut [BitRows],
    notes: &mut [SetNotes],
    run: &Run,
) -> Result<()> {
    let pieces = rows.len().div_ceil(piece);
    let slots: Vec<Mutex<BitLines>> = sets
        .iter_mut()
        .flat_map(|sets| sets.parts(piece * ks.len()).take(pieces))
        .map(Mutex::new)
        .collect();
    let noted = run.map(slots.len(), |slot| {
        let (layer, part) = (slot / pieces, slot % pieces);
        let start = rows.start + part * piece;
        // Each lock is taken once, by the thread that claimed its index.
        let mut lines = slots[slot].lock().unwrap_or_else(PoisonError::into_inner);
        let some = start..(start + piece).min(rows.end);
        let noted = layers[layer].fill(run, some, ks, &mut lines)?;
        run.progress().step();
        Ok(noted)
    })?;
    for (slot, noted) in noted.into_iter().enumerate() {
        let layer = &mut notes[slot / pieces];
        *layer = layer.and(noted);
    }
    Ok(())
}

/// How many samples share h neighbours, for each pair of layers and each k, and each sample's h at
/// the kept ks.
struct Tally {
    pairs: usize,
    samples: usize,
    /// Where the counts of each k begin among those of a pair.
    starts: Vec<usize>,
    stride: usize,
    counts: Vec<u32>,
    /// The first k that is kept.
    first: usize,
    shared: Vec<u16>,
}

impl Tally {
    fn new(pairs: usize, samples: usize, ks: &[usize], keep: Keep) -> Result<Self> {
        let mut stride = 0;
        let starts = ks.iter().map(|&k| {
            stride += k + 1;
            stride - k - 1
        });
        let starts = starts.collect();
        Ok(Self {
            pairs,
            samples,
            starts,
            stride,
            counts: filled(pairs * stride, 0)?,
            first: keep.first(ks.len()),
            shared: filled(keep.of(ks).len() * pairs * samples, 0)?,
        })
    }

    /// Adds what was found for the samples from `first` on.
    fn add(&mut self, first: usize, found: &[u16]) {
        let ks = self.starts.len();
        for (local, sizes) in found.chunks_exact((self.pairs * ks).max(1)).enumerate() {
            for (pair, sizes) in sizes.chunks_exact(ks).enumerate() {
                for (&start, &h) in self.starts.iter().zip(sizes) {
                    self.counts[pair * self.stride + start + usize::from(h)] += 1;
                }
                for (kept, &h) in sizes[self.first..].iter().enumerate() {
                    let line = kept * self.pairs + pair;
                    self.shared[line * self.samples + first + local] = h;
                }
            }
        }
    }
}
