//! How many distances are at most θ, for many θ at once, without sorting.

use layerscope_core::{Result, Run, filled};

use super::distances::Distances;

/// Most values of θ.
pub const FINEST_GRID: usize = 4096;

/// Cells of the table that guesses a distance's place: few hold a θ, so that guesses are right.
const CELLS: usize = 16 * 1024;

/// For each θ (ascending), how many distances are ≤ θ.
pub(super) fn count_at_most(run: &Run, distances: &Distances, theta: &[f64]) -> Result<Vec<u64>> {
    let places = Places::new(theta)?;
    let pieces = distances.fold(run, |piece| {
        let mut histogram = vec![0u64; theta.len() + 1];
        for &c in piece {
            histogram[places.of(c)] += 1;
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

    /// Number of θ below `c`. The guess only saves steps; comparisons with θ decide.
    fn of(&self, c: f64) -> usize {
        // The cast saturates, also for the NaN of an empty range.
        let cell = ((c - self.low) * self.per_unit) as usize;
        let mut place = usize::from(self.guess[cell.min(CELLS - 1)]);
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
                prop_assert_eq!(places.of(c), theta.partition_point(|&t| t < c));
            }
        }
    }
}
