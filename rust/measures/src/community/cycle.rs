//! One iteration: down through coarser and coarser levels, and up again with local moving at every
//! level.

use layerscope_core::{Result, Run, filled, random, with_capacity};

use super::aggregate::aggregate;
use super::groups::Groups;
use super::level::{Level, Weights};
use super::moves::{Moved, Until, move_nodes};
use super::partition::{Partition, renumber};
use super::refine::refine;

/// How a level comes to its coarser one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// From single nodes by a few sweeps a level, so that no early choice is driven to its end
    /// before coarser levels have had their say.
    Start,
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

/// Improves `community` in place; what it gained, and an order of the nodes in which those that
/// are near in the hierarchy are near.
pub(super) fn cycle<W: Weights>(
    run: &Run,
    level: &Level<W>,
    community: &mut Vec<u32>,
    way: Way,
    seed: u64,
    depth: u64,
) -> Result<(Moved, Vec<u32>)> {
    let nodes = level.nodes();
    let mut moved = Moved::default();
    let until = if way == Way::Start {
        Until::Sweeps(SWEEPS)
    } else {
        Until::Quiet
    };
    let order = shuffled(nodes, seed, depth)?;
    moved.and(improve(run, level, community, &order, until)?);
    drop(order);
    let mut count = renumber(community)?;
    let (mut parts, parts_of) = match way {
        Way::Start | Way::Merge => (std::mem::take(community), None),
        Way::Refine => {
            let (parts, n_parts) =
                refine(run, level, community, count, seed.wrapping_add(depth << 32))?;
            count = n_parts;
            (parts, Some(std::mem::take(community)))
        }
    };
    if count == nodes || (nodes > FEW && count as f64 > SHRINKS * nodes as f64) {
        *community = parts_of.unwrap_or(parts);
        return Ok((moved, identity(nodes)?));
    }
    let groups = Groups::new(&parts, count)?;
    let coarse = aggregate(run, level, &parts, &groups)?;
    let mut above = match &parts_of {
        None => identity(count)?,
        Some(community) => {
            let mut above = filled(count, 0u32)?;
            for (&part, &community) in parts.iter().zip(community) {
                above[part as usize] = community;
            }
            above
        }
    };
    drop(parts_of);
    let (gained, order_above) = cycle(
        run,
        &coarse.level(level.rate),
        &mut above,
        way,
        seed,
        depth + 1,
    )?;
    drop(coarse);
    moved.and(gained);
    for part in &mut parts {
        *part = above[*part as usize];
    }
    *community = parts;
    let mut order = with_capacity(nodes)?;
    for part in order_above {
        order.extend_from_slice(groups.of(part as usize));
    }
    drop(groups);
    moved.and(improve(run, level, community, &order, Until::Quiet)?);
    renumber(community)?;
    Ok((moved, order))
}

fn improve<W: Weights>(
    run: &Run,
    level: &Level<W>,
    community: &mut Vec<u32>,
    order: &[u32],
    until: Until,
) -> Result<Moved> {
    let mut partition = Partition::new(level, std::mem::take(community))?;
    let moved = move_nodes(run, level, &mut partition, order, until)?;
    *community = partition.community;
    Ok(moved)
}

pub(super) fn identity(nodes: usize) -> Result<Vec<u32>> {
    let mut order = with_capacity(nodes)?;
    order.extend(0..nodes as u32);
    Ok(order)
}

fn shuffled(nodes: usize, seed: u64, depth: u64) -> Result<Vec<u32>> {
    let mut order = identity(nodes)?;
    random::shuffle(&mut order, seed, depth);
    Ok(order)
}
