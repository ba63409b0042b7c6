//! The smallest ranks of many sketches together.
//!
//! A merge takes one rank after the other, and each waits for the one before it; so four pairs of
//! sketches are merged side by side.

/// Stands where a sketch has no rank.
pub(super) const NONE: u32 = u32::MAX;
/// Merges side by side.
const SIDE: usize = 4;

/// Room for merging: what is merged is replaced by halves as many.
pub(super) struct Merger {
    rows: Vec<u32>,
    merged: Vec<u32>,
}

impl Merger {
    pub fn new() -> Self {
        Self {
            rows: Vec::new(),
            merged: Vec::new(),
        }
    }

    /// Begins with one sketch of `most` ranks, the last of them `NONE` where it has fewer.
    pub fn start(&mut self, sketch: &[u32]) {
        self.rows.clear();
        self.rows.extend_from_slice(sketch);
    }

    pub fn add(&mut self, sketch: &[u32]) {
        self.rows.extend_from_slice(sketch);
    }

    /// The smallest ranks of all sketches, each once.
    pub fn finish(&mut self, most: usize) -> &[u32] {
        while self.rows.len() > most {
            let count = self.rows.len() / most;
            let pairs = count / 2;
            self.merged.clear();
            self.merged.resize((pairs + count % 2) * most, NONE);
            let inputs = self.rows.chunks(2 * SIDE * most);
            for (rows, merged) in inputs.zip(self.merged.chunks_mut(SIDE * most)) {
                match rows.len() / most {
                    8 => side_by_side::<4>(rows, most, merged),
                    6 | 7 => side_by_side::<3>(rows, most, merged),
                    4 | 5 => side_by_side::<2>(rows, most, merged),
                    2 | 3 => side_by_side::<1>(rows, most, merged),
                    _ => {}
                }
                if rows.len() / most % 2 == 1 {
                    let last = merged.len() - most;
                    merged[last..].copy_from_slice(&rows[rows.len() - most..]);
                }
            }
            std::mem::swap(&mut self.rows, &mut self.merged);
        }
        &self.rows
    }
}

/// Merges the first `PAIRS` pairs of rows.
// Places move together: in the answer, and in both parts of every pair.
#[allow(clippy::needless_range_loop)]
fn side_by_side<const PAIRS: usize>(rows: &[u32], most: usize, merged: &mut [u32]) {
    let row = |number: usize| &rows[number * most..][..most];
    let ones: [&[u32]; PAIRS] = std::array::from_fn(|pair| row(2 * pair));
    let others: [&[u32]; PAIRS] = std::array::from_fn(|pair| row(2 * pair + 1));
    let held = |row: &[u32]| row.partition_point(|&rank| rank != NONE);
    let longest = ones
        .iter()
        .zip(&others)
        .map(|(one, other)| held(one) + held(other));
    let end = longest.max().unwrap_or(0).min(most);
    let (mut i, mut j) = ([0usize; PAIRS], [0usize; PAIRS]);
    let mut out = merged.chunks_exact_mut(most);
    let out: [&mut [u32]; PAIRS] = std::array::from_fn(|_| out.next().unwrap_or_default());
    for place in 0..end {
        for pair in 0..PAIRS {
            // Neither place exceeds that of the answer, which is below `most`.
            let (one, other) = (ones[pair][i[pair]], others[pair][j[pair]]);
            out[pair][place] = one.min(other);
            i[pair] += usize::from(one <= other);
            j[pair] += usize::from(other <= one);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use layerscope_core::random::stream;
    use rand::RngExt;

    #[test]
    fn the_smallest_of_any_number_of_sketches() {
        let mut generator = stream(3, 0);
        let mut merger = Merger::new();
        for (most, count) in (1..20usize).flat_map(|count| [(1, count), (7, count), (32, count)]) {
            let sketches: Vec<Vec<u32>> = (0..count)
                .map(|_| {
                    let held = generator.random_range(0..=most as u64);
                    let mut ranks: Vec<u32> =
                        (0..held).map(|_| generator.random_range(0..60)).collect();
                    ranks.sort_unstable();
                    ranks.dedup();
                    ranks
                })
                .collect();
            let padded = |ranks: &Vec<u32>| {
                let mut row = ranks.clone();
                row.resize(most, NONE);
                row
            };
            merger.start(&padded(&sketches[0]));
            for sketch in &sketches[1..] {
                merger.add(&padded(sketch));
            }
            let mut expected = sketches.concat();
            expected.sort_unstable();
            expected.dedup();
            expected.truncate(most);
            assert_eq!(merger.finish(most), padded(&expected));
        }
    }
}
