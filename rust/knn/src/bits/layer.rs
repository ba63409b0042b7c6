//! A layer as it is asked for sets.

use std::ops::Range;

use layerscope_core::{BitLines, Error, Matrix, NearestSets, Result, Run, SetNotes, with_capacity};

use super::worker::{self, Workers};
use crate::duplicates::Distinct;
use crate::engine::{self, Engine};
use crate::exact::certify::{Bound, bounds};
use crate::exact::side::Side;
use crate::metric::Metric;
use crate::request::Request;
use crate::rows::Rows;
use crate::scale::Scale;

/// Bytes per row while a layer is prepared: hashes and their order, facts and bounds, in vectors
/// that are made from pieces.
const PREPARING: u64 = 160;
/// Bytes per row that a prepared layer holds: bounds, facts, and which rows are equal.
const HELD: u64 = 72;

/// A layer and what is asked of it, before any work.
#[derive(Debug, Clone, Copy)]
pub struct BitQuery<'a> {
    /// The layer.
    pub data: Matrix<'a>,
    /// The order.
    pub metric: Metric,
    /// The largest k.
    pub k: usize,
}

impl<'a> BitQuery<'a> {
    /// Bytes that the prepared layer holds beside its input.
    pub fn held_bytes(&self) -> u64 {
        HELD * self.data.rows() as u64 + 8 * self.data.columns() as u64
    }

    /// Bytes that preparing the layer takes for a while.
    pub fn preparing_bytes(&self) -> u64 {
        (PREPARING - HELD) * self.data.rows() as u64
    }

    /// Bytes of scratch of one thread that makes the sets of `rows` rows at a time.
    pub fn piece_bytes(&self, rows: usize) -> u64 {
        worker::bytes(rows, self.data.rows(), self.data.columns())
    }

    /// Reads the layer once: all values must be finite.
    pub fn prepare(&self, run: &Run, workers: &'a Workers) -> Result<BitSearch<'a>> {
        let request = Request {
            data: self.data,
            queries: None,
            groups: None,
            k: self.k,
            metric: self.metric,
            memory_limit: None,
        };
        request.check()?;
        let largest = request.check_values(run)?;
        let scale = if self.metric.is_angle() {
            Scale::NONE
        } else {
            Scale::bringing(largest)
        };
        let rows = Rows::new(run, self.data, self.metric, scale)?;
        let distinct = Distinct::find(run, &self.data, None)?;
        let side = side_of(&rows);
        let centre = side.centre(run)?;
        let columns = Columns::new(&bounds(run, &side, &centre)?)?;
        Ok(BitSearch {
            engine: engine::chosen()?,
            rows,
            scale,
            distinct,
            centre,
            columns,
            workers,
        })
    }
}

/// The bounds of all rows, each part as one array.
#[derive(Debug)]
pub(super) struct Columns {
    pub alphas: Vec<f64>,
    pub betas: Vec<f64>,
    pub nus: Vec<f64>,
}

impl Columns {
    fn new(bounds: &[Bound]) -> Result<Self> {
        let part = |of: fn(&Bound) -> f64| -> Result<Vec<f64>> {
            let mut values = with_capacity(bounds.len())?;
            values.extend(bounds.iter().map(of));
            Ok(values)
        };
        Ok(Self {
            alphas: part(|bound| bound.alpha)?,
            betas: part(|bound| bound.beta)?,
            nus: part(|bound| bound.nu)?,
        })
    }

    /// The bound of one row.
    pub fn of(&self, row: usize) -> Bound {
        Bound {
            alpha: self.alphas[row],
            beta: self.betas[row],
            nu: self.nus[row],
        }
    }
}

/// A layer ready to be asked.
pub struct BitSearch<'a> {
    pub(super) engine: Engine,
    pub(super) rows: Rows<'a>,
    pub(super) scale: Scale,
    pub(super) distinct: Distinct,
    pub(super) centre: Vec<f64>,
    pub(super) columns: Columns,
    workers: &'a Workers,
}

/// Every row stands for itself here; equal rows share keys only.
fn side_of<'a>(rows: &'a Rows<'a>) -> Side<'a> {
    Side {
        rows,
        distinct: None,
        groups: None,
    }
}

impl BitSearch<'_> {
    pub(super) fn side(&self) -> Side<'_> {
        side_of(&self.rows)
    }

    /// Rows that equal an earlier row.
    pub fn n_duplicate_rows(&self) -> usize {
        self.distinct.n_repeated()
    }

    /// Rows without a direction (angles only).
    pub fn n_zero_rows(&self) -> usize {
        self.rows.n_zero()
    }
}

impl NearestSets for BitSearch<'_> {
    fn fill(
        &self,
        run: &Run,
        rows: Range<usize>,
        ks: &[usize],
        lines: &mut BitLines,
    ) -> Result<SetNotes> {
        let others = self.rows.len() - 1;
        if ks.last().is_none_or(|&k| k > others) || rows.end > self.rows.len() {
            return Err(Error::Internal(format!(
                "sets of {ks:?} for rows to {} of {}",
                rows.end,
                others + 1
            )));
        }
        let (n, d) = (self.rows.len(), self.rows.columns());
        let mut lent = self.workers.lend(rows.len(), n, d)?;
        self.estimate(run, rows.clone(), &mut lent.worker)?;
        let mut notes = SetNotes::default();
        for (local, row) in rows.enumerate() {
            run.check()?;
            notes = notes.and(self.choose(run, &mut lent.worker, local, row, ks, lines)?);
        }
        Ok(notes)
    }
}
