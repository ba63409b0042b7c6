//! A borrowed activation matrix: rows are samples, stored row by row, in one of four kinds.

use half::{bf16, f16};

use crate::{Error, Result};

/// The values of a [`Matrix`], borrowed as the caller holds them.
#[derive(Debug, Clone, Copy)]
pub enum Element<'a> {
    /// 64-bit floats.
    F64(&'a [f64]),
    /// 32-bit floats.
    F32(&'a [f32]),
    /// 16-bit IEEE floats.
    F16(&'a [f16]),
    /// 16-bit brain floats.
    Bf16(&'a [bf16]),
}

/// A view of `rows × columns` values in row-major order. Every value of every kind is exactly
/// representable as an `f64`, so reading never rounds.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    values: Element<'a>,
    rows: usize,
    columns: usize,
}

impl<'a> Matrix<'a> {
    /// Wraps a slice; `argument` names it in the error when the length does not fit the shape.
    pub fn new(argument: &str, values: Element<'a>, rows: usize, columns: usize) -> Result<Self> {
        let length = match values {
            Element::F64(v) => v.len(),
            Element::F32(v) => v.len(),
            Element::F16(v) => v.len(),
            Element::Bf16(v) => v.len(),
        };
        if rows.checked_mul(columns) != Some(length) {
            return Err(Error::invalid(
                argument,
                format!("must hold {rows} x {columns} values"),
                length,
            ));
        }
        if rows > u32::MAX as usize {
            return Err(Error::invalid(
                argument,
                "must have fewer than 2^32 rows",
                rows,
            ));
        }
        Ok(Self {
            values,
            rows,
            columns,
        })
    }

    /// Number of samples, the paper's N.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of features, the paper's d.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The values, row by row.
    pub fn values(&self) -> Element<'a> {
        self.values
    }

    /// Bytes one stored value takes.
    pub fn element_bytes(&self) -> usize {
        match self.values {
            Element::F64(_) => 8,
            Element::F32(_) => 4,
            Element::F16(_) | Element::Bf16(_) => 2,
        }
    }

    /// Writes row `row` into `out` (length [`Self::columns`]) without rounding.
    pub fn read_row(&self, row: usize, out: &mut [f64]) {
        let span = row * self.columns..(row + 1) * self.columns;
        match self.values {
            Element::F64(v) => out.copy_from_slice(&v[span]),
            Element::F32(v) => widen(&v[span], out),
            Element::F16(v) => widen(&v[span], out),
            Element::Bf16(v) => widen(&v[span], out),
        }
    }

    /// The first value that is NaN or infinite, as (row, column, value).
    pub fn first_non_finite(&self, rows: std::ops::Range<usize>) -> Option<(usize, usize, f64)> {
        let start = rows.start * self.columns;
        let span = start..rows.end * self.columns;
        let found = match self.values {
            Element::F64(v) => position(&v[span], |x| !x.is_finite()).map(|i| (i, v[start + i])),
            Element::F32(v) => {
                position(&v[span], |x| !x.is_finite()).map(|i| (i, f64::from(v[start + i])))
            }
            Element::F16(v) => {
                position(&v[span], |x| !x.is_finite()).map(|i| (i, f64::from(v[start + i])))
            }
            Element::Bf16(v) => {
                position(&v[span], |x| !x.is_finite()).map(|i| (i, f64::from(v[start + i])))
            }
        };
        found.map(|(i, value)| {
            let at = start + i;
            (at / self.columns, at % self.columns, value)
        })
    }
}

fn widen<T: Copy + Into<f64>>(from: &[T], to: &mut [f64]) {
    for (slot, &value) in to.iter_mut().zip(from) {
        *slot = value.into();
    }
}

/// Index of the first value with the property. Blocks are tested as a whole first, so that the
/// common case (no such value) is a loop the compiler can vectorise.
fn position<T: Copy>(values: &[T], bad: impl Fn(T) -> bool) -> Option<usize> {
    const BLOCK: usize = 256;
    for (block, chunk) in values.chunks(BLOCK).enumerate() {
        if chunk.iter().fold(false, |any, &x| any | bad(x)) {
            let inside = chunk.iter().position(|&x| bad(x));
            return inside.map(|i| block * BLOCK + i);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_without_rounding_from_every_kind() {
        let halves: Vec<f16> = [0.1, -65504.0, 6e-8].map(f16::from_f64).to_vec();
        let brains: Vec<bf16> = [0.1, -3e38, 1e-40].map(bf16::from_f64).to_vec();
        let mut out = [0.0; 3];
        for (element, expected) in [
            (
                Element::F16(&halves),
                halves.iter().map(|&x| f64::from(x)).collect::<Vec<_>>(),
            ),
            (
                Element::Bf16(&brains),
                brains.iter().map(|&x| f64::from(x)).collect(),
            ),
            (
                Element::F32(&[0.1, 2.0, 3.0]),
                vec![f64::from(0.1f32), 2.0, 3.0],
            ),
            (Element::F64(&[0.1, 2.0, 3.0]), vec![0.1, 2.0, 3.0]),
        ] {
            let matrix = Matrix::new("X", element, 1, 3).unwrap();
            matrix.read_row(0, &mut out);
            assert_eq!(out.to_vec(), expected);
        }
    }

    #[test]
    fn the_first_bad_value_is_named_by_row_and_column() {
        let mut values = vec![1.0f32; 700];
        values[613] = f32::NEG_INFINITY;
        values[650] = f32::NAN;
        let matrix = Matrix::new("X", Element::F32(&values), 70, 10).unwrap();
        assert_eq!(
            matrix.first_non_finite(0..70),
            Some((61, 3, f64::NEG_INFINITY))
        );
        assert_eq!(matrix.first_non_finite(0..61), None);
        assert_eq!(matrix.first_non_finite(62..70).unwrap().0, 65);
    }

    #[test]
    fn a_wrong_length_is_refused() {
        assert!(Matrix::new("X", Element::F32(&[0.0; 5]), 2, 3).is_err());
    }
}
