//! How many distances are at most θ, for many θ at once, without sorting.

use layerscope_core::{Result, Run, filled, widest};

use super::distances::Distances;

/// Most values of θ.
pub const FINEST_GRID: usize = 4096;

/// Cells per θ, so that few hold more than one, and the fewest cells.
const CELLS_PER_THETA: usize = 16;
const FEWEST_CELLS: usize = 4096;

/// Numbers whose cells are computed together.
const BLOCK: usize = 64;

/// For each θ (ascending), how many distances are ≤ θ. The θ are about uniform below `knee` and
/// about uniform in ln θ above it, which costs time where it is not so.
pub(super) fn count_at_most(
    run: &Run,
    distances: &Distances,
    theta: &[f64],
    knee: f64,
) -> Result<Vec<u64>> {
    let last: Vec<f64> = theta.iter().map(|&theta| distances.last(theta)).collect();
    let places = Places::new(last, distances.about(knee))?;
    let pieces = distances.fold(run, |piece| places.histogram(piece))?;
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

/// Finds how many bounds are below a number.
///
/// The line is cut into cells, a number's cell being the leading bits of number + offset: along
/// the line cells never fall, so that a bound in an earlier cell is below, one in a later cell is
/// not, and only bounds of the same cell are compared.
struct Places {
    /// Ascending, then ∞ twice.
    bounds: Vec<f64>,
    offset: f64,
    base: u64,
    shift: u32,
    /// For each cell, how many bounds are in earlier ones.
    earlier: Vec<u16>,
}

impl Places {
    fn new(mut bounds: Vec<f64>, knee: f64) -> Result<Self> {
        let (low, high) = (bounds[0], bounds[bounds.len() - 1]);
        let offset = knee.min(high);
        let base = (low + offset).to_bits();
        let span = (high + offset).to_bits() - base;
        let cells = (CELLS_PER_THETA * bounds.len()).max(FEWEST_CELLS);
        let mut shift = 0;
        while span >> shift >= cells as u64 {
            shift += 1;
        }
        let mut places = Self {
            bounds: Vec::new(),
            offset,
            base,
            shift,
            earlier: filled((span >> shift) as usize + 1, 0u16)?,
        };
        let mut place = 0;
        for cell in 0..places.earlier.len() {
            while place < bounds.len() && (places.cell(bounds[place]) as usize) < cell {
                place += 1;
            }
            places.earlier[cell] = place as u16;
        }
        bounds.extend([f64::INFINITY; 2]);
        places.bounds = bounds;
        Ok(places)
    }

    /// The cell of a number that is not negative; beyond the last bound any cell beyond.
    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn cell(&self, number: f64) -> u32 {
        let from_base = (number + self.offset).to_bits().max(self.base) - self.base;
        (from_base >> self.shift).min(u64::from(u32::MAX)) as u32
    }

    /// How many numbers have 0, 1, 2, … bounds below them.
    fn histogram(&self, numbers: &[f64]) -> Vec<u64> {
        let mut histogram = vec![0u64; self.bounds.len() - 1];
        let mut cells = [0; BLOCK];
        for block in numbers.chunks(BLOCK) {
            widest(
                #[inline(always)]
                || {
                    for (cell, &number) in cells.iter_mut().zip(block) {
                        *cell = self.cell(number);
                    }
                },
            );
            for (&number, &cell) in block.iter().zip(&cells) {
                histogram[self.place(number, cell)] += 1;
            }
        }
        histogram
    }

    /// Number of bounds below `number`, whose cell is `cell`.
    fn place(&self, number: f64, cell: u32) -> usize {
        let earlier = usize::from(self.earlier[(cell as usize).min(self.earlier.len() - 1)]);
        // Most cells hold one bound at most, and no branch is needed; ∞ is below nothing.
        let place = earlier + usize::from(self.bounds[earlier] < number);
        if self.bounds[place] < number {
            return place + self.bounds[place..].partition_point(|&bound| bound < number);
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
            mut bounds in prop::collection::vec(0.0..3.0f64, 2..40),
            others in prop::collection::vec(0.0..4.0f64, 0..40),
            knee in prop::sample::select(vec![0.0, 1e-9, 0.1, 1.0, 1e9]),
            exponent in prop::sample::select(vec![-600, -30, 0, 30, 600]),
            shared in 0usize..3,
        ) {
            let factor = 2f64.powi(exponent);
            bounds.sort_by(f64::total_cmp);
            // Equal bounds, and bounds as near as floats can be.
            for at in 0..shared.min(bounds.len() - 1) {
                bounds[at + 1] = if at == 0 { bounds[at] } else { bounds[at].next_up() };
            }
            bounds.sort_by(f64::total_cmp);
            let bounds: Vec<f64> = bounds.iter().map(|bound| bound * factor).collect();
            let numbers: Vec<f64> = others.iter().map(|other| other * factor)
                .chain(bounds.iter().flat_map(|&b| [b, b.next_up(), b.next_down().max(0.0)]))
                .collect();
            let places = Places::new(bounds.clone(), knee).unwrap();
            let mut expected = vec![0; bounds.len() + 1];
            for &number in &numbers {
                let place = bounds.partition_point(|&bound| bound < number);
                prop_assert_eq!(places.place(number, places.cell(number)), place);
                expected[place] += 1;
            }
            prop_assert_eq!(places.histogram(&numbers), expected);
        }
    }
}
