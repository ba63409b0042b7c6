//! Box coverings of a graph at many sizes, by six methods behind one interface.
//!
//! **Question.** How many boxes of a size does it take to cover a graph?
//!
//! **Formula.** `N(l_B)`: boxes whose nodes are pairwise nearer than `l_B` (strictly), or
//! `N(r_B)`: boxes whose nodes lie within `r_B` of a centre. The least number is hard to find; each
//! method gives a covering, the best of several random orders is kept.
//!
//! **Complexity.** With the table of [`super::reach`], O(n²/64) words per size and covering; without,
//! a search per node. `Sketch`: near O(arcs · K) per step of the radius.
//!
//! **Needs.** An undirected graph of at least one node; lengths that are not negative.
//!
//! **Edge cases.** Distances are those of the whole graph. No box spans two components, so the
//! counts of components add up; or the largest component is covered alone.
//!
//! **Determinism.** One random stream per repeat, ties by the smallest index.
//!
//! **References.** Song, Gallos, Havlin and Makse, *J. Stat. Mech.* P03006 (2007): greedy colouring,
//! compact box burning, maximum excluded mass burning. Sun and Zhao, *Phys. Rev. E* 89, 042809
//! (2014): overlapping boxes. Akiba, Nakamura and Takaguchi, *ICDM* (2016): sketches. Kim, Goh,
//! Kahng and Kim, *Chaos* 17, 026116 (2007): random sequential.

use layerscope_core::{Error, Result, Run, with_capacity};

use super::network::{Component, Network, components};
use super::reach::{Bound, Reach};
use super::{burning, diameter, greedy, lengths, memb, obca, random, sketch};

/// How a covering is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Greedy colouring.
    Greedy,
    /// Compact box burning.
    Burning,
    /// Maximum excluded mass burning.
    Memb,
    /// Overlapping boxes.
    Obca,
    /// Greedy covering over sketches.
    Sketch,
    /// Random sequential covering.
    Random,
}

impl Method {
    /// Whether sizes are radii (`r_B`) and not diameters (`l_B`).
    pub fn by_radius(self) -> bool {
        matches!(self, Self::Memb | Self::Sketch | Self::Random)
    }

    /// Whether nothing in it is random, where what is near is known exactly.
    fn is_fixed(self) -> bool {
        matches!(self, Self::Memb | Self::Sketch)
    }

    fn bound(self, size: f64) -> Bound {
        Bound {
            limit: size,
            strict: !self.by_radius(),
        }
    }
}

/// What to cover, and how.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// How.
    pub method: Method,
    /// Sizes, rising; None for all whole ones that make a difference.
    pub sizes: Option<&'a [f64]>,
    /// Coverings per size.
    pub repeats: usize,
    /// Whether only the largest component counts.
    pub largest: bool,
    /// Whether weights are lengths.
    pub weighted: bool,
    /// Decides every random order.
    pub seed: u64,
    /// Bytes that scratch may take.
    pub memory_limit: Option<u64>,
}

/// Box counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Counts {
    /// Sizes, rising.
    pub sizes: Vec<f64>,
    /// Boxes at each size, one list per repeat.
    pub all: Vec<Vec<u32>>,
    /// The largest finite distance; None where nobody needed it and it is dear.
    pub diameter: Option<f64>,
    /// Nodes that were covered.
    pub nodes: usize,
    /// Components that were covered.
    pub components: usize,
}

/// Nodes up to which the diameter is found even where nothing depends on it.
const CHEAP_DIAMETER: usize = 100_000;
/// The same where edges have lengths: that takes a search from every node.
const CHEAP_EXTENT: usize = 10_000;
/// Sizes that weighted graphs get where none are given.
const LENGTHS: usize = 20;

/// Counts boxes at every size.
pub fn box_counts(network: Network, plan: &Plan, run: &Run) -> Result<Counts> {
    if plan.weighted {
        lengths::check(network)?;
    }
    if plan.largest {
        let part = Component::largest(network, run)?;
        count(part.network(), plan, run)
    } else {
        count(network, plan, run)
    }
}

fn count(network: Network, plan: &Plan, run: &Run) -> Result<Counts> {
    let components = components(network, run)?.1;
    let mut diameter = None;
    let mut sizes: Vec<f64> = plan.sizes.unwrap_or_default().to_vec();
    if plan.weighted {
        if plan.sizes.is_none() || network.nodes() <= CHEAP_EXTENT {
            let (farthest, shortest) = lengths::extent(network, run)?;
            diameter = Some(farthest);
            if plan.sizes.is_none() {
                sizes = spread(shortest.unwrap_or(1.0).min(farthest.next_up()), farthest);
            }
        }
    } else if network.nodes() <= CHEAP_DIAMETER
        || (plan.sizes.is_none() && !plan.method.by_radius())
    {
        let farthest = diameter::diameter(network, run)?;
        diameter = Some(f64::from(farthest));
        if plan.sizes.is_none() && !plan.method.by_radius() {
            sizes = (1..=farthest + 1).map(f64::from).collect();
        }
    }
    let until_one = plan.sizes.is_none() && sizes.is_empty();
    let mut cover = Cover::new(network, plan, run)?;
    let repeats = plan.repeats.max(1);
    let mut all: Vec<Vec<u32>> = (0..repeats).map(|_| Vec::new()).collect();
    run.progress().start(sizes.len() as u64);
    let mut next = 0;
    while until_one || next < sizes.len() {
        if until_one {
            sizes.push((next + 1) as f64);
        }
        let boxes = cover.at(sizes[next], run)?;
        for (counts, boxes) in all.iter_mut().zip(&boxes) {
            counts.push(number(boxes));
        }
        run.progress().step();
        let best = boxes.iter().map(|boxes| number(boxes)).min();
        if until_one && best == Some(components as u32) {
            break;
        }
        next += 1;
    }
    Ok(Counts {
        sizes,
        all,
        diameter,
        nodes: network.nodes(),
        components,
    })
}

/// Lengths in equal ratios, the last one just above the largest.
fn spread(smallest: f64, largest: f64) -> Vec<f64> {
    let top = largest.next_up();
    // By logarithms throughout: the ratio itself, and that of a step, may overflow.
    let step = (top.ln() - smallest.ln()) / (LENGTHS - 1) as f64;
    let mut sizes: Vec<f64> = (1..LENGTHS - 1)
        .map(|i| (smallest.ln() + step * i as f64).exp().min(top))
        .collect();
    sizes.insert(0, smallest);
    sizes.push(top);
    sizes.dedup_by(|next, before| *next <= *before);
    sizes
}

/// The best covering at one size: the box of every node, boxes numbered by their smallest node.
pub fn boxes(network: Network, size: f64, plan: &Plan, run: &Run) -> Result<Vec<u32>> {
    if plan.weighted {
        lengths::check(network)?;
    }
    let found = Cover::new(network, plan, run)?.at(size, run)?;
    let best = found
        .into_iter()
        .min_by_key(|boxes| number(boxes))
        .ok_or_else(|| Error::Internal("no covering was made".into()))?;
    Ok(renumbered(&best))
}

/// The number of boxes; every number up to it is used.
fn number(boxes: &[u32]) -> u32 {
    boxes.iter().max().map_or(0, |&last| last + 1)
}

fn renumbered(boxes: &[u32]) -> Vec<u32> {
    let mut names = vec![u32::MAX; number(boxes) as usize];
    let mut next = 0;
    let rename = |&old: &u32| {
        let name = &mut names[old as usize];
        if *name == u32::MAX {
            *name = next;
            next += 1;
        }
        *name
    };
    boxes.iter().map(rename).collect()
}

/// Coverings at rising sizes.
struct Cover<'a, 'p> {
    network: Network<'a>,
    plan: &'p Plan<'p>,
    near: Near<'a>,
}

/// What is known about nearness from size to size.
enum Near<'a> {
    Table(Reach<'a>),
    /// What each repeat begins with.
    Sketches(Vec<sketch::First>),
}

impl<'a, 'p> Cover<'a, 'p> {
    fn new(network: Network<'a>, plan: &'p Plan<'p>, run: &Run) -> Result<Self> {
        if plan.method == Method::Sketch && plan.weighted {
            let rule = "must not be 'sketch' where weights are lengths: it counts steps";
            return Err(Error::invalid("method", rule, "'sketch'"));
        }
        let nodes = network.nodes();
        let near = if plan.method == Method::Sketch && !sketch::exact(nodes) {
            sketch::check(nodes, plan.repeats, plan.memory_limit)?;
            let mut first = with_capacity(plan.repeats)?;
            for repeat in 0..plan.repeats as u64 {
                let (most, sample) = (sketch::length(nodes), sketch::sample(nodes));
                first.push(sketch::First::start(
                    nodes, most, sample, plan.seed, repeat,
                )?);
            }
            Near::Sketches(first)
        } else {
            Near::Table(Reach::new(network, plan.weighted, plan.memory_limit, run)?)
        };
        Ok(Self {
            network,
            plan,
            near,
        })
    }

    /// One covering per repeat.
    fn at(&mut self, size: f64, run: &Run) -> Result<Vec<Vec<u32>>> {
        let Plan {
            method,
            repeats,
            weighted,
            seed,
            ..
        } = *self.plan;
        let bound = method.bound(size);
        match &mut self.near {
            Near::Sketches(first) => {
                let mut found = with_capacity(repeats)?;
                for (repeat, first) in first.iter_mut().enumerate() {
                    first.grow(self.network, bound.steps(), run)?;
                    let repeat = repeat as u64;
                    found.push(sketch::cover(self.network, first, seed, repeat, run)?);
                }
                Ok(found)
            }
            Near::Table(reach) => {
                reach.set(bound, run)?;
                let reach = &*reach;
                let different = if method.is_fixed() { 1 } else { repeats };
                let mut found = run.map(different, |repeat| {
                    let repeat = repeat as u64;
                    match method {
                        Method::Greedy => greedy::cover(reach, seed, repeat, run),
                        Method::Burning => {
                            burning::cover(reach, seed, drawn(repeat, size, weighted), run)
                        }
                        Method::Obca => obca::cover(reach, seed, repeat, run),
                        Method::Random => random::cover(reach, seed, repeat, run),
                        Method::Memb | Method::Sketch => {
                            let centres = memb::centres(reach, run)?;
                            memb::assign(self.network, weighted, &centres, run)
                        }
                    }
                })?;
                while found.len() < repeats {
                    found.push(found[0].clone());
                }
                Ok(found)
            }
        }
    }
}

/// A stream per repeat and size, so that a size gives the same boxes whatever the other sizes. The
/// bits of a length belong to its unit, which is to change nothing.
fn drawn(repeat: u64, size: f64, weighted: bool) -> u64 {
    let bits = if weighted { 0 } else { size.to_bits() };
    bits ^ repeat.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
