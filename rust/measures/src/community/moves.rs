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

use layerscope_core::{Result, Run, with_capacity};

use super::level::{Level, Weights};
use super::near::Near;
use super::partition::{ALONE, Partition};
use super::tally::Tally;

/// Lists up to this length go through the queue.
const SHORT: usize = 2000;
/// Shortest and longest batch, and the share of a list that makes one.
const BATCH: (usize, usize, usize) = (256, 4096, 64);
/// Nodes in one piece of a batch.
const PIECE: usize = 128;
/// Batches with fewer arcs than this are not worth waking a second thread for.
const WORTH: usize = 8000;
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
    run: &Run,
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
    let mut state = with_capacity(level.nodes())?;
    state.resize_with(level.nodes(), || AtomicU8::new(0));
    for &node in &list {
        state[node as usize].store(ACTIVE, Ordering::Relaxed);
    }
    let mut mover = Mover {
        run,
        level,
        partition,
        state,
        moved: Moved::default(),
    };
    let mut sweeps = match until {
        Until::Sweeps(sweeps) => sweeps,
        Until::Quiet => usize::MAX,
    };
    let mut round = 0;
    while sweeps > 0 && list.len() > SHORT {
        mover.round(&list)?;
        let before = list.len();
        list.clear();
        list.extend(
            order
                .iter()
                .filter(|&&node| mover.is(node as usize, ACTIVE)),
        );
        run.check()?;
        sweeps -= 1;
        round += 1;
        let shrinks = round == 1 || list.len() * 10 <= before * 8;
        if until == Until::Quiet && (round == ROUNDS || !shrinks) {
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

struct Mover<'a, 'b, W> {
    run: &'a Run<'a>,
    level: &'a Level<'b, W>,
    partition: &'a mut Partition,
    state: Vec<AtomicU8>,
    moved: Moved,
}

impl<W: Weights> Mover<'_, '_, W> {
    /// Visits every node of the list once, batch by batch.
    fn round(&mut self, list: &[u32]) -> Result<()> {
        let (low, high, share) = BATCH;
        let length = (list.len() / share).clamp(low, high);
        let arcs = self.level.arcs() / self.level.nodes().max(1) * length;
        let run = if arcs < WORTH {
            self.run.serial()
        } else {
            *self.run
        };
        let mut moved: Vec<u32> = with_capacity(length)?;
        for batch in list.chunks(length) {
            let proposals = self.propose(&run, batch, &moved)?;
            moved.clear();
            for (&node, &proposal) in batch.iter().zip(proposals.iter().flatten()) {
                if self.commit(node as usize, proposal) {
                    moved.push(node);
                }
            }
        }
        self.propose(&run, &[], &moved).map(|_| ())
    }

    /// Proposals for a batch, and in the same parallel region the neighbours of what moved before
    /// come back on the list.
    fn propose(&self, run: &Run, batch: &[u32], moved: &[u32]) -> Result<Vec<Vec<u32>>> {
        let (fresh, past) = (batch.len().div_ceil(PIECE), moved.len().div_ceil(PIECE));
        let work = |(near, tally): &mut (Near, Tally), piece: usize| {
            if piece < fresh {
                let mut nodes = batch.chunks(PIECE).nth(piece).unwrap_or_default();
                let mut proposals = with_capacity(nodes.len())?;
                while !nodes.is_empty() {
                    let (now, later) =
                        nodes.split_at(near.fetch(self.level, nodes, &self.partition.community));
                    let best = |i| self.partition.best(self.level.rate, near.around(i), tally);
                    proposals.extend((0..now.len()).map(best));
                    nodes = later;
                }
                return Ok(proposals);
            }
            for &node in moved.chunks(PIECE).nth(piece - fresh).unwrap_or_default() {
                self.wake(node as usize, |_| {});
            }
            Ok(Vec::new())
        };
        run.map_with(fresh + past, || Ok((Near::default(), Tally::new())), work)
    }

    /// Puts the neighbours of a moved node that live elsewhere back on the list.
    #[inline]
    fn wake(&self, node: usize, mut woken: impl FnMut(u32)) {
        let home = self.partition.community[node];
        self.level.visit(node, |other, _| {
            let state = &self.state[other];
            let bits = state.load(Ordering::Relaxed);
            if self.partition.community[other] != home && bits & ACTIVE == 0 {
                // Nobody touches the other bit while neighbours are woken.
                state.store(bits | ACTIVE, Ordering::Relaxed);
                woken(other as u32);
            }
        });
    }

    /// Carries out a proposal if it still raises the quality; if it does not, the node is to be
    /// visited again.
    #[inline]
    fn commit(&mut self, node: usize, proposal: u32) -> bool {
        let state = self.state[node].get_mut();
        *state &= !ACTIVE;
        let Some(target) = self.partition.target(node, proposal) else {
            return false;
        };
        // A community that was left by all is nobody's choice any more.
        let gone = proposal != ALONE && self.partition.size[target as usize] == 0;
        let gain = self.partition.gain(self.level, node, target);
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
        let (mut near, mut tally) = (Near::default(), Tally::new());
        for visit in 0..visits {
            if visit % 1024 == 0 {
                self.run.check()?;
            }
            let Some(node) = queue.pop_front() else { break };
            near.fetch(self.level, &[node], &self.partition.community);
            let node = node as usize;
            let proposal = self
                .partition
                .best(self.level.rate, near.around(0), &mut tally);
            if self.commit(node, proposal) {
                self.wake(node, |other| queue.push_back(other));
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
