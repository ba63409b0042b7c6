//! A graph from a list of edges.

use super::Graph;
use super::rows::Rows;
use crate::{Error, Result, Run};

impl Graph {
    /// Builds a graph from edges `sources[i] → targets[i]` in any order.
    ///
    /// Repeated edges merge: their weights add up in the order given, or count once when there
    /// are no weights. Without a direction, reversed edges are repeated edges too. O(edges +
    /// nodes) time, 24 bytes of scratch per stored arc.
    pub fn from_edges(
        run: &Run,
        n_nodes: usize,
        sources: &[u32],
        targets: &[u32],
        weights: Option<&[f64]>,
        directed: bool,
    ) -> Result<Self> {
        check_edges(run, n_nodes, sources, targets, weights)?;
        // Sorted by target, then, stably, by source: each row's columns rise, and repeated edges
        // stand in the order given, in both rows alike.
        let by_target = Rows::deal(
            run,
            n_nodes,
            weights.is_some(),
            (0..sources.len()).flat_map(|i| {
                let (source, target) = (sources[i], targets[i]);
                let weight = weights.map_or(1.0, |weights| weights[i]);
                let back = !directed && source != target;
                std::iter::once((target, source, weight))
                    .chain(back.then_some((source, target, weight)))
            }),
        )?;
        let mut rows = by_target.transposed(run)?;
        drop(by_target);
        rows.merge_repeated(run)?;
        rows.into_graph(directed)
    }
}

fn check_edges(
    run: &Run,
    n_nodes: usize,
    sources: &[u32],
    targets: &[u32],
    weights: Option<&[f64]>,
) -> Result<()> {
    if sources.len() != targets.len() {
        return Err(Error::invalid(
            "targets",
            format!("must have one entry per source ({})", sources.len()),
            targets.len(),
        ));
    }
    for ends in [sources, targets] {
        run.check()?;
        if let Some(edge) = ends.iter().position(|&node| node as usize >= n_nodes) {
            return Err(Error::invalid(
                "edges",
                format!("must join nodes below n_nodes ({n_nodes})"),
                format!("node {} in edge {edge}", ends[edge]),
            ));
        }
    }
    let Some(weights) = weights else {
        return Ok(());
    };
    if weights.len() != sources.len() {
        return Err(Error::invalid(
            "weights",
            format!("must have one entry per edge ({})", sources.len()),
            format!("{} entries", weights.len()),
        ));
    }
    run.check()?;
    match weights.iter().position(|weight| !weight.is_finite()) {
        Some(edge) => Err(Error::invalid(
            "weights",
            "must be finite",
            format!("{} in edge {edge}", weights[edge]),
        )),
        None => Ok(()),
    }
}
