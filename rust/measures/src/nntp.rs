//! NNTP: which neighbour pairs persist from layer to layer, and for how long?
//!
//! **Definition** (Hryniowski & Wong 2020, arXiv 2012.03793). A pair {i, j} is present in a layer
//! if either is among the k nearest neighbours of the other (union of directions). Along the chain
//! of layers each maximal run of presence counts once: `P[first, last]` is the number of runs from
//! layer `first` to layer `last`, the paper's 0-persistent matrix. With α > 0 gaps of at most α
//! missing layers inside a run are bridged; presence is still needed at both ends.
//!
//! **How.** Every arc is filed under its lower end point (a counting sort per layer). Then, lower
//! end point by lower end point, each pair becomes a mask of the layers it is present in, and the
//! runs are walked in the mask.
//!
//! **Complexity.** O(L n k) time, 4 bytes per arc beside the tables.
//!
//! **Edge cases.** No layers: an empty matrix. Any number of layers (masks grow by words of 64).
//!
//! **Determinism.** Only integers are counted; pairs are listed in rising order.

use layerscope_core::{Error, Result, Run, filled, with_capacity};

use crate::nnts::Lists;

/// Runs of presence, counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nntp {
    /// `P[first, last]` at the gap asked for, layers × layers.
    pub counts: Vec<i64>,
    /// The same at gap 0: raw presence, from which edges, births and deaths are read.
    pub raw: Vec<i64>,
    /// Pairs with a run from the first to the last layer, rising.
    pub end_to_end: Vec<(u32, u32)>,
}

/// The arcs of one layer filed under their lower end point.
struct Filed {
    starts: Vec<u32>,
    upper: Vec<u32>,
}

/// Counts the runs of all pairs over the chain of layers; `gap` is the paper's α.
pub fn nntp(layers: &[Lists], samples: usize, gap: usize, run: &Run) -> Result<Nntp> {
    check(layers, samples)?;
    let filed = run.map(layers.len(), |layer| file(layers[layer], samples, run))?;
    let depth = layers.len();
    let words = depth.div_ceil(64).max(1);
    let pieces = (run.jobs() * 8).min(samples.div_ceil(64)).max(1);
    let length = samples.div_ceil(pieces);
    run.progress().start(pieces as u64);
    let parts = run.map(pieces, |piece| {
        let mut walk = Walk::new(depth, words, gap, samples)?;
        for i in piece * length..((piece + 1) * length).min(samples) {
            if i % 64 == 0 {
                run.check()?;
            }
            walk.lower_end(i as u32, &filed);
        }
        run.progress().step();
        Ok((walk.counts, walk.raw, walk.end_to_end))
    })?;
    let mut total = Nntp {
        counts: filled(depth * depth, 0)?,
        raw: filled(depth * depth, 0)?,
        end_to_end: Vec::new(),
    };
    for (counts, raw, end_to_end) in parts {
        add(&mut total.counts, &counts);
        add(&mut total.raw, &raw);
        total.end_to_end.extend(end_to_end);
    }
    Ok(total)
}

/// The pairs of layer `a` that layer `b` does not have, `E_a \ E_b`, rising.
pub fn cancelled(a: Lists, b: Lists, samples: usize, run: &Run) -> Result<Vec<(u32, u32)>> {
    check(&[a, b], samples)?;
    let filed = [file(a, samples, run)?, file(b, samples, run)?];
    let mut walk = Walk::new(2, 1, 0, samples)?;
    let mut pairs = Vec::new();
    for i in 0..samples as u32 {
        walk.collect(i, &filed);
        for (at, &j) in walk.seen.iter().enumerate() {
            if walk.masks[at] == 1 {
                pairs.push((i, j));
            }
        }
        walk.forget();
    }
    pairs.sort_unstable();
    Ok(pairs)
}

fn check(layers: &[Lists], samples: usize) -> Result<()> {
    for (position, layer) in layers.iter().enumerate() {
        if layer.indices.len() != samples * layer.depth {
            let rule = format!("must have {samples} rows in every layer");
            let value = format!("{} values in layer {position}", layer.indices.len());
            return Err(Error::invalid("stack", rule, value));
        }
        if u32::try_from(layer.indices.len()).is_err() {
            let rule = "must hold fewer than 2^32 neighbours in a layer";
            return Err(Error::invalid("stack", rule, layer.indices.len()));
        }
        if let Some(&index) = layer.indices.iter().find(|&&j| j as usize >= samples) {
            let rule = format!("must point to rows below {samples}");
            return Err(Error::invalid("stack", rule, index));
        }
    }
    Ok(())
}

fn file(layer: Lists, samples: usize, run: &Run) -> Result<Filed> {
    let rows = || {
        let lists = layer.indices.chunks_exact(layer.depth.max(1)).enumerate();
        lists.map(|(i, list)| (i as u32, list))
    };
    let mut starts = filled(samples + 1, 0u32)?;
    for (i, list) in rows() {
        if i % 4096 == 0 {
            run.check()?;
        }
        for &j in list {
            starts[i.min(j) as usize + 1] += 1;
        }
    }
    for i in 0..samples {
        starts[i + 1] += starts[i];
    }
    let mut next = starts.clone();
    let mut upper = filled(layer.indices.len(), 0u32)?;
    for (i, list) in rows() {
        if i % 4096 == 0 {
            run.check()?;
        }
        for &j in list {
            let slot = &mut next[i.min(j) as usize];
            upper[*slot as usize] = i.max(j);
            *slot += 1;
        }
    }
    Ok(Filed { starts, upper })
}

fn add(total: &mut [i64], part: &[i64]) {
    for (sum, &count) in total.iter_mut().zip(part) {
        *sum += count;
    }
}

const UNSEEN: u32 = u32::MAX;

/// Scratch of one thread: the pairs of one lower end point and what was counted so far.
struct Walk {
    layers: usize,
    words: usize,
    gap: usize,
    /// Position of each upper end among the pairs of the current lower end.
    slot: Vec<u32>,
    /// Upper ends seen, and for each a mask of layers (`words` words).
    seen: Vec<u32>,
    masks: Vec<u64>,
    counts: Vec<i64>,
    raw: Vec<i64>,
    end_to_end: Vec<(u32, u32)>,
}

impl Walk {
    fn new(layers: usize, words: usize, gap: usize, samples: usize) -> Result<Self> {
        Ok(Self {
            layers,
            words,
            gap,
            slot: filled(samples, UNSEEN)?,
            seen: with_capacity(0)?,
            masks: with_capacity(0)?,
            counts: filled(layers * layers, 0)?,
            raw: filled(layers * layers, 0)?,
            end_to_end: Vec::new(),
        })
    }

    fn collect(&mut self, i: u32, filed: &[Filed]) {
        for (layer, Filed { starts, upper }) in filed.iter().enumerate() {
            let span = starts[i as usize] as usize..starts[i as usize + 1] as usize;
            for &j in &upper[span] {
                let mut at = self.slot[j as usize];
                if at == UNSEEN {
                    at = self.seen.len() as u32;
                    self.slot[j as usize] = at;
                    self.seen.push(j);
                    self.masks.resize(self.masks.len() + self.words, 0);
                }
                self.masks[at as usize * self.words + layer / 64] |= 1 << (layer % 64);
            }
        }
    }

    fn forget(&mut self) {
        for &j in &self.seen {
            self.slot[j as usize] = UNSEEN;
        }
        self.seen.clear();
        self.masks.clear();
    }

    fn lower_end(&mut self, i: u32, filed: &[Filed]) {
        self.collect(i, filed);
        let first_found = self.end_to_end.len();
        for at in 0..self.seen.len() {
            let mask = &self.masks[at * self.words..(at + 1) * self.words];
            let last = self.layers - 1;
            let mut through = false;
            // Raw runs, joined on the way into bridged ones.
            let mut open: Option<(usize, usize)> = None;
            for (from, to) in runs(mask) {
                self.raw[from * self.layers + to] += 1;
                open = match open {
                    Some((start, end)) if from - end - 1 <= self.gap => Some((start, to)),
                    Some((start, end)) => {
                        self.counts[start * self.layers + end] += 1;
                        Some((from, to))
                    }
                    None => Some((from, to)),
                };
            }
            if let Some((start, end)) = open {
                self.counts[start * self.layers + end] += 1;
                through = (start, end) == (0, last);
            }
            if through {
                self.end_to_end.push((i, self.seen[at]));
            }
        }
        self.end_to_end[first_found..].sort_unstable();
        self.forget();
    }
}

/// The maximal runs of ones in a mask, as (first, last) bits, rising.
fn runs(mask: &[u64]) -> impl Iterator<Item = (usize, usize)> {
    let bits = mask.len() * 64;
    let mut at = 0;
    std::iter::from_fn(move || {
        let first = next_bit(mask, at, bits, true)?;
        let end = next_bit(mask, first, bits, false).unwrap_or(bits);
        at = end;
        Some((first, end - 1))
    })
}

/// The first bit at or after `at` that equals `wanted`.
fn next_bit(mask: &[u64], mut at: usize, bits: usize, wanted: bool) -> Option<usize> {
    while at < bits {
        let word = if wanted {
            mask[at / 64]
        } else {
            !mask[at / 64]
        };
        let rest = word >> (at % 64);
        if rest != 0 {
            return Some(at + rest.trailing_zeros() as usize);
        }
        at = (at / 64 + 1) * 64;
    }
    None
}
