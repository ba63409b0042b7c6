//! Nodes by the gains that they promise as centres.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use layerscope_core::{Result, Run, filled};

use super::samples::Sketches;

/// How far a gain can be trusted.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Trust {
    /// The sketch is the ball.
    Sure,
    /// The search is no longer fresh, or was never made.
    Guess,
    /// A search was made since the last centre.
    Fresh,
}

/// A gain, by its bits, and whose it is: the smallest node first among equals. The bits of floats
/// that are not negative are ordered as the floats are.
type Entry = (u64, Reverse<u32>);

/// Nodes by the gains they promise. Gains only fall while nodes are covered, so old ones are
/// bounds, as in `memb`.
pub(super) struct Queue {
    heap: BinaryHeap<Entry>,
    /// What a search has found a node's gain to be: an estimate above it is wrong.
    known: Vec<u32>,
    /// The size that a search has found a node's ball to have; 0 where none was made.
    size: Vec<u32>,
    /// How many centres had been chosen when a search was made, counted from 1.
    when: Vec<u32>,
    pub chosen: u32,
    /// Estimates are raised by so many of their errors: while there is effort to spare, no centre is
    /// passed over because its sketch happens to say less.
    pub errors: f64,
    looks: u32,
}

impl Queue {
    pub fn new(sketches: &Sketches, errors: f64, uncovered: &[bool], run: &Run) -> Result<Self> {
        let nodes = sketches.nodes();
        let mut queue = Self {
            heap: BinaryHeap::new(),
            known: filled(nodes, u32::MAX)?,
            size: filled(nodes, 0)?,
            when: filled(nodes, 0)?,
            errors,
            chosen: 1,
            looks: 0,
        };
        for node in 0..nodes as u32 {
            if node % 4096 == 0 {
                run.check()?;
            }
            let (entry, _) = queue.entry(node, sketches, uncovered);
            if entry.0 > 0 {
                queue.heap.push(entry);
            }
        }
        Ok(queue)
    }

    fn entry(&self, node: u32, sketches: &Sketches, uncovered: &[bool]) -> (Entry, Trust) {
        let place = node as usize;
        let (gain, exact) = sketches.gain(place, self.size[place], self.errors, uncovered);
        let gain = gain.min(f64::from(self.known[place]));
        let trust = match (exact, self.when[place] == self.chosen) {
            (true, _) => Trust::Sure,
            (false, true) => Trust::Fresh,
            (false, false) => Trust::Guess,
        };
        ((gain.to_bits(), Reverse(node)), trust)
    }

    /// Takes out the node that promises most, and says how far that can be trusted.
    pub fn best(
        &mut self,
        sketches: &Sketches,
        uncovered: &[bool],
        run: &Run,
    ) -> Result<Option<(u32, Trust)>> {
        while let Some((_, Reverse(node))) = self.heap.pop() {
            if self.looks.is_multiple_of(1024) {
                run.check()?;
            }
            self.looks = self.looks.wrapping_add(1);
            let (entry, trust) = self.entry(node, sketches, uncovered);
            if entry.0 == 0 {
                continue;
            }
            if self.heap.peek().is_some_and(|next| entry < *next) {
                self.heap.push(entry);
                continue;
            }
            return Ok(Some((node, trust)));
        }
        Ok(None)
    }

    /// Puts back a node after a search for its ball.
    pub fn learn(
        &mut self,
        node: u32,
        size: u32,
        count: u32,
        sketches: &Sketches,
        uncovered: &[bool],
    ) {
        let place = node as usize;
        (self.known[place], self.size[place]) = (count, size);
        self.when[place] = self.chosen;
        let (entry, _) = self.entry(node, sketches, uncovered);
        self.heap.push(entry);
    }
}
