//! Sums of squared differences for every pair of two panels, and the root that makes a distance.

use layerscope_core::widest;

use super::units::{PANEL, Units};

/// Samples whose two panels fit into the first cache.
const STRIP: usize = 64;

/// Σ over samples of (`F_i` − `F_j`)² for every pair of two panels, samples in order.
pub(super) fn sums(units: &Units, left: usize, right: usize) -> [[f64; PANEL]; PANEL] {
    let mut sums = [[0.0; PANEL]; PANEL];
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
        },
    );
    sums
}

/// Least, most and total of some numbers that are not negative; ∞, 0 and 0 of none.
pub(super) fn summary(numbers: &[f64]) -> (f64, f64, f64) {
    // Eight of each side by side: which comes first is all the same to a minimum.
    let (eights, rest) = numbers.as_chunks::<8>();
    let (least, most, totals) = widest(
        #[inline(always)]
        || {
            let (mut least, mut most) = ([f64::INFINITY; 8], [0.0f64; 8]);
            let mut totals = [0.0; 8];
            for eight in eights {
                for lane in 0..8 {
                    let c = eight[lane];
                    least[lane] = if c < least[lane] { c } else { least[lane] };
                    most[lane] = if c > most[lane] { c } else { most[lane] };
                    totals[lane] += c;
                }
            }
            (least, most, totals)
        },
    );
    (
        least
            .iter()
            .chain(rest)
            .copied()
            .fold(f64::INFINITY, f64::min),
        most.iter().chain(rest).copied().fold(0.0, f64::max),
        totals.iter().chain(rest).sum(),
    )
}

/// From the sum of a pair's squared differences to its distance; it never falls where the sum
/// rises, since each of its steps is rounded correctly.
#[derive(Debug, Clone, Copy)]
pub(super) struct Root {
    /// B.
    pub(super) samples: f64,
    /// What responses were multiplied by.
    pub(super) scale: f64,
    /// What distances are divided by: 1, or their root mean square.
    pub(super) divisor: f64,
}

impl Root {
    /// The distance.
    #[allow(clippy::inline_always)]
    #[inline(always)]
    pub(super) fn of(self, sum: f64) -> f64 {
        (sum / self.samples).sqrt() / self.scale / self.divisor
    }

    /// About the sum whose distance this is.
    pub(super) fn square(self, distance: f64) -> f64 {
        let root = distance * self.divisor * self.scale;
        root * root * self.samples
    }

    /// The largest sum whose distance is at most this one (not below 0, finite): comparing a sum
    /// with it says the same as comparing the distances, and takes no root.
    pub(super) fn last(self, distance: f64) -> f64 {
        const INFINITE: u64 = f64::INFINITY.to_bits();
        // Bits of floats that are not negative are in the order of the floats.
        let within = |bits: u64| self.of(f64::from_bits(bits)) <= distance;
        let guess = self.square(distance).min(f64::MAX).to_bits();
        // Steps that double, then halve: the guess is a few steps off, or anywhere near zero.
        let (mut inside, mut outside, mut step) = (0, INFINITE, 1);
        if within(guess) {
            inside = guess;
            while inside + step < INFINITE {
                if !within(inside + step) {
                    outside = inside + step;
                    break;
                }
                inside += step;
                step *= 2;
            }
        } else {
            outside = guess;
            while step < outside {
                if within(outside - step) {
                    inside = outside - step;
                    break;
                }
                outside -= step;
                step *= 2;
            }
        }
        while outside - inside > 1 {
            let middle = inside + (outside - inside) / 2;
            if within(middle) {
                inside = middle;
            } else {
                outside = middle;
            }
        }
        f64::from_bits(inside)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_last_sum_is_the_last(
            samples in 1u32..100_000,
            exponent in -500i32..500,
            mantissa in 1.0..2.0f64,
            divisor in prop::sample::select(vec![1.0, 0.3, 1.7e80, 2.2e-80]),
            plain in prop::bool::ANY,
        ) {
            let scale = if plain { 1.0 } else { 2f64.powi(-exponent) };
            let root = Root { samples: f64::from(samples), scale, divisor };
            let distance = root.of(mantissa * 2f64.powi(exponent));
            for distance in [distance, distance.next_up(), distance.next_down().max(0.0), 0.0] {
                let last = root.last(distance);
                prop_assert!(root.of(last) <= distance);
                prop_assert!(root.of(last.next_up()) > distance);
            }
        }
    }
}
