//! Refinement (Leiden): each community is built anew, from its nodes, as well-connected parts.
//!
//! Inside community C a set S is well connected when E(S, C − S) ≥ rate · K_S (K_C − K_S). In a
//! seeded order, each node that is still alone and well connected joins the well-connected part
//! that raises the quality most. Communities are independent of one another: each is one piece of
//! work with its own random stream. A part is connected, because a node joins only what it has an
//! arc to.

use layerscope_core::{Result, Run, filled, random};

use super::groups::Groups;
use super::level::{Level, Weights};
use super::partition::renumber;
use super::tally::Tally;

/// As in `partition`: what a gain must exceed, as a share of its terms.
const LEAST: f64 = 1e-11;

/// Parts of the communities: a number per node, those of one community neighbouring, and how many
/// there are.
pub(super) fn refine<W: Weights>(
    run: &Run,
    level: &Level<W>,
    community: &[u32],
    count: usize,
    seed: u64,
) -> Result<(Vec<u32>, usize)> {
    let groups = Groups::new(community, count)?;
    let places = groups.places()?;
    let parts = groups.map_members(
        run,
        || Ok(Parts::default()),
        |parts, c, numbers| {
            let inside = Inside {
                level,
                community,
                places: &places,
                members: groups.of(c),
                number: c as u32,
            };
            let begun = numbers.len();
            if inside.members.len() == 1 {
                numbers.push(0);
            } else {
                parts.build(run, &inside, seed)?;
                numbers.extend_from_slice(&parts.part);
            }
            // Distinct over all communities: a part bears the place of one of its members.
            let start = groups.start(c) as u32;
            numbers[begun..].iter_mut().for_each(|part| *part += start);
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

/// One community and the level that it lives in.
struct Inside<'a, 'b, W> {
    level: &'a Level<'b, W>,
    community: &'a [u32],
    places: &'a [u32],
    members: &'a [u32],
    number: u32,
}

impl<W: Weights> Inside<'_, '_, W> {
    /// Arcs from a member to other members: `visit(place, weight)`.
    #[inline]
    fn visit(&self, place: usize, mut visit: impl FnMut(usize, f64)) {
        self.level
            .visit(self.members[place] as usize, |other, weight| {
                if self.community[other] == self.number {
                    visit(self.places[other] as usize, weight);
                }
            });
    }

    fn mass(&self, place: usize) -> f64 {
        self.level.mass[self.members[place] as usize]
    }
}

/// The parts of one community, by the places of its members; kept as scratch.
struct Parts {
    /// Part of each member: the place of the member that it grew around.
    part: Vec<u32>,
    /// Of each part: K_S and E(S, C − S), and whether it is one node.
    mass: Vec<f64>,
    cut: Vec<f64>,
    single: Vec<bool>,
    order: Vec<u32>,
    tally: Tally,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            part: Vec::new(),
            mass: Vec::new(),
            cut: Vec::new(),
            single: Vec::new(),
            order: Vec::new(),
            tally: Tally::new(),
        }
    }
}

impl Parts {
    fn build<W: Weights>(&mut self, run: &Run, inside: &Inside<W>, seed: u64) -> Result<()> {
        let members = inside.members.len();
        self.start(inside);
        let whole: f64 = self.mass.iter().sum();
        random::shuffle(&mut self.order, seed, u64::from(inside.number));
        for turn in 0..members {
            if turn % 1024 == 0 {
                run.check()?;
            }
            let place = self.order[turn] as usize;
            if self.single[place] && self.well_connected(inside, place, whole) {
                self.join(inside, place, whole);
            }
        }
        Ok(())
    }

    fn start<W: Weights>(&mut self, inside: &Inside<W>) {
        let members = inside.members.len();
        self.part.clear();
        self.part.extend(0..members as u32);
        self.order.clone_from(&self.part);
        self.single.clear();
        self.single.resize(members, true);
        self.mass.clear();
        self.mass
            .extend((0..members).map(|place| inside.mass(place)));
        self.cut.clear();
        for place in 0..members {
            let mut cut = 0.0;
            inside.visit(place, |_, weight| cut += weight);
            self.cut.push(cut);
        }
    }

    fn well_connected<W>(&self, inside: &Inside<W>, part: usize, whole: f64) -> bool {
        let mass = self.mass[part];
        self.cut[part] >= inside.level.rate * mass * (whole - mass)
    }

    /// Lets the single node at `place` join the part where it gains most, if any.
    fn join<W: Weights>(&mut self, inside: &Inside<W>, place: usize, whole: f64) {
        let mut tally = std::mem::replace(&mut self.tally, Tally::new());
        inside.visit(place, |other, weight| tally.add(self.part[other], weight));
        let expected = inside.level.rate * self.mass[place];
        let mut best = (place, LEAST * (self.cut[place] + expected * whole), 0.0);
        tally.drain(|part, weight| {
            let part = part as usize;
            let gain = weight - expected * self.mass[part];
            if gain > best.1 && self.well_connected(inside, part, whole) {
                best = (part, gain, weight);
            }
        });
        self.tally = tally;
        let (part, _, weight) = best;
        if part != place {
            self.part[place] = part as u32;
            self.mass[part] += self.mass[place];
            self.cut[part] += self.cut[place] - 2.0 * weight;
            self.single[part] = false;
        }
    }
}
