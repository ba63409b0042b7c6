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

    /// Searches from different centres at once, and says along how many edges.
    pub fn find(
        &mut self,
        network: Network,
        centres: impl Iterator<Item = u32>,
        radius: u32,
        run: &Run,
    ) -> Result<u64> {
        let mut edges = 0;
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
                let near = network.neighbours(node as usize);
                edges += near.len() as u64;
                for &other in near {
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
        Ok(edges)
    }

    /// How many nodes each ball has, of those that drew, and how many of these are left.
    pub fn counts(&self, drew: &[u32], left: &[bool]) -> ([u32; BALLS], [u32; BALLS]) {
        let (mut sizes, mut counts) = ([0; BALLS], [0; BALLS]);
        for &node in &self.found {
            let node = node as usize;
            if drew[node] == u32::MAX {
                continue;
            }
            let mut bits = self.bits[node];
            while bits != 0 {
                let ball = bits.trailing_zeros() as usize;
                sizes[ball] += 1;
                counts[ball] += u32::from(left[node]);
                bits &= bits - 1;
            }
        }
        (sizes, counts)
    }

    /// The nodes of all balls.
    pub fn nodes(&self) -> &[u32] {
        &self.found
    }
}
