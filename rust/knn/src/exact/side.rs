//! One side of the search: the distinct rows that ask, or those that are asked about.

use std::ops::Range;

use layerscope_core::{Result, Run, filled};

use crate::duplicates::Distinct;
use crate::metric::Metric;
use crate::rows::Rows;
use layerscope_core::widest;

/// Rows taken for the centre.
const SAMPLE: usize = 33;
/// Features whose medians are taken together.
const CHUNK: usize = 1024;

/// Rows and the numbering under which the search sees them.
#[derive(Clone, Copy)]
pub(crate) struct Side<'a> {
    /// The prepared rows.
    pub rows: &'a Rows<'a>,
    /// The numbering by distinct rows; `None` when every row stands for itself.
    pub distinct: Option<&'a Distinct>,
    /// Group of every row.
    pub groups: Option<&'a [u32]>,
}

impl Side<'_> {
    /// Number of rows the search sees.
    pub(crate) fn len(&self) -> usize {
        self.distinct.map_or(self.rows.len(), Distinct::len)
    }

    /// The row behind a number.
    pub(crate) fn row(&self, number: usize) -> usize {
        self.distinct
            .map_or(number, |distinct| distinct.first(number))
    }

    /// Group of the row behind a number.
    pub(crate) fn group(&self, number: usize) -> Option<u32> {
        self.groups.map(|groups| groups[self.row(number)])
    }

    /// Writes some columns of a row as the product wants it: less the centre (Euclidean; given for
    /// the same columns), of length one (angles), or as it is.
    pub(crate) fn pack(
        &self,
        number: usize,
        columns: Range<usize>,
        centre: &[f64],
        out: &mut [f64],
    ) {
        let row = self.row(number);
        let centre = &centre[columns.clone()];
        self.rows.read_part(row, columns, out);
        match self.rows.metric() {
            Metric::Euclidean => widest(
                #[inline(always)]
                || {
                    for (value, &middle) in out.iter_mut().zip(centre) {
                        *value -= middle;
                    }
                },
            ),
            Metric::Cosine | Metric::Pearson => {
                let root = self.rows.root(row);
                let inverse = if root == 0.0 { 0.0 } else { 1.0 / root };
                widest(
                    #[inline(always)]
                    || {
                        for value in out.iter_mut() {
                            *value *= inverse;
                        }
                    },
                );
            }
            Metric::InnerProduct => {}
        }
    }

    /// Whether packing takes a centre off.
    pub(crate) fn centred(&self) -> bool {
        self.rows.metric() == Metric::Euclidean
    }

    /// What packing takes off: a point amid the rows for Euclidean distance, nothing otherwise.
    pub(crate) fn centre(&self, run: &Run) -> Result<Vec<f64>> {
        if self.centred() {
            self.middle(run)
        } else {
            filled(self.rows.columns(), 0.0)
        }
    }

    /// A point amid the packed rows: per feature the median of a fixed sample. The mean would do
    /// as well on kind data; a single huge outlier drags the mean away and with it every bound,
    /// the median it leaves alone. Any point is correct.
    pub(crate) fn middle(&self, run: &Run) -> Result<Vec<f64>> {
        let columns = self.rows.columns();
        let nothing = filled(columns, 0.0)?;
        let picked = SAMPLE.min(self.len());
        let scratch = || filled(picked * CHUNK.min(columns), 0.0);
        let chunks = run.map_with(columns.div_ceil(CHUNK), scratch, |sample, chunk| {
            let range = chunk * CHUNK..((chunk + 1) * CHUNK).min(columns);
            let width = range.len();
            for (s, out) in sample.chunks_exact_mut(width).take(picked).enumerate() {
                let number = s * self.len() / picked;
                self.pack(number, range.clone(), &nothing, out);
            }
            let mut column = [0.0; SAMPLE];
            Ok((0..width)
                .map(|j| {
                    for (s, slot) in column[..picked].iter_mut().enumerate() {
                        *slot = sample[s * width + j];
                    }
                    *column[..picked]
                        .select_nth_unstable_by(picked / 2, f64::total_cmp)
                        .1
                })
                .collect::<Vec<_>>())
        })?;
        Ok(chunks.concat())
    }
}
