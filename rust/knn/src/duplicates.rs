//! Equal rows, found once: the search runs over distinct rows only.
//!
//! Collapsed layers consist of copies, and a search among copies is a search among ties. Two rows
//! are the same *distinct row* when their values are numerically equal (−0 is 0) and, where groups
//! are given, their groups are. Distinct rows are numbered by their first member, so (key, number)
//! and (key, first member) are the same order.
//!
//! **Why k + 1 distinct neighbours suffice.** Equal rows have equal keys to every row. Let r, a
//! member of the distinct row v, be among the k + 1 nearest of some row i that is no copy of r, and
//! suppose v were not among the k + 1 nearest distinct rows of i. Then k + 1 other distinct rows w
//! have (key(w), first(w)) < (key(v), first(v)) ≤ (key(v), r), so k + 1 rows first(w) stand before
//! r: a contradiction. All members of a distinct row share their group, so a group excludes the
//! distinct row as a whole and the argument holds among those that are left. The copies of i
//! itself are merged in with their own key, which is zero for Euclidean distance but not for the
//! others.

use layerscope_core::{Element, Matrix, Result, Run, filled, with_capacity};

use crate::widen::read_part;
use layerscope_core::widest;

/// Features by which rows are told apart at first, a multiple of [`CHUNK`].
const SAMPLED: usize = 64;
/// Features that are read together.
const CHUNK: usize = 8;
/// Values that are hashed between two looks at whether to stop.
const PIECE: usize = 1 << 16;

/// Which rows are equal to which.
pub(crate) struct Distinct {
    /// Distinct row of every row; empty when no row repeats.
    of: Vec<u32>,
    /// Members of distinct row u: `members[starts[u]..starts[u + 1]]`, rising.
    starts: Vec<u32>,
    members: Vec<u32>,
    rows: usize,
    repeated: usize,
}

impl Distinct {
    /// Finds equal rows by hashing, then by comparing.
    pub(crate) fn find(run: &Run, matrix: &Matrix, groups: Option<&[u32]>) -> Result<Self> {
        let rows = matrix.rows();
        let mut order: Vec<u32> = with_capacity(rows)?;
        order.extend(0..rows as u32);
        let mut hashes = hashes_of(run, matrix, &order, Part::Some)?;
        order.sort_unstable_by_key(|&row| (hashes[row as usize], row));
        if matrix.columns() > SAMPLED {
            // Rows that agree in some features are told apart by all of them.
            let mut suspects = Vec::new();
            for rows in order.chunk_by(|&a, &b| hashes[a as usize] == hashes[b as usize]) {
                if rows.len() > 1 {
                    suspects.extend_from_slice(rows);
                }
            }
            let whole = hashes_of(run, matrix, &suspects, Part::All)?;
            for (&row, hash) in suspects.iter().zip(whole) {
                hashes[row as usize] = hash;
            }
            suspects.sort_unstable_by_key(|&row| (hashes[row as usize], row));
            order = suspects;
        }
        let mut first: Vec<u32> = with_capacity(rows)?;
        first.extend(0..rows as u32);
        let mut representatives: Vec<u32> = Vec::new();
        for suspects in order.chunk_by(|&a, &b| hashes[a as usize] == hashes[b as usize]) {
            representatives.clear();
            representatives.push(suspects[0]);
            for &row in &suspects[1..] {
                run.check()?;
                match representatives
                    .iter()
                    .find(|&&other| equal(matrix, row as usize, other as usize))
                {
                    Some(&other) => first[row as usize] = other,
                    None => representatives.push(row),
                }
            }
        }
        let repeated = (0..rows).filter(|&row| first[row] as usize != row).count();
        if let Some(groups) = groups {
            order = with_capacity(rows)?;
            order.extend(0..rows as u32);
            // Copies in different groups are different rows of the search.
            let class = |&row: &u32| (first[row as usize], groups[row as usize]);
            order.sort_unstable_by_key(|row| (class(row), *row));
            let mut within = filled(rows, 0u32)?;
            for copies in order.chunk_by(|a, b| class(a) == class(b)) {
                for &row in copies {
                    within[row as usize] = copies[0];
                }
            }
            first = within;
        }
        if (0..rows).all(|row| first[row] as usize == row) {
            return Ok(Self {
                of: Vec::new(),
                starts: Vec::new(),
                members: Vec::new(),
                rows,
                repeated,
            });
        }
        Self::numbered(&first, repeated)
    }

    /// Numbers the distinct rows by their first members and lists the members of each.
    fn numbered(first: &[u32], repeated: usize) -> Result<Self> {
        let rows = first.len();
        let mut of = filled(rows, 0u32)?;
        let mut starts = filled(1, 0u32)?;
        for row in 0..rows {
            let other = first[row] as usize;
            if other == row {
                of[row] = starts.len() as u32 - 1;
                starts.push(0);
            } else {
                of[row] = of[other];
            }
        }
        for &u in &of {
            starts[u as usize + 1] += 1;
        }
        for u in 1..starts.len() {
            starts[u] += starts[u - 1];
        }
        let mut next = starts.clone();
        let mut members = filled(rows, 0u32)?;
        for (row, &u) in of.iter().enumerate() {
            members[next[u as usize] as usize] = row as u32;
            next[u as usize] += 1;
        }
        Ok(Self {
            of,
            starts,
            members,
            rows,
            repeated,
        })
    }

    /// Whether some row repeats an earlier one.
    pub(crate) fn any_repeated(&self) -> bool {
        !self.of.is_empty()
    }

    /// Number of distinct rows.
    pub(crate) fn len(&self) -> usize {
        if self.any_repeated() {
            self.starts.len() - 1
        } else {
            self.rows
        }
    }

    /// Rows that equal an earlier row, whatever their groups.
    pub(crate) fn n_repeated(&self) -> usize {
        self.repeated
    }

    /// The distinct row of a row.
    pub(crate) fn of(&self, row: usize) -> usize {
        self.of.get(row).map_or(row, |&u| u as usize)
    }

    /// The first row of a distinct row.
    pub(crate) fn first(&self, u: usize) -> usize {
        if self.any_repeated() {
            self.members[self.starts[u] as usize] as usize
        } else {
            u
        }
    }

    /// All rows of a distinct row, rising; only for matrices with repeats.
    pub(crate) fn members(&self, u: usize) -> &[u32] {
        &self.members[self.starts[u] as usize..self.starts[u + 1] as usize]
    }
}

/// Features of a row that are hashed.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    /// [`SAMPLED`] of them.
    Some,
    All,
}

/// The hashes of the rows listed.
fn hashes_of(run: &Run, matrix: &Matrix, rows: &[u32], part: Part) -> Result<Vec<u64>> {
    let columns = matrix.columns();
    let width = if part == Part::All {
        columns
    } else {
        columns.min(SAMPLED)
    };
    // Chunks that are spread over the features.
    let chunk = if width < columns { CHUNK } else { width };
    let chunks = width / chunk;
    let mut hashes = filled(rows.len(), 0)?;
    let piece = (PIECE / width).max(1);
    run.for_each_chunk(&mut hashes, piece, |at, out| {
        let mut buffer = filled(width, 0.0)?;
        for (slot, &row) in out.iter_mut().zip(&rows[at * piece..]) {
            for (c, part) in buffer.chunks_exact_mut(chunk).enumerate() {
                let start = c * (columns - chunk) / (chunks - 1).max(1);
                read_part(matrix, row as usize, start..start + chunk, part);
            }
            *slot = hash(&buffer);
        }
        run.check()
    })?;
    Ok(hashes)
}

/// Mixes the bits of a row. It only has to be the same for equal rows; others are compared.
fn hash(row: &[f64]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut lanes = [ODD; 8];
    widest(
        #[inline(always)]
        || {
            let mix = |lane: u64, value: f64| {
                // Adding zero makes −0 and 0 one.
                (lane.rotate_left(23) ^ (value + 0.0).to_bits()).wrapping_mul(ODD)
            };
            let (full, rest) = row.as_chunks::<8>();
            for chunk in full {
                for (lane, &value) in lanes.iter_mut().zip(chunk) {
                    *lane = mix(*lane, value);
                }
            }
            for (lane, &value) in lanes.iter_mut().zip(rest) {
                *lane = mix(*lane, value);
            }
        },
    );
    lanes.iter().fold(0, |all, &lane| {
        (all ^ (lane ^ (lane >> 29)))
            .wrapping_mul(ODD)
            .rotate_left(31)
    })
}

fn equal(matrix: &Matrix, a: usize, b: usize) -> bool {
    let columns = matrix.columns();
    let (a, b) = (
        a * columns..(a + 1) * columns,
        b * columns..(b + 1) * columns,
    );
    match matrix.values() {
        Element::F64(values) => values[a] == values[b],
        Element::F32(values) => values[a] == values[b],
        Element::F16(values) => values[a] == values[b],
        Element::Bf16(values) => values[a] == values[b],
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use layerscope_core::{Interrupt, Progress};

    use super::*;

    fn find(values: &[f64], columns: usize, groups: Option<&[u32]>) -> Distinct {
        let (interrupt, progress) = (Interrupt::default(), Progress::default());
        let run = Run::new(NonZeroUsize::MIN, &interrupt, &progress);
        let matrix =
            Matrix::new("X", Element::F64(values), values.len() / columns, columns).unwrap();
        Distinct::find(&run, &matrix, groups).unwrap()
    }

    #[test]
    fn copies_share_a_number_and_zero_has_no_sign() {
        let values = [1.0, 0.0, 2.0, 0.0, 1.0, -0.0, 0.0, 0.0, 2.0, 0.0, 1.0, 0.0];
        let distinct = find(&values, 2, None);
        assert_eq!((distinct.len(), distinct.n_repeated()), (3, 3));
        assert_eq!(
            (0..6).map(|row| distinct.of(row)).collect::<Vec<_>>(),
            [0, 1, 0, 2, 1, 0]
        );
        assert_eq!(distinct.members(0), [0, 2, 5]);
        assert_eq!(distinct.first(2), 3);
    }

    #[test]
    fn copies_in_different_groups_are_different_rows() {
        let distinct = find(&[1.0; 5], 1, Some(&[7, 9, 7, 9, 7]));
        assert_eq!((distinct.len(), distinct.n_repeated()), (2, 4));
        assert_eq!(distinct.members(1), [1, 3]);
    }

    #[test]
    fn long_rows_that_differ_in_one_feature_are_different() {
        let (rows, columns) = (200, 300);
        let mut values = vec![1.0; rows * columns];
        for row in 0..rows / 2 {
            values[row * columns + row] = 2.0;
        }
        let distinct = find(&values, columns, None);
        assert_eq!((distinct.len(), distinct.n_repeated()), (101, 99));
        assert_eq!(distinct.members(100)[..2], [100, 101]);
        assert!((0..100).all(|row| distinct.of(row) == row));
    }

    #[test]
    fn without_copies_numbers_are_rows() {
        let distinct = find(&[1.0, 2.0, 3.0], 1, None);
        assert!(!distinct.any_repeated());
        assert_eq!(
            (distinct.len(), distinct.of(2), distinct.first(1)),
            (3, 2, 1)
        );
    }
}
