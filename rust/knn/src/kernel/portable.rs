//! The safe twins: the same sums over the same panels, in plain loops.

use super::panels::{Format, Kernel};
use super::tile::{Test, Tile};

/// What every kernel must compute from its panels.
pub(super) fn micro(
    kernel: Kernel,
    left: &[u32],
    right: &[u32],
    depth: usize,
    test: &Test,
    out: &mut Tile,
) -> bool {
    let gathered;
    let left = if kernel.group() > 1 {
        gathered = word_by_word(left, kernel.left_rows(), kernel.group(), depth);
        &gathered
    } else {
        left
    };
    match kernel.left_rows() {
        4 => sized::<4, 8>(kernel.format(), left, right, depth, test, out),
        6 => sized::<6, 16>(kernel.format(), left, right, depth, test, out),
        12 => sized::<12, 32>(kernel.format(), left, right, depth, test, out),
        _ => sized::<32, 32>(kernel.format(), left, right, depth, test, out),
    }
}

/// A left panel whose words stand in groups, as the others have it.
fn word_by_word(left: &[u32], rows: usize, group: usize, depth: usize) -> Vec<u32> {
    let word = |k: usize, row: usize| left[(k / group * rows + row) * group + k % group];
    (0..depth)
        .flat_map(|k| (0..rows).map(move |row| word(k, row)))
        .collect()
}

fn sized<const ROWS: usize, const COLUMNS: usize>(
    format: Format,
    left: &[u32],
    right: &[u32],
    depth: usize,
    test: &Test,
    out: &mut Tile,
) -> bool {
    let (left, _) = left.as_chunks::<ROWS>();
    let (right, _) = right.as_chunks::<COLUMNS>();
    let words = || left[..depth].iter().zip(&right[..depth]);
    let integers = |term: fn(u32, u32) -> i32| {
        let mut sums = [[0i32; COLUMNS]; ROWS];
        for (row, &initial) in sums.iter_mut().zip(test.initial) {
            row.fill(initial);
        }
        for (a, b) in words() {
            for (row, &x) in sums.iter_mut().zip(a) {
                for (sum, &y) in row.iter_mut().zip(b) {
                    *sum = sum.wrapping_add(term(x, y));
                }
            }
        }
        sums.map(|row| row.map(|sum| sum as f32))
    };
    let products = match format {
        Format::Shifted => integers(|x, y| dot(x, y, i32::from)),
        Format::Signed | Format::Grouped => {
            integers(|x, y| dot(x, y, |byte| i32::from(byte.cast_signed())))
        }
        Format::Wide => integers(|x, y| {
            let halves = |word: u32| {
                let low = (word as u16).cast_signed();
                (i32::from(low), word.cast_signed() >> 16)
            };
            let ((x0, x1), (y0, y1)) = (halves(x), halves(y));
            x0 * y0 + x1 * y1
        }),
        Format::Single | Format::Half => {
            let mut sums = [[0f32; COLUMNS]; ROWS];
            for (a, b) in words() {
                for (row, &x) in sums.iter_mut().zip(a) {
                    for (sum, &y) in row.iter_mut().zip(b) {
                        *sum = if format == Format::Single {
                            *sum + f32::from_bits(x) * f32::from_bits(y)
                        } else {
                            let (low, high) = (
                                |w| f32::from_bits(w << 16),
                                |w| f32::from_bits(w & 0xffff_0000),
                            );
                            *sum + high(x) * high(y) + low(x) * low(y)
                        };
                    }
                }
            }
            sums
        }
    };
    finish(&products, test, out)
}

/// The dot product of four signed bytes and four bytes read by `second`.
fn dot(x: u32, y: u32, second: impl Fn(u8) -> i32) -> i32 {
    let pairs = x.to_le_bytes().into_iter().zip(y.to_le_bytes());
    pairs
        .map(|(x, y)| i32::from(x.cast_signed()) * second(y))
        .sum()
}

fn finish<const ROWS: usize, const COLUMNS: usize>(
    products: &[[f32; COLUMNS]; ROWS],
    test: &Test,
    out: &mut Tile,
) -> bool {
    let mut values = [[0f32; COLUMNS]; ROWS];
    let mut masks = [0u32; ROWS];
    for i in 0..ROWS {
        for j in 0..COLUMNS {
            let scaled = products[i][j] * test.column_scale[j];
            let value = scaled.mul_add(test.row_scale[i], -test.column_term[j]);
            let threshold = test.row_threshold[i].max(test.column_threshold[j]);
            masks[i] |= u32::from(value + threshold >= test.row_term[i]) << j;
            values[i][j] = value;
        }
    }
    let any = masks.iter().any(|&mask| mask != 0);
    if any {
        out.values[..ROWS * COLUMNS].copy_from_slice(values.as_flattened());
        out.masks[..ROWS].copy_from_slice(&masks);
    }
    any
}
