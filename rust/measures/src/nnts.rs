//! NNTS: how alike are the neighbourhoods of two layers?
//!
//! **Question.** For a sample i, how much of its neighbourhood in layer a is its neighbourhood in
//! layer b?
//!
//! **Formula** (Hryniowski & Wong 2020, arXiv 2012.03793). With `K_a(i)` the k nearest neighbours
//! of sample i in layer a,
//!
//! ```text
//! NNTS(a, b) = 1/n Σ_i |K_a(i) ∩ K_b(i)| / |K_a(i) ∪ K_b(i)| = 1/n Σ_i h / (2k − h)
//! ```
//!
//! where h is the size of the intersection; the mean of h / k is returned beside it.
//!
//! **All k in one pass.** A neighbour that both layers share, at rank `r_a` in one and `r_b` in the
//! other, lies in the intersection from k = max(`r_a`, `r_b`) on. The maxima are histogrammed per
//! sample and cumulated, so every k costs as much as the largest alone.
//!
//! **Complexity.** O(L² n k) time; L² · |ks| · (k + 1) counters a thread.
//!
//! **Needs.** Neighbour tables of the same samples, each at least as deep as the largest k.
//!
//! **Edge cases.** One layer gives a 1 × 1 matrix of ones; ties are as the tables broke them.
//!
//! **Determinism.** Only integers are summed over samples; the means are formed once at the end.

pub mod bits;
pub mod plan;
mod popcount;

use layerscope_core::{Error, Result, Run, filled};

/// One layer's neighbour lists: `depth` indices per sample, nearest first.
#[derive(Debug, Clone, Copy)]
pub struct Lists<'a> {
    /// Indices, sample by sample.
    pub indices: &'a [u32],
    /// Neighbours per sample.
    pub depth: usize,
}

/// NNTS and overlap of all pairs of layers, at every k asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Nnts {
    /// Mean Jaccard index: one layers × layers matrix per k, in the order of the ks.
    pub jaccard: Vec<f64>,
    /// Mean h / k, likewise.
    pub overlap: Vec<f64>,
    /// Intersection sizes h at the kept ks, one k after another: of each one row of n per pair
    /// a < b in lexical order. `None` where nothing is kept.
    pub shared: Option<Vec<u16>>,
}

/// The ks at which every sample's intersections are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// None of them.
    Nothing,
    /// The largest only.
    Largest,
    /// All of them.
    Every,
}

impl Keep {
    /// The first position among so many ks that is kept; all after it are kept too.
    fn first(self, ks: usize) -> usize {
        match self {
            Self::Nothing => ks,
            Self::Largest => ks.saturating_sub(1),
            Self::Every => 0,
        }
    }

    /// The ks that are kept.
    pub fn of(self, ks: &[usize]) -> &[usize] {
        &ks[self.first(ks.len())..]
    }
}

/// Checked input: the lists of all layers, the number of samples and the ks.
#[derive(Debug, Clone)]
pub struct NntsInput<'a> {
    layers: Vec<Lists<'a>>,
    samples: usize,
    ks: Vec<usize>,
}

impl<'a> NntsInput<'a> {
    /// Checks that the ks rise, that each list is deep enough and that all have as many samples.
    pub fn new(layers: Vec<Lists<'a>>, samples: usize, ks: Vec<usize>) -> Result<Self> {
        check_ks(&ks)?;
        let largest = ks[ks.len() - 1];
        for (position, layer) in layers.iter().enumerate() {
            if layer.depth < largest {
                let rule = format!("must hold at least {largest} neighbours a row");
                let value = format!("{} in layer {position}", layer.depth);
                return Err(Error::invalid("stack", rule, value));
            }
            if layer.indices.len() != samples * layer.depth {
                let rule = format!("must have {samples} rows in every layer");
                let value = format!("{} in layer {position}", layer.indices.len() / layer.depth);
                return Err(Error::invalid("stack", rule, value));
            }
            if let Some(&index) = layer.indices.iter().find(|&&j| j as usize >= samples) {
                let rule = format!("must point to rows below {samples}");
                return Err(Error::invalid("stack", rule, index));
            }
        }
        Ok(Self {
            layers,
            samples,
            ks,
        })
    }

    fn largest(&self) -> usize {
        self.ks[self.ks.len() - 1]
    }

    fn list(&self, layer: usize, row: usize) -> &'a [u32] {
        let Lists { indices, depth } = self.layers[layer];
        &indices[row * depth..row * depth + self.largest()]
    }
}

/// Checks that the ks rise and that their intersections fit the words that hold them.
pub fn check_ks(ks: &[usize]) -> Result<()> {
    let rising = ks.windows(2).all(|pair| pair[0] < pair[1]);
    if ks.is_empty() || ks[0] == 0 || !rising || ks.len() > usize::from(ABSENT) {
        let rule = format!("must be 1 to {ABSENT} rising numbers of at least 1");
        return Err(Error::invalid("n_neighbors", rule, format!("{ks:?}")));
    }
    let largest = ks[ks.len() - 1];
    if largest > usize::from(u16::MAX) {
        let rule = format!("must be at most {} here", u16::MAX);
        return Err(Error::invalid("n_neighbors", rule, largest));
    }
    Ok(())
}

/// Step of a neighbour that a layer does not have; more ks than that are refused.
const ABSENT: u8 = u8::MAX;

/// Computes NNTS and overlap for all pairs of layers.
pub fn nnts(input: &NntsInput, keep: Keep, run: &Run) -> Result<Nnts> {
    let (n, layers) = (input.samples, input.layers.len());
    let pairs = layers * layers.saturating_sub(1) / 2;
    // Counters are integers, so how the samples are cut may follow the threads.
    let pieces = (run.jobs() * 4).min(n.div_ceil(64)).max(1);
    let length = n.div_ceil(pieces);
    let (stride, ks) = (input.largest() + 1, input.ks.len());
    let lines = keep.of(&input.ks).len() * pairs;
    run.progress().start(pieces as u64);
    let counted = run.map(pieces, |piece| {
        let rows = piece * length..((piece + 1) * length).min(n);
        let mut counts = filled(pairs * ks * stride, 0u32)?;
        let mut shared = filled(lines * rows.len(), 0u16)?;
        count(input, rows.clone(), &mut counts, &mut shared, run)?;
        run.progress().step();
        Ok((rows, counts, shared))
    })?;
    let mut counts = filled(pairs * ks * stride, 0u64)?;
    let mut shared = filled(lines * n, 0u16)?;
    for (rows, part, part_shared) in counted {
        for (sum, &count) in counts.iter_mut().zip(&part) {
            *sum += u64::from(count);
        }
        for (at, line) in part_shared.chunks(rows.len().max(1)).enumerate() {
            shared[at * n + rows.start..at * n + rows.end].copy_from_slice(line);
        }
    }
    let (jaccard, overlap) = means(layers, n, &input.ks, |pair, at, h| {
        counts[(pair * ks + at) * stride + h]
    });
    Ok(Nnts {
        jaccard,
        overlap,
        shared: (keep != Keep::Nothing).then_some(shared),
    })
}

/// Rows handled together: the lists of all layers for one block stay in the second cache.
const BLOCK: usize = 128;

/// Counts, for every pair of layers and every k, how many of `rows` share h neighbours.
fn count(
    input: &NntsInput,
    rows: std::ops::Range<usize>,
    counts: &mut [u32],
    shared: &mut [u16],
    run: &Run,
) -> Result<()> {
    let (largest, ks, stride) = (input.largest(), input.ks.len(), input.largest() + 1);
    let layers = input.layers.len();
    let pairs = layers * layers.saturating_sub(1) / 2;
    // Step of each rank: the position of the smallest k that includes it.
    let steps: Vec<u8> = (0..largest)
        .map(|rank| input.ks.partition_point(|&k| k <= rank) as u8)
        .collect();
    // Step at which layer b holds each row for the current sample; ABSENT where it does not.
    let mut step_of = filled(input.samples, ABSENT)?;
    let mut cumulated = vec![0u16; ks.next_multiple_of(LANES)];
    for block in rows.clone().step_by(BLOCK) {
        for b in 1..layers {
            run.check()?;
            for row in block..(block + BLOCK).min(rows.end) {
                for (&j, &step) in input.list(b, row).iter().zip(&steps) {
                    step_of[j as usize] = step;
                }
                for a in 0..b {
                    intersections(input.list(a, row), &steps, &step_of, &mut cumulated);
                    let pair = pair_index(a, b, layers);
                    let lines = counts[pair * ks * stride..(pair + 1) * ks * stride]
                        .chunks_exact_mut(stride);
                    for (line, &h) in lines.zip(&cumulated) {
                        line[usize::from(h)] += 1;
                    }
                    // What is kept are the largest ks, as many as there is room for.
                    let kept = shared.chunks_exact_mut(pairs * rows.len());
                    let first = ks - kept.len();
                    for (line, &h) in kept.zip(&cumulated[first..ks]) {
                        line[pair * rows.len() + row - rows.start] = h;
                    }
                }
                for &j in input.list(b, row) {
                    step_of[j as usize] = ABSENT;
                }
            }
        }
    }
    Ok(())
}

/// Counters of one byte that two words hold, one per k.
const LANES: usize = 16;

/// For each step the counters of the ks that include it, as bytes of ones: a neighbour at step s
/// counts at every k from s on. Steps beyond the counters, and ABSENT, count nowhere.
static FROM: [[u64; 2]; 256] = {
    let mut from = [[0u64; 2]; 256];
    let mut step = 0;
    while step < LANES {
        let mut k = step;
        while k < LANES {
            from[step][k / 8] |= 1 << (8 * (k % 8));
            k += 1;
        }
        step += 1;
    }
    from
};

/// Writes the size of the intersection at every k into `cumulated`.
fn intersections(list: &[u32], steps: &[u8], step_of: &[u8], cumulated: &mut [u16]) {
    if cumulated.len() == LANES && u8::try_from(list.len()).is_ok() {
        // All k at once: a shared neighbour counts at every k from max(r_a, r_b) on. Lists of at
        // most 255 neighbours carry nothing from byte to byte.
        let (mut low, mut high) = (0u64, 0u64);
        for (&j, &step) in list.iter().zip(steps) {
            let [first, second] = FROM[usize::from(step.max(step_of[j as usize]))];
            low += first;
            high += second;
        }
        let bytes = low.to_le_bytes().into_iter().chain(high.to_le_bytes());
        for (slot, byte) in cumulated.iter_mut().zip(bytes) {
            *slot = u16::from(byte);
        }
    } else {
        cumulated.fill(0);
        for (&j, &step) in list.iter().zip(steps) {
            if let Some(bin) = cumulated.get_mut(usize::from(step.max(step_of[j as usize]))) {
                *bin += 1;
            }
        }
        let mut sum = 0;
        for bin in cumulated {
            sum += *bin;
            *bin = sum;
        }
    }
}

/// Position of the pair a < b among all pairs in lexical order.
pub(crate) fn pair_index(a: usize, b: usize, layers: usize) -> usize {
    a * (2 * layers - a - 1) / 2 + (b - a - 1)
}

/// Mean Jaccard index and overlap from the number of samples of which a pair of layers shares h
/// neighbours: `count(pair, position of k, h)`.
fn means(
    layers: usize,
    samples: usize,
    ks: &[usize],
    count: impl Fn(usize, usize, usize) -> u64,
) -> (Vec<f64>, Vec<f64>) {
    let n = samples as f64;
    let mut jaccard = vec![1.0; ks.len() * layers * layers];
    let mut overlap = jaccard.clone();
    for (at, &k) in ks.iter().enumerate() {
        for a in 0..layers {
            for b in a + 1..layers {
                let pair = pair_index(a, b, layers);
                let (mut union_share, mut list_share) = (0.0, 0.0);
                for h in 0..=k {
                    let count = count(pair, at, h) as f64;
                    union_share += count * (h as f64 / (2 * k - h) as f64);
                    list_share += count * h as f64;
                }
                for (x, y) in [(a, b), (b, a)] {
                    let cell = (at * layers + x) * layers + y;
                    jaccard[cell] = union_share / n;
                    overlap[cell] = list_share / (k as f64 * n);
                }
            }
        }
    }
    (jaccard, overlap)
}
