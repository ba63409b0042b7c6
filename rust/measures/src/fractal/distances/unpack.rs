//! From planes of binary digits, node by node, to rows of distances, source by source.
//!
//! Work goes by 64 nodes and 64 sources (one word of the lines). Eight nodes' words, seen as 8 × 8 bytes, are transposed, so that a word holds what eight nodes know about the same eight
//! sources; shifted by the source's place and masked, it is one digit of eight distances.

use layerscope_core::{Result, Run, widest};

use super::Hops;
use crate::fractal::line::{Line, WORDS};

/// Nodes of a block; a row is written so many numbers at a time.
const BLOCK: usize = 512;
const ONES: u64 = 0x0101_0101_0101_0101;
/// One digit of 64 distances to each of 64 sources: word `[byte of the sources][eight nodes]`.
type Square = [[u64; 8]; 8];
/// The same for all sources.
type Digit = [Square; WORDS];

/// Writes one row per source. `planes` and what is `reached`, None if that is everything, stand in
/// the order in which nodes have their `place`.
pub(super) fn rows<T: Hops>(
    planes: &[Vec<Line>],
    reached: Option<&[Line]>,
    place: &[u32],
    rows: &mut [&mut [T]],
    run: &Run,
) -> Result<()> {
    // Digits of each 64 nodes of a block side by side, last whether there is a path at all.
    let mut sources: Vec<&[Line]> = planes.iter().map(Vec::as_slice).collect();
    sources.extend(reached);
    let mut digits = vec![[[[0; 8]; 8]; WORDS]; sources.len() * BLOCK / 64];
    for (number, places) in place.chunks(BLOCK).enumerate() {
        run.check()?;
        let start = number * BLOCK;
        widest(
            #[inline(always)]
            || {
                let partly = reached.is_some();
                block(&sources, partly, places, start, &mut digits, rows);
            },
        );
    }
    Ok(())
}

/// Writes the distances from every source to the nodes of a block.
#[allow(clippy::inline_always)]
#[inline(always)]
fn block<T: Hops>(
    planes: &[&[Line]],
    partly: bool,
    places: &[u32],
    start: usize,
    digits: &mut [Digit],
    rows: &mut [&mut [T]],
) {
    // A graph of single nodes has no digits at all.
    let each = planes.len().max(1);
    for (places, digits) in places.chunks(64).zip(digits.chunks_exact_mut(each)) {
        for (digit, plane) in digits.iter_mut().zip(planes) {
            turn(plane, places, digit);
        }
    }
    for (source, row) in rows.iter_mut().enumerate() {
        let (word, byte, bit) = (source / 64, source % 64 / 8, (source % 8) as u32);
        let row = &mut row[start..start + places.len()];
        let (whole, rest) = row.as_chunks_mut::<64>();
        let mut digits = digits.chunks_exact(each);
        for (numbers, digits) in whole.iter_mut().zip(&mut digits) {
            numbers_of(digits, partly, word, byte, bit, numbers);
        }
        if let (false, Some(digits)) = (rest.is_empty(), digits.next()) {
            let mut numbers = [T::default(); 64];
            numbers_of(digits, partly, word, byte, bit, &mut numbers);
            rest.copy_from_slice(&numbers[..rest.len()]);
        }
    }
}

/// 64 distances from one source.
#[allow(clippy::inline_always)]
#[inline(always)]
fn numbers_of<T: Hops>(
    digits: &[Digit],
    partly: bool,
    word: usize,
    byte: usize,
    bit: u32,
    numbers: &mut [T; 64],
) {
    let (digits, last) = digits.split_at(digits.len() - usize::from(partly));
    let (low, high) = digits.split_at(digits.len().min(8));
    let mut low = sum(low, word, byte, bit);
    let mut high = sum(high, word, byte, bit);
    if let Some(near) = last.first() {
        for ((low, high), near) in low.iter_mut().zip(&mut high).zip(&near[word][byte]) {
            // All digits of "unreachable" are set: bytes of ones.
            let far = !(near >> bit) & ONES;
            let far = (far << 8).wrapping_sub(far);
            *low |= far;
            *high |= far;
        }
    }
    T::put(&low, &high, numbers);
}

/// Bytes of 64 distances from up to eight digits.
#[allow(clippy::inline_always)]
#[inline(always)]
fn sum(digits: &[Digit], word: usize, byte: usize, bit: u32) -> [u64; 8] {
    let mut sum = [0; 8];
    for (place, digit) in digits.iter().enumerate() {
        // The bit of the source moves to the place of the digit.
        let (turn, mask) = ((64 + place as u32 - bit) % 64, ONES << place);
        for (sum, word) in sum.iter_mut().zip(&digit[word][byte]) {
            *sum |= word.rotate_left(turn) & mask;
        }
    }
    sum
}

/// The words of up to 64 nodes, eight nodes at a time, bytes transposed.
#[allow(clippy::inline_always)]
#[inline(always)]
fn turn(lines: &[Line], places: &[u32], digit: &mut Digit) {
    for (position, &place) in places.iter().enumerate() {
        let line = &lines[place as usize].0;
        for (square, word) in digit.iter_mut().zip(line) {
            square[position % 8][position / 8] = *word;
        }
    }
    for square in digit {
        transpose_bytes(square);
    }
}

/// Transposes 8 × 8 bytes in each column, swapping ever smaller squares across the diagonal.
#[allow(clippy::inline_always)]
#[inline(always)]
fn transpose_bytes(square: &mut Square) {
    for (size, mask) in [
        (4, 0x0000_0000_FFFF_FFFFu64),
        (2, 0x0000_FFFF_0000_FFFF),
        (1, 0x00FF_00FF_00FF_00FF),
    ] {
        for row in (0..8).filter(|row| row & size == 0) {
            let (above, below) = square.split_at_mut(row + size);
            for (one, other) in above[row].iter_mut().zip(&mut below[0]) {
                let swap = ((*one >> (8 * size)) ^ *other) & mask;
                *one ^= swap << (8 * size);
                *other ^= swap;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_change_places_in_every_column() {
        let word =
            |row: usize| u64::from_le_bytes(std::array::from_fn(|byte| (8 * row + byte) as u8));
        let mut square: Square = std::array::from_fn(|row| {
            std::array::from_fn(|column| word(row).rotate_left(8 * (column % 2) as u32))
        });
        transpose_bytes(&mut square);
        for (row, words) in square.iter().enumerate() {
            for (column, word) in words.iter().enumerate() {
                for (byte, value) in word.to_le_bytes().into_iter().enumerate() {
                    let expected = 8 * byte + (row + 8 - column % 2) % 8;
                    assert_eq!(usize::from(value), expected);
                }
            }
        }
    }
}
