//! The sums that define the order of neighbours, to the last bit.
//!
//! Eight accumulators start at zero; feature j goes into lane j mod 8, in the order of j; each
//! term is multiplied first and added then, never fused; at the end the lanes are summed as
//! ((0+4)+(2+6)) + ((1+5)+(3+7)). Eight lanes are one register of the widest processors and two or
//! four of the others, so the same bits come fast everywhere.
//!
//! Error, used by `exact::certify`: a lane takes ⌈d/8⌉ terms and the final sum three additions, so
//! a lane sum of terms tⱼ differs from the exact sum by at most γ(⌈d/8⌉ + 3) Σ|tⱼ|.

use layerscope_core::widest;

const LANES: usize = 8;

/// Additions that one term passes through at most.
pub(crate) fn depth(features: usize) -> usize {
    features.div_ceil(LANES) + 3
}

/// Σ xⱼyⱼ.
pub(crate) fn product(x: &[f64], y: &[f64]) -> f64 {
    widest(
        #[inline(always)]
        || over_pairs(x, y, |a, b| a * b),
    )
}

/// Σ (xⱼ − yⱼ)².
pub(crate) fn squared_distance(x: &[f64], y: &[f64]) -> f64 {
    widest(
        #[inline(always)]
        || over_pairs(x, y, |a, b| (a - b) * (a - b)),
    )
}

/// Σ (xⱼ − yⱼ)², y widened on the way: the same bits as for the widened row.
pub(crate) fn squared_distance_to_single(x: &[f64], y: &[f32]) -> f64 {
    widest(
        #[inline(always)]
        || over_pairs(x, y, |a, b| (a - f64::from(b)) * (a - f64::from(b))),
    )
}

/// The same for four y at once, so that no sum waits for its own last addition.
pub(crate) fn squared_distances_to_singles(x: &[f64], y: [&[f32]; 4]) -> [f64; 4] {
    widest(
        #[inline(always)]
        || {
            let (full, rest) = x.as_chunks::<LANES>();
            let others = y.map(
                #[inline(always)]
                |y| &y.as_chunks::<LANES>().0[..full.len()],
            );
            // One array a row: arrays of arrays do not stay in registers.
            let mut a = [0.0; LANES];
            let (mut b, mut c, mut d) = (a, a, a);
            for (at, x) in full.iter().enumerate() {
                add_squares(&mut a, x, &others[0][at]);
                add_squares(&mut b, x, &others[1][at]);
                add_squares(&mut c, x, &others[2][at]);
                add_squares(&mut d, x, &others[3][at]);
            }
            let from = x.len() - rest.len();
            add_squares(&mut a, rest, &y[0][from..]);
            add_squares(&mut b, rest, &y[1][from..]);
            add_squares(&mut c, rest, &y[2][from..]);
            add_squares(&mut d, rest, &y[3][from..]);
            [total(a), total(b), total(c), total(d)]
        },
    )
}

#[allow(clippy::inline_always)]
#[inline(always)]
fn add_squares(lanes: &mut [f64; LANES], x: &[f64], y: &[f32]) {
    for ((lane, &a), &b) in lanes.iter_mut().zip(x).zip(y) {
        *lane += (a - f64::from(b)) * (a - f64::from(b));
    }
}

/// Rows that stand side by side in a panel, feature by feature.
pub(crate) const PANEL: usize = 8;
/// Rows of a panel that are taken together.
pub(crate) const TOGETHER: usize = 4;

/// Sums of [`TOGETHER`] rows with a panel.
pub(crate) type Sums = [[f64; PANEL]; TOGETHER];

/// Sums of a few rows, those from `FIRST` on of the panel `x`, with all rows of the panel `y`: the
/// same bits as one pair after another. Lanes without features are not added: they would be zeros,
/// and no sum is −0, since lanes start at 0.
#[allow(clippy::inline_always)]
#[inline(always)]
pub(crate) fn side_by_side<const FIRST: usize>(
    x: &[[f64; PANEL]],
    y: &[[f64; PANEL]],
    term: impl Fn(f64, f64) -> f64,
) -> Sums {
    // One lane after the other, so that its sums stay in registers. No closure: it might not be
    // inlined, and be compiled for the narrowest processor.
    let even = match x.len() {
        0..=2 => one_lane::<FIRST>(x, y, 0, &term),
        3 | 4 => plus(
            &one_lane::<FIRST>(x, y, 0, &term),
            &one_lane::<FIRST>(x, y, 2, &term),
        ),
        _ => plus(
            &plus(
                &one_lane::<FIRST>(x, y, 0, &term),
                &one_lane::<FIRST>(x, y, 4, &term),
            ),
            &plus(
                &one_lane::<FIRST>(x, y, 2, &term),
                &one_lane::<FIRST>(x, y, 6, &term),
            ),
        ),
    };
    let odd = match x.len() {
        0 | 1 => return even,
        2 | 3 => one_lane::<FIRST>(x, y, 1, &term),
        4 => plus(
            &one_lane::<FIRST>(x, y, 1, &term),
            &one_lane::<FIRST>(x, y, 3, &term),
        ),
        _ => plus(
            &plus(
                &one_lane::<FIRST>(x, y, 1, &term),
                &one_lane::<FIRST>(x, y, 5, &term),
            ),
            &plus(
                &one_lane::<FIRST>(x, y, 3, &term),
                &one_lane::<FIRST>(x, y, 7, &term),
            ),
        ),
    };
    plus(&even, &odd)
}

// Loops by index: they become whole registers, which chains of iterators did not.
#[allow(clippy::inline_always, clippy::needless_range_loop)]
#[inline(always)]
fn one_lane<const FIRST: usize>(
    x: &[[f64; PANEL]],
    y: &[[f64; PANEL]],
    lane: usize,
    term: &impl Fn(f64, f64) -> f64,
) -> Sums {
    let mut sums = [[0.0; PANEL]; TOGETHER];
    let features = x.len().min(y.len());
    let (x, y) = (&x[..features], &y[..features]);
    for feature in (lane..features).step_by(LANES) {
        let (a, b) = (&x[feature], &y[feature]);
        for r in 0..TOGETHER {
            let a = a[FIRST + r];
            for c in 0..PANEL {
                sums[r][c] += term(a, b[c]);
            }
        }
    }
    sums
}

#[allow(clippy::inline_always, clippy::needless_range_loop)]
#[inline(always)]
fn plus(a: &Sums, b: &Sums) -> Sums {
    let mut sums = *a;
    for r in 0..TOGETHER {
        for c in 0..PANEL {
            sums[r][c] += b[r][c];
        }
    }
    sums
}

/// Σ xⱼ.
pub(crate) fn sum(x: &[f64]) -> f64 {
    over_pairs(x, x, |a, _| a)
}

// Inlined always, so that the loop is compiled with the instructions that `dispatch` found.
#[allow(clippy::inline_always)]
#[inline(always)]
fn over_pairs<T: Copy>(x: &[f64], y: &[T], term: impl Fn(f64, T) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let (full_x, rest_x) = x.as_chunks::<LANES>();
    let (full_y, rest_y) = y.as_chunks::<LANES>();
    for (a, b) in full_x.iter().zip(full_y) {
        for lane in 0..LANES {
            lanes[lane] += term(a[lane], b[lane]);
        }
    }
    for ((lane, &a), &b) in lanes.iter_mut().zip(rest_x).zip(rest_y) {
        *lane += term(a, b);
    }
    total(lanes)
}

#[allow(clippy::inline_always)]
#[inline(always)]
fn total(lanes: [f64; LANES]) -> f64 {
    ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6]))
        + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_go_to_lanes_in_turn() {
        // 2^53 swallows a single 1, so the answer shows which additions met.
        let big = 2f64.powi(53);
        let mut x = vec![0.0; 13];
        x[0] = big;
        x[8] = 1.0; // the same lane as feature 0: lost
        x[4] = 0.0;
        x[12] = 1.0; // lane 4, added to lane 0: lost again
        assert_eq!(sum(&x), big);
        x[12] = 0.0;
        x[2] = 1.0;
        x[6] = 1.0; // lanes 2 and 6 meet first: 2 is seen
        assert_eq!(sum(&x), big + 2.0);
    }

    #[test]
    fn products_and_differences() {
        let x: Vec<f64> = (0..19).map(f64::from).collect();
        let y: Vec<f64> = (0..19).map(|j| f64::from(19 - j)).collect();
        assert_eq!(product(&x, &y), 1140.0);
        assert_eq!(squared_distance(&x, &y), 2299.0);
        assert_eq!((depth(1), depth(8), depth(9)), (4, 4, 5));
    }

    #[test]
    fn four_at_once_are_one_after_another() {
        for d in [1, 7, 8, 9, 16, 100] {
            let value =
                |i: usize, j: usize| ((i * 31 + j * 17) as f32).sin() * 1.5f32.powi(j as i32);
            let row = |i: usize| -> Vec<f32> { (0..d).map(|j| value(i, j)).collect() };
            let x: Vec<f64> = row(0).iter().map(|&v| f64::from(v)).collect();
            let others = [row(1), row(2), row(3), row(4)];
            let together = squared_distances_to_singles(&x, [0, 1, 2, 3].map(|i| &others[i][..]));
            for (y, sum) in others.iter().zip(together) {
                assert_eq!(squared_distance_to_single(&x, y).to_bits(), sum.to_bits());
            }
        }
    }

    #[test]
    fn side_by_side_is_one_after_another() {
        for d in [1, 2, 3, 4, 5, 7, 8, 9, 16, 37] {
            let value = |i: usize, j: usize| ((i * 31 + j * 17) as f64).sin() * 3f64.powi(j as i32);
            let panel = |from: usize| -> Vec<[f64; PANEL]> {
                let side = |j: usize| std::array::from_fn(|i| value(from + i, j));
                (0..d).map(side).collect()
            };
            let row = |i: usize| -> Vec<f64> { (0..d).map(|j| value(i, j)).collect() };
            let (x, y) = (panel(9), panel(90));
            let square = |a: f64, b: f64| (a - b) * (a - b);
            for (first, products, squares) in [
                (
                    0,
                    side_by_side::<0>(&x, &y, |a, b| a * b),
                    side_by_side::<0>(&x, &y, square),
                ),
                (
                    4,
                    side_by_side::<4>(&x, &y, |a, b| a * b),
                    side_by_side::<4>(&x, &y, square),
                ),
            ] {
                for i in 0..TOGETHER {
                    for j in 0..PANEL {
                        let (x, y) = (row(9 + first + i), row(90 + j));
                        assert_eq!(products[i][j].to_bits(), product(&x, &y).to_bits());
                        assert_eq!(squares[i][j].to_bits(), squared_distance(&x, &y).to_bits());
                    }
                }
            }
        }
    }
}
