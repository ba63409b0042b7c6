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

/// The largest magnitude of some rows; not finite where one of the values is not.
pub(crate) fn largest_as_stored(matrix: &Matrix, rows: std::ops::Range<usize>) -> f64 {
    let span = rows.start * matrix.columns()..rows.end * matrix.columns();
    // Without their signs, the bits of numbers are in the order of the numbers, and those of NaN
    // follow the infinite.
    match matrix.values() {
        Element::F64(values) => f64::from_bits(largest(&values[span], |x| x.to_bits() << 1) >> 1),
        Element::F32(values) => {
            let bits = largest(&values[span], |x| x.to_bits() << 1);
            f64::from(f32::from_bits(bits >> 1))
        }
        Element::F16(values) => {
            let words: &[u16] = values[span].reinterpret_cast();
            let word = largest(words, |word| word << 1) >> 1;
            f64::from(half::f16::from_bits(word))
        }
        Element::Bf16(values) => {
            let words: &[u16] = values[span].reinterpret_cast();
            let word = largest(words, |word| word << 1) >> 1;
            f64::from(half::bf16::from_bits(word))
        }
    }
}

fn largest<T: Copy, B: Copy + Ord + Default>(values: &[T], bits: impl Fn(T) -> B) -> B {
    const LANES: usize = 64;
    let mut most = [B::default(); LANES];
    widest(
        #[inline(always)]
        || {
            let (full, rest) = values.as_chunks::<LANES>();
            for chunk in full {
                for (slot, &value) in most.iter_mut().zip(chunk) {
                    *slot = (*slot).max(bits(value));
                }
            }
            for (slot, &value) in most.iter_mut().zip(rest) {
                *slot = (*slot).max(bits(value));
            }
        },
    );
    most.into_iter().max().unwrap_or_default()
}

#[allow(clippy::inline_always)]
#[inline(always)]
fn from_half(word: u16) -> f64 {
    f64::from(half_to_single(word))
}

/// The value of a finite float16.
#[allow(clippy::inline_always)]
#[inline(always)]
pub(crate) fn half_to_single(word: u16) -> f32 {
    const TWO_TO_112: f32 = f32::from_bits((127 + 112) << 23);
    let magnitude = f32::from_bits(u32::from(word & 0x7fff) << 13) * TWO_TO_112;
    let sign = u32::from(word & 0x8000) << 16;
    f32::from_bits(magnitude.to_bits() | sign)
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

    fn check(element: Element, expected: f64) {
        let matrix = Matrix::new("X", element, 3, 100).unwrap();
        let found = largest_as_stored(&matrix, 1..3);
        assert!(found == expected || (found.is_nan() && expected.is_nan()));
    }

    #[test]
    fn the_largest_is_found_whatever_its_sign_and_kind() {
        let mut values: Vec<f64> = (0..300).map(|i| f64::from(i % 7) / 8.0).collect();
        values[150] = -3.5;
        for (at, value) in [(0, 9.0), (299, f64::NEG_INFINITY), (101, f64::NAN)] {
            values[at] = value;
            let expected = if at == 0 { 3.5 } else { value.abs() };
            let singles: Vec<f32> = values.iter().map(|&x| x as f32).collect();
            let halves: Vec<f16> = values.iter().map(|&x| f16::from_f64(x)).collect();
            let brains: Vec<bf16> = values.iter().map(|&x| bf16::from_f64(x)).collect();
            check(Element::F64(&values), expected);
            check(Element::F32(&singles), expected);
            check(Element::F16(&halves), expected);
            check(Element::Bf16(&brains), expected);
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
