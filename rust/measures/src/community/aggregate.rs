//! Aggregation: communities become the nodes of a coarser level.

use layerscope_core::{Result, with_capacity};

use super::groups::Groups;
use super::level::{Coarse, Level, Weights};
use super::near::{NEAR, Near};
use super::tally::{Sums, Way};
use super::tools::{Shop, Tools};

/// Blocks that wait to be copied together: few, for they are memory twice.
const WAVE: usize = 16;

/// Some rows of the coarse graph.
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
    let mut all = Block::with_room(groups.len(), level.arcs())?;
    let alone = shop.run.jobs() == 1;
    for wave in ranges.chunks(WAVE.max(4 * shop.run.jobs())) {
        if alone {
            let mut lent = shop.lend(groups.len())?;
            for rows in wave {
                shop.run.check()?;
                all.add(level, community, groups, rows.clone(), &mut lent.tools);
            }
            continue;
        }
        let blocks = shop.run.map_with(
            wave.len(),
            || shop.lend(groups.len()),
            |lent, piece| {
                let rows = wave[piece].clone();
                let mut block = Block::with_room(rows.len(), 0)?;
                block.add(level, community, groups, rows, &mut lent.tools);
                Ok(block)
            },
        )?;
        for block in blocks {
            all.lengths.extend_from_slice(&block.lengths);
            all.indices.extend_from_slice(&block.indices);
            all.weights.extend_from_slice(&block.weights);
            all.mass.extend_from_slice(&block.mass);
        }
    }
    let mut indptr = with_capacity(groups.len() + 1)?;
    let mut end = 0;
    indptr.push(end);
    indptr.extend(all.lengths.iter().map(|&length| {
        end += i64::from(length);
        end
    }));
    all.indices.shrink_to_fit();
    all.weights.shrink_to_fit();
    Ok(Coarse {
        indptr,
        indices: all.indices,
        weights: all.weights,
        mass: all.mass,
    })
}

impl Block {
    fn with_room(rows: usize, arcs: usize) -> Result<Self> {
        Ok(Self {
            lengths: with_capacity(rows)?,
            indices: with_capacity(arcs)?,
            weights: with_capacity(arcs)?,
            mass: with_capacity(rows)?,
        })
    }

    fn add<W: Weights>(
        &mut self,
        level: &Level<W>,
        community: &[u32],
        groups: &Groups,
        rows: std::ops::Range<usize>,
        tools: &mut Tools,
    ) {
        let Tools { near, tally } = tools;
        match tally.open() {
            Way::Direct(sums) => self.add_rows(level, community, groups, rows, near, sums),
            Way::Hashed(sums) => self.add_rows(level, community, groups, rows, near, sums),
        }
    }

    fn add_rows<W: Weights>(
        &mut self,
        level: &Level<W>,
        community: &[u32],
        groups: &Groups,
        rows: std::ops::Range<usize>,
        near: &mut Near,
        tally: &mut impl Sums,
    ) {
        // Members of several rows are fetched together; a row ends with its last member.
        let mut members = &groups.members[groups.start(rows.start)..groups.start(rows.end)];
        let mut row = rows.start;
        if level.nodes() <= NEAR {
            for row in rows {
                let mut mass = 0.0;
                for &member in groups.of(row) {
                    let member = member as usize;
                    mass += level.mass[member];
                    level.visit(member, |other, weight| tally.add(community[other], weight));
                }
                self.end_row(row, mass, tally);
            }
            return;
        }
        let (mut mass, mut left) = (0.0, groups.size(row));
        while !members.is_empty() {
            let (now, later) = members.split_at(near.fetch(level, members, community));
            members = later;
            for i in 0..now.len() {
                let around = near.around(level, i);
                mass += around.mass;
                around.each(|community, weight| tally.add(community, weight));
                left -= 1;
                if left == 0 {
                    self.end_row(row, mass, tally);
                    row += 1;
                    (mass, left) = (0.0, groups.size(row));
                }
            }
        }
    }

    fn end_row(&mut self, row: usize, mass: f64, tally: &mut impl Sums) {
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
