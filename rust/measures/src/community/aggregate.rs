//! Aggregation: communities become the nodes of a coarser level.

use layerscope_core::{Result, with_capacity};

use super::groups::Groups;
use super::level::{Coarse, Level, Weights};
use super::tally::Tally;
use super::tools::{Shop, Tools};

/// Blocks that wait to be copied together: few, for they are memory twice.
const WAVE: usize = 16;

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
    shop: Shop,
    level: &Level<W>,
    community: &[u32],
    groups: &Groups,
) -> Result<Coarse> {
    let ranges = groups.ranges();
    // Room for the most there can be: pages that are not written cost nothing.
    let mut coarse = Coarse {
        indptr: with_capacity(groups.len() + 1)?,
        indices: with_capacity(level.arcs())?,
        weights: with_capacity(level.arcs())?,
        mass: with_capacity(groups.len())?,
    };
    coarse.indptr.push(0);
    let mut end = 0;
    for wave in ranges.chunks(WAVE.max(4 * shop.run.jobs())) {
        let blocks = shop.run.map_with(
            wave.len(),
            || shop.lend(groups.len()),
            |lent, piece| {
                let rows = wave[piece].clone();
                Ok(block(level, community, groups, rows, &mut lent.tools))
            },
        )?;
        for block in blocks {
            for length in block.lengths {
                end += i64::from(length);
                coarse.indptr.push(end);
            }
            coarse.indices.extend_from_slice(&block.indices);
            coarse.weights.extend_from_slice(&block.weights);
            coarse.mass.extend_from_slice(&block.mass);
        }
    }
    coarse.indices.shrink_to_fit();
    coarse.weights.shrink_to_fit();
    Ok(coarse)
}

fn block<W: Weights>(
    level: &Level<W>,
    community: &[u32],
    groups: &Groups,
    rows: std::ops::Range<usize>,
    tools: &mut Tools,
) -> Block {
    let Tools { near, tally } = tools;
    let mut block = Block {
        lengths: Vec::with_capacity(rows.len()),
        indices: Vec::new(),
        weights: Vec::new(),
        mass: Vec::with_capacity(rows.len()),
    };
    // Members of several rows are fetched together; a row ends with its last member.
    let mut members = &groups.members[groups.start(rows.start)..groups.start(rows.end)];
    let mut row = rows.start;
    let (mut mass, mut left) = (0.0, groups.size(row));
    while !members.is_empty() {
        let (now, later) = members.split_at(near.fetch(level, members, community));
        members = later;
        for i in 0..now.len() {
            let around = near.around(i);
            mass += around.mass;
            around.each(|community, weight| tally.add(community, weight));
            left -= 1;
            if left == 0 {
                block.end_row(row, mass, tally);
                row += 1;
                (mass, left) = (0.0, groups.size(row));
            }
        }
    }
    block
}

impl Block {
    fn end_row(&mut self, row: usize, mass: f64, tally: &mut Tally) {
        let begun = self.indices.len();
        tally.drain(|target, weight| {
            if target as usize != row {
                self.indices.push(target);
                self.weights.push(weight);
            }
        });
        self.lengths.push((self.indices.len() - begun) as u32);
        self.mass.push(mass);
    }
}
