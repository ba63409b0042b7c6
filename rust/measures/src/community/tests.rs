use std::num::NonZeroUsize;

use layerscope_core::{Interrupt, Progress};
use layerscope_testkit::community::{Edges, connected, cpm, graphs, largest, modularity, rings};
use proptest::prelude::*;

use super::moves::{Until, move_nodes};
use super::partition::Partition;
use super::*;

pub(super) fn with_jobs<T>(jobs: usize, work: impl FnOnce(&Run) -> T) -> T {
    let (interrupt, progress) = (Interrupt::default(), Progress::default());
    work(&Run::new(
        NonZeroUsize::new(jobs).unwrap(),
        &interrupt,
        &progress,
    ))
}

const PLAIN: Settings = Settings {
    algorithm: Algorithm::Leiden,
    quality: Quality::Modularity,
    resolution: 1.0,
    initial: None,
    iterations: None,
    runs: 1,
    seed: 0,
};

/// Tools from a shelf that is never put away.
fn shop<'a>(run: &'a Run<'a>) -> Shop<'a> {
    let shelf = Box::leak(Box::default());
    Shop { run, shelf }
}

fn find(graph: &Edges, settings: &Settings, jobs: usize) -> Communities {
    let (indptr, indices, weights) = graph.sparse();
    with_jobs(jobs, |run| {
        let network = Network::new(run, &indptr, &indices, &weights).unwrap();
        communities(run, &network, settings).unwrap()
    })
}

fn naive(graph: &Edges, labels: &[u32], settings: &Settings) -> f64 {
    match settings.quality {
        Quality::Modularity => modularity(graph, labels, settings.resolution),
        Quality::Cpm => cpm(graph, labels, settings.resolution),
    }
}

fn close(a: f64, b: f64) -> bool {
    (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * (1.0 + a.abs())
}

fn settings() -> impl Strategy<Value = Settings<'static>> {
    let how = (any::<bool>(), any::<bool>(), 0u8..6, 0u64..1000, 1u32..4);
    how.prop_map(|(leiden, plain, half, seed, runs)| Settings {
        algorithm: if leiden {
            Algorithm::Leiden
        } else {
            Algorithm::Louvain
        },
        quality: if plain {
            Quality::Modularity
        } else {
            Quality::Cpm
        },
        resolution: f64::from(half) / 2.0,
        runs,
        seed,
        ..PLAIN
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_reported_is_the_naive_sum(graph in graphs(30), settings in settings()) {
        let found = find(&graph, &settings, 2);
        prop_assert!(close(found.quality, naive(&graph, &found.labels, &settings)));
        prop_assert!(close(found.modularity, modularity(&graph, &found.labels, 1.0)));
        prop_assert!(found.converged);
        if settings.algorithm == Algorithm::Leiden {
            prop_assert!(connected(&graph, &found.labels));
        }
        let mut sizes = vec![0; found.count];
        found.labels.iter().for_each(|&label| sizes[label as usize] += 1);
        prop_assert!(sizes.windows(2).all(|pair| pair[0] >= pair[1]) && !sizes.contains(&0));
    }

    #[test]
    fn a_start_is_never_made_worse(
        graph in graphs(20), settings in settings(), start in prop::collection::vec(0u32..5, 20),
    ) {
        let start: Vec<u32> = start.iter().take(graph.nodes).map(|&c| c % graph.nodes as u32).collect();
        let before = naive(&graph, &start, &settings);
        let settings = Settings { initial: Some(&start), iterations: Some(1), runs: 1, ..settings };
        let after = find(&graph, &settings, 1).quality;
        prop_assert!(after.is_nan() || after >= before - 1e-9 * (1.0 + before.abs()));
    }

    #[test]
    fn gains_of_moves_add_up_to_the_rise_of_the_quality(
        graph in graphs(25), settings in settings(), labels in prop::collection::vec(0u32..9, 25),
    ) {
        let labels: Vec<u32> = labels.iter().take(graph.nodes).map(|&c| c % graph.nodes as u32).collect();
        let (indptr, indices, weights) = graph.sparse();
        let (after, moved, total) = with_jobs(1, |run| {
            let network = Network::new(run, &indptr, &indices, &weights).unwrap();
            let mass = masses(run, &network, settings.quality).unwrap();
            let level = level(&network, &weights[..], &mass, rate(&network, &settings));
            let mut partition = Partition::new(&level, labels.clone()).unwrap();
            let order = identity(graph.nodes).unwrap();
            let done = move_nodes(shop(run), &level, &mut partition, &order, None, Until::Quiet).unwrap();
            (partition.community, done.0, network.facts.total)
        });
        let unit = match settings.quality {
            Quality::Modularity => total / 2.0,
            Quality::Cpm => 1.0,
        };
        let rise = naive(&graph, &after, &settings) - naive(&graph, &labels, &settings);
        prop_assert!(moved.gain >= 0.0);
        prop_assert!(total == 0.0 || close(rise * unit, moved.gain), "{rise} {unit} {}", moved.gain);
    }

    #[test]
    fn aggregation_keeps_the_quality(graph in graphs(25), settings in settings()) {
        prop_assume!(graph.edges.iter().any(|edge| edge.2 > 0.0));
        let (indptr, indices, weights) = graph.sparse();
        let mut labels = find(&graph, &settings, 1).labels;
        let count = renumber(&mut labels).unwrap();
        let (inside, all) = with_jobs(2, |run| {
            let network = Network::new(run, &indptr, &indices, &weights).unwrap();
            let mass = masses(run, &network, settings.quality).unwrap();
            let level = level(&network, &weights[..], &mass, rate(&network, &settings));
            let groups = groups::Groups::new(&labels, count).unwrap();
            let coarse = aggregate::aggregate(shop(run), &level, &labels, &groups).unwrap();
            let sizes: f64 = mass.iter().sum();
            assert!(close(sizes, coarse.mass.iter().sum()));
            let between: f64 = coarse.weights.iter().sum();
            (network.facts.total - between, network.facts.total)
        });
        // What no arc of the coarse graph carries lies inside communities.
        let dense = graph.dense();
        let mut naive_inside = 0.0;
        for (i, row) in dense.iter().enumerate() {
            for (j, weight) in row.iter().enumerate() {
                naive_inside += if labels[i] == labels[j] { *weight } else { 0.0 };
            }
        }
        prop_assert!(close(inside / all, naive_inside / all));
    }

    #[test]
    fn nothing_beats_the_best_of_all_partitions(graph in graphs(7), settings in settings()) {
        prop_assume!(graph.edges.iter().any(|edge| edge.2 > 0.0));
        let bound = largest(graph.nodes, &|labels| naive(&graph, labels, &settings));
        let best = (0..20)
            .map(|seed| find(&graph, &Settings { seed, ..settings }, 1).quality)
            .fold(f64::NEG_INFINITY, f64::max);
        prop_assert!(best <= bound + 1e-9);
        // A heuristic on tiny graphs: nearly always there, never far.
        prop_assert!(best >= bound - 0.1 * (1.0 + bound.abs()), "{best} {bound}");
    }

    #[test]
    fn levels_are_nested_and_end_with_the_labels(graph in graphs(30), settings in settings()) {
        let found = find(&graph, &settings, 1);
        let (indptr, indices, weights) = graph.sparse();
        let levels = with_jobs(2, |run| {
            let network = Network::new(run, &indptr, &indices, &weights).unwrap();
            hierarchy(run, &network, &found.labels, &settings).unwrap()
        });
        prop_assert_eq!(levels.last().unwrap(), &found.labels);
        for pair in levels.windows(2) {
            for i in 0..graph.nodes {
                for j in 0..i {
                    prop_assert!(pair[0][i] != pair[0][j] || pair[1][i] == pair[1][j]);
                }
            }
        }
    }

    /// Bytes as they come: an error or an answer, never a panic.
    #[test]
    fn raw_arrays_are_refused_or_answered(
        indptr in prop::collection::vec(-1i64..6, 0..6),
        indices in prop::collection::vec(0u32..6, 0..6),
        weights in prop::collection::vec(any::<u64>(), 0..6),
        plain in any::<bool>(),
        settings in settings(),
        resolution in any::<u64>(),
    ) {
        let weights: Vec<f64> = weights
            .iter()
            .map(|&bits| if plain { (bits % 3) as f64 } else { f64::from_bits(bits) })
            .collect();
        let settings = Settings { resolution: if plain { 1.0 } else { f64::from_bits(resolution) }, ..settings };
        for jobs in [1, 2] {
            let answer = with_jobs(jobs, |run| {
                Network::new(run, &indptr, &indices, &weights)
                    .and_then(|network| communities(run, &network, &settings))
            });
            if let Ok(found) = answer {
                prop_assert_eq!(found.labels.len() + 1, indptr.len());
            }
        }
    }

    #[test]
    fn raw_edges_are_refused_or_answered(
        bytes in prop::collection::vec(any::<u8>(), 0..200), nodes in 0usize..20, settings in settings(),
    ) {
        let (mut sources, mut targets, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        for chunk in bytes.chunks_exact(10) {
            sources.push(u32::from(chunk[0] % 21));
            targets.push(u32::from(chunk[1] % 21));
            weights.push(f64::from_le_bytes(chunk[2..10].try_into().unwrap()));
        }
        let answer = with_jobs(2, |run| {
            let graph = layerscope_core::Graph::from_edges(
                run, nodes, &sources, &targets, Some(&weights), false,
            )?;
            let (indptr, indices, weights) = graph.into_parts();
            let indptr: Vec<i64> = indptr.into_iter().map(u64::cast_signed).collect();
            let network = Network::new(run, &indptr, &indices, &weights)?;
            communities(run, &network, &settings)
        });
        if let Ok(found) = answer {
            prop_assert_eq!(found.labels.len(), nodes);
        }
    }
}

#[test]
fn no_one_and_two_nodes() {
    let graph = |nodes, edges: &[(u32, u32, f64)]| Edges {
        nodes,
        edges: edges.to_vec(),
    };
    for algorithm in [Algorithm::Louvain, Algorithm::Leiden] {
        let settings = Settings { algorithm, ..PLAIN };
        assert_eq!(find(&graph(0, &[]), &settings, 2).count, 0);
        let one = find(&graph(1, &[]), &settings, 2);
        assert_eq!((one.labels, one.count), (vec![0], 1));
        assert!(one.modularity.is_nan());
        assert_eq!(
            find(&graph(1, &[(0, 0, 2.0)]), &settings, 2).modularity,
            0.0
        );
        assert_eq!(find(&graph(2, &[]), &settings, 2).labels, [0, 1]);
        assert_eq!(find(&graph(2, &[(0, 1, 0.5)]), &settings, 2).labels, [0, 0]);
        assert_eq!(find(&graph(2, &[(0, 1, 0.0)]), &settings, 2).labels, [0, 1]);
        let loops = [(0, 0, 9.0), (1, 1, 9.0), (0, 1, 0.5)];
        assert_eq!(find(&graph(2, &loops), &settings, 2).labels, [0, 1]);
    }
}

#[test]
fn threads_decide_nothing() {
    let graph = rings(60, 100);
    for weighted in [false, true] {
        let mut graph = graph.clone();
        if weighted {
            for (i, edge) in graph.edges.iter_mut().enumerate() {
                edge.2 = 0.5 + (i % 7) as f64 / 3.0;
            }
        }
        for algorithm in [Algorithm::Louvain, Algorithm::Leiden] {
            for seed in 0..3 {
                let settings = Settings {
                    algorithm,
                    seed,
                    ..PLAIN
                };
                let one = find(&graph, &settings, 1);
                for jobs in [2, 3, 7] {
                    assert_eq!(find(&graph, &settings, jobs), one);
                }
                let several = Settings {
                    runs: 3,
                    ..settings
                };
                let one = find(&graph, &several, 1);
                assert_eq!(find(&graph, &several, 3), one);
            }
        }
    }
}

#[test]
fn a_broken_community_is_split() {
    // Two pairs in one community, nothing between them.
    let graph = Edges {
        nodes: 4,
        edges: vec![(0, 1, 1.0), (2, 3, 1.0)],
    };
    let (indptr, indices, weights) = graph.sparse();
    let split = with_jobs(1, |run| {
        let network = Network::new(run, &indptr, &indices, &weights).unwrap();
        split::components(run, &network, &[0, 0, 0, 0]).unwrap()
    });
    assert_eq!(split[0], split[1]);
    assert_eq!(split[2], split[3]);
    assert_ne!(split[0], split[2]);
}

#[test]
fn broken_arrays_are_refused_by_name() {
    let refused = |indptr: &[i64], indices: &[u32], weights: &[f64]| {
        with_jobs(1, |run| {
            Network::new(run, indptr, indices, weights)
                .unwrap_err()
                .to_string()
        })
    };
    assert!(refused(&[], &[], &[]).starts_with("indptr"));
    assert!(refused(&[0, 2, 1], &[0], &[1.0]).starts_with("indptr"));
    assert!(refused(&[0, 1], &[1], &[1.0]).starts_with("indices"));
    assert!(refused(&[0, 1, 2], &[1, 0], &[1.0]).starts_with("weights"));
    for wrong in [-1.0, f64::NAN, f64::INFINITY] {
        let message = refused(&[0, 1, 2], &[1, 0], &[1.0, wrong]);
        assert!(message.ends_with("between nodes 1 and 0"), "{message}");
    }
    let message = refused(&[0, 1, 2], &[1, 0], &[1.0, 2.0]);
    assert!(
        message.ends_with("1 from node 0 to 1 and 2 from there back"),
        "{message}"
    );
    let message = refused(&[0, 1, 1], &[1], &[1.0]);
    assert!(message.contains("symmetric"), "{message}");
    assert!(refused(&[0, 1, 2], &[1, 0], &[1e300, 1e300]).starts_with("weights"));
}

/// Graphs on which batches go round in circles for long: neighbours stand next to each other in the
/// order, and all want the same.
fn hard_for_batches() -> Vec<(&'static str, Edges)> {
    let ring = |nodes: u32, steps: &[u32]| {
        let edge = |i: u32, step: &u32| (i, (i + step) % nodes, 1.0);
        let edges = (0..nodes).flat_map(|i| steps.iter().map(move |step| edge(i, step)));
        Edges {
            nodes: nodes as usize,
            edges: edges.collect(),
        }
    };
    let two_sides = |left: u32, right: u32| Edges {
        nodes: (left + right) as usize,
        edges: (0..left)
            .flat_map(|i| (0..right).map(move |j| (i, left + j, 1.0)))
            .collect(),
    };
    let scattered = |nodes: u32| Edges {
        nodes: nodes as usize,
        edges: (0..nodes)
            .flat_map(|i| {
                (1..6u32).map(move |k| (i, (i * 7919 * k + k * k * 104_729) % nodes, 1.0))
            })
            .collect(),
    };
    vec![
        ("ring", ring(6000, &[1])),
        ("wide ring", ring(6000, &[1, 2, 3])),
        ("two sides", two_sides(40, 4000)),
        ("scattered", scattered(6000)),
    ]
}

#[test]
fn batches_that_do_not_shrink_hand_over_to_the_queue() {
    let mut handed_over = 0;
    for (name, graph) in hard_for_batches() {
        let (indptr, indices, weights) = graph.sparse();
        let answer = |jobs: usize| {
            with_jobs(jobs, |run| {
                let network = Network::new(run, &indptr, &indices, &weights).unwrap();
                let mass = masses(run, &network, Quality::Modularity).unwrap();
                let level = level(&network, &weights[..], &mass, rate(&network, &PLAIN));
                let order = identity(graph.nodes).unwrap();
                let mut partition = Partition::new(&level, order.clone()).unwrap();
                let degrees = degrees(run, &network).unwrap();
                let before =
                    Sums::new(run, &network, &degrees, &partition.community, graph.nodes).unwrap();
                let moved = move_nodes(
                    shop(run),
                    &level,
                    &mut partition,
                    &order,
                    None,
                    Until::Quiet,
                )
                .unwrap()
                .0;
                let after =
                    Sums::new(run, &network, &degrees, &partition.community, graph.nodes).unwrap();
                let rise = after.modularity(1.0) - before.modularity(1.0);
                assert!(
                    close(rise, moved.gain * 2.0 / network.facts.total),
                    "{name}"
                );
                (partition.community, moved)
            })
        };
        let one = answer(1);
        assert_eq!(one, answer(3), "{name}");
        handed_over += u32::from(one.1.handed_over);
    }
    assert!(handed_over > 0);
}
