//! The null: every unit keeps its responses and loses which sample gave which.

use layerscope_core::{Result, Run, random};

use super::units::Units;

/// Mean and spread of the values under the null.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Null {
    /// Mean; NaN without draws.
    pub mean: f64,
    /// Standard deviation with one degree of freedom taken off; NaN below two draws.
    pub sd: f64,
}

impl Null {
    /// Of the values of all draws.
    pub fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let sd = if values.len() < 2 {
            f64::NAN
        } else {
            (squares / (n - 1.0)).sqrt()
        };
        Self { mean, sd }
    }
}

/// The units with each one's responses permuted; one stream per draw and unit.
pub(super) fn permuted(run: &Run, units: &Units, seed: u64, draw: usize) -> Result<Units> {
    let first = draw as u64 * units.len() as u64;
    units.replaced(run, |unit, responses| {
        random::shuffle(responses, seed, first + unit as u64);
    })
}
