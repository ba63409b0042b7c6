//! Communities: Louvain and Leiden, with the same partition for any number of threads.
//!
//! Both look for a partition of large quality, which is one of
//!
//! ```text
//! modularity  Σ_c [ e_c / m − γ (K_c / 2m)² ]        Newman and Girvan 2004, Reichardt and Bornholdt 2006
//! CPM         Σ_c [ e_c − γ n_c (n_c − 1) / 2 ]      Traag, Van Dooren and Nesterov 2011
//! ```
//!
//! with the weight e inside community c, its degree K, its nodes n, the weight m of all edges and
//! the resolution γ.
//!
//! [`Algorithm::Louvain`] is that of Blondel et al. 2008 with queue-based moving, and
//! [`Algorithm::Leiden`] that of Traag, Waltman and van Eck 2019. Departures, all of them measured:
//! on the first way down a level makes two sweeps instead of moving to the end, and every level is
//! moved to the end on the way back; Leiden's refinement takes the best part instead of drawing
//! one; communities that came apart are split at the end.
//!
//! Near linear in the arcs. Needs an undirected graph with weights of at least 0. No nodes: no
//! communities. No edges: every node alone, modularity NaN. Isolated nodes stay alone, components
//! never share a Leiden community. A seed decides the order of visits, threads decide nothing.

mod aggregate;
mod cycle;
mod ensemble;
mod gate;
mod groups;
mod hierarchy;
mod level;
mod moves;
mod near;
mod network;
mod number;
mod partition;
mod quality;
mod refine;
mod round;
mod split;
mod tally;
#[cfg(test)]
mod tests;
mod tools;

use layerscope_core::{Error, Result, Run, filled};

use cycle::{Walk, Way, identity};
pub use hierarchy::hierarchy;
use level::{Level, Ones, Weights, degrees};
pub use network::Network;
use number::by_size;
use partition::renumber;
pub use quality::Sums;
use tools::{Shelf, Shop};

/// Which algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Blondel et al. 2008.
    Louvain,
    /// Traag et al. 2019.
    Leiden,
}

/// What is made large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quality {
    /// Newman's modularity.
    Modularity,
    /// The constant Potts model.
    Cpm,
}

/// How to look for communities.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    /// Which algorithm.
    pub algorithm: Algorithm,
    /// What is made large.
    pub quality: Quality,
    /// γ.
    pub resolution: f64,
    /// A partition to start from, numbered below the number of nodes.
    pub initial: Option<&'a [u32]>,
    /// The largest number of iterations, which end earlier where one changes nothing; None goes on
    /// until one gains less than [`STABLE`].
    pub iterations: Option<u32>,
    /// Independent searches, at least 1; of several, what they agree on is searched further.
    pub runs: u32,
    /// Decides the order of visits.
    pub seed: u64,
}

/// A partition.
#[derive(Debug, Clone, PartialEq)]
pub struct Communities {
    /// Community of each node, numbered by falling size, then by first node.
    pub labels: Vec<u32>,
    /// Number of communities.
    pub count: usize,
    /// Modularity at resolution 1.
    pub modularity: f64,
    /// The quality asked for, at the resolution asked for.
    pub quality: f64,
    /// Whether the last iteration gained less than [`STABLE`].
    pub converged: bool,
    /// Iterations made.
    pub iterations: u32,
}

/// γ beyond this leaves no room for products.
const HIGHEST: f64 = 1e15;
/// A partition is stable when an iteration raises its quality by less than this share of 1 (of m for
/// CPM).
const STABLE: f64 = 1e-2;

impl Settings<'_> {
    fn check(&self, nodes: usize) -> Result<()> {
        if !(0.0..=HIGHEST).contains(&self.resolution) {
            let rule = "must be a number between 0 and 1e15";
            return Err(Error::invalid("resolution", rule, self.resolution));
        }
        if self.runs == 0 || self.runs > 1 && self.initial.is_some() {
            let rule = "must be at least 1, and 1 beside a partition to start from";
            return Err(Error::invalid("n_runs", rule, self.runs));
        }
        let Some(initial) = self.initial else {
            return Ok(());
        };
        if initial.len() != nodes {
            let rule = format!("must have one entry per node ({nodes})");
            return Err(Error::invalid("initial", rule, initial.len()));
        }
        match initial.iter().find(|&&label| label as usize >= nodes) {
            Some(label) => {
                let rule = format!("must be numbered below the number of nodes ({nodes})");
                Err(Error::invalid("initial", rule, label))
            }
            None => Ok(()),
        }
    }
}

/// Looks for communities.
pub fn communities(run: &Run, network: &Network, settings: &Settings) -> Result<Communities> {
    settings.check(network.nodes())?;
    let degrees = degrees(run, network)?;
    let nodes; // one each for CPM
    let mass = match settings.quality {
        Quality::Modularity => &degrees,
        Quality::Cpm => {
            nodes = filled(network.nodes(), 1.0)?;
            &nodes
        }
    };
    let shelf = &Shelf::default();
    let shop = Shop { run, shelf };
    let rate = rate(network, settings);
    let (mut community, converged, iterations) = if network.facts.weighted {
        let level = level(network, network.weights, mass, rate);
        search(shop, &level, network, &degrees, settings)?
    } else {
        let level = level(network, Ones, mass, rate);
        search(shop, &level, network, &degrees, settings)?
    };
    let mut count = renumber(&mut community)?;
    if settings.algorithm == Algorithm::Leiden {
        community = split::components(run, network, &community)?;
        count = renumber(&mut community)?;
    }
    by_size(&mut community, count)?;
    let sums = Sums::new(run, network, &degrees, &community, count)?;
    Ok(Communities {
        labels: community,
        count,
        modularity: sums.modularity(1.0),
        quality: sums.quality(settings.quality, settings.resolution),
        converged,
        iterations,
    })
}

/// The partition, whether it is stable, and how many iterations it took.
fn search<W: Weights>(
    shop: Shop,
    level: &Level<W>,
    network: &Network,
    degrees: &[f64],
    settings: &Settings,
) -> Result<(Vec<u32>, bool, u32)> {
    if settings.runs > 1 {
        return ensemble::best_of_runs(shop, level, network, degrees, settings);
    }
    let mut community = match settings.initial {
        None => identity(network.nodes())?,
        Some(initial) => initial.to_vec(),
    };
    let (converged, iterations) = iterate(shop, level, network, &mut community, settings)?;
    Ok((community, converged, iterations))
}

/// What nodes weigh in the null model.
fn masses(run: &Run, network: &Network, quality: Quality) -> Result<Vec<f64>> {
    match quality {
        Quality::Modularity => degrees(run, network),
        Quality::Cpm => filled(network.nodes(), 1.0),
    }
}

fn rate(network: &Network, settings: &Settings) -> f64 {
    match settings.quality {
        Quality::Modularity if network.facts.total > 0.0 => {
            settings.resolution / network.facts.total
        }
        Quality::Modularity => 0.0,
        Quality::Cpm => settings.resolution,
    }
}

fn level<'a, W: Weights>(
    network: &Network<'a>,
    weights: W,
    mass: &'a [f64],
    rate: f64,
) -> Level<'a, W> {
    Level {
        indptr: network.indptr,
        indices: network.indices,
        weights,
        loops: network.facts.loops,
        mass,
        rate,
    }
}

/// Repeats cycles; whether the last one gained next to nothing, and how many there were.
fn iterate<W: Weights>(
    shop: Shop,
    level: &Level<W>,
    network: &Network,
    community: &mut Vec<u32>,
    settings: &Settings,
) -> Result<(bool, u32)> {
    let again = match settings.algorithm {
        Algorithm::Louvain => Way::Merge,
        Algorithm::Leiden => Way::Refine,
    };
    let mut way = if settings.initial.is_none() {
        Way::Start {
            refine: settings.algorithm == Algorithm::Leiden,
        }
    } else {
        again
    };
    let least = STABLE * network.facts.total / 2.0;
    let mut converged = false;
    for iteration in 0..settings.iterations.unwrap_or(u32::MAX) {
        let steps = settings.iterations.unwrap_or(iteration + 2);
        let progress = shop.run.progress();
        progress.start(u64::from(steps));
        (0..iteration).for_each(|_| progress.step());
        let seed = settings.seed.wrapping_add(u64::from(iteration) << 40);
        let walk = Walk { shop, way, seed };
        let done = walk.level(level, community, iteration > 0, 0)?;
        converged = way == again && done.moved.gain <= least;
        let nothing = way == again && done.moved.moves == 0;
        if nothing || converged && settings.iterations.is_none() {
            return Ok((converged, iteration + 1));
        }
        way = again;
    }
    Ok((converged, settings.iterations.unwrap_or(u32::MAX)))
}
