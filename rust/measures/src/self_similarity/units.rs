//! The units of a layer, laid out for distances between them.

use std::collections::BTreeMap;

use layerscope_core::{Error, Matrix, Result, Run, filled};

/// Units that stand side by side in a panel: two registers of the widest processors.
pub(super) const PANEL: usize = 16;

/// Samples between two looks at the interrupt token.
const STRIP: usize = 256;

/// The units of one layer: panel after panel, sample after sample, [`PANEL`] units.
#[derive(Debug, Clone)]
pub struct Units {
    values: Vec<f64>,
    samples: usize,
    len: usize,
    /// Every value was multiplied by this power of two, so that no square overflows or vanishes.
    scale: f64,
}

impl Units {
    /// Reads a matrix (samples × units).
    pub fn new(run: &Run, data: &Matrix) -> Result<Self> {
        let (samples, len) = (data.rows(), data.columns());
        if samples == 0 || len == 0 {
            return Err(Error::invalid(
                "X",
                "must have at least one row and one column",
                format!("shape ({samples}, {len})"),
            ));
        }
        let mut values = filled(len.div_ceil(PANEL) * samples * PANEL, 0.0)?;
        let mut row = filled(len, 0.0)?;
        let mut largest = 0f64;
        for sample in 0..samples {
            if sample % STRIP == 0 {
                run.check()?;
            }
            if let Some((at, column, value)) = data.first_non_finite(sample..sample + 1) {
                return Err(Error::invalid(
                    "X",
                    "must be finite",
                    format!("{value} at row {at}, column {column}"),
                ));
            }
            data.read_row(sample, &mut row);
            for (panel, units) in row.chunks(PANEL).enumerate() {
                let start = (panel * samples + sample) * PANEL;
                values[start..start + units.len()].copy_from_slice(units);
            }
            largest = row
                .iter()
                .fold(largest, |most, value| most.max(value.abs()));
        }
        let scale = power_bringing_to_one(largest);
        if scale != 1.0 {
            for value in &mut values {
                *value *= scale;
            }
        }
        Ok(Self {
            values,
            samples,
            len,
            scale,
        })
    }

    /// Number of units, the paper's D.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none; there is always one.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of samples, the paper's B.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// Bytes that the responses take.
    pub(super) fn bytes(&self) -> u64 {
        8 * self.values.len() as u64
    }

    pub(super) fn scale(&self) -> f64 {
        self.scale
    }

    pub(super) fn panels(&self) -> usize {
        self.len.div_ceil(PANEL)
    }

    /// The units of a panel, sample after sample.
    pub(super) fn panel(&self, panel: usize) -> &[[f64; PANEL]] {
        let length = self.samples * PANEL;
        self.values[panel * length..][..length].as_chunks().0
    }

    /// The response of a unit to a sample, scaled.
    pub(super) fn response(&self, unit: usize, sample: usize) -> f64 {
        self.panel(unit / PANEL)[sample][unit % PANEL]
    }

    /// The same units with responses replaced by `of(unit, responses)`.
    pub(super) fn replaced(
        &self,
        run: &Run,
        of: impl Fn(usize, &mut [f64]) + Sync,
    ) -> Result<Self> {
        let mut values = filled(self.values.len(), 0.0)?;
        run.for_each_chunk(&mut values, self.samples * PANEL, |panel, out| {
            run.check()?;
            let mut responses = filled(self.samples, 0.0)?;
            for lane in 0..PANEL.min(self.len - panel * PANEL) {
                let unit = panel * PANEL + lane;
                for (sample, slot) in responses.iter_mut().enumerate() {
                    *slot = self.response(unit, sample);
                }
                of(unit, &mut responses);
                for (row, &value) in out.as_chunks_mut::<PANEL>().0.iter_mut().zip(&responses) {
                    row[lane] = value;
                }
            }
            Ok(())
        })?;
        Ok(Self { values, ..*self })
    }

    /// How many units are constant, and how many equal an earlier one that is not.
    pub(super) fn dead_and_duplicate(&self, run: &Run) -> Result<(usize, usize)> {
        let (mut dead, mut duplicate) = (0, 0);
        let mut known: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for unit in 0..self.len {
            run.check()?;
            let first = self.response(unit, 0);
            if (1..self.samples).all(|sample| self.response(unit, sample) == first) {
                dead += 1;
                continue;
            }
            let alike = known.entry(self.fingerprint(unit)).or_default();
            let equal = |&other: &usize| {
                (0..self.samples).all(|s| self.response(unit, s) == self.response(other, s))
            };
            if alike.iter().any(equal) {
                duplicate += 1;
            } else {
                alike.push(unit);
            }
        }
        Ok((dead, duplicate))
    }

    /// Equal for equal units: multiply and add over the bits (−0 counts as 0).
    fn fingerprint(&self, unit: usize) -> u64 {
        (0..self.samples).fold(0, |hash: u64, sample| {
            let bits = (self.response(unit, sample) + 0.0).to_bits();
            (hash.rotate_left(5) ^ bits).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        })
    }
}

/// The power of two that brings a magnitude far from one into [1, 2); 1 otherwise.
fn power_bringing_to_one(largest: f64) -> f64 {
    const FAR: f64 = 400.0;
    if largest == 0.0 || largest.log2().abs() <= FAR {
        return 1.0;
    }
    // In two steps, since 2^1074 is not a float.
    let exponent = -largest.log2().floor() as i32;
    2f64.powi(exponent.clamp(-1000, 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magnitudes_far_from_one_are_brought_near() {
        assert_eq!(power_bringing_to_one(0.0), 1.0);
        assert_eq!(power_bringing_to_one(1e100), 1.0);
        for largest in [1e300, f64::MAX, 1e-300, 5e-324] {
            let near = largest * power_bringing_to_one(largest);
            assert!((1e-30..1e9).contains(&near), "{largest} {near}");
        }
    }
}
