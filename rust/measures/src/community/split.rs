//! Communities whose nodes are not connected to one another are split into their components, which
//! can only raise the quality: no weight is lost, and the null model expects less.
//!
//! Trees of nodes that are connected grow together edge by edge (Galler and Fischer 1964), a row at
//! a time, so that rows are read in the order in which they lie in memory. A root always hangs
//! below a smaller one. So trees may grow together in any order, on any number of threads: in the
//! end the root is the smallest node of its component.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use layerscope_core::{Result, Run, filled, with_capacity};

use super::network::Network;

/// Nodes of one piece of the last pass.
const PIECE: usize = 1 << 14;

/// A number per node, such that two nodes have the same if they are of one community and connected
/// inside it by edges that weigh something.
pub(super) fn components(run: &Run, network: &Network, community: &[u32]) -> Result<Vec<u32>> {
    let mut forest = Forest(with_capacity(network.nodes())?);
    forest
        .0
        .extend((0..network.nodes() as u32).map(AtomicU32::new));
    let bounds = network.bounds();
    run.map(bounds.len() - 1, |piece| {
        for node in bounds[piece]..bounds[piece + 1] {
            let home = community[node];
            let mut root = node as u32;
            // Each edge is seen from its larger end.
            let mut meet = |other: u32| {
                if (other as usize) < node && community[other as usize] == home {
                    root = forest.unite(root, other);
                }
            };
            if network.facts.weighted {
                network.visit(node, |other, weight| {
                    if weight > 0.0 {
                        meet(other as u32);
                    }
                });
            } else {
                network.targets(node).iter().for_each(|&other| meet(other));
            }
        }
        Ok(())
    })?;
    let mut found = filled(network.nodes(), 0u32)?;
    run.for_each_chunk(&mut found, PIECE, |chunk, found| {
        let first = (chunk * PIECE) as u32;
        for (node, found) in (first..).zip(found) {
            *found = forest.root(node);
        }
        Ok(())
    })?;
    Ok(found)
}

/// The node above each; roots are above themselves, all others below a smaller one.
struct Forest(Vec<AtomicU32>);

impl Forest {
    /// The root of the tree that `node` is in, and shorter ways to it.
    #[inline]
    fn root(&self, mut node: u32) -> u32 {
        loop {
            let above = self.0[node as usize].load(Relaxed);
            if above == node {
                return node;
            }
            let next = self.0[above as usize].load(Relaxed);
            if next != above {
                // Whoever else shortens this way also ends at an ancestor.
                self.0[node as usize].store(next, Relaxed);
            }
            node = next;
        }
    }

    /// Makes two trees one; a node near its root.
    #[inline]
    fn unite(&self, one: u32, other: u32) -> u32 {
        let (mut one, mut other) = (self.root(one), self.root(other));
        while one != other {
            let (low, high) = (one.min(other), one.max(other));
            let place = &self.0[high as usize];
            let hung = place.compare_exchange(high, low, Relaxed, Relaxed);
            if hung.is_ok() {
                return low;
            }
            // Somebody was faster: that root hangs below another one now.
            (one, other) = (self.root(low), self.root(high));
        }
        one
    }
}
