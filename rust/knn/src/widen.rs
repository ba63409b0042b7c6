//! From the four stored kinds to float64 without rounding, in loops that vectorise.
//!
//! The 16-bit kinds are widened by moving bits: a bfloat16 is the upper half of a float32; the 15
//! lower bits of a float16, placed at the float32's exponent, are the value times 2^-112, for
//! subnormals too. Infinite values do not come here: `request` has refused them.

use half::slice::HalfFloatSliceExt;
use layerscope_core::{Element, Matrix};

use layerscope_core::widest;

/// Writes the given columns of a row.
pub(crate) fn read_part(
    matrix: &Matrix,
    row: usize,
    columns: std::ops::Range<usize>,
    out: &mut [f64],
) {
    let start = row * matrix.columns();
    let span = start + columns.start..start + columns.end;
    match matrix.values() {
        Element::F64(values) => out.copy_from_slice(&values[span]),
        Element::F32(values) => each(&values[span], out, f64::from),
        Element::F16(values) => each(values[span].reinterpret_cast(), out, from_half),
        Element::Bf16(values) => each(values[span].reinterpret_cast(), out, |word: u16| {
            f64::from(f32::from_bits(u32::from(word) << 16))
        }),
    }
}

#[allow(clippy::inline_always)]
#[inline(always)]
fn from_half(word: u16) -> f64 {
    const TWO_TO_112: f32 = f32::from_bits((127 + 112) << 23);
    let magnitude = f32::from_bits(u32::from(word & 0x7fff) << 13) * TWO_TO_112;
    let sign = u32::from(word & 0x8000) << 16;
    f64::from(f32::from_bits(magnitude.to_bits() | sign))
}

fn each<T: Copy>(from: &[T], to: &mut [f64], widen: impl Fn(T) -> f64) {
    widest(
        #[inline(always)]
        || {
            for (slot, &value) in to.iter_mut().zip(from) {
                *slot = widen(value);
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::{bf16, f16};

    #[test]
    fn every_finite_sixteen_bit_value_is_read_as_it_is() {
        let halves: Vec<f16> = (0..=u16::MAX)
            .map(f16::from_bits)
            .filter(|x| x.is_finite())
            .collect();
        let brains: Vec<bf16> = (0..=u16::MAX)
            .map(bf16::from_bits)
            .filter(|x| x.is_finite())
            .collect();
        for element in [Element::F16(&halves), Element::Bf16(&brains)] {
            let length = match element {
                Element::F16(values) => values.len(),
                _ => brains.len(),
            };
            let matrix = Matrix::new("X", element, 1, length).unwrap();
            let (mut ours, mut theirs) = (vec![0.0; length], vec![0.0; length]);
            read_part(&matrix, 0, 0..length, &mut ours);
            matrix.read_row(0, &mut theirs);
            assert!(
                ours.iter()
                    .zip(&theirs)
                    .all(|(a, b)| a.to_bits() == b.to_bits())
            );
        }
    }

    #[test]
    fn a_part_of_a_row() {
        let values: Vec<f32> = (0..12).map(|i| i as f32).collect();
        let matrix = Matrix::new("X", Element::F32(&values), 3, 4).unwrap();
        let mut out = [0.0; 2];
        read_part(&matrix, 2, 1..3, &mut out);
        assert_eq!(out, [9.0, 10.0]);
    }
}
