//! A random graph with the same degrees.
//!
//! **Question.** What would a number be if only the degrees were as they are?
//!
//! **Formula.** Two edges (a, b) and (c, d), drawn at random, become (a, d) and (c, b), unless that
//! makes a self-loop or an edge that is there already; so many attempts.
//!
//! **Complexity.** O(attempts · log edges).
//!
//! **Needs.** An undirected graph.
//!
//! **Edge cases.** Self-loops stay where they are. Fewer than two other edges: nothing changes. An
//! edge takes its weight along.
//!
//! **Determinism.** One stream of the seed, in order of the attempts.
//!
//! **Reference.** Maslov and Sneppen, *Science* 296, 910 (2002).

use std::collections::BTreeSet;

use layerscope_core::random::stream;
use layerscope_core::{Result, Run, with_capacity};
use rand::RngExt;

use super::network::Network;

/// The edges after so many attempts to swap ends: sources, targets, and the place among the arcs
/// of the graph given that each edge's weight stands at.
pub fn rewire(
    network: Network,
    attempts: u64,
    seed: u64,
    run: &Run,
) -> Result<(Vec<u32>, Vec<u32>, Vec<u64>)> {
    let mut edges: Vec<(u32, u32)> = with_capacity(network.arcs() / 2 + 1)?;
    let mut places = with_capacity(network.arcs() / 2 + 1)?;
    let mut loops = Vec::new();
    let mut place = 0;
    for node in 0..network.nodes() {
        for &other in network.neighbours(node) {
            match (node as u32).cmp(&other) {
                std::cmp::Ordering::Less => {
                    edges.push((node as u32, other));
                    places.push(place);
                }
                std::cmp::Ordering::Equal => loops.push((other, place)),
                std::cmp::Ordering::Greater => {}
            }
            place += 1;
        }
    }
    run.check()?;
    let mut there: BTreeSet<(u32, u32)> = edges.iter().copied().collect();
    let mut generator = stream(seed, 0);
    run.progress().start(attempts.div_ceil(STRIDE));
    for attempt in 0..if edges.len() < 2 { 0 } else { attempts } {
        if attempt % STRIDE == 0 {
            run.check()?;
            run.progress().step();
        }
        let one = generator.random_range(0..edges.len() as u64) as usize;
        let other = generator.random_range(0..edges.len() as u64) as usize;
        let (a, b) = edges[one];
        let (c, d) = edges[other];
        // Which end of the second edge is which is drawn too, or some graphs cannot be reached.
        let (c, d) = if generator.random::<bool>() {
            (c, d)
        } else {
            (d, c)
        };
        let (first, second) = (ordered(a, d), ordered(c, b));
        let makes_loop = a == d || c == b;
        if one == other || makes_loop || there.contains(&first) || there.contains(&second) {
            continue;
        }
        there.remove(&edges[one]);
        there.remove(&edges[other]);
        there.insert(first);
        there.insert(second);
        (edges[one], edges[other]) = (first, second);
    }
    for (node, place) in loops {
        edges.push((node, node));
        places.push(place);
    }
    let (sources, targets) = edges.into_iter().unzip();
    Ok((sources, targets, places))
}

/// Attempts between two looks at the interrupt token.
const STRIDE: u64 = 4096;

fn ordered(a: u32, b: u32) -> (u32, u32) {
    (a.min(b), a.max(b))
}
