//! The correlation dimension: the slope of ln p on ln θ.

use layerscope_core::{Line, Result, Run, filled, fit_line};

use super::counts::count_at_most;
use super::distances::Distances;

/// θ runs between these quantiles of the positive distances.
const QUANTILES: [f64; 2] = [0.02, 0.98];

/// A fitted slope and the points it was fitted to.
pub(super) struct Slope {
    pub(super) line: Line,
    pub(super) theta: Vec<f64>,
    pub(super) share: Vec<f64>,
}

/// Quantiles of the positive distances between which θ runs; None where they meet.
pub(super) fn quantile_range(run: &Run, distances: &Distances) -> Result<Option<(f64, f64)>> {
    let zero = distances.last(0.0);
    let zeros: u64 = distances
        .fold(run, |piece| {
            piece.iter().filter(|&&c| c <= zero).count() as u64
        })?
        .iter()
        .sum();
    let positive = distances.pairs() as u64 - zeros;
    if positive < 2 {
        return Ok(None);
    }
    // Linear between the two values around (m − 1) q, as numpy's quantile.
    let at = QUANTILES.map(|q| q * (positive - 1) as f64);
    let ranks = at.map(|at| [at.floor() as u64, (at.ceil() as u64).min(positive - 1)]);
    let flat = [ranks[0][0], ranks[0][1], ranks[1][0], ranks[1][1]].map(|rank| rank + zeros);
    let [a, b, c, d] = by_rank(run, distances, flat)?;
    let between = |low: f64, high: f64, at: f64| low + (high - low) * at.fract();
    let (low, high) = (between(a, b, at[0]), between(c, d, at[1]));
    Ok((low < high).then_some((low, high)))
}

/// Ordinary least squares over `k` values of θ, uniform in ln θ; None where the quantiles meet.
pub(super) fn slope(run: &Run, distances: &Distances, k: usize) -> Result<Option<Slope>> {
    let Some((low, high)) = quantile_range(run, distances)? else {
        return Ok(None);
    };
    let (from, to) = (low.ln(), high.ln());
    let x: Vec<f64> = (0..k)
        .map(|m| from + (to - from) * (m as f64 / (k - 1) as f64))
        .collect();
    let mut theta: Vec<f64> = x.iter().map(|x| x.exp().clamp(low, high)).collect();
    theta[0] = low;
    theta[k - 1] = high;
    let pairs = distances.pairs() as f64;
    let share: Vec<f64> = count_at_most(run, distances, &theta, 0.0)?
        .iter()
        .map(|&count| count as f64 / pairs)
        .collect();
    let y: Vec<f64> = share.iter().map(|p| p.ln()).collect();
    Ok(Some(Slope {
        line: fit_line(&x, &y),
        theta,
        share,
    }))
}

/// The distances of four ranks (0 the smallest), by four passes over sixteen bits each: the bits
/// of floats that are not negative are in the order of the floats.
fn by_rank(run: &Run, distances: &Distances, ranks: [u64; 4]) -> Result<[f64; 4]> {
    const DIGITS: usize = 1 << 16;
    let mut found = [(0u64, 0u64); 4];
    for (slot, rank) in found.iter_mut().zip(ranks) {
        *slot = (0, rank);
    }
    for shift in [48, 32, 16, 0] {
        let mut heads: Vec<u64> = found.iter().map(|&(head, _)| head).collect();
        heads.dedup();
        let shared = std::sync::Mutex::new(filled(heads.len() * DIGITS, 0u64)?);
        distances.fold(run, |piece| {
            let mut digits = Vec::new();
            for &number in piece {
                let bits = number.to_bits();
                // Bits above the digit; a shift by 64 would not be one.
                let head = if shift == 48 { 0 } else { bits >> (shift + 16) };
                if let Some(at) = heads.iter().position(|&other| other == head) {
                    digits.push((at * DIGITS + (bits >> shift & 0xFFFF) as usize) as u32);
                }
            }
            // Integers: the order of pieces does not show.
            let mut histogram = shared
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            for digit in digits {
                histogram[digit as usize] += 1;
            }
        })?;
        let histogram = shared
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        for slot in &mut found {
            let at = heads.iter().position(|&head| head == slot.0).unwrap_or(0);
            let mut left = slot.1;
            let mut digit = 0;
            let cells = &histogram[at * DIGITS..(at + 1) * DIGITS];
            while digit + 1 < DIGITS && left >= cells[digit] {
                left -= cells[digit];
                digit += 1;
            }
            *slot = (slot.0 << 16 | digit as u64, left);
        }
    }
    Ok(found.map(|(bits, _)| distances.distance(f64::from_bits(bits))))
}

#[cfg(test)]
mod tests {
    use layerscope_core::{Element, Interrupt, Matrix, Progress};
    use std::num::NonZeroUsize;

    use super::*;
    use crate::self_similarity::Units;

    #[test]
    fn ranks_are_those_of_a_sort() {
        let values: Vec<f64> = (0..5 * 40).map(|i| f64::from(i * i % 37) / 7.0).collect();
        let (interrupt, progress) = (Interrupt::default(), Progress::default());
        let run = Run::new(NonZeroUsize::MIN, &interrupt, &progress);
        let matrix = Matrix::new("X", Element::F64(&values), 5, 40).unwrap();
        let units = Units::new(&run, &matrix).unwrap();
        let distances = Distances::new(&run, &units, false, true, 1, None).unwrap();
        let mut sorted = distances.kept().unwrap().to_vec();
        sorted.sort_by(f64::total_cmp);
        for ranks in [[0, 1, 2, 3], [5, 5, 400, 779], [10, 300, 301, 700]] {
            let got = by_rank(&run, &distances, ranks).unwrap();
            assert_eq!(got, ranks.map(|rank| sorted[rank as usize]));
        }
    }
}
