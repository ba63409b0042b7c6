//! Statistics of all shortest paths, without keeping the distances.
//!
//! **Question.** How far apart are the nodes of a graph, at most and on average?
//!
//! **Formula.** Eccentricity of i: max over reachable j of d(i, j), 0 for an isolated node.
//! Diameter: the largest finite distance. Average path: mean of d(i, j) over ordered pairs i ≠ j
//! that a path joins, NaN where there is none.
//!
//! **Complexity.** As [`super::distances`], with 64 bytes a node and thread in place of the table.
//!
//! **Needs.** An undirected graph of at least one node.
//!
//! **Determinism.** Whole numbers; one division at the end.

use layerscope_core::{Error, Result, Run, filled, with_capacity};

use super::line::Line;
use super::network::{Network, components};
use super::order::Order;
use super::wave::{self, Scratch};

/// What all shortest paths say together.
#[derive(Debug, Clone, PartialEq)]
pub struct Paths {
    /// The largest finite distance.
    pub diameter: u32,
    /// Mean distance over joined pairs; NaN where there is none.
    pub average: f64,
    /// Largest finite distance from each source.
    pub eccentricity: Vec<u32>,
    /// Number of components.
    pub components: usize,
    /// `pairs[d]`: ordered pairs (source, node) at distance d.
    pub pairs: Vec<u64>,
}

/// Statistics of the paths from `sources` (all nodes if None) to every node.
pub fn paths(network: Network, sources: Option<&[u32]>, run: &Run) -> Result<Paths> {
    let nodes = network.nodes();
    let everyone: Vec<u32>;
    let sources = if let Some(sources) = sources {
        sources
    } else {
        everyone = (0..nodes as u32).collect();
        &everyone
    };
    if let Some(wrong) = sources.iter().find(|&&source| source as usize >= nodes) {
        let rule = format!("must be nodes below {nodes}");
        return Err(Error::invalid("sources", rule, wrong));
    }
    let order = Order::new(network, run)?;
    let batches = order.batches(sources)?;
    run.progress().start(batches.len() as u64);
    let found = run.map_with(
        batches.len(),
        || {
            let lines = filled(nodes, Line::EMPTY)?;
            Ok((lines, with_capacity(nodes)?, Scratch::new(nodes)?))
        },
        |(lines, learners, scratch), batch| {
            let places = batches[batch].iter();
            let places = places.map(|&position| order.place[sources[position as usize] as usize]);
            let places: Vec<u32> = places.collect();
            let found = one_batch(order.part.network(), &places, lines, learners, scratch, run);
            run.progress().step();
            found
        },
    )?;
    let mut pairs: Vec<u64> = Vec::new();
    let mut eccentricity = filled(sources.len(), 0)?;
    for ((counts, farthest), batch) in found.into_iter().zip(&batches) {
        pairs.resize(pairs.len().max(counts.len()), 0);
        for (sum, count) in pairs.iter_mut().zip(counts) {
            *sum += count;
        }
        for (&position, farthest) in batch.iter().zip(farthest) {
            eccentricity[position as usize] = farthest;
        }
    }
    let (steps, joined) = pairs.iter().enumerate().skip(1).fold(
        (0u128, 0u64),
        |(steps, joined), (distance, &count)| {
            (steps + distance as u128 * u128::from(count), joined + count)
        },
    );
    Ok(Paths {
        diameter: eccentricity.iter().copied().max().unwrap_or(0),
        average: if joined > 0 {
            steps as f64 / joined as f64
        } else {
            f64::NAN
        },
        eccentricity,
        components: components(network, run)?.1,
        pairs,
    })
}

/// Pairs at each distance, and the eccentricity of each source.
fn one_batch(
    network: Network,
    sources: &[u32],
    lines: &mut [Line],
    learners: &mut Vec<u32>,
    scratch: &mut Scratch,
    run: &Run,
) -> Result<(Vec<u64>, Vec<u32>)> {
    let full = Line::first(sources.len());
    wave::start(sources, lines, learners);
    let mut pairs = vec![sources.len() as u64];
    let mut eccentricity = vec![0u32; sources.len()];
    loop {
        wave::step(network, full, lines, learners, scratch, run)?;
        if learners.is_empty() {
            return Ok((pairs, eccentricity));
        }
        let mut any = Line::EMPTY;
        let mut count = 0;
        for new in &scratch.fresh {
            any.add(new);
            count += u64::from(new.count());
        }
        for (bit, farthest) in eccentricity.iter_mut().enumerate() {
            if any.has(bit) {
                *farthest = pairs.len() as u32;
            }
        }
        pairs.push(count);
    }
}
