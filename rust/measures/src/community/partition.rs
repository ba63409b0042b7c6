//! A partition of a level's nodes, with what the gains of moves ask for.

use layerscope_core::{Result, filled, with_capacity};

use super::level::{Level, Weights};
use super::near::Around;
use super::tally::{Sums, Tally, Way};

/// A community of its own: where to go when no community is worth staying in.
pub(super) const ALONE: u32 = u32::MAX;
/// A gain must exceed this share of the terms that it is the difference of: far above what
/// rounding makes of them, so that every move truly raises the quality.
const LEAST: f64 = 1e-11;

/// Where a node wants to go, and what the arcs around it have to say about it.
#[derive(Clone, Copy)]
pub(super) struct Proposal {
    /// A community, its own, or [`ALONE`].
    pub target: u32,
    /// `w(v, C) − w(v, B)`: what its arcs to the new community weigh more than those to its own.
    rise: f64,
    /// Weight of all its arcs.
    strength: f64,
}

/// Community of each node, and mass and nodes of each community; community ids lie below the
/// number of nodes.
pub(super) struct Partition {
    pub community: Vec<u32>,
    pub mass: Vec<f64>,
    pub size: Vec<u32>,
    /// Empty communities, for nodes that go alone; None where nodes may not.
    pub free: Option<Vec<u32>>,
}

impl Partition {
    /// Takes over `community`.
    pub fn new<W: Weights>(level: &Level<W>, community: Vec<u32>) -> Result<Self> {
        let mut mass = filled(level.nodes(), 0.0)?;
        let mut size = filled(level.nodes(), 0u32)?;
        for (&community, &node) in community.iter().zip(level.mass) {
            mass[community as usize] += node;
            size[community as usize] += 1;
        }
        Ok(Self {
            community,
            mass,
            size,
            free: None,
        })
    }

    /// Lists the empty communities, so that nodes may go alone.
    pub fn allow_alone(&mut self) -> Result<()> {
        let empty = |&community: &u32| self.size[community as usize] == 0;
        let all = 0..self.size.len() as u32;
        let mut free = with_capacity(all.clone().filter(empty).count())?;
        free.extend(all.rev().filter(empty));
        self.free = Some(free);
        Ok(())
    }

    /// The best place for a node against the present state.
    ///
    /// Moving v from its community B to C gains `w(v, C) − w(v, B) − rate · k_v (K_C − K_B + k_v)`.
    #[inline]
    pub fn best(&self, rate: f64, around: Around, tally: &mut Tally) -> Proposal {
        if around.at_home() {
            let (own, strength) = (around.own, around.strength());
            let expected = rate * around.mass;
            let here = self.mass[own as usize];
            let least = LEAST * (strength + expected * here);
            let stays = strength - expected * (here - around.mass) >= -least;
            return Proposal {
                target: if stays { own } else { ALONE },
                rise: -strength,
                strength,
            };
        }
        let strength = around.strength();
        match tally.open() {
            Way::Direct(sums) => {
                around.each(|community, weight| sums.add(community, weight));
                self.choose(rate, around.own, around.mass, strength, sums)
            }
            Way::Hashed(sums) => {
                around.each(|community, weight| sums.add(community, weight));
                self.choose(rate, around.own, around.mass, strength, sums)
            }
        }
    }

    /// The best of the communities that arcs were added up for.
    #[inline]
    fn choose(
        &self,
        rate: f64,
        own: u32,
        mass: f64,
        strength: f64,
        sums: &mut impl Sums,
    ) -> Proposal {
        let here = self.mass[own as usize];
        let expected = rate * mass;
        let least = LEAST * (strength + expected * here);
        let from = sums.get(own);
        let mut gain = from - expected * (here - mass);
        let (mut target, mut to) = (own, from);
        if gain < -least {
            (target, gain, to) = (ALONE, 0.0, 0.0);
        }
        sums.drain(|community, weight| {
            let there = weight - expected * self.mass[community as usize];
            // Never its own, where the node's mass would be counted against itself.
            if there > gain + least {
                (target, gain, to) = (community, there, weight);
            }
        });
        Proposal {
            target,
            rise: to - from,
            strength,
        }
    }

    /// [`Self::best`] for one node whose surroundings lie in near memory.
    #[inline]
    pub fn best_at<W: Weights>(
        &self,
        level: &Level<W>,
        node: usize,
        tally: &mut Tally,
    ) -> Proposal {
        let own = self.community[node];
        let mut strength = 0.0;
        match tally.open() {
            Way::Direct(sums) => {
                level.visit(node, |other, weight| {
                    sums.add(self.community[other], weight);
                    strength += weight;
                });
                self.choose(level.rate, own, level.mass[node], strength, sums)
            }
            Way::Hashed(sums) => {
                level.visit(node, |other, weight| {
                    sums.add(self.community[other], weight);
                    strength += weight;
                });
                self.choose(level.rate, own, level.mass[node], strength, sums)
            }
        }
    }

    /// What the arcs around `node` say now about a move to `target`.
    #[inline]
    pub fn again<W: Weights>(&self, level: &Level<W>, node: usize, target: u32) -> Proposal {
        let own = self.community[node];
        let (mut to, mut from, mut strength) = (0.0, 0.0, 0.0);
        // No branches, for nobody can foretell them. Legal targets differ from `own`.
        level.visit(node, |other, weight| {
            let community = self.community[other];
            strength += weight;
            to += if community == target { weight } else { 0.0 };
            from += if community == own { weight } else { 0.0 };
        });
        Proposal {
            target,
            rise: to - from,
            strength,
        }
    }

    /// What moving `node` to `target` gains now, if its neighbours still live where they lived when
    /// the proposal was made; a gain that rounding could have made is none.
    #[inline]
    pub fn gain<W: Weights>(
        &self,
        level: &Level<W>,
        node: usize,
        target: u32,
        proposal: &Proposal,
    ) -> Option<f64> {
        let own = self.mass[self.community[node] as usize];
        let expected = level.rate * level.mass[node];
        let change = self.mass[target as usize] - own + level.mass[node];
        let gain = proposal.rise - expected * change;
        (gain > LEAST * (proposal.strength + expected * own)).then_some(gain)
    }

    /// The community that a proposal means, None for staying: an empty one for [`ALONE`].
    #[inline]
    pub fn target(&self, node: usize, proposal: &Proposal) -> Option<u32> {
        let own = self.community[node];
        if proposal.target == ALONE {
            let empty = *self.free.as_ref()?.last()?;
            (self.size[own as usize] > 1).then_some(empty)
        } else {
            (proposal.target != own).then_some(proposal.target)
        }
    }

    /// Moves `node` to `target`.
    #[inline]
    pub fn go<W: Weights>(&mut self, level: &Level<W>, node: usize, target: u32) {
        let mass = level.mass[node];
        let own = std::mem::replace(&mut self.community[node], target) as usize;
        self.mass[own] -= mass;
        self.size[own] -= 1;
        if self.size[own] == 0 {
            // Nothing is left of what rounding left.
            self.mass[own] = 0.0;
            if let Some(free) = &mut self.free {
                free.push(own as u32);
            }
        }
        self.mass[target as usize] += mass;
        self.size[target as usize] += 1;
        if let Some(free) = &mut self.free
            && free.last() == Some(&target)
        {
            free.pop();
        }
    }
}

/// Numbers communities 0, 1, … by their first node and returns how many there are.
pub(super) fn renumber(community: &mut [u32]) -> Result<usize> {
    let mut number = filled(community.len(), ALONE)?;
    let mut count = 0;
    for community in community {
        let number = &mut number[*community as usize];
        if *number == ALONE {
            *number = count;
            count += 1;
        }
        *community = *number;
    }
    Ok(count as usize)
}
