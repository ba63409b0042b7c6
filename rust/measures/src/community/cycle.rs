//! One iteration: down through coarser and coarser levels, and up again with local moving at every
//! level.

use layerscope_core::{Result, Run, filled, random, with_capacity};

use super::aggregate::aggregate;
use super::groups::Groups;
use super::level::{Level, Weights};
use super::moves::{Moved, Until, move_nodes};
use super::partition::{Partition, renumber};
use super::refine::refine;
use super::tools::Shop;

/// How a level comes to its coarser one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// From single nodes by a few sweeps a level, so that no early choice is driven to its end
    /// before coarser levels have had their say; with `refine`, coarse levels are then refined.
    Start { refine: bool },
    /// The present communities become nodes (Louvain).
    Merge,
    /// Well-connected parts of the present communities become nodes (Leiden).
    Refine,
}

/// Sweeps a level on the first way down.
const SWEEPS: usize = 2;
/// A level of many nodes that shrinks to more than this share of them is the last one.
const SHRINKS: f64 = 0.8;
/// Below so many nodes every level counts.
const FEW: usize = 1000;
/// Above so many nodes the seeded order keeps runs of so many nodes together.
const MANY: usize = 1 << 16;
const RUN: usize = 32;

/// What a cycle did at one level.
pub(super) struct Done {
    pub moved: Moved,
    /// An order of the nodes in which those that are near in the hierarchy are near.
    order: Vec<u32>,
    /// Nodes that have moved, alone or with their part.
    changed: Vec<bool>,
}

/// One walk down and up.
#[derive(Clone, Copy)]
pub(super) struct Walk<'a> {
    pub shop: Shop<'a>,
    pub way: Way,
    pub seed: u64,
}

impl Walk<'_> {
    /// Improves `community` in place. It is `settled` when no node of this level wants to move.
    pub fn level<W: Weights>(
        &self,
        level: &Level<W>,
        community: &mut Vec<u32>,
        settled: bool,
        depth: u64,
    ) -> Result<Done> {
        let nodes = level.nodes();
        let (mut moved, mut changed) = if settled {
            (Moved::default(), filled(nodes, false)?)
        } else {
            let until = match self.way {
                Way::Start { .. } => Until::Sweeps(SWEEPS),
                Way::Merge | Way::Refine => Until::Quiet,
            };
            let order = shuffled(nodes, self.seed, depth)?;
            self.improve(level, community, &order, None, until)?
        };
        let mut count = renumber(community)?;
        let mut parts = std::mem::take(community);
        let mut whole = None;
        if self.way == Way::Refine {
            let seed = self.seed.wrapping_add(depth << 32);
            let refined = refine(self.shop, level, &parts, count, seed)?;
            whole = Some(std::mem::replace(&mut parts, refined.0));
            count = refined.1;
        }
        if count == nodes || (nodes > FEW && count as f64 > SHRINKS * nodes as f64) {
            *community = whole.unwrap_or(parts);
            let order = identity(nodes)?;
            return Ok(Done {
                moved,
                order,
                changed,
            });
        }
        let groups = Groups::new(&parts, count)?;
        let coarse = aggregate(self.shop, level, &parts, &groups)?;
        let mut above = identity(count)?;
        for (&part, community) in parts.iter().zip(whole.iter().flatten()) {
            above[part as usize] = *community;
        }
        drop(whole);
        let up = self.level(&coarse.level(level.rate), &mut above, false, depth + 1)?;
        drop(coarse);
        moved.and(up.moved);
        let order = expanded(&groups, &up.order)?;
        drop(groups);
        let active = match self.way {
            Way::Start { .. } => None,
            Way::Merge | Way::Refine => Some(touched(self.shop.run, level, &parts, &up.changed)?),
        };
        for (part, changed) in parts.iter_mut().zip(&mut changed) {
            *changed |= up.changed[*part as usize];
            *part = above[*part as usize];
        }
        *community = parts;
        let (gained, also) =
            self.improve(level, community, &order, active.as_deref(), Until::Quiet)?;
        moved.and(gained);
        changed
            .iter_mut()
            .zip(also)
            .for_each(|(changed, also)| *changed |= also);
        if self.way == (Way::Start { refine: true }) && depth > 0 {
            moved.and(self.refined(level, community, depth)?);
        }
        Ok(Done {
            moved,
            order,
            changed,
        })
    }

    /// A walk from a coarse level of the start by refinement. There it costs a fraction of what it
    /// costs at the finest level, and repairs most of what the sweeps merged too early.
    fn refined<W: Weights>(
        &self,
        level: &Level<W>,
        community: &mut Vec<u32>,
        depth: u64,
    ) -> Result<Moved> {
        let again = Walk {
            way: Way::Refine,
            seed: self.seed.wrapping_add(depth << 20),
            ..*self
        };
        Ok(again.level(level, community, true, depth)?.moved)
    }

    fn improve<W: Weights>(
        &self,
        level: &Level<W>,
        community: &mut Vec<u32>,
        order: &[u32],
        active: Option<&[bool]>,
        until: Until,
    ) -> Result<(Moved, Vec<bool>)> {
        let mut partition = Partition::new(level, std::mem::take(community))?;
        let moved = move_nodes(self.shop, level, &mut partition, order, active, until)?;
        *community = partition.community;
        Ok(moved)
    }
}

/// The members of the groups of `order`, one group after the other.
fn expanded(groups: &Groups, order: &[u32]) -> Result<Vec<u32>> {
    let mut members = with_capacity(groups.members.len())?;
    for &group in order {
        members.extend_from_slice(groups.of(group as usize));
    }
    Ok(members)
}

/// Nodes whose part has changed, and their neighbours: all others are as settled as they were.
fn touched<W: Weights>(
    run: &Run,
    level: &Level<W>,
    parts: &[u32],
    changed: &[bool],
) -> Result<Vec<bool>> {
    let mut touched = filled(level.nodes(), false)?;
    for (node, &part) in parts.iter().enumerate() {
        if node % 4096 == 0 {
            run.check()?;
        }
        if changed[part as usize] {
            touched[node] = true;
            level.visit(node, |other, _| touched[other] = true);
        }
    }
    Ok(touched)
}

pub(super) fn identity(nodes: usize) -> Result<Vec<u32>> {
    let mut order = with_capacity(nodes)?;
    order.extend(0..nodes as u32);
    Ok(order)
}

/// A seeded order. In large levels runs of nodes stay together, whose rows then lie side by side in
/// memory.
fn shuffled(nodes: usize, seed: u64, depth: u64) -> Result<Vec<u32>> {
    let run = if nodes > MANY { RUN } else { 1 };
    let mut runs = identity(nodes.div_ceil(run))?;
    random::shuffle(&mut runs, seed, depth);
    let mut order = with_capacity(nodes)?;
    for first in runs {
        let first = first as usize * run;
        order.extend(first as u32..(first + run).min(nodes) as u32);
    }
    Ok(order)
}
