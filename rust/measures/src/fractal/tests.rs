//! Every method against its naive twin, on random graphs and on graphs with known answers.

use std::num::NonZeroUsize;

use layerscope_core::random::shuffle;
use layerscope_core::{Error, Graph, Interrupt, Progress, Run};
use layerscope_testkit::fractal as twin;
use proptest::prelude::*;

use super::counts::{Method, Plan, box_counts, boxes};
use super::reach::{Bound, Reach};
use super::{Network, burning, diameter, distances, greedy, memb, obca, paths, random, rewire};

mod metric;

const METHODS: [Method; 6] = [
    Method::Greedy,
    Method::Burning,
    Method::Memb,
    Method::Obca,
    Method::Sketch,
    Method::Random,
];

fn with_jobs<T>(jobs: usize, work: impl FnOnce(&Run) -> T) -> T {
    let (interrupt, progress) = (Interrupt::default(), Progress::default());
    let run = Run::new(NonZeroUsize::new(jobs).unwrap(), &interrupt, &progress);
    work(&run)
}

fn one<T>(work: impl FnOnce(&Run) -> T) -> T {
    with_jobs(1, work)
}

/// The arrays of a graph, as they come from Python.
struct Parts(Vec<i64>, Vec<u32>, Vec<f64>);

impl Parts {
    fn new(nodes: usize, edges: &[(u32, u32)], lengths: Option<&[f64]>) -> Self {
        let (sources, targets): (Vec<u32>, Vec<u32>) = edges.iter().copied().unzip();
        let graph =
            one(|run| Graph::from_edges(run, nodes, &sources, &targets, lengths, false).unwrap());
        let (indptr, indices, weights) = graph.into_parts();
        let indptr = indptr.into_iter().map(u64::cast_signed).collect();
        Self(indptr, indices, weights)
    }

    fn network(&self) -> Network<'_> {
        Network::new(&self.0, &self.1, &self.2).unwrap()
    }
}

fn plan(method: Method, sizes: Option<&[f64]>) -> Plan<'_> {
    Plan {
        method,
        sizes,
        repeats: 3,
        largest: false,
        weighted: false,
        seed: 5,
        memory_limit: None,
    }
}

fn ones(edges: &[(u32, u32)]) -> Vec<f64> {
    vec![1.0; edges.len()]
}

/// Graphs of up to 40 nodes, seldom connected, with self-loops; lengths are quarters, and distinct
/// edges do not repeat, so that sums are exact and lengths do not merge.
fn graphs() -> impl Strategy<Value = (usize, Vec<(u32, u32)>, Vec<f64>)> {
    (1..40usize, 0.3..2.0f64).prop_flat_map(|(n, density)| {
        let node = 0..n as u32;
        let edges = (n as f64 * density) as usize;
        prop::collection::vec(((node.clone(), node), 1..9u8), 0..=edges).prop_map(move |edges| {
            let mut seen = std::collections::BTreeMap::new();
            for ((a, b), length) in edges {
                seen.insert((a.min(b), a.max(b)), f64::from(length) / 4.0);
            }
            let (edges, lengths) = seen.into_iter().unzip();
            (n, edges, lengths)
        })
    })
}

/// A reach at one size, by table or by search.
fn reach<'a>(
    network: Network<'a>,
    weighted: bool,
    bound: Bound,
    table: bool,
    run: &Run,
) -> Reach<'a> {
    let limit = (!table).then_some(0);
    let mut reach = Reach::new(network, weighted, limit, run).unwrap();
    reach.set(bound, run).unwrap();
    reach
}

proptest! {
    #[test]
    fn distances_are_those_of_the_twin((n, edges, _) in graphs()) {
        let parts = Parts::new(n, &edges, None);
        let expected = twin::distances(n, &edges, &ones(&edges));
        let mut table = vec![0u8; n * n];
        let fits = one(|run| {
            distances::hop_distances(parts.network(), None, &mut table, None, run).unwrap()
        });
        prop_assert!(fits);
        let mut wide = vec![0u16; n * n];
        one(|run| distances::hop_distances(parts.network(), None, &mut wide, None, run).unwrap());
        for i in 0..n {
            for j in 0..n {
                let steps = expected[i][j];
                let (narrow, wide) = (table[i * n + j], wide[i * n + j]);
                if steps.is_finite() {
                    prop_assert_eq!((f64::from(narrow), f64::from(wide)), (steps, steps));
                } else {
                    prop_assert_eq!((narrow, wide), (u8::MAX, u16::MAX));
                }
            }
        }
        let found = one(|run| paths::paths(parts.network(), None, run).unwrap());
        let farthest = one(|run| diameter::diameter(parts.network(), run).unwrap());
        prop_assert_eq!(farthest, found.diameter);
        let finite = |row: &Vec<f64>| row.iter().copied().filter(|d| d.is_finite()).fold(0.0, f64::max);
        for (row, &far) in expected.iter().zip(&found.eccentricity) {
            prop_assert_eq!(finite(row), f64::from(far));
        }
        let joined: Vec<f64> = expected.iter().flatten().copied()
            .filter(|d| d.is_finite() && *d > 0.0).collect();
        if joined.is_empty() {
            prop_assert!(found.average.is_nan());
        } else {
            let mean = joined.iter().sum::<f64>() / joined.len() as f64;
            prop_assert!((found.average - mean).abs() < 1e-12);
        }
    }

    #[test]
    fn coverings_are_those_of_the_twins(
        (n, edges, lengths) in graphs(), size in 1..8u32, seed in any::<u64>(),
        weighted in any::<bool>(), by_table in any::<bool>(),
    ) {
        let parts = Parts::new(n, &edges, Some(&lengths));
        let network = parts.network();
        let lengths = if weighted { lengths } else { ones(&edges) };
        let table = twin::distances(n, &edges, &lengths);
        let size = f64::from(size);
        let mut order: Vec<u32> = (0..n as u32).collect();
        shuffle(&mut order, seed, 4);
        one(|run| {
            let bound = Bound { limit: size, strict: true };
            let near = reach(network, weighted, bound, by_table, run);
            let expected = twin::greedy(&table, &order, size);
            assert_eq!(greedy::cover(&near, seed, 4, run).unwrap(), expected);
            assert_eq!(greedy::by_member(&near, &order, run).unwrap(), expected);
            if let Some(found) = greedy::by_box(&near, &order, run).unwrap() {
                assert_eq!(found, expected);
            }
            let expected = twin::burning(&table, size, seed, 9);
            assert_eq!(burning::cover(&near, seed, 9, run).unwrap(), expected);
            let mut by_degree = order.clone();
            by_degree.sort_by_key(|&node| network.degree(node as usize));
            let expected = twin::obca(&table, &by_degree, size);
            assert_eq!(obca::cover(&near, seed, 4, run).unwrap(), expected);

            let bound = Bound { limit: size, strict: false };
            let near = reach(network, weighted, bound, by_table, run);
            let centres = memb::centres(&near, run).unwrap();
            assert_eq!(&centres, &twin::memb(&table, size));
            let boxes = memb::assign(network, weighted, &centres, run).unwrap();
            for (node, &number) in boxes.iter().enumerate() {
                let own = table[node][centres[number as usize] as usize];
                let nearest = centres.iter().map(|&c| table[node][c as usize]).fold(f64::INFINITY, f64::min);
                assert_eq!(own, nearest);
            }
            let expected = twin::random(&table, &order, size);
            assert_eq!(random::cover(&near, seed, 4, run).unwrap(), expected);
        });
    }

    #[test]
    fn every_method_makes_coverings(
        (n, edges, lengths) in graphs(), size in 1..6u32, weighted in any::<bool>(),
    ) {
        let parts = Parts::new(n, &edges, Some(&lengths));
        let lengths = if weighted { lengths } else { ones(&edges) };
        let table = twin::distances(n, &edges, &lengths);
        let size = f64::from(size);
        for method in METHODS {
            if weighted && method == Method::Sketch {
                continue;
            }
            let sizes = [size];
            let plan = Plan { weighted, ..plan(method, Some(&sizes)) };
            let found = one(|run| boxes(parts.network(), size, &plan, run).unwrap());
            let covers = if method.by_radius() {
                twin::covers_by_radius(&table, &found, size)
            } else {
                twin::covers_by_diameter(&table, &found, size)
            };
            prop_assert!(covers, "{method:?} {found:?}");
            let counts = one(|run| box_counts(parts.network(), &plan, run).unwrap());
            let best = counts.all.iter().map(|counts| counts[0]).min();
            prop_assert_eq!(best, found.iter().max().map(|last| last + 1));
        }
    }

    #[test]
    fn small_sketches_are_exact((n, edges, _) in graphs(), radius in 1..5u32) {
        // Every ball fits into a sketch, so the centres are those of the largest mass.
        let parts = Parts::new(n, &edges, None);
        let table = twin::distances(n, &edges, &ones(&edges));
        let sizes = [f64::from(radius)];
        let found = one(|run| box_counts(parts.network(), &plan(Method::Sketch, Some(&sizes)), run).unwrap());
        let expected = twin::memb(&table, f64::from(radius)).len() as u32;
        prop_assert_eq!(found.all, vec![vec![expected]; 3]);
    }

    #[test]
    fn rewiring_is_that_of_the_twin((n, edges, lengths) in graphs(), seed in any::<u64>()) {
        let parts = Parts::new(n, &edges, Some(&lengths));
        let (sources, targets, places) =
            one(|run| rewire::rewire(parts.network(), 60, seed, run).unwrap());
        let found: Vec<(u32, u32)> = sources.into_iter().zip(targets).collect();
        let (loops, plain): (Vec<_>, Vec<_>) = edges.iter().partition(|(a, b)| a == b);
        let mut expected = plain.clone();
        if plain.len() >= 2 {
            expected = twin::rewire(&plain, 60, seed);
        }
        expected.extend(loops);
        prop_assert_eq!(&found, &expected);
        // Each edge has the weight of the edge that it came from.
        let kept: Vec<f64> = places.iter().map(|&place| parts.2[place as usize]).collect();
        let mut before = lengths.clone();
        let mut after = kept;
        before.sort_by(f64::total_cmp);
        after.sort_by(f64::total_cmp);
        prop_assert_eq!(before, after);
    }
}

#[test]
fn many_sources_and_long_paths_need_more_than_one_word_or_byte() {
    let (n, edges) = twin::path(1300);
    let parts = Parts::new(n, &edges, None);
    let mut narrow = vec![0u8; n * n];
    let fits =
        one(|run| distances::hop_distances(parts.network(), None, &mut narrow, None, run).unwrap());
    assert!(!fits);
    for jobs in [1, 3] {
        let mut wide = vec![0u16; n * n];
        let fits = with_jobs(jobs, |run| {
            distances::hop_distances(parts.network(), None, &mut wide, None, run).unwrap()
        });
        assert!(fits);
        let right =
            (0..n * n).all(|place| usize::from(wide[place]) == (place / n).abs_diff(place % n));
        assert!(right);
    }
}

#[test]
fn a_ring_needs_more_searches_than_are_made_one_by_one() {
    // Every node of a ring has the same eccentricity: bounds never close.
    let ring: Vec<(u32, u32)> = (0..500).map(|i| (i, (i + 1) % 500)).collect();
    let parts = Parts::new(500, &ring, None);
    assert_eq!(
        one(|run| diameter::diameter(parts.network(), run).unwrap()),
        250
    );
}

#[test]
fn the_longest_distance_that_fits_one_byte_is_254() {
    for (nodes, fits) in [(255, true), (256, false)] {
        let (n, edges) = twin::path(nodes);
        let parts = Parts::new(n, &edges, None);
        let mut table = vec![0u8; n];
        let found = one(|run| {
            distances::hop_distances(parts.network(), Some(&[0]), &mut table, None, run).unwrap()
        });
        assert_eq!(found, fits);
        if fits {
            assert_eq!(table[n - 1], 254);
        }
    }
}

#[test]
fn tables_and_searches_agree_beyond_one_block() {
    let (n, edges) = twin::grid(27, 41);
    let parts = Parts::new(n, &edges, None);
    for method in [
        Method::Greedy,
        Method::Burning,
        Method::Memb,
        Method::Obca,
        Method::Random,
    ] {
        let sizes = [1.0, 2.0, 4.0, 9.0];
        let by_table = plan(method, Some(&sizes));
        let by_search = Plan {
            memory_limit: Some(1),
            ..by_table
        };
        let one_job = with_jobs(1, |run| {
            box_counts(parts.network(), &by_table, run).unwrap()
        });
        for jobs in [1, 2] {
            let other = with_jobs(jobs, |run| {
                box_counts(parts.network(), &by_search, run).unwrap()
            });
            assert_eq!(one_job.all, other.all, "{method:?}");
        }
    }
}

#[test]
fn optimal_counts_are_met_on_a_flower_and_a_path() {
    let (n, edges) = twin::flower(2, 2, 3);
    let parts = Parts::new(n, &edges, None);
    let found = one(|run| {
        let plan = Plan {
            repeats: 50,
            ..plan(Method::Greedy, None)
        };
        box_counts(parts.network(), &plan, run).unwrap()
    });
    let best: Vec<u32> = (0..found.sizes.len())
        .map(|size| found.all.iter().map(|counts| counts[size]).min().unwrap())
        .collect();
    assert_eq!(best, [44, 32, 10, 8, 4, 3, 3, 2, 1]);
    assert_eq!(found.diameter, Some(8.0));
    let (n, edges) = twin::path(50);
    let parts = Parts::new(n, &edges, None);
    let found = one(|run| box_counts(parts.network(), &plan(Method::Memb, None), run).unwrap());
    assert_eq!(found.all[0][..5], [17, 10, 8, 6, 5]);
    assert_eq!(found.all[0].last(), Some(&1));
}

#[test]
fn the_largest_component_alone() {
    // Two paths; the longer one comes second.
    let mut edges: Vec<(u32, u32)> = (0..3).map(|i| (i, i + 1)).collect();
    edges.extend((4..9).map(|i| (i, i + 1)));
    let parts = Parts::new(11, &edges, None);
    let sizes = [2.0];
    let all =
        one(|run| box_counts(parts.network(), &plan(Method::Memb, Some(&[1.0])), run).unwrap());
    assert_eq!(
        (all.nodes, all.components, all.all[0][0]),
        (11, 3, 2 + 2 + 1)
    );
    let largest = Plan {
        largest: true,
        ..plan(Method::Greedy, Some(&sizes))
    };
    let found = one(|run| box_counts(parts.network(), &largest, run).unwrap());
    assert_eq!((found.nodes, found.components), (6, 1));
}

#[test]
fn wrong_input_is_named() {
    let refused = |result: layerscope_core::Result<Network>, name: &str| {
        assert!(matches!(result, Err(Error::InvalidInput { argument, .. }) if argument == name));
    };
    refused(Network::new(&[0], &[], &[]), "graph");
    refused(Network::new(&[0, 2], &[0], &[]), "indptr");
    refused(Network::new(&[0, 1], &[5], &[]), "indices");
    refused(Network::new(&[0, 1], &[0], &[1.0, 2.0]), "weights");
    let parts = Parts::new(2, &[(0, 1)], Some(&[-1.0]));
    let plan = Plan {
        weighted: true,
        ..plan(Method::Greedy, None)
    };
    let error = one(|run| box_counts(parts.network(), &plan, run)).unwrap_err();
    assert!(matches!(error, Error::InvalidInput { argument, .. } if argument == "graph"));
}

#[test]
fn a_set_token_stops_every_method() {
    let (n, edges) = twin::grid(30, 30);
    let parts = Parts::new(n, &edges, None);
    for method in METHODS {
        let (interrupt, progress) = (Interrupt::default(), Progress::default());
        interrupt.set();
        let run = Run::new(NonZeroUsize::MIN, &interrupt, &progress);
        let stopped = box_counts(parts.network(), &plan(method, None), &run);
        assert_eq!(stopped, Err(Error::Interrupted));
    }
}
