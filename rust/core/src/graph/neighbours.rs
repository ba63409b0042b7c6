//! A graph from a neighbour table: who is near whom need not be mutual, so the arcs w(i→j) are
//! made symmetric on request.

use super::Graph;
use super::rows::Rows;
use crate::{Error, Result, Run, filled};

/// Arcs that one piece of parallel work should see. Fixed, so that pieces never depend on threads.
const PIECE: usize = 1 << 15;

/// What becomes of a pair {i, j} whose arcs are w(i→j) and w(j→i).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symmetrize {
    /// A = (W + Wᵀ)/2, an absent arc weighing 0: a one-sided pair keeps half its weight.
    Mean,
    /// The larger of the weights that are present.
    Union,
    /// Only pairs present both ways, with the mean of the two weights.
    Mutual,
}

impl Symmetrize {
    /// The weight of a pair seen from one end, or None when there is no edge. Swapping the two
    /// arguments never changes a bit.
    fn combine(self, out: Option<f64>, back: Option<f64>) -> Option<f64> {
        match (self, out, back) {
            (Self::Mean | Self::Mutual, Some(out), Some(back)) => Some(out.midpoint(back)),
            (Self::Mean, Some(one), None) | (Self::Mean, None, Some(one)) => Some(one * 0.5),
            // Adding 0 turns -0 into 0, which `max` may choose by position.
            (Self::Union, Some(out), Some(back)) => Some(out.max(back) + 0.0),
            (Self::Union, Some(one), None) | (Self::Union, None, Some(one)) => Some(one),
            (Self::Mutual, _, _) | (_, None, None) => None,
        }
    }
}

impl Graph {
    /// Builds a graph from `k` neighbours per row, row by row in any order, with a weight each or
    /// all of weight 1. `symmetrize` None keeps the arcs as they are, in a directed graph.
    ///
    /// O(rows · k) time. Scratch: 8 bytes per arc, 24 with weights.
    pub fn from_neighbours(
        run: &Run,
        k: usize,
        indices: &[u32],
        weights: Option<&[f64]>,
        symmetrize: Option<Symmetrize>,
    ) -> Result<Self> {
        let n_nodes = check_table(run, k, indices, weights)?;
        // Dealing the table by column and back sorts both views.
        let incoming = Rows::deal(
            run,
            n_nodes,
            weights.is_some(),
            indices.iter().enumerate().map(|(place, &column)| {
                let weight = weights.map_or(1.0, |weights| weights[place]);
                (column, (place / k) as u32, weight)
            }),
        )?;
        let outgoing = incoming.transposed(run)?;
        check_distinct(run, &outgoing)?;
        if let Some(rule) = symmetrize {
            return join(run, &outgoing, &incoming, rule);
        }
        drop(incoming);
        outgoing.into_graph(true)
    }
}

/// Joins each row's outgoing with its incoming arcs: once to count, once to write.
fn join(run: &Run, outgoing: &Rows, incoming: &Rows, rule: Symmetrize) -> Result<Graph> {
    let n_nodes = outgoing.n_nodes();
    let arcs_per_row = 2 * outgoing.indices.len() / n_nodes.max(1);
    let height = (PIECE / arcs_per_row.max(1)).max(1);
    let pieces = n_nodes.div_ceil(height);
    let rows_of = |piece: usize| piece * height..((piece + 1) * height).min(n_nodes);
    let counts = run.map(pieces, |piece| {
        let mut counts: Vec<u32> = Vec::with_capacity(height);
        for row in rows_of(piece) {
            let mut count = 0;
            walk(outgoing, incoming, row, |_, out, back| {
                count += u32::from(rule.combine(out, back).is_some());
            });
            counts.push(count);
        }
        Ok(counts)
    })?;
    let mut indptr = filled(n_nodes + 1, 0u64)?;
    for (row, &count) in counts.iter().flatten().enumerate() {
        indptr[row + 1] = indptr[row] + u64::from(count);
    }
    let total = indptr[n_nodes] as usize;
    let (mut indices, mut weights) = (filled(total, 0u32)?, filled(total, 0.0)?);
    let mut slots = Vec::with_capacity(pieces);
    let (mut columns_left, mut weights_left) = (&mut indices[..], &mut weights[..]);
    for piece in 0..pieces {
        let rows = rows_of(piece);
        let length = (indptr[rows.end] - indptr[rows.start]) as usize;
        let (columns, others) = columns_left.split_at_mut(length);
        columns_left = others;
        let (values, others) = weights_left.split_at_mut(length);
        weights_left = others;
        slots.push((columns, values));
    }
    run.for_each_chunk(&mut slots, 1, |piece, slot| {
        let (columns, values) = &mut slot[0];
        let mut place = 0;
        for row in rows_of(piece) {
            walk(outgoing, incoming, row, |column, out, back| {
                if let Some(weight) = rule.combine(out, back) {
                    columns[place] = column;
                    values[place] = weight;
                    place += 1;
                }
            });
        }
        Ok(())
    })?;
    Ok(Graph {
        indptr,
        indices,
        weights,
        directed: false,
    })
}

/// Visits every node that a row points to or is pointed at by, in rising order, with the weight
/// of the arc out and of the arc back.
fn walk(
    outgoing: &Rows,
    incoming: &Rows,
    row: usize,
    mut visit: impl FnMut(u32, Option<f64>, Option<f64>),
) {
    let (mut out, mut back) = (outgoing.span(row), incoming.span(row));
    loop {
        let column_out = out.clone().next().map(|place| outgoing.indices[place]);
        let column_back = back.clone().next().map(|place| incoming.indices[place]);
        let column = match (column_out, column_back) {
            (Some(a), Some(b)) => a.min(b),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => break,
        };
        let take = |rows: &Rows, span: &mut std::ops::Range<usize>, here| {
            if here == Some(column) {
                span.next().map(|place| rows.weight(place))
            } else {
                None
            }
        };
        let weight_out = take(outgoing, &mut out, column_out);
        let weight_back = take(incoming, &mut back, column_back);
        visit(column, weight_out, weight_back);
    }
}

/// Checks the table and returns its number of rows.
fn check_table(run: &Run, k: usize, indices: &[u32], weights: Option<&[f64]>) -> Result<usize> {
    if k == 0 || !indices.len().is_multiple_of(k) {
        return Err(Error::invalid(
            "indices",
            "must have the same number of neighbours, at least 1, in every row",
            format!("{} entries for {k} neighbours", indices.len()),
        ));
    }
    let n_nodes = indices.len() / k;
    for (row, neighbours) in indices.chunks_exact(k).enumerate() {
        if row % 1024 == 0 {
            run.check()?;
        }
        for &node in neighbours {
            if node as usize >= n_nodes || node as usize == row {
                return Err(Error::invalid(
                    "indices",
                    format!("must name other rows below {n_nodes}"),
                    format!("{node} at row {row}"),
                ));
            }
        }
    }
    let Some(weights) = weights else {
        return Ok(n_nodes);
    };
    if weights.len() != indices.len() {
        return Err(Error::invalid(
            "weights",
            format!("must have one entry per neighbour ({})", indices.len()),
            format!("{} entries", weights.len()),
        ));
    }
    run.check()?;
    match weights.iter().position(|weight| !weight.is_finite()) {
        Some(place) => Err(Error::invalid(
            "weights",
            "must be finite",
            format!("{} at row {}", weights[place], place / k),
        )),
        None => Ok(n_nodes),
    }
}

fn check_distinct(run: &Run, rows: &Rows) -> Result<()> {
    for row in 0..rows.n_nodes() {
        if row % 1024 == 0 {
            run.check()?;
        }
        let columns = &rows.indices[rows.span(row)];
        let mut pairs = columns.iter().zip(columns.iter().skip(1));
        if let Some((twice, _)) = pairs.find(|(before, after)| before == after) {
            return Err(Error::invalid(
                "indices",
                "must name each neighbour of a row once",
                format!("{twice} twice at row {row}"),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_on_each_kind_of_pair() {
        let cases = [
            (Symmetrize::Mean, Some(3.0), Some(2.0), Some(1.0)),
            (Symmetrize::Union, Some(4.0), Some(4.0), Some(2.0)),
            (Symmetrize::Mutual, Some(3.0), None, None),
        ];
        for (rule, both, out, back) in cases {
            assert_eq!(rule.combine(Some(4.0), Some(2.0)), both);
            assert_eq!(rule.combine(Some(4.0), None), out);
            assert_eq!(rule.combine(None, Some(2.0)), back);
            assert_eq!(rule.combine(None, None), None);
        }
        // The larger weight that is present: an absent arc is no zero.
        assert_eq!(Symmetrize::Union.combine(Some(-1.0), None), Some(-1.0));
        let zeros = [(0.0, -0.0), (-0.0, 0.0)].map(|(a, b)| {
            Symmetrize::Union
                .combine(Some(a), Some(b))
                .map(f64::to_bits)
        });
        assert_eq!(zeros, [Some(0), Some(0)]);
    }
}
