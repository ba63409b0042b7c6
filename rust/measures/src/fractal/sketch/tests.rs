//! Coverings from sketches far too short: always complete, and near to those from whole balls.

use std::num::NonZeroUsize;

use layerscope_core::random::stream;
use layerscope_core::{Graph, Interrupt, Progress, Run};
use rand::RngExt;

use super::{First, cover};
use crate::fractal::Network;
use crate::fractal::memb;
use crate::fractal::reach::{Bound, Reach};

fn with_jobs<T>(jobs: usize, work: impl FnOnce(&Run) -> T) -> T {
    let (interrupt, progress) = (Interrupt::default(), Progress::default());
    let run = Run::new(NonZeroUsize::new(jobs).unwrap(), &interrupt, &progress);
    work(&run)
}

struct Parts(Vec<i64>, Vec<u32>);

impl Parts {
    fn new(nodes: usize, edges: &[(u32, u32)]) -> Self {
        let (sources, targets): (Vec<u32>, Vec<u32>) = edges.iter().copied().unzip();
        let graph = with_jobs(1, |run| {
            Graph::from_edges(run, nodes, &sources, &targets, None, false).unwrap()
        });
        let (indptr, indices, _) = graph.into_parts();
        Self(indptr.into_iter().map(u64::cast_signed).collect(), indices)
    }

    fn network(&self) -> Network<'_> {
        Network::new(&self.0, &self.1, &[]).unwrap()
    }

    /// Boxes from sketches of `most` ranks, or from a sample of candidates.
    fn sketched(
        &self,
        (most, sample): (usize, usize),
        radius: u32,
        seed: u64,
        jobs: usize,
    ) -> Vec<u32> {
        with_jobs(jobs, |run| {
            let nodes = self.network().nodes();
            let mut first = First::start(nodes, most, sample, seed, 0).unwrap();
            // In two goes, as from size to size.
            first.grow(self.network(), radius / 2, run).unwrap();
            first.grow(self.network(), radius, run).unwrap();
            let boxes = cover(self.network(), &first, seed, 0, run).unwrap();
            let mut at_once = First::start(nodes, most, sample, seed, 0).unwrap();
            at_once.grow(self.network(), radius, run).unwrap();
            assert_eq!(
                boxes,
                cover(self.network(), &at_once, seed, 0, run).unwrap()
            );
            boxes
        })
    }

    /// Boxes of `memb`, after checking that every box of a covering has a centre.
    fn checked(&self, boxes: &[u32], radius: u32) -> u32 {
        with_jobs(1, |run| {
            let bound = Bound {
                limit: f64::from(radius),
                strict: false,
            };
            let mut reach = Reach::new(self.network(), false, None, run).unwrap();
            reach.set(bound, run).unwrap();
            let count = boxes.iter().max().map_or(0, |&last| last + 1);
            let mut held = vec![false; count as usize];
            let mut row = reach.row().unwrap();
            for centre in 0..boxes.len() {
                reach.near(centre, &mut row, run).unwrap();
                let near = |node: usize| row.bits[node / 64] >> (node % 64) & 1 == 1;
                let number = boxes[centre];
                let all = (0..boxes.len()).all(|node| boxes[node] != number || near(node));
                held[number as usize] |= all;
            }
            assert!(held.into_iter().all(|held| held));
            memb::centres(&reach, run).unwrap().len() as u32
        })
    }
}

fn grid(side: u32) -> Parts {
    let mut edges = Vec::new();
    for node in 0..side * side {
        if node % side + 1 < side {
            edges.push((node, node + 1));
        }
        if node + side < side * side {
            edges.push((node, node + side));
        }
    }
    Parts::new((side * side) as usize, &edges)
}

#[test]
fn short_sketches_cover_random_graphs() {
    for seed in 0..12 {
        let mut generator = stream(seed, 0);
        let nodes = generator.random_range(60..400u64) as u32;
        let mut node = || generator.random_range(0..u64::from(nodes)) as u32;
        let edges: Vec<(u32, u32)> = (0..2 * nodes).map(|_| (node(), node())).collect();
        let parts = Parts::new(nodes as usize, &edges);
        // Samples of fewer than 128 are always enough; one of 128 once nearly all nodes have one.
        for (most, sample) in [(2, 0), (3, 0), (5, 0), (2, 10), (3, 30), (2, 128)] {
            for radius in 1..5 {
                let boxes = parts.sketched((most, sample), radius, seed, 1);
                parts.checked(&boxes, radius);
                let two = parts.sketched((most, sample), radius, seed, 2);
                assert_eq!(boxes, two);
            }
        }
    }
}

#[test]
fn sketches_need_few_boxes_more_than_whole_balls() {
    // As short as any graph has them; whole balls of 100 x 100 nodes would not fit.
    let parts = grid(100);
    for radius in [4, 9, 16] {
        let boxes = parts.sketched((super::FEWEST, 0), radius, 1, 2);
        let exact = parts.checked(&boxes, radius);
        let count = boxes.iter().max().unwrap() + 1;
        assert!(
            count <= exact + (3 * exact / 20).max(2),
            "{count} boxes and {exact}"
        );
    }
}

#[test]
fn candidates_need_few_boxes_more_than_whole_balls() {
    // Points in a square, joined where they are near.
    let mut generator = stream(5, 0);
    let side = 85.0;
    let points: Vec<[f64; 2]> = (0..10_000)
        .map(|_| {
            [
                side * generator.random::<f64>(),
                side * generator.random::<f64>(),
            ]
        })
        .collect();
    let mut edges = Vec::new();
    for (one, a) in points.iter().enumerate() {
        for (other, b) in points.iter().enumerate().skip(one + 1) {
            if (a[0] - b[0]).hypot(a[1] - b[1]) < 1.6 {
                edges.push((one as u32, other as u32));
            }
        }
    }
    let parts = Parts::new(points.len(), &edges);
    let sample = super::sample(usize::MAX);
    for radius in [5, 8, 13] {
        let boxes = parts.sketched((super::FEWEST, sample), radius, 1, 2);
        let exact = parts.checked(&boxes, radius);
        let count = boxes.iter().max().unwrap() + 1;
        assert!(
            count <= exact + (3 * exact / 20).max(2),
            "{count} boxes and {exact}"
        );
    }
}
