//! Sketches of balls: the smallest ranks in each, grown from neighbour to neighbour.

use layerscope_core::random::shuffle;
use layerscope_core::{Result, Run, filled};

use super::merge::{Merger, NONE};
use crate::fractal::network::Network;

/// Nodes of one piece of work.
const PIECE: usize = 1024;

/// Sketches of all balls of one radius; ranks count from 0, rising.
pub(super) struct Sketches {
    ranks: Vec<u32>,
    lengths: Vec<u16>,
    /// Whether the last step of the radius changed a sketch.
    fresh: Vec<bool>,
    /// The node that has a rank.
    pub node: Vec<u32>,
    pub radius: u32,
    /// Ranks that a sketch holds at most, K.
    pub most: usize,
}

impl Sketches {
    /// Balls of radius 0 around the nodes that draw, with sketches of at most so many ranks.
    pub fn start(
        nodes: usize,
        most: usize,
        mut drawing: Vec<u32>,
        seed: u64,
        item: u64,
    ) -> Result<Self> {
        shuffle(&mut drawing, seed, item);
        let mut ranks = filled(nodes * most, NONE)?;
        let mut lengths = filled(nodes, 0u16)?;
        for (rank, &node) in drawing.iter().enumerate() {
            ranks[node as usize * most] = rank as u32;
            lengths[node as usize] = 1;
        }
        Ok(Self {
            ranks,
            lengths,
            fresh: filled(nodes, true)?,
            node: drawing,
            radius: 0,
            most,
        })
    }

    /// Lets the balls grow to a radius.
    pub fn grow(&mut self, network: Network, radius: u32, run: &Run) -> Result<()> {
        let (nodes, most) = (network.nodes(), self.most);
        let mut grown = filled(self.ranks.len(), NONE)?;
        let mut lengths = filled(nodes, 0u16)?;
        let mut fresh = filled(nodes, false)?;
        while self.radius < radius {
            let old = &*self;
            let mut pieces: Vec<_> = grown
                .chunks_mut(PIECE * most)
                .zip(lengths.chunks_mut(PIECE))
                .zip(fresh.chunks_mut(PIECE))
                .collect();
            run.for_each_chunk(&mut pieces, 1, |piece, chunk| {
                let ((grown, lengths), fresh) = &mut chunk[0];
                let mut merger = Merger::new();
                let rows = grown.chunks_mut(most).zip(lengths.iter_mut());
                for (offset, ((grown, length), fresh)) in rows.zip(fresh.iter_mut()).enumerate() {
                    if offset % 64 == 0 {
                        run.check()?;
                    }
                    let node = piece * PIECE + offset;
                    let own = old.row(node);
                    merger.start(own);
                    for &other in network.neighbours(node) {
                        // What a neighbour knew a step earlier is here already.
                        if old.fresh[other as usize] && own[most - 1] > old.row(other as usize)[0] {
                            merger.add(old.row(other as usize));
                        }
                    }
                    grown.copy_from_slice(merger.finish(most));
                    *fresh = grown != own;
                    *length = grown.partition_point(|&rank| rank != NONE) as u16;
                }
                Ok(())
            })?;
            std::mem::swap(&mut self.ranks, &mut grown);
            std::mem::swap(&mut self.lengths, &mut lengths);
            std::mem::swap(&mut self.fresh, &mut fresh);
            // Once a step changes nothing, no later one will.
            let same = !self.fresh.contains(&true);
            self.radius = if same { radius } else { self.radius + 1 };
        }
        Ok(())
    }

    pub fn nodes(&self) -> usize {
        self.lengths.len()
    }

    fn of(&self, node: usize) -> &[u32] {
        &self.row(node)[..usize::from(self.lengths[node])]
    }

    /// A sketch, `NONE` where it has fewer ranks than it might.
    fn row(&self, node: usize) -> &[u32] {
        &self.ranks[node * self.most..][..self.most]
    }

    /// How many uncovered nodes the ball holds, by estimate, and whether that is exact: where the
    /// sketch is the ball. The `size` of the ball helps where it is known, and is 0 where it is not.
    /// An estimate is raised by `errors` of its standard errors.
    pub fn gain(&self, node: usize, size: u32, errors: f64, uncovered: &[bool]) -> (f64, bool) {
        let sketch = self.of(node);
        let hits = sketch
            .iter()
            .filter(|&&rank| uncovered[rank as usize])
            .count() as f64;
        if sketch.len() < self.most {
            return (hits, true);
        }
        // The K-th smallest of M ranks among N drawn without replacement: E[(K − 1) / (R − 1)] is
        // M / N, with ranks R from 1.
        let (k, last) = (self.most as f64, f64::from(sketch[self.most - 1]));
        let most = match size {
            0 => self.node.len() as f64 * (k - 1.0) / last * (1.0 + errors / k.sqrt()),
            size => f64::from(size),
        };
        (((hits + errors * hits.sqrt()) / k).min(1.0) * most, false)
    }
}
