use std::num::NonZeroUsize;

use layerscope_core::{Interrupt, Progress, random};
use layerscope_testkit::modularity::{cases, dense, matrix, worked};
use proptest::prelude::*;

use super::*;
use crate::arcs::{Sparse, Table};

const NO_NULL: Permutations = Permutations { count: 0, seed: 0 };

fn with_jobs<T>(jobs: usize, work: impl FnOnce(&Run) -> T) -> T {
    let (interrupt, progress) = (Interrupt::default(), Progress::default());
    let jobs = NonZeroUsize::new(jobs).unwrap();
    work(&Run::new(jobs, &interrupt, &progress))
}

fn plain(directed: bool) -> Parameters {
    Parameters::new(1.0, directed, true).unwrap()
}

fn measure(arcs: &impl Arcs, labels: Labels, parameters: &Parameters) -> Modularity {
    with_jobs(1, |run| {
        modularity(arcs, labels, parameters, NO_NULL, run).unwrap()
    })
}

#[test]
fn the_worked_example() {
    let weights = worked::weights();
    assert!((weights.iter().sum::<f64>() - worked::TOTAL).abs() < 1e-9);
    let table = Table::new(&worked::INDICES, Some(&weights), 6, 2).unwrap();
    for (i, codes) in worked::LABELS.iter().enumerate() {
        let labels = Labels::new(codes, 2).unwrap();
        let got = measure(&table, labels, &plain(false));
        assert!((got.value - worked::VALUES[i]).abs() < 1e-12);
        assert!((got.bound - worked::BOUNDS[i]).abs() < 1e-9);
        assert!((got.per_class.iter().sum::<f64>() - got.value).abs() < 1e-15);
        let directed = measure(&table, labels, &plain(true));
        assert!((directed.value - worked::DIRECTED[i]).abs() < 1e-9);
    }
}

proptest! {
    #[test]
    fn a_table_equals_the_dense_definition(
        case in cases(),
        resolution in 0.0..3.0f64,
        directed: bool,
        clip: bool,
    ) {
        let table = Table::new(&case.indices, Some(&case.weights), case.rows, case.k).unwrap();
        let labels = Labels::new(&case.codes, case.classes).unwrap();
        let parameters = Parameters::new(resolution, directed, clip).unwrap();
        let got = measure(&table, labels, &parameters);
        let kept: Vec<f64> =
            case.weights.iter().map(|&w| if clip { w.max(0.0) } else { w }).collect();
        let total: f64 = kept.iter().sum();
        // Kept negative weights can bring the sum close to zero, where nothing is well defined.
        prop_assume!(total > 0.1);
        let dense_matrix = matrix(&case.indices, Some(&kept), case.rows);
        let expected = dense(&dense_matrix, &case.codes, resolution, directed);
        let scale = kept.iter().map(|w| w.abs()).sum::<f64>() / total;
        prop_assert!((got.value - expected).abs() < 1e-12 * scale * scale);
        let negative = case.weights.iter().filter(|&&w| w < 0.0).count();
        prop_assert_eq!(got.n_negative_edges, negative as u64);
    }

    #[test]
    fn directed_is_never_smaller(case in cases()) {
        let table = Table::new(&case.indices, None, case.rows, case.k).unwrap();
        let labels = Labels::new(&case.codes, case.classes).unwrap();
        let undirected = measure(&table, labels, &plain(false));
        let directed = measure(&table, labels, &plain(true));
        prop_assert!(directed.value >= undirected.value - 1e-14);
        prop_assert!(undirected.value <= undirected.bound + 1e-14);
        prop_assert!(directed.value <= directed.bound + 1e-14);
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits(case in cases(), seed: u64) {
        let table = Table::new(&case.indices, Some(&case.weights), case.rows, case.k).unwrap();
        let labels = Labels::new(&case.codes, case.classes).unwrap();
        let permutations = Permutations { count: 5, seed };
        let bits = |jobs| {
            let got = with_jobs(jobs, |run| {
                modularity(&table, labels, &plain(false), permutations, run).unwrap()
            });
            [got.value, got.bound, got.null.mean, got.null.sd, got.null.z].map(f64::to_bits)
        };
        let one = bits(1);
        prop_assert_eq!(bits(2), one);
        prop_assert_eq!(bits(7), one);
    }

    #[test]
    fn the_null_repeats_the_value_on_permuted_labels(case in cases(), directed: bool) {
        let table = Table::new(&case.indices, None, case.rows, case.k).unwrap();
        let labels = Labels::new(&case.codes, case.classes).unwrap();
        let permutations = Permutations { count: 4, seed: 3 };
        let got = with_jobs(1, |run| {
            modularity(&table, labels, &plain(directed), permutations, run).unwrap()
        });
        let values: Vec<f64> = (0..4)
            .map(|item| {
                let mut codes = case.codes.clone();
                random::shuffle(&mut codes, 3, item);
                let labels = Labels::new(&codes, case.classes).unwrap();
                measure(&table, labels, &plain(directed)).value
            })
            .collect();
        let mean = values.iter().sum::<f64>() / 4.0;
        let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 3.0).sqrt();
        prop_assert!((got.null.mean - mean).abs() < 1e-13);
        prop_assert!((got.null.sd - sd).abs() < 1e-12);
    }

    #[test]
    fn leaving_groups_out_equals_a_smaller_table(case in cases(), groups in 2usize..5) {
        // Every other row in rank order, so that the table is deep enough for all k.
        let rows = case.rows;
        let deep: Vec<u32> = (0..rows)
            .flat_map(|i| (1..rows).map(move |step| ((i + step * 7 % rows) % rows) as u32))
            .collect();
        prop_assume!(rows % 7 != 0 && rows > 3 * groups);
        let group_of: Vec<u32> = (0..rows).map(|i| (i % groups) as u32).collect();
        let k = case.k.min(rows / 4).max(1);
        let table = Table::new(&deep, None, rows, rows - 1).unwrap();
        let labels = Labels::new(&case.codes, case.classes).unwrap();
        let group_labels = Labels::new(&group_of, groups).unwrap();
        let got = with_jobs(2, |run| {
            leave_groups_out(&table, labels, group_labels, k, &plain(false), run).unwrap()
        });
        for (group, value) in got.iter().enumerate() {
            let kept: Vec<usize> = (0..rows).filter(|&i| i % groups != group).collect();
            let position = |j: u32| kept.iter().position(|&row| row == j as usize);
            let indices: Vec<u32> = kept
                .iter()
                .flat_map(|&i| {
                    deep[i * (rows - 1)..(i + 1) * (rows - 1)]
                        .iter()
                        .filter_map(|&j| position(j).map(|p| p as u32))
                        .take(k)
                })
                .collect();
            let codes: Vec<u32> = kept.iter().map(|&i| case.codes[i]).collect();
            let expected = dense(&matrix(&indices, None, kept.len()), &codes, 1.0, false);
            prop_assert!((value.unwrap() - expected).abs() < 1e-12);
        }
    }
}

#[test]
fn a_shallow_table_leaves_its_group_unanswered() {
    let table = Table::new(&[1, 2, 0, 2, 0, 1], None, 3, 2).unwrap();
    let labels = Labels::new(&[0, 0, 1], 2).unwrap();
    let groups = Labels::new(&[0, 1, 1], 2).unwrap();
    let got = with_jobs(1, |run| {
        leave_groups_out(&table, labels, groups, 2, &plain(false), run).unwrap()
    });
    assert_eq!(got, [None, None]);
    with_jobs(1, |run| {
        assert!(leave_groups_out(&table, labels, groups, 3, &plain(false), run).is_err());
        assert!(leave_groups_out(&table, labels, groups, 0, &plain(false), run).is_err());
    });
}

#[test]
fn a_self_loop_counts_twice_and_an_edge_once() {
    // A loop of weight 2 at node 0, an edge 0–1 of weight 1: 2m = 6, L inside = 2.
    let (indptr, indices, weights) = ([0, 2, 3], [0, 1, 0], [2.0, 1.0, 1.0]);
    let graph = Sparse::new(&indptr, &indices, &weights, false).unwrap();
    let labels = Labels::new(&[0, 1], 2).unwrap();
    let got = measure(&graph, labels, &plain(false));
    let expected = 2.0 / 3.0 - (5.0f64 / 6.0).powi(2) - (1.0f64 / 6.0).powi(2);
    assert!((got.value - expected).abs() < 1e-15);
    assert_eq!(got.same_label_share, 0.5);
    let negative = Sparse::new(&indptr, &indices, &[2.0, -1.0, -1.0], false).unwrap();
    assert_eq!(
        measure(&negative, labels, &plain(false)).n_negative_edges,
        1
    );
}

#[test]
fn no_weight_is_nan_and_one_class_is_zero() {
    let table = Table::new(&[1, 0], Some(&[0.0, -1.0]), 2, 1).unwrap();
    let labels = Labels::new(&[0, 1], 2).unwrap();
    let permutations = Permutations { count: 3, seed: 0 };
    let none = with_jobs(1, |run| {
        modularity(&table, labels, &plain(false), permutations, run).unwrap()
    });
    assert!(
        [
            none.value,
            none.bound,
            none.ratio,
            none.null.mean,
            none.null.z
        ]
        .iter()
        .all(|x| x.is_nan())
    );
    assert!(none.per_class.iter().all(|x| x.is_nan()));
    assert_eq!((none.same_label_share, none.n_negative_edges), (0.0, 1));

    let table = Table::new(&[1, 0], None, 2, 1).unwrap();
    let one_class = Labels::new(&[0, 0], 1).unwrap();
    let one = with_jobs(1, |run| {
        modularity(&table, one_class, &plain(false), permutations, run).unwrap()
    });
    assert_eq!((one.value, one.bound), (0.0, 0.0));
    assert!(one.ratio.is_nan() && one.null.z.is_nan());
    assert_eq!(one.null.sd, 0.0);
}

#[test]
fn wrong_parameters_and_labels_are_refused() {
    assert!(Parameters::new(-1.0, false, true).is_err());
    assert!(Parameters::new(f64::NAN, false, true).is_err());
    let table = Table::new(&[1, 0], None, 2, 1).unwrap();
    let labels = Labels::new(&[0, 0, 0], 1).unwrap();
    with_jobs(1, |run| {
        assert!(modularity(&table, labels, &plain(false), NO_NULL, run).is_err());
    });
}
