//! Naive twins of NNTS and NNTP: sets, and a walk along the chain.

use std::collections::BTreeSet;

use proptest::prelude::*;

/// A layer as sets of neighbours, nearest first.
pub type Layer = Vec<Vec<u32>>;

/// NNTS of two layers at k, by sets.
pub fn nnts(a: &Layer, b: &Layer, k: usize) -> f64 {
    let mut sum = 0.0;
    for (a, b) in a.iter().zip(b) {
        let a: BTreeSet<_> = a[..k].iter().collect();
        let b: BTreeSet<_> = b[..k].iter().collect();
        sum += a.intersection(&b).count() as f64 / a.union(&b).count() as f64;
    }
    sum / a.len() as f64
}

/// The union edges of a layer, smaller end first.
pub fn edges(layer: &Layer) -> BTreeSet<(u32, u32)> {
    let mut edges = BTreeSet::new();
    for (i, list) in layer.iter().enumerate() {
        for &j in list {
            edges.insert((j.min(i as u32), j.max(i as u32)));
        }
    }
    edges
}

/// P[first, last] at gap α by walking every pair along the chain.
pub fn nntp(layers: &[Layer], gap: usize) -> Vec<i64> {
    let depth = layers.len();
    let present: Vec<_> = layers.iter().map(edges).collect();
    let mut counts = vec![0; depth * depth];
    for pair in present.iter().flatten().collect::<BTreeSet<_>>() {
        let mut first = None;
        let mut last = 0;
        for (layer, edges) in present.iter().enumerate() {
            if !edges.contains(pair) {
                continue;
            }
            if let Some(start) = first {
                if layer - last - 1 > gap {
                    counts[start * depth + last] += 1;
                    first = Some(layer);
                }
            } else {
                first = Some(layer);
            }
            last = layer;
        }
        if let Some(start) = first {
            counts[start * depth + last] += 1;
        }
    }
    counts
}

/// Random chains: 1 to `most_layers` layers of the same samples, lists of k others in random
/// order, each layer a disturbed copy of the one before so that runs are long enough to matter.
pub fn chains(most_layers: usize) -> impl Strategy<Value = (usize, Vec<Layer>)> {
    (2usize..14, 1usize..=most_layers, any::<u64>())
        .prop_flat_map(|(n, depth, seed)| (1..n).prop_map(move |k| (k, chain(n, k, depth, seed))))
}

fn chain(n: usize, k: usize, depth: usize, seed: u64) -> Vec<Layer> {
    let mut layers: Vec<Layer> = Vec::new();
    for layer in 0..depth {
        let lists = (0..n).map(|i| {
            let item = (layer * n + i) as u64;
            let mut others: Vec<u32> = (0..n as u32).filter(|&j| j as usize != i).collect();
            layerscope_core::random::shuffle(&mut others, seed, item);
            match layers.last() {
                // Two in three rows are kept as they were.
                Some(before) if !seed.wrapping_add(item * 7919).is_multiple_of(3) => {
                    before[i].clone()
                }
                _ => others[..k].to_vec(),
            }
        });
        let lists = lists.collect();
        layers.push(lists);
    }
    layers
}
