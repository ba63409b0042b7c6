//! How good a partition is, from its definition on the original graph.

use layerscope_core::{Result, Run, filled};

use super::Quality;
use super::network::Network;

/// Sums over the communities of a partition.
pub struct Sums {
    /// Σ `e_c`: weight of the edges inside, self-loops included.
    inside: f64,
    /// Σ `(K_c / 2m)²`.
    squares: f64,
    /// Σ `n_c (n_c − 1) / 2`.
    pairs: f64,
    /// 2m.
    total: f64,
}

impl Sums {
    /// Adds up; `community` must be numbered below `count`.
    pub(super) fn new(
        run: &Run,
        network: &Network,
        degrees: &[f64],
        community: &[u32],
        count: usize,
    ) -> Result<Self> {
        let bounds = network.bounds();
        let inside = run.map(bounds.len() - 1, |i| {
            let mut twice = 0.0;
            if network.plain() {
                let mut arcs = 0;
                for node in bounds[i]..bounds[i + 1] {
                    let home = community[node];
                    let inside = |&&target: &&u32| community[target as usize] == home;
                    arcs += network.targets(node).iter().filter(inside).count();
                }
                return Ok(arcs as f64);
            }
            for node in bounds[i]..bounds[i + 1] {
                network.visit(node, |target, weight| {
                    if target == node {
                        twice += 2.0 * weight;
                    } else if community[target] == community[node] {
                        twice += weight;
                    }
                });
            }
            Ok(twice)
        })?;
        let mut degree = filled(count, 0.0)?;
        let mut size = filled(count, 0u32)?;
        for (&community, node) in community.iter().zip(degrees) {
            degree[community as usize] += node;
            size[community as usize] += 1;
        }
        let total = network.facts.total;
        Ok(Self {
            inside: inside.iter().sum::<f64>() / 2.0,
            squares: degree.iter().map(|k| (k / total) * (k / total)).sum(),
            pairs: size
                .iter()
                .map(|&n| f64::from(n) * (f64::from(n) - 1.0) / 2.0)
                .sum(),
            total,
        })
    }

    /// Modularity at a resolution; NaN without edges.
    pub fn modularity(&self, resolution: f64) -> f64 {
        2.0 * self.inside / self.total - resolution * self.squares
    }

    /// The quality of the kind asked for.
    pub fn quality(&self, quality: Quality, resolution: f64) -> f64 {
        match quality {
            Quality::Modularity => self.modularity(resolution),
            Quality::Cpm => self.inside - resolution * self.pairs,
        }
    }
}
