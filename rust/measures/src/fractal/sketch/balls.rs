//! The balls around a few nodes, found by one search.

use layerscope_core::{Result, Run, filled};

use crate::fractal::network::Network;

/// Balls that one search finds, at most: a bit each.
pub(super) const BALLS: usize = 16;

/// Which balls hold a node, one bit per ball.
pub(super) struct Balls {
    bits: Vec<u16>,
    /// Bits that a node got in the last step, and in the step under way.
    news: Vec<u16>,
    coming: Vec<u16>,
    found: Vec<u32>,
    ring: Vec<u32>,
    next: Vec<u32>,
}

impl Balls {
    pub fn new(nodes: usize) -> Result<Self> {
        Ok(Self {
            bits: filled(nodes, 0)?,
            news: filled(nodes, 0)?,
            coming: filled(nodes, 0)?,
            found: Vec::new(),
            ring: Vec::new(),
            next: Vec::new(),
        })
    }

    /// Searches from different centres at once.
    pub fn find(
        &mut self,
        network: Network,
        centres: impl Iterator<Item = u32>,
        radius: u32,
        run: &Run,
    ) -> Result<()> {
        for &node in &self.found {
            self.bits[node as usize] = 0;
        }
        for &node in &self.ring {
            self.news[node as usize] = 0;
        }
        self.ring.clear();
        for (ball, centre) in centres.enumerate() {
            self.bits[centre as usize] = 1 << ball;
            self.news[centre as usize] = 1 << ball;
            self.ring.push(centre);
        }
        self.found.clone_from(&self.ring);
        for _ in 0..radius {
            for (place, &node) in self.ring.iter().enumerate() {
                if place % 4096 == 0 {
                    run.check()?;
                }
                let news = std::mem::take(&mut self.news[node as usize]);
                for &other in network.neighbours(node as usize) {
                    let new = news & !self.bits[other as usize];
                    if new != 0 {
                        if self.coming[other as usize] == 0 {
                            self.next.push(other);
                        }
                        self.coming[other as usize] |= new;
                    }
                }
            }
            for &node in &self.next {
                let new = std::mem::take(&mut self.coming[node as usize]);
                if self.bits[node as usize] == 0 {
                    self.found.push(node);
                }
                self.bits[node as usize] |= new;
                self.news[node as usize] = new;
            }
            std::mem::swap(&mut self.ring, &mut self.next);
            self.next.clear();
            if self.ring.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// How many nodes of each ball are left.
    pub fn counts(&self, left: &[bool]) -> [u32; BALLS] {
        let mut counts = [0; BALLS];
        for &node in self.found.iter().filter(|&&node| left[node as usize]) {
            let mut bits = self.bits[node as usize];
            while bits != 0 {
                counts[bits.trailing_zeros() as usize] += 1;
                bits &= bits - 1;
            }
        }
        counts
    }

    /// The nodes of a ball.
    pub fn nodes(&self, ball: usize) -> impl Iterator<Item = u32> {
        let inside = move |&node: &u32| self.bits[node as usize] >> ball & 1 == 1;
        self.found.iter().copied().filter(inside)
    }
}
