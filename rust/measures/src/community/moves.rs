//! Local moving: every node of a list goes to the community where it raises the quality most, until
//! nobody wants to move, or for a number of sweeps.
//!
//! Long lists are worked off in batches. Proposals of one batch are made in parallel against the
//! state that the batch before left, then committed one after the other in the order of the list;
//! each is weighed again against the state of that moment, so that every move raises the quality.
//! Batches depend on the length of the list alone: threads decide nothing. Neighbours of moved
//! nodes come back on the list. Short lists go through an exact queue, and so do lists that
//! batches do not shorten: proposals that cancel each other could go on for ever.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, Ordering};

use layerscope_core::{Result, with_capacity};

use super::level::{Level, Weights};
use super::partition::{ALONE, Partition, Proposal};
use super::round::round;
use super::tools::Shop;

/// Lists up to this length go through the queue.
const SHORT: usize = 2000;
/// Rounds of batches before the queue takes over.
const ROUNDS: usize = 12;

/// Bits of a node's state: it waits for a visit; it has moved.
const ACTIVE: u8 = 1;
const CHANGED: u8 = 2;

/// When to stop.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// After so many visits of every node; nodes never go alone.
    Sweeps(usize),
    /// When no node wants to move.
    Quiet,
}

/// What was moved.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Moved {
    pub moves: u64,
    /// Sum of the gains, in weight: times 2 / 2m, the rise of modularity.
    pub gain: f64,
    /// Whether batches handed over to the queue because lists did not shrink.
    pub handed_over: bool,
}

/// Moves the nodes of `order`, in that order, and says for every node whether it moved. Where
/// `active` is given, only nodes that it marks are visited, and those that moves bring back.
pub(super) fn move_nodes<W: Weights>(
    shop: Shop,
    level: &Level<W>,
    partition: &mut Partition,
    order: &[u32],
    active: Option<&[bool]>,
    until: Until,
) -> Result<(Moved, Vec<bool>)> {
    if until == Until::Quiet {
        partition.allow_alone()?;
    }
    let mut list = with_capacity(order.len())?;
    let wanted = |&&node: &&u32| active.is_none_or(|active| active[node as usize]);
    list.extend(order.iter().filter(wanted));
    // One more than there are nodes, for what wakes nobody.
    let mut state = with_capacity(level.nodes() + 1)?;
    state.resize_with(level.nodes() + 1, || AtomicU8::new(0));
    for &node in &list {
        state[node as usize].store(ACTIVE, Ordering::Relaxed);
    }
    let mut mover = Mover {
        shop,
        level,
        partition,
        state,
        moved: Moved::default(),
    };
    let mut sweeps = match until {
        Until::Sweeps(sweeps) => sweeps,
        Until::Quiet => usize::MAX,
    };
    let mut rounds = 0;
    while sweeps > 0 && list.len() > SHORT {
        round(&mut mover, &list)?;
        let before = list.len();
        list.clear();
        list.extend(
            order
                .iter()
                .filter(|&&node| mover.is(node as usize, ACTIVE)),
        );
        shop.run.check()?;
        sweeps -= 1;
        rounds += 1;
        let shrinks = rounds == 1 || list.len() * 10 <= before * 8;
        if until == Until::Quiet && (rounds == ROUNDS || !shrinks) {
            mover.moved.handed_over |= list.len() > SHORT;
            break;
        }
    }
    let visits = match until {
        Until::Sweeps(_) => sweeps.saturating_mul(level.nodes()),
        Until::Quiet => usize::MAX,
    };
    mover.queue(list.into(), visits)?;
    let mut changed = with_capacity(level.nodes())?;
    changed.extend((0..level.nodes()).map(|node| mover.is(node, CHANGED)));
    Ok((mover.moved, changed))
}

/// Moving at one level: what is to be moved, and how far it has got.
pub(super) struct Mover<'a, 'b, W> {
    pub shop: Shop<'a>,
    pub level: &'a Level<'b, W>,
    pub partition: &'a mut Partition,
    state: Vec<AtomicU8>,
    moved: Moved,
}

impl<W: Weights> Mover<'_, '_, W> {
    /// Puts the neighbours of a moved node that live elsewhere back on the list.
    #[inline]
    pub fn wake(&self, node: usize) {
        let home = self.partition.community[node];
        let nobody = self.level.nodes();
        self.level.visit(node, |other, _| {
            // Where it lives cannot be foretold: the choice is one of place, not of path.
            let elsewhere = self.partition.community[other] != home;
            let place = if elsewhere { other } else { nobody };
            // Nobody touches the other bit while neighbours are woken.
            let bits = self.state[place].load(Ordering::Relaxed);
            self.state[place].store(bits | ACTIVE, Ordering::Relaxed);
        });
    }

    /// The same, one after the other onto the end of a queue.
    #[inline]
    fn wake_into(&mut self, node: usize, queue: &mut VecDeque<u32>) {
        let home = self.partition.community[node];
        let (level, state) = (self.level, &mut self.state);
        level.visit(node, |other, _| {
            let state = state[other].get_mut();
            if self.partition.community[other] != home && *state & ACTIVE == 0 {
                *state |= ACTIVE;
                queue.push_back(other as u32);
            }
        });
    }

    /// Carries out a proposal if it still raises the quality; if it does not, the node is to be
    /// visited again. Where neighbours may have moved since, its arcs are asked again.
    #[inline]
    pub fn commit(&mut self, node: usize, proposal: &Proposal, disturbed: bool) -> bool {
        let state = self.state[node].get_mut();
        *state &= !ACTIVE;
        let Some(target) = self.partition.target(node, proposal) else {
            return false;
        };
        // A community that was left by all is nobody's choice any more.
        let gone = proposal.target != ALONE && self.partition.size[target as usize] == 0;
        let again;
        let proposal = if disturbed {
            again = self.partition.again(self.level, node, target);
            &again
        } else {
            proposal
        };
        let gain = self.partition.gain(self.level, node, target, proposal);
        let Some(gain) = gain.filter(|_| !gone) else {
            *state |= ACTIVE;
            return false;
        };
        *state |= CHANGED;
        self.partition.go(self.level, node, target);
        self.moved.moves += 1;
        self.moved.gain += gain;
        true
    }

    fn is(&self, node: usize, bit: u8) -> bool {
        self.state[node].load(Ordering::Relaxed) & bit != 0
    }

    /// First in, first out, each node against the present state; stops after `visits` of them.
    fn queue(&mut self, mut queue: VecDeque<u32>, visits: usize) -> Result<()> {
        let mut lent = self.shop.lend(self.level.nodes())?;
        let tools = &mut lent.tools;
        for visit in 0..visits {
            if visit % 1024 == 0 {
                self.shop.run.check()?;
            }
            let Some(node) = queue.pop_front() else { break };
            let node = node as usize;
            let proposal = self.partition.best_at(self.level, node, &mut tools.tally);
            if self.commit(node, &proposal, false) {
                self.wake_into(node, &mut queue);
            } else {
                *self.state[node].get_mut() &= !ACTIVE;
            }
        }
        Ok(())
    }
}

impl Moved {
    /// Adds what was moved after.
    pub fn and(&mut self, other: Self) {
        self.moves += other.moves;
        self.gain += other.gain;
        self.handed_over |= other.handed_over;
    }
}
