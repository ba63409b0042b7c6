//! Refinement (Leiden): each community is built anew, from its nodes, as well-connected parts.
//!
//! Inside community C a set S is well connected when `E(S, C − S) ≥ rate · K_S (K_C − K_S)`. In a
//! seeded order, each node that is still alone and well connected joins the well-connected part
//! that raises the quality most. Communities are independent of one another: each is one piece of
//! work with its own random stream. A part is connected, because a node joins only what it has an
//! arc to.

use layerscope_core::{Result, Run, filled, random};

use super::groups::Groups;
use super::level::{Level, Weights};
use super::partition::renumber;
use super::tally::{Sums, Way};
use super::tools::Shop;

/// As in `partition`: what a gain must exceed, as a share of its terms.
const LEAST: f64 = 1e-11;

/// Parts of the communities: a number per node, those of one community neighbouring, and how many
/// there are.
pub(super) fn refine<W: Weights>(
    shop: Shop,
    level: &Level<W>,
    community: &[u32],
    count: usize,
    seed: u64,
) -> Result<(Vec<u32>, usize)> {
    let groups = Groups::new(community, count)?;
    let places = groups.places()?;
    let parts = groups.map_members(
        shop.run,
        || Ok((Parts::default(), shop.lend(0)?)),
        |(parts, lent), c, numbers| {
            // Distinct over all communities: a part bears the place of one of its members.
            let (start, members) = (groups.start(c), groups.of(c));
            if members.len() == 1 {
                numbers.push(start as u32);
                return Ok(());
            }
            let tally = &mut lent.tools.tally;
            tally.fit(members.len())?;
            parts.start(shop.run, level, members, &places, start)?;
            random::shuffle(&mut parts.order, seed, c as u64);
            match tally.open() {
                Way::Direct(sums) => parts.build(shop.run, level.rate, sums)?,
                Way::Hashed(sums) => parts.build(shop.run, level.rate, sums)?,
            }
            numbers.extend(parts.part.iter().map(|&part| part + start as u32));
            Ok(())
        },
    )?;
    drop(places);
    let mut sorted = parts;
    let count = renumber(&mut sorted)?;
    let mut parts = filled(sorted.len(), 0u32)?;
    for (&member, &part) in groups.members.iter().zip(&sorted) {
        parts[member as usize] = part;
    }
    Ok((parts, count))
}

/// The parts of one community, by the places of its members in it; kept as scratch.
#[derive(Default)]
struct Parts {
    /// The graph inside the community: where rows end, other ends, and weights unless all are 1.
    ends: Vec<usize>,
    others: Vec<u32>,
    weights: Vec<f64>,
    /// Part of each member: the place of the member that it grew around.
    part: Vec<u32>,
    /// Of each part: `K_S` and `E(S, C − S)`, and whether it is one node.
    mass: Vec<f64>,
    cut: Vec<f64>,
    single: Vec<bool>,
    order: Vec<u32>,
}

impl Parts {
    /// Every member a part of its own. Copies the arcs inside, which are looked at twice.
    fn start<W: Weights>(
        &mut self,
        run: &Run,
        level: &Level<W>,
        members: &[u32],
        places: &[u32],
        start: usize,
    ) -> Result<()> {
        self.ends.clear();
        self.cut.clear();
        let arcs = |&member: &u32| level.row(member as usize).len();
        let room = members.iter().map(arcs).sum();
        if self.others.len() < room {
            self.others.resize(room, 0);
            self.weights.resize(if W::ONES { 0 } else { room }, 0.0);
        }
        let mut end = 0;
        for (turn, &member) in members.iter().enumerate() {
            if turn % 1024 == 0 {
                run.check()?;
            }
            let mut cut = 0.0;
            level.visit(member as usize, |other, weight| {
                let place = (places[other] as usize).wrapping_sub(start);
                // Written in any case, and kept if it lies inside: nothing branches on that.
                let inside = place < members.len();
                self.others[end] = place as u32;
                if !W::ONES {
                    self.weights[end] = weight;
                }
                end += usize::from(inside);
                cut += if inside { weight } else { 0.0 };
            });
            self.ends.push(end);
            self.cut.push(cut);
        }
        self.part.clear();
        self.part.extend(0..members.len() as u32);
        self.order.clone_from(&self.part);
        self.single.clear();
        self.single.resize(members.len(), true);
        self.mass.clear();
        let mass = |&member: &u32| level.mass[member as usize];
        self.mass.extend(members.iter().map(mass));
        Ok(())
    }

    fn build(&mut self, run: &Run, rate: f64, tally: &mut impl Sums) -> Result<()> {
        let whole: f64 = self.mass.iter().sum();
        for turn in 0..self.order.len() {
            if turn % 1024 == 0 {
                run.check()?;
            }
            let place = self.order[turn] as usize;
            if self.single[place] && self.well_connected(place, rate, whole) {
                self.join(place, rate, whole, tally);
            }
        }
        Ok(())
    }

    #[inline]
    fn well_connected(&self, part: usize, rate: f64, whole: f64) -> bool {
        let mass = self.mass[part];
        self.cut[part] >= rate * mass * (whole - mass)
    }

    /// Lets the single node at `place` join the part where it gains most, if any.
    fn join(&mut self, place: usize, rate: f64, whole: f64, tally: &mut impl Sums) {
        let begin = if place == 0 { 0 } else { self.ends[place - 1] };
        let row = begin..self.ends[place];
        if self.weights.is_empty() {
            for &other in &self.others[row] {
                tally.add(self.part[other as usize], 1.0);
            }
        } else {
            for (&other, &weight) in self.others[row.clone()].iter().zip(&self.weights[row]) {
                tally.add(self.part[other as usize], weight);
            }
        }
        let expected = rate * self.mass[place];
        let mut best = (place, LEAST * (self.cut[place] + expected * whole), 0.0);
        tally.drain(|part, weight| {
            let part = part as usize;
            let gain = weight - expected * self.mass[part];
            if gain > best.1 && self.well_connected(part, rate, whole) {
                best = (part, gain, weight);
            }
        });
        let (part, _, weight) = best;
        if part != place {
            self.part[place] = part as u32;
            self.mass[part] += self.mass[place];
            self.cut[part] += self.cut[place] - 2.0 * weight;
            self.single[part] = false;
        }
    }
}
