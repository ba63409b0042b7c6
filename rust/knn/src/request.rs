//! What is asked, checked before any work: sizes, groups, finite values.

use layerscope_core::{Error, Matrix, Result, Run};

use crate::metric::Metric;
use crate::rows::over_row_pieces;
use crate::widen::largest_as_stored;

/// A question for neighbours.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The rows among which neighbours are sought.
    pub data: Matrix<'a>,
    /// The rows asked about; `None` asks about the data themselves, without each row itself.
    pub queries: Option<Matrix<'a>>,
    /// Rows with equal codes are never neighbours of each other.
    pub groups: Option<&'a [u32]>,
    /// Neighbours per row.
    pub k: usize,
    /// The order.
    pub metric: Metric,
    /// Bytes of scratch at most.
    pub memory_limit: Option<u64>,
}

impl Request<'_> {
    /// Values of all pairs: how much there is to do, about.
    pub(crate) fn pairs(&self) -> u64 {
        let (n, d) = (self.data.rows() as u64, self.data.columns() as u64);
        let asked = self.queries.map_or(n, |queries| queries.rows() as u64);
        n.saturating_mul(asked).saturating_mul(d.saturating_add(9))
    }

    /// Whether the search is certainly over in some hundredths of a second, on any processor.
    pub fn is_brief(&self) -> bool {
        const BRIEF: u64 = 50_000_000;
        self.pairs() < BRIEF
    }

    /// Checks all that can be checked without reading values.
    pub(crate) fn check(&self) -> Result<()> {
        let (n, d) = (self.data.rows(), self.data.columns());
        if n == 0 || d == 0 {
            let shape = format!("shape ({n}, {d})");
            return Err(Error::invalid(
                "X",
                "must have at least one row and one column",
                shape,
            ));
        }
        if let Some(queries) = &self.queries {
            if queries.columns() != d {
                let rule = format!("must have as many columns as X ({d})");
                return Err(Error::invalid("queries", rule, queries.columns()));
            }
            if self.groups.is_some() {
                return Err(Error::invalid(
                    "groups",
                    "must be None when queries are given",
                    "both",
                ));
            }
        }
        let refuse = |rule: String| Err(Error::invalid("n_neighbors", rule, self.k));
        if self.k == 0 {
            return refuse("must be at least 1".into());
        }
        match self.queries {
            None if self.k >= n => refuse(format!("must be below the number of rows ({n})")),
            Some(_) if self.k > n => refuse(format!("must be at most the number of rows ({n})")),
            _ => self.check_groups(),
        }
    }

    fn check_groups(&self) -> Result<()> {
        let Some(groups) = self.groups else {
            return Ok(());
        };
        let n = self.data.rows();
        if groups.len() != n {
            let rule = format!("must have one entry per row ({n})");
            return Err(Error::invalid(
                "groups",
                rule,
                format!("{} entries", groups.len()),
            ));
        }
        // Codes are arbitrary words, so they are counted by sorting.
        let mut sorted = layerscope_core::with_capacity(n)?;
        sorted.extend_from_slice(groups);
        sorted.sort_unstable();
        let size_of = |group: u32| {
            let start = sorted.partition_point(|&other| other < group);
            let end = sorted.partition_point(|&other| other <= group);
            end - start
        };
        for (row, &group) in groups.iter().enumerate() {
            let left = n - size_of(group);
            if left < self.k {
                let rule = format!("must leave at least {} rows outside every group", self.k);
                return Err(Error::invalid(
                    "groups",
                    rule,
                    format!("{left} for row {row}"),
                ));
            }
        }
        Ok(())
    }

    /// Reads every value once: all must be finite. Returns the largest magnitude.
    pub(crate) fn check_values(&self, run: &Run) -> Result<f64> {
        let mut largest = largest_of_finite(run, &self.data, "X")?;
        if let Some(queries) = &self.queries {
            largest = largest.max(largest_of_finite(run, queries, "queries")?);
        }
        Ok(largest)
    }
}

fn largest_of_finite(run: &Run, matrix: &Matrix, argument: &str) -> Result<f64> {
    let pieces = over_row_pieces(run, matrix, |range| {
        let largest = largest_as_stored(matrix, range.clone());
        if !largest.is_finite()
            && let Some((row, column, value)) = matrix.first_non_finite(range)
        {
            let value = match value {
                value if value.is_nan() => "nan",
                value if value > 0.0 => "inf",
                _ => "-inf",
            };
            let found = format!("{value} at row {row}, column {column}");
            return Err(Error::invalid(argument, "must be finite", found));
        }
        Ok(largest)
    })?;
    Ok(pieces.into_iter().fold(0.0, f64::max))
}
