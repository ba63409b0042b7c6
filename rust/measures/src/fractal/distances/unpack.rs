//! From planes of binary digits, node by node, to rows of distances, source by source.
//!
//! Work goes by 64 nodes and 64 sources (one word of the lines). Eight nodes' words, seen as 8 × 8 bytes, are transposed, so that a word holds what eight nodes know about the same eight
//! sources; shifted by the source's place and masked, it is one digit of eight distances.

use std::ops::Range;

use layerscope_core::{Result, Run, widest};

use super::Hops;
use crate::fractal::line::Line;

/// Nodes of a block; a row is written so many numbers at a time.
const BLOCK: usize = 512;
const ONES: u64 = 0x0101_0101_0101_0101;
/// One digit of 64 distances to each of 64 sources: word `[byte of the sources][eight nodes]`.
type Digit = [[u64; 8]; 8];

/// Writes one row per source.
pub(super) fn rows<T: Hops>(
    planes: &[Vec<Line>],
    reached: &[Line],
    sources: usize,
    rows: &mut [T],
    run: &Run,
) -> Result<()> {
    let nodes = reached.len();
    // Digits of each 64 nodes of a block side by side, last whether there is a path at all.
    let each = planes.len() + 1;
    let mut digits = vec![[[0; 8]; 8]; each * BLOCK / 64];
    for start in (0..nodes).step_by(BLOCK) {
        run.check()?;
        let end = (start + BLOCK).min(nodes);
        widest(
            #[inline(always)]
            || block(planes, reached, sources, start..end, &mut digits, rows),
        );
    }
    Ok(())
}

/// Writes the distances from every source to the nodes of a block.
#[allow(clippy::inline_always)]
#[inline(always)]
fn block<T: Hops>(
    planes: &[Vec<Line>],
    reached: &[Line],
    sources: usize,
    nodes: Range<usize>,
    digits: &mut [Digit],
    rows: &mut [T],
) {
    let (start, end, each, nodes) = (nodes.start, nodes.end, planes.len() + 1, reached.len());
    for word in 0..sources.div_ceil(64) {
        for (part, digits) in (start..end).step_by(64).zip(digits.chunks_exact_mut(each)) {
            let part = part..(part + 64).min(end);
            for (digit, plane) in digits.iter_mut().zip(planes) {
                *digit = turned(&plane[part.clone()], word);
            }
            digits[planes.len()] = turned(&reached[part], word);
        }
        for source in 64 * word..sources.min(64 * (word + 1)) {
            let (byte, bit) = (source % 64 / 8, source % 8);
            let row = &mut rows[source * nodes + start..source * nodes + end];
            for (row, digits) in row.chunks_mut(64).zip(digits.chunks_exact(each)) {
                let (near, digits) = (&digits[planes.len()], &digits[..planes.len()]);
                let mut low = sum(&digits[..digits.len().min(8)], byte, bit);
                let mut high = [0u64; 8];
                if digits.len() > 8 {
                    high = sum(&digits[8..], byte, bit);
                }
                for (eight, word) in near[byte].iter().enumerate() {
                    // All digits of "unreachable" are set: bytes of ones.
                    let far = !(word >> bit) & ONES;
                    let far = (far << 8).wrapping_sub(far);
                    low[eight] |= far;
                    high[eight] |= far;
                }
                T::put(&low, &high, row);
            }
        }
    }
}

/// Bytes of 64 distances from up to eight digits.
#[allow(clippy::inline_always)]
#[inline(always)]
fn sum(digits: &[Digit], byte: usize, bit: usize) -> [u64; 8] {
    let mut sum = [0; 8];
    for (place, digit) in digits.iter().enumerate() {
        for (sum, word) in sum.iter_mut().zip(&digit[byte]) {
            *sum |= (word >> bit & ONES) << place;
        }
    }
    sum
}

/// The words of up to 64 nodes, eight nodes at a time, bytes transposed.
#[allow(clippy::inline_always)]
#[inline(always)]
fn turned(lines: &[Line], word: usize) -> Digit {
    let mut digit = [[0; 8]; 8];
    for (eight, lines) in lines.chunks(8).enumerate() {
        let mut square = [0; 8];
        for (row, line) in square.iter_mut().zip(lines) {
            *row = line.0[word];
        }
        transpose_bytes(&mut square);
        for (byte, row) in square.into_iter().enumerate() {
            digit[byte][eight] = row;
        }
    }
    digit
}

/// Transposes 8 × 8 bytes, swapping ever smaller squares across the diagonal.
#[allow(clippy::inline_always)]
#[inline(always)]
fn transpose_bytes(square: &mut [u64; 8]) {
    for (size, mask) in [
        (4, 0x0000_0000_FFFF_FFFFu64),
        (2, 0x0000_FFFF_0000_FFFF),
        (1, 0x00FF_00FF_00FF_00FF),
    ] {
        for row in (0..8).filter(|row| row & size == 0) {
            let swap = ((square[row] >> (8 * size)) ^ square[row + size]) & mask;
            square[row] ^= swap << (8 * size);
            square[row + size] ^= swap;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_change_places() {
        let mut square: [u64; 8] = std::array::from_fn(|row| {
            u64::from_le_bytes(std::array::from_fn(|column| (8 * row + column) as u8))
        });
        transpose_bytes(&mut square);
        for (row, word) in square.iter().enumerate() {
            for (column, byte) in word.to_le_bytes().into_iter().enumerate() {
                assert_eq!(usize::from(byte), 8 * column + row);
            }
        }
    }
}
