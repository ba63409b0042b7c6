//! Sets of rows as lines of bits: where a set is a fifth of all rows, a bit for every row is shorter
//! than a list, and two sets are compared 64 rows at a time.

use std::ops::Range;

use crate::{Result, Run, filled};

/// Lines of `columns` bits each, padded with zeros to whole words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BitRows {
    columns: usize,
    words: Vec<u64>,
}

impl BitRows {
    /// Words of one line.
    pub fn width(columns: usize) -> usize {
        columns.div_ceil(64)
    }

    /// `lines` empty sets.
    pub fn new(lines: usize, columns: usize) -> Result<Self> {
        Ok(Self {
            columns,
            words: filled(lines * Self::width(columns), 0)?,
        })
    }

    /// The words of a line; bit j mod 64 of word j / 64 stands for column j.
    pub fn line(&self, line: usize) -> &[u64] {
        let width = Self::width(self.columns);
        &self.words[line * width..(line + 1) * width]
    }

    /// Consecutive parts of `lines` lines each (the last may be shorter), to be written apart.
    pub fn parts(&mut self, lines: usize) -> impl Iterator<Item = BitLines<'_>> {
        let columns = self.columns;
        let length = (lines * Self::width(columns)).max(1);
        self.words
            .chunks_mut(length)
            .map(move |words| BitLines { columns, words })
    }
}

/// Some lines of [`BitRows`] that are being written.
#[derive(Debug)]
pub struct BitLines<'a> {
    columns: usize,
    words: &'a mut [u64],
}

impl BitLines<'_> {
    /// The words of a line.
    pub fn line(&mut self, line: usize) -> &mut [u64] {
        let width = BitRows::width(self.columns);
        &mut self.words[line * width..(line + 1) * width]
    }

    /// Empties all sets.
    pub fn clear(&mut self) {
        self.words.fill(0);
    }

    /// Makes a line the same set as another.
    pub fn copy(&mut self, from: usize, to: usize) {
        let width = BitRows::width(self.columns);
        self.words
            .copy_within(from * width..(from + 1) * width, to * width);
    }
}

/// Puts a column into a set.
pub fn set_bit(line: &mut [u64], column: usize) {
    line[column / 64] |= 1 << (column % 64);
}

/// What was seen while sets were made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SetNotes {
    /// Rows whose last neighbour at the largest k is exactly as near as the next row.
    pub tied: u64,
    /// Neighbours at the largest k whose distance overflows to infinity.
    pub infinite: u64,
}

impl SetNotes {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            tied: self.tied + other.tied,
            infinite: self.infinite + other.infinite,
        }
    }
}

/// A layer that can say which rows are the k nearest of a row, as sets without order.
pub trait NearestSets: Sync {
    /// Writes the sets of `rows`: for each row one line per k, in the rising order of `ks`. Lines
    /// are overwritten. The sets are those of the written order of neighbours, ties and all.
    fn fill(
        &self,
        run: &Run,
        rows: Range<usize>,
        ks: &[usize],
        lines: &mut BitLines,
    ) -> Result<SetNotes>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_the_lines() {
        let mut rows = BitRows::new(5, 70).unwrap();
        for (part, mut lines) in rows.parts(2).enumerate() {
            set_bit(lines.line(0), part);
            set_bit(lines.line(0), 69);
        }
        assert_eq!(rows.line(0), [1, 32]);
        assert_eq!(rows.line(1), [0, 0]);
        assert_eq!(rows.line(4), [4, 32]);
    }

    #[test]
    fn lines_are_copied_and_cleared() {
        let mut rows = BitRows::new(2, 3).unwrap();
        let mut lines = rows.parts(2).next().unwrap();
        set_bit(lines.line(0), 2);
        lines.copy(0, 1);
        assert_eq!(rows.line(1), [4]);
        rows.parts(2).for_each(|mut lines| lines.clear());
        assert_eq!(rows, BitRows::new(2, 3).unwrap());
    }
}
