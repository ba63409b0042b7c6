//! The largest finite distance, without searching from every node.
//!
//! A search from v with eccentricity e bounds that of every node w at distance d: it is at least
//! max(d, e − d) and at most e + d. Nodes whose bound cannot exceed the largest eccentricity seen
//! are done. Searches go in turn from the node of largest upper bound, which may raise the
//! diameter, and from that of smallest lower bound, which lies in the middle and bounds many. Those
//! that are left after some searches, as in graphs that look alike from everywhere, are searched
//! all at once.
//!
//! Takes and Kosters, *Determining the Diameter of Small World Networks*, CIKM (2011).

use layerscope_core::{Result, Run, filled, with_capacity};

use super::network::Network;
use super::paths::paths;

/// Searches from one node each.
const SEARCHES: usize = 64;
const UNSEEN: u32 = u32::MAX;

/// The diameter; 0 for a graph without edges.
pub(super) fn diameter(network: Network, run: &Run) -> Result<u32> {
    let nodes = network.nodes();
    let mut bounds = Bounds {
        low: filled(nodes, 0)?,
        high: filled(nodes, UNSEEN)?,
        distance: filled(nodes, UNSEEN)?,
        queue: with_capacity(nodes)?,
        diameter: 0,
    };
    // Every component once, from the first of its nodes; then the upper bounds are finite.
    for node in 0..nodes {
        if bounds.high[node] == UNSEEN {
            bounds.search(network, node, run)?;
        }
    }
    for search in 0..SEARCHES {
        let open = |node: &usize| bounds.high[*node] > bounds.diameter;
        let chosen = if search % 2 == 0 {
            (0..nodes)
                .filter(open)
                .max_by_key(|&node| bounds.high[node])
        } else {
            (0..nodes).filter(open).min_by_key(|&node| bounds.low[node])
        };
        let Some(node) = chosen else {
            return Ok(bounds.diameter);
        };
        bounds.search(network, node, run)?;
    }
    let left: Vec<u32> = (0..nodes)
        .filter(|&node| bounds.high[node] > bounds.diameter)
        .map(|node| node as u32)
        .collect();
    Ok(paths(network, Some(&left), run)?
        .diameter
        .max(bounds.diameter))
}

/// What is known about the eccentricity of every node.
struct Bounds {
    low: Vec<u32>,
    high: Vec<u32>,
    distance: Vec<u32>,
    queue: Vec<u32>,
    diameter: u32,
}

impl Bounds {
    fn search(&mut self, network: Network, start: usize, run: &Run) -> Result<()> {
        let Self {
            low,
            high,
            distance,
            queue,
            diameter,
        } = self;
        queue.clear();
        queue.push(start as u32);
        distance[start] = 0;
        let mut head = 0;
        while head < queue.len() {
            if head % 4096 == 0 {
                run.check()?;
            }
            let node = queue[head] as usize;
            for &other in network.neighbours(node) {
                if distance[other as usize] == UNSEEN {
                    distance[other as usize] = distance[node] + 1;
                    queue.push(other);
                }
            }
            head += 1;
        }
        let farthest = queue.last().map_or(0, |&node| distance[node as usize]);
        *diameter = farthest.max(*diameter);
        for &node in &*queue {
            let node = node as usize;
            let steps = std::mem::replace(&mut distance[node], UNSEEN);
            low[node] = low[node].max(steps.max(farthest - steps));
            high[node] = high[node].min(farthest + steps);
        }
        high[start] = farthest;
        low[start] = farthest;
        Ok(())
    }
}
