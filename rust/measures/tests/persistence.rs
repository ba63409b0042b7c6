//! NNTS and NNTP against their naive twins, and the identities that the definitions imply.

use std::num::NonZeroUsize;

use layerscope_core::{Interrupt, Progress, Run};
use layerscope_measures::nntp::{cancelled, nntp};
use layerscope_measures::nnts::{Keep, Lists, Nnts, NntsInput, nnts};
use layerscope_measures::nnts_interval::intervals;
use layerscope_testkit::persistence::{
    Layer, chains, edges, nntp as naive_nntp, nnts as naive_nnts,
};
use proptest::prelude::*;

fn with_run<T>(jobs: usize, work: impl FnOnce(&Run) -> T) -> T {
    let (interrupt, progress) = (Interrupt::default(), Progress::default());
    work(&Run::new(
        NonZeroUsize::new(jobs).unwrap(),
        &interrupt,
        &progress,
    ))
}

fn flat(layers: &[Layer]) -> Vec<Vec<u32>> {
    layers.iter().map(|layer| layer.concat()).collect()
}

fn lists(flat: &[Vec<u32>], depth: usize) -> Vec<Lists<'_>> {
    flat.iter()
        .map(|indices| Lists { indices, depth })
        .collect()
}

fn all_ks(flat: &[Vec<u32>], n: usize, k: usize, jobs: usize) -> Nnts {
    let input = NntsInput::new(lists(flat, k), n, (1..=k).collect()).unwrap();
    with_run(jobs, |run| nnts(&input, Keep::Every, run).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_k_equals_the_sets((k, layers) in chains(5)) {
        let (n, depth) = (layers[0].len(), layers.len());
        let flat = flat(&layers);
        let all = all_ks(&flat, n, k, 1);
        prop_assert_eq!(&all, &all_ks(&flat, n, k, 2));
        prop_assert_eq!(&all, &all_ks(&flat, n, k, 7));
        for at in 0..k {
            for a in 0..depth {
                for b in 0..depth {
                    let cell = (at * depth + a) * depth + b;
                    let expected = naive_nnts(&layers[a], &layers[b], at + 1);
                    prop_assert!((all.jaccard[cell] - expected).abs() < 1e-12);
                    let o = all.overlap[cell];
                    prop_assert!(o / (2.0 - o) <= all.jaccard[cell] + 1e-12);
                    prop_assert!(all.jaccard[cell] <= o + 1e-12);
                    if k == n - 1 && at + 1 == k {
                        prop_assert_eq!(all.jaccard[cell], 1.0);
                    }
                }
            }
        }
        // A few ks by themselves are the same numbers.
        let some = NntsInput::new(lists(&flat, k), n, vec![k]).unwrap();
        let some = with_run(1, |run| nnts(&some, Keep::Largest, run).unwrap());
        prop_assert_eq!(&some.jaccard[..], &all.jaccard[(k - 1) * depth * depth..]);
        // What is kept of each sample, at every k or at the largest, is what its sets share.
        let (every, largest) = (all.shared.unwrap(), some.shared.unwrap());
        let pairs = depth * (depth - 1) / 2;
        prop_assert_eq!(&largest[..], &every[(k - 1) * pairs * n..]);
        let ends = (0..depth).flat_map(|a| (a + 1..depth).map(move |b| (a, b)));
        for (pair, (a, b)) in ends.enumerate() {
            for (at, row) in (0..k).flat_map(|at| (0..n).map(move |row| (at, row))) {
                let (one, other) = (&layers[a][row][..=at], &layers[b][row][..=at]);
                let h = one.iter().filter(|&j| other.contains(j)).count();
                prop_assert_eq!(usize::from(every[(at * pairs + pair) * n + row]), h);
            }
        }
    }

    #[test]
    fn runs_equal_the_walk_and_keep_the_identities((k, layers) in chains(7), gap in 0usize..7) {
        let (n, depth) = (layers[0].len(), layers.len());
        let flat = flat(&layers);
        let lists = lists(&flat, k);
        let found = with_run(1, |run| nntp(&lists, n, gap, run).unwrap());
        prop_assert_eq!(&found, &with_run(2, |run| nntp(&lists, n, gap, run).unwrap()));
        prop_assert_eq!(&found, &with_run(7, |run| nntp(&lists, n, gap, run).unwrap()));
        prop_assert_eq!(&found.counts, &naive_nntp(&layers, gap));
        prop_assert_eq!(&found.raw, &naive_nntp(&layers, 0));

        let present: Vec<_> = layers.iter().map(edges).collect();
        let covering = |from: usize, to: usize| -> i64 {
            (0..=from).flat_map(|a| (to..depth).map(move |b| (a, b)))
                .map(|(a, b)| found.raw[a * depth + b]).sum()
        };
        for v in 0..depth {
            prop_assert_eq!(covering(v, v), present[v].len() as i64);
            prop_assert!(n * k <= 2 * present[v].len() && present[v].len() <= n * k);
            if v + 1 < depth {
                let both = present[v].intersection(&present[v + 1]).count();
                prop_assert_eq!(covering(v, v + 1), both as i64);
            }
        }
        prop_assert_eq!(found.end_to_end.len() as i64, found.counts[depth - 1]);
        let runs = |counts: &[i64]| counts.iter().sum::<i64>();
        let bridging = |gap| with_run(1, |run| nntp(&lists, n, gap, run).unwrap());
        let all_gaps: Vec<_> = (0..=depth).map(|gap| runs(&bridging(gap).counts)).collect();
        prop_assert!(all_gaps.is_sorted_by(|earlier, later| earlier >= later));
        let bridged = bridging(depth.saturating_sub(2));
        let distinct = present.iter().flatten().collect::<std::collections::BTreeSet<_>>();
        prop_assert_eq!(runs(&bridged.counts), distinct.len() as i64);

        let reversed: Vec<_> = lists.iter().rev().copied().collect();
        let reversed = with_run(1, |run| nntp(&reversed, n, gap, run).unwrap());
        for a in 0..depth {
            for b in a..depth {
                prop_assert_eq!(
                    found.counts[a * depth + b],
                    reversed.counts[(depth - 1 - b) * depth + depth - 1 - a]
                );
            }
        }
        let gone = with_run(1, |run| cancelled(lists[0], lists[depth - 1], n, run).unwrap());
        let expected: Vec<_> = present[0].difference(&present[depth - 1]).copied().collect();
        prop_assert_eq!(gone, expected);
    }

    #[test]
    fn identical_layers_are_one_run((k, layers) in chains(1), depth in 1usize..140, gap in 0usize..3) {
        let flat = layers[0].concat();
        let lists = vec![Lists { indices: &flat, depth: k }; depth];
        let found = with_run(1, |run| nntp(&lists, layers[0].len(), gap, run).unwrap());
        let edges = edges(&layers[0]);
        prop_assert_eq!(found.counts[depth - 1], edges.len() as i64);
        prop_assert_eq!(found.counts.iter().sum::<i64>(), edges.len() as i64);
        prop_assert_eq!(found.end_to_end, edges.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn the_order_of_samples_is_not_seen((k, layers) in chains(3), seed in any::<u64>()) {
        let (n, depth) = (layers[0].len(), layers.len());
        let mut names: Vec<u32> = (0..n as u32).collect();
        layerscope_core::random::shuffle(&mut names, seed, 0);
        let renamed: Vec<Layer> = layers
            .iter()
            .map(|layer| {
                let mut rows = vec![Vec::new(); n];
                for (i, list) in layer.iter().enumerate() {
                    rows[names[i] as usize] = list.iter().map(|&j| names[j as usize]).collect();
                }
                rows
            })
            .collect();
        let (before, after) = (flat(&layers), flat(&renamed));
        let (one, other) = (all_ks(&before, n, k, 1), all_ks(&after, n, k, 1));
        prop_assert_eq!(one.jaccard, other.jaccard);
        prop_assert_eq!(one.overlap, other.overlap);
        let runs = |flat: &[Vec<u32>]| {
            with_run(1, |run| nntp(&lists(flat, k), n, depth / 2, run).unwrap().counts)
        };
        prop_assert_eq!(runs(&before), runs(&after));
    }

    #[test]
    fn more_than_64_layers((k, layers) in chains(150), gap in 0usize..150) {
        let flat = flat(&layers);
        let found = with_run(1, |run| {
            nntp(&lists(&flat, k), layers[0].len(), gap, run).unwrap()
        });
        prop_assert_eq!(found.counts, naive_nntp(&layers, gap));
    }
}

#[test]
fn an_interval_holds_the_value_and_does_not_depend_on_threads() {
    let shared: Vec<u16> = (0..300).map(|i| (i * 7 % 11) as u16).collect();
    let draws = |jobs| {
        with_run(jobs, |run| {
            intervals(&shared, 150, &[10], 200, 5, run).unwrap()
        })
    };
    let (low, high) = draws(1);
    assert_eq!((low.clone(), high.clone()), draws(2));
    assert_eq!(low.len(), 2);
    for pair in 0..2 {
        let line = &shared[pair * 150..(pair + 1) * 150];
        let share = |&h: &u16| f64::from(h) / (20.0 - f64::from(h));
        let mean = line.iter().map(share).sum::<f64>() / 150.0;
        assert!(low[pair] < mean && mean < high[pair]);
        assert!(high[pair] - low[pair] < 0.2);
    }
    // Another k beside it is drawn by the same samples.
    let both = [&shared[..], &shared[..]].concat();
    let (twice, _) = with_run(2, |run| {
        intervals(&both, 150, &[10, 10], 200, 5, run).unwrap()
    });
    assert_eq!(twice, [&low[..], &low[..]].concat());
}

#[test]
fn shallow_tables_and_foreign_rows_are_refused() {
    let indices = [1, 0];
    let layer = Lists {
        indices: &indices,
        depth: 1,
    };
    assert!(NntsInput::new(vec![layer], 2, vec![2]).is_err());
    assert!(NntsInput::new(vec![layer], 3, vec![1]).is_err());
    assert!(NntsInput::new(vec![layer], 2, vec![1, 1]).is_err());
    let foreign = [5, 0];
    let layer = Lists {
        indices: &foreign,
        depth: 1,
    };
    assert!(with_run(1, |run| nntp(&[layer], 2, 0, run)).is_err());
}
