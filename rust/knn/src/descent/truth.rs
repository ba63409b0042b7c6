//! The exact answer for a sample of rows.

use half::{bf16, f16};
use layerscope_core::random::stream;
use layerscope_core::{Element, Matrix, Result, Run, with_capacity};
use rand::RngExt;

use super::answer::{Answers, Scratch};
use super::lists::Lists;
use super::recall::Recall;
use crate::exact;
use crate::metric::Metric;
use crate::request::Request;

/// The stream of random numbers that draws the sample.
const STREAM: u64 = u64::MAX;

/// Rows and how far their k-th neighbour is.
pub(crate) struct Truth {
    rows: Vec<usize>,
    /// The value of the k-th neighbour, as it is handed out.
    farthest: Vec<f64>,
    k: usize,
    near_is_small: bool,
}

impl Truth {
    /// Draws `size` rows and searches for their neighbours exactly. With groups, `crowd` is the
    /// size of the largest.
    pub(crate) fn draw(
        run: &Run,
        request: &Request,
        size: usize,
        crowd: usize,
        seed: u64,
    ) -> Result<Self> {
        let n = request.data.rows();
        let rows = sample(n, size, seed);
        let picked = Picked::of(&request.data, &rows)?;
        // Asked as strangers, so the row itself and its group come along and are taken out.
        let k = (request.k + crowd.max(1)).min(n);
        let question = Request {
            queries: Some(picked.matrix(rows.len(), request.data.columns())?),
            groups: None,
            k,
            ..*request
        };
        let found = exact::neighbors(run, &question)?;
        let mut farthest = with_capacity(rows.len())?;
        for (at, &row) in rows.iter().enumerate() {
            let span = at * k..(at + 1) * k;
            let others = found.indices[span.clone()].iter().zip(&found.values[span]);
            let others = others.filter(|&(&other, _)| match request.groups {
                None => other as usize != row,
                Some(groups) => groups[other as usize] != groups[row],
            });
            let kth = others.map(|(_, &value)| value).nth(request.k - 1);
            farthest.push(kth.unwrap_or(f64::NAN));
        }
        Ok(Self {
            rows,
            farthest,
            k: request.k,
            near_is_small: request.metric == Metric::Euclidean,
        })
    }

    /// How much of it the lists hold. A neighbour counts as found when what was found in its rank
    /// or before is not farther than the k-th: ties may go either way.
    pub(crate) fn recall(
        &self,
        run: &Run,
        answers: &Answers,
        lists: &Lists,
        part: std::ops::Range<usize>,
    ) -> Result<Recall> {
        let hits = run.map_with(
            part.len(),
            || Scratch::new(answers.points.columns()),
            |scratch, at| {
                let at = part.start + at;
                answers.of_row(lists, self.rows[at], scratch);
                let limit = self.farthest[at];
                let near = scratch.expanded.iter().take(self.k).filter(|ranked| {
                    let value = answers
                        .writer
                        .metric
                        .value(ranked.key, answers.writer.scale);
                    if self.near_is_small {
                        value <= limit
                    } else {
                        value >= limit
                    }
                });
                Ok(near.count())
            },
        )?;
        Ok(Recall::of(&hits, self.k))
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}

/// Different rows, drawn without order.
fn sample(n: usize, size: usize, seed: u64) -> Vec<usize> {
    let mut generator = stream(seed, STREAM);
    let mut drawn = std::collections::BTreeSet::new();
    let mut rows = Vec::new();
    while rows.len() < size.min(n) {
        let row = generator.random_range(0..n as u64) as usize;
        if drawn.insert(row) {
            rows.push(row);
        }
    }
    rows
}

/// Copies of some rows, in the kind in which they are stored.
enum Picked {
    F64(Vec<f64>),
    F32(Vec<f32>),
    F16(Vec<f16>),
    Bf16(Vec<bf16>),
}

impl Picked {
    fn of(data: &Matrix, rows: &[usize]) -> Result<Self> {
        fn copy<T: Copy>(values: &[T], columns: usize, rows: &[usize]) -> Result<Vec<T>> {
            let mut copied = with_capacity(rows.len() * columns)?;
            for &row in rows {
                copied.extend_from_slice(&values[row * columns..][..columns]);
            }
            Ok(copied)
        }
        let columns = data.columns();
        Ok(match data.values() {
            Element::F64(values) => Self::F64(copy(values, columns, rows)?),
            Element::F32(values) => Self::F32(copy(values, columns, rows)?),
            Element::F16(values) => Self::F16(copy(values, columns, rows)?),
            Element::Bf16(values) => Self::Bf16(copy(values, columns, rows)?),
        })
    }

    fn matrix(&self, rows: usize, columns: usize) -> Result<Matrix<'_>> {
        let values = match self {
            Self::F64(values) => Element::F64(values),
            Self::F32(values) => Element::F32(values),
            Self::F16(values) => Element::F16(values),
            Self::Bf16(values) => Element::Bf16(values),
        };
        Matrix::new("X", values, rows, columns)
    }
}
