//! Graph building against its naive twins, on random input and on the worked cases.

use std::num::NonZeroUsize;

use layerscope_core::{Error, Graph, Interrupt, Progress, Result, Run, Symmetrize};
use layerscope_testkit::graphs::{arcs_of, edges, merge_edges, neighbour_table, symmetrize};
use proptest::prelude::*;

fn with_jobs<T>(jobs: usize, work: impl FnOnce(&Run) -> T) -> T {
    let (interrupt, progress) = (Interrupt::default(), Progress::default());
    work(&Run::new(
        NonZeroUsize::new(jobs).unwrap(),
        &interrupt,
        &progress,
    ))
}

fn from_edges(
    n_nodes: usize,
    edges: &[(u32, u32)],
    weights: Option<&[f64]>,
    directed: bool,
) -> Result<Graph> {
    let (sources, targets): (Vec<u32>, Vec<u32>) = edges.iter().copied().unzip();
    with_jobs(2, |run| {
        Graph::from_edges(run, n_nodes, &sources, &targets, weights, directed)
    })
}

const RULES: [Option<Symmetrize>; 4] = [
    None,
    Some(Symmetrize::Mean),
    Some(Symmetrize::Union),
    Some(Symmetrize::Mutual),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn edges_merge_as_in_a_map((n, edges, weights) in edges(9), directed: bool, weighted: bool) {
        let weights = weighted.then_some(&weights[..]);
        let graph = from_edges(n, &edges, weights, directed).unwrap();
        prop_assert_eq!(graph.n_nodes(), n);
        prop_assert_eq!(arcs_of(&graph), merge_edges(&edges, weights, directed));
    }

    #[test]
    fn symmetrised_as_pair_by_pair((k, indices, weights) in neighbour_table(9), weighted: bool) {
        let weights = weighted.then_some(&weights[..]);
        for rule in RULES {
            let build = |jobs| with_jobs(jobs, |run| {
                Graph::from_neighbours(run, k, &indices, weights, rule).unwrap()
            });
            let graph = build(1);
            prop_assert_eq!(graph.directed(), rule.is_none());
            prop_assert_eq!(arcs_of(&graph), symmetrize(k, &indices, weights, rule));
            prop_assert_eq!(&graph, &build(7));
        }
    }
}

#[test]
fn many_pieces_give_the_same_graph_for_any_number_of_threads() {
    // A ring where everyone also points at row 0: one hub, several pieces of work.
    let n = 20_000u32;
    let indices: Vec<u32> = (0..n)
        .flat_map(|i| [(i + 1) % n, if i == 0 || i == n - 1 { 2 } else { 0 }])
        .collect();
    let weights: Vec<f64> = (0..2 * n).map(|i| f64::from(i).sin()).collect();
    let build = |jobs| {
        with_jobs(jobs, |run| {
            Graph::from_neighbours(run, 2, &indices, Some(&weights), Some(Symmetrize::Mean))
                .unwrap()
        })
    };
    let graph = build(1);
    let arcs = arcs_of(&graph);
    assert!(
        arcs.iter()
            .all(|(&(i, j), weight)| arcs[&(j, i)].to_bits() == weight.to_bits())
    );
    assert_eq!(graph, build(2));
    assert_eq!(graph, build(7));
}

#[test]
fn repeated_weights_add_up_in_the_order_given_at_both_ends() {
    // 0.1 + 0.2 + 0.3 rounds differently in another order.
    let graph = from_edges(2, &[(0, 1), (1, 0), (0, 1)], Some(&[0.1, 0.2, 0.3]), false).unwrap();
    assert_eq!(graph.weights(), [0.1 + 0.2 + 0.3; 2]);
}

#[test]
fn graphs_without_nodes_or_edges() {
    for directed in [false, true] {
        let graph = from_edges(0, &[], None, directed).unwrap();
        assert_eq!((graph.n_nodes(), graph.indptr()), (0, &[0][..]));
        let graph = from_edges(3, &[], Some(&[]), directed).unwrap();
        assert_eq!((graph.n_nodes(), graph.indptr()), (3, &[0; 4][..]));
    }
}

#[test]
fn broken_rules_are_named() {
    let rule = |outcome: Result<Graph>| outcome.unwrap_err().to_string();
    assert_eq!(
        rule(from_edges(2, &[(0, 1), (0, 2)], None, false)),
        "edges must join nodes below n_nodes (2); got node 2 in edge 1"
    );
    assert_eq!(
        rule(from_edges(2, &[(0, 1)], Some(&[f64::NAN]), false)),
        "weights must be finite; got NaN in edge 0"
    );
    assert_eq!(
        rule(from_edges(
            2,
            &[(0, 1), (1, 0)],
            Some(&[f64::MAX; 2]),
            false
        )),
        "weights must stay finite where repeated edges add up; got inf between nodes 0 and 1"
    );
    assert!(rule(from_edges(2, &[(0, 1)], Some(&[]), false)).starts_with("weights must have"));
    let table = |k, indices: &[u32], weights: Option<&[f64]>| {
        rule(with_jobs(1, |run| {
            Graph::from_neighbours(run, k, indices, weights, None)
        }))
    };
    assert_eq!(
        table(1, &[1, 1], None),
        "indices must name other rows below 2; got 1 at row 1"
    );
    assert!(table(1, &[1, 2], None).ends_with("got 2 at row 1"));
    assert!(table(2, &[1, 1, 0, 2, 0, 1], None).ends_with("got 1 twice at row 0"));
    assert!(table(2, &[1, 1, 0], None).starts_with("indices must have"));
    assert!(table(0, &[], None).starts_with("indices must have"));
    assert!(table(1, &[1, 0], Some(&[1.0])).starts_with("weights must have"));
    assert!(table(1, &[1, 0], Some(&[1.0, f64::INFINITY])).ends_with("got inf at row 1"));
}

#[test]
fn building_stops_when_asked() {
    let (interrupt, progress) = (Interrupt::default(), Progress::default());
    interrupt.set();
    let run = Run::new(NonZeroUsize::MIN, &interrupt, &progress);
    let edges = Graph::from_edges(&run, 2, &[0], &[1], None, false);
    assert_eq!(edges, Err(Error::Interrupted));
    let table = Graph::from_neighbours(&run, 1, &[1, 0], None, Some(Symmetrize::Mean));
    assert_eq!(table, Err(Error::Interrupted));
}
