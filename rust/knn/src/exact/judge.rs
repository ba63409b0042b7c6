//! The key of a pair, as the order defines it.

use layerscope_core::{Result, filled};

use super::side::Side;
use crate::lanes;
use crate::metric::Metric;

/// Computes keys of pairs of rows, given by their numbers.
#[derive(Clone, Copy)]
pub(crate) struct Judge<'a> {
    asked: Side<'a>,
    data: Side<'a>,
}

/// The asking row, so that it is read once.
#[derive(Default)]
pub(crate) struct Reader {
    /// The number that `x` holds.
    held: Option<usize>,
    x: Vec<f64>,
    y: Vec<f64>,
}

impl Reader {
    pub(crate) fn new(columns: usize) -> Result<Self> {
        Ok(Self {
            held: None,
            x: filled(columns, 0.0)?,
            y: filled(columns, 0.0)?,
        })
    }
}

impl<'a> Judge<'a> {
    pub(crate) fn new(asked: Side<'a>, data: Side<'a>) -> Self {
        Self { asked, data }
    }

    /// The key.
    pub(crate) fn key(&self, reader: &mut Reader, asked: usize, data: usize) -> f64 {
        let metric = self.asked.rows.metric();
        let (row, other) = (self.asked.row(asked), self.data.row(data));
        let roots = (self.asked.rows.root(row), self.data.rows.root(other));
        if metric.is_angle() && (roots.0 == 0.0 || roots.1 == 0.0) {
            // Dead rows tie with everything: worth not reading them.
            return 0.0;
        }
        if reader.held != Some(asked) {
            self.asked.rows.read(row, &mut reader.x);
            reader.held = Some(asked);
        }
        if metric == Metric::Euclidean
            && let Some(y) = self.data.rows.singles(other)
        {
            return lanes::squared_distance_to_single(&reader.x, y);
        }
        self.data.rows.read(other, &mut reader.y);
        metric.key(&reader.x, roots.0, &reader.y, roots.1)
    }
}
