//! The key of a pair, as the order defines it.

use layerscope_core::{Result, filled};

use super::side::Side;
use crate::lanes;
use crate::metric::Metric;

/// Keys of one row that are computed together.
pub(crate) const TOGETHER: usize = 4;

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

    /// The keys of one row with up to [`TOGETHER`] others; those beyond mean nothing.
    pub(crate) fn keys(
        &self,
        reader: &mut Reader,
        asked: usize,
        data: &[usize],
    ) -> [f64; TOGETHER] {
        let singles = |&number: &usize| self.data.rows.singles(self.data.row(number));
        if let &[a, b, c, d] = data
            && let [Some(a), Some(b), Some(c), Some(d)] = [&a, &b, &c, &d].map(singles)
        {
            self.read(reader, asked);
            return lanes::squared_distances_to_singles(&reader.x, [a, b, c, d]);
        }
        let mut keys = [0.0; TOGETHER];
        for (key, &number) in keys.iter_mut().zip(data) {
            *key = self.key(reader, asked, number);
        }
        keys
    }

    fn read(&self, reader: &mut Reader, asked: usize) {
        if reader.held != Some(asked) {
            self.asked.rows.read(self.asked.row(asked), &mut reader.x);
            reader.held = Some(asked);
        }
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
        self.read(reader, asked);
        if metric == Metric::Euclidean
            && let Some(y) = self.data.rows.singles(other)
        {
            return lanes::squared_distance_to_single(&reader.x, y);
        }
        self.data.rows.read(other, &mut reader.y);
        metric.key(&reader.x, roots.0, &reader.y, roots.1)
    }
}
