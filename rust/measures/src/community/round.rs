//! One visit of every node of a list, batch by batch.
//!
//! Three steps a batch. Proposals are made in parallel against the state that the batch before left;
//! in the same step the neighbours of what moved there come back on the list. Then each node that
//! wants to move looks, in parallel, whether a neighbour wants to as well. Last, proposals are
//! committed one after the other in the order of the list, each weighed again: in constant time
//! where no neighbour can have moved, from its arcs otherwise. So every move raises the quality.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use layerscope_core::{Error, Result, with_capacity};

use super::gate::{Gate, Leading};
use super::level::{Level, Weights};
use super::moves::Mover;
use super::near::NEAR;
use super::partition::Proposal;
use super::tools::Tools;

/// Shortest and longest batch, and the share of a list that makes one.
const BATCH: (usize, usize, usize) = (256, 4096, 64);
/// Nodes in one piece of a batch.
const PIECE: usize = 128;
/// Batches with fewer arcs than this are not worth a second thread.
const WORTH: usize = 4000;
/// How long threads stay together before they may be wanted elsewhere.
const TURN: Duration = Duration::from_millis(10);

/// What all threads read while pieces are worked on, and the leader changes in between.
struct Now<'a, 'b, 'c, W> {
    mover: &'a mut Mover<'b, 'c, W>,
    batch: &'a [u32],
    /// What moved in the batch before.
    moved: Vec<u32>,
    step: Step,
    /// Number of the step's first piece.
    first: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Propose,
    Compare,
}

/// Proposals of one piece; whether a neighbour wants to move too.
type Slot = Mutex<Vec<(Proposal, bool)>>;

struct Round<'a, 'b, 'c, W> {
    now: RwLock<Now<'a, 'b, 'c, W>>,
    slots: Vec<Slot>,
    /// Nodes of the batch that want to move, where more than one thread works.
    wanting: Vec<AtomicU8>,
}

/// Visits every node of the list once.
pub(super) fn round<W: Weights>(mover: &mut Mover<W>, list: &[u32]) -> Result<()> {
    let shop = mover.shop;
    let (low, high, share) = BATCH;
    let length = (list.len() / share).clamp(low, high);
    let nodes = mover.level.nodes();
    let arcs = mover.level.arcs() / nodes.max(1) * length;
    let jobs = if arcs < WORTH { 1 } else { shop.run.jobs() };
    let mut slots = with_capacity(length.div_ceil(PIECE))?;
    slots.resize_with(length.div_ceil(PIECE), Slot::default);
    let mut wanting = Vec::new();
    if jobs > 1 {
        wanting = with_capacity(nodes)?;
        wanting.resize_with(nodes, AtomicU8::default);
    }
    let round = Round {
        now: RwLock::new(Now {
            mover,
            batch: &[],
            moved: Vec::new(),
            step: Step::Propose,
            first: 0,
        }),
        slots,
        wanting,
    };
    let batches = Mutex::new(list.chunks(length).chain([&[][..]]));
    let mut left = list.len().div_ceil(length) + 1;
    while left > 0 {
        let gate = Gate::default();
        let work = |thread: usize| {
            let leading = (thread == 0).then(|| gate.lead());
            let mut lent = shop.lend(nodes)?;
            let Some(leading) = leading else {
                let stopped = || shop.run.check().is_err();
                gate.help(stopped, |piece| round.piece(piece, &mut lent.tools));
                return Ok(0);
            };
            let begun = Instant::now();
            let mut led = 0;
            for batch in lock(&batches).by_ref() {
                shop.run.check()?;
                round.batch(batch, &leading, &mut lent.tools)?;
                led += 1;
                if jobs > 1 && begun.elapsed() > TURN {
                    break;
                }
            }
            Ok(led)
        };
        left -= if jobs > 1 {
            shop.run.map(jobs, work)?.iter().sum()
        } else {
            work(0)?
        };
    }
    Ok(())
}

impl<'a, W: Weights> Round<'a, '_, '_, W> {
    /// The three steps of a batch.
    fn batch(&self, batch: &'a [u32], leading: &Leading, tools: &mut Tools) -> Result<()> {
        let fresh = batch.len().div_ceil(PIECE);
        let past = self.open(|now| {
            (now.batch, now.step, now.first) = (batch, Step::Propose, leading.next());
            now.moved.len().div_ceil(PIECE)
        });
        leading.run(fresh + past, |piece| self.piece(piece, tools));
        if !self.wanting.is_empty() {
            self.open(|now| (now.step, now.first) = (Step::Compare, leading.next()));
            leading.run(fresh, |piece| self.piece(piece, tools));
        }
        self.open(|now| self.commit(now))
    }

    fn open<T>(&self, change: impl FnOnce(&mut Now<'a, '_, '_, W>) -> T) -> T {
        change(&mut self.now.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Works off a piece of the present step.
    fn piece(&self, piece: usize, tools: &mut Tools) {
        let now: RwLockReadGuard<_> = self.now.read().unwrap_or_else(PoisonError::into_inner);
        let piece = piece - now.first;
        let fresh = now.batch.len().div_ceil(PIECE);
        if piece >= fresh {
            let begin = (piece - fresh) * PIECE;
            let end = now.moved.len().min(begin + PIECE);
            for &node in &now.moved[begin..end] {
                now.mover.wake(node as usize);
            }
            return;
        }
        let begin = piece * PIECE;
        let nodes = &now.batch[begin..now.batch.len().min(begin + PIECE)];
        let mut slot = lock(&self.slots[piece]);
        match now.step {
            Step::Propose => self.propose(&now, nodes, &mut slot, tools),
            Step::Compare => self.compare(now.mover.level, nodes, &mut slot),
        }
    }

    fn propose(
        &self,
        now: &Now<W>,
        mut nodes: &[u32],
        slot: &mut Vec<(Proposal, bool)>,
        tools: &mut Tools,
    ) {
        let (level, partition) = (now.mover.level, &*now.mover.partition);
        slot.clear();
        let mut propose = |node: u32, own: u32, proposal: Proposal| {
            if !self.wanting.is_empty() && proposal.target != own {
                self.wanting[node as usize].store(1, Ordering::Relaxed);
            }
            slot.push((proposal, true));
        };
        if level.nodes() <= NEAR {
            for &node in nodes {
                let proposal = partition.best_at(level, node as usize, &mut tools.tally);
                propose(node, partition.community[node as usize], proposal);
            }
            return;
        }
        while !nodes.is_empty() {
            let taken = tools.near.fetch(level, nodes, &partition.community);
            for (i, &node) in nodes[..taken].iter().enumerate() {
                let around = tools.near.around(level, i);
                let proposal = partition.best(level.rate, around, &mut tools.tally);
                propose(node, around.own, proposal);
            }
            nodes = &nodes[taken..];
        }
    }

    /// Finds out whose neighbours stay where they are.
    fn compare(&self, level: &Level<W>, nodes: &[u32], slot: &mut [(Proposal, bool)]) {
        for (&node, (_, disturbed)) in nodes.iter().zip(slot) {
            let node = node as usize;
            if self.wanting[node].load(Ordering::Relaxed) != 0 {
                let mut any = 0;
                level.visit(node, |other, _| {
                    any |= self.wanting[other].load(Ordering::Relaxed);
                });
                *disturbed = any != 0;
            }
        }
    }

    fn commit(&self, now: &mut Now<W>) -> Result<()> {
        now.moved.clear();
        for (piece, nodes) in now.batch.chunks(PIECE).enumerate() {
            let slot = lock(&self.slots[piece]);
            if slot.len() != nodes.len() {
                return Err(Error::Internal("a batch without proposals".into()));
            }
            for (&node, (proposal, disturbed)) in nodes.iter().zip(&*slot) {
                if let Some(wanting) = self.wanting.get(node as usize) {
                    wanting.store(0, Ordering::Relaxed);
                }
                if now.mover.commit(node as usize, proposal, *disturbed) {
                    now.moved.push(node);
                }
            }
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
