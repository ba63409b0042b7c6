//! How many distances are at most θ, for many θ at once, without sorting.

use layerscope_core::{Result, Run, filled, widest};

use super::distances::Distances;

/// Most values of θ.
pub const FINEST_GRID: usize = 4096;

/// Cells of the table that guesses a distance's place: few hold a θ, so that guesses are right.
const CELLS: usize = 16 * 1024;

/// Distances whose cells are computed together.
const BLOCK: usize = 64;

/// For each θ (ascending), how many distances are ≤ θ.
pub(super) fn count_at_most(run: &Run, distances: &Distances, theta: &[f64]) -> Result<Vec<u64>> {
    let places = Places::new(theta)?;
    let pieces = distances.fold(run, |piece| {
        let mut histogram = vec![0u64; theta.len() + 1];
        for block in piece.chunks(BLOCK) {
            let cells = places.cells(block);
            for (&c, &cell) in block.iter().zip(&cells) {
                histogram[places.from(c, cell)] += 1;
            }
        }
        histogram
    })?;
    let mut counts = filled(theta.len(), 0u64)?;
    for histogram in &pieces {
        for (count, &more) in counts.iter_mut().zip(histogram) {
            *count += more;
        }
    }
    let mut running = 0;
    for count in &mut counts {
        running += *count;
        *count = running;
    }
    Ok(counts)
}

/// Finds the first θ that is not below a distance.
struct Places<'a> {
    theta: &'a [f64],
    low: f64,
    per_unit: f64,
    guess: Vec<u16>,
}

impl<'a> Places<'a> {
    fn new(theta: &'a [f64]) -> Result<Self> {
        let (low, high) = (theta[0], theta[theta.len() - 1]);
        let per_unit = CELLS as f64 / (high - low);
        let mut guess = filled(CELLS, 0u16)?;
        let mut place = 0;
        for (cell, slot) in guess.iter_mut().enumerate() {
            let middle = low + (cell as f64 + 0.5) / per_unit;
            while place < theta.len() && theta[place] < middle {
                place += 1;
            }
            *slot = place as u16;
        }
        Ok(Self {
            theta,
            low,
            per_unit,
            guess,
        })
    }

    /// The cells of up to [`BLOCK`] distances.
    fn cells(&self, block: &[f64]) -> [u32; BLOCK] {
        let mut cells = [0; BLOCK];
        widest(
            #[inline(always)]
            || {
                for (cell, &c) in cells.iter_mut().zip(block) {
                    // The cast saturates, also for the NaN of an empty range.
                    *cell = ((c - self.low) * self.per_unit) as u32;
                }
            },
        );
        cells
    }

    /// Number of θ below `c`. The guess only saves steps; comparisons with θ decide.
    fn from(&self, c: f64, cell: u32) -> usize {
        let guess = usize::from(self.guess[(cell as usize).min(CELLS - 1)]);
        // Most cells hold one θ at most: a step up or down without a branch is then enough.
        let up = usize::from(guess < self.theta.len() && self.theta[guess] < c);
        let down = usize::from(guess > 0 && self.theta[guess - 1] >= c);
        let mut place = guess + up - down;
        while place < self.theta.len() && self.theta[place] < c {
            place += 1;
        }
        while place > 0 && self.theta[place - 1] >= c {
            place -= 1;
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn places_are_those_of_a_search(
            mut theta in prop::collection::vec(-3.0..3.0f64, 2..40),
            others in prop::collection::vec(-4.0..4.0f64, 0..40),
        ) {
            theta.sort_by(f64::total_cmp);
            let places = Places::new(&theta).unwrap();
            for &c in theta.iter().chain(&others) {
                let [cell, ..] = places.cells(&[c]);
                prop_assert_eq!(places.from(c, cell), theta.partition_point(|&t| t < c));
            }
        }
    }
}
