//! Aggregation: communities become the nodes of a coarser level.

use layerscope_core::{Result, Run, with_capacity};

use super::groups::Groups;
use super::level::{Coarse, Level, Weights};
use super::tally::Tally;

/// A few rows of the coarse graph.
struct Block {
    lengths: Vec<u32>,
    indices: Vec<u32>,
    weights: Vec<f64>,
    mass: Vec<f64>,
}

/// Merges the nodes of each community. Weights between two communities add up; those inside are
/// left out, for they stay in the masses.
pub(super) fn aggregate<W: Weights>(
    run: &Run,
    level: &Level<W>,
    community: &[u32],
    groups: &Groups,
) -> Result<Coarse> {
    let ranges = groups.ranges();
    let blocks = run.map_with(
        ranges.len(),
        || Ok(Tally::new()),
        |tally, piece| {
            Ok(block(
                level,
                community,
                groups,
                ranges[piece].clone(),
                tally,
            ))
        },
    )?;
    let arcs = blocks.iter().map(|block| block.indices.len()).sum();
    let mut coarse = Coarse {
        indptr: with_capacity(groups.len() + 1)?,
        indices: with_capacity(arcs)?,
        weights: with_capacity(arcs)?,
        mass: with_capacity(groups.len())?,
    };
    coarse.indptr.push(0);
    let mut end = 0;
    for block in blocks {
        run.check()?;
        for length in block.lengths {
            end += i64::from(length);
            coarse.indptr.push(end);
        }
        coarse.indices.extend_from_slice(&block.indices);
        coarse.weights.extend_from_slice(&block.weights);
        coarse.mass.extend_from_slice(&block.mass);
    }
    Ok(coarse)
}

fn block<W: Weights>(
    level: &Level<W>,
    community: &[u32],
    groups: &Groups,
    rows: std::ops::Range<usize>,
    tally: &mut Tally,
) -> Block {
    let mut block = Block {
        lengths: Vec::with_capacity(rows.len()),
        indices: Vec::new(),
        weights: Vec::new(),
        mass: Vec::with_capacity(rows.len()),
    };
    for row in rows {
        let mut mass = 0.0;
        for &member in groups.of(row) {
            mass += level.mass[member as usize];
            level.visit(member as usize, |target, weight| {
                tally.add(community[target], weight);
            });
        }
        let begun = block.indices.len();
        tally.drain(|target, weight| {
            if target as usize != row {
                block.indices.push(target);
                block.weights.push(weight);
            }
        });
        block.lengths.push((block.indices.len() - begun) as u32);
        block.mass.push(mass);
    }
    block
}
