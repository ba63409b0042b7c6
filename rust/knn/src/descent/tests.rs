//! What an approximate answer promises: pairs with the values of exact search, in order, nobody
//! twice; the same bits for any threads and any kernel; a recall that is what it is.

use std::num::NonZeroUsize;

use layerscope_core::{Element, Interrupt, Matrix, Progress, Run};
use layerscope_testkit::knn_matrices::{Table, nasty};

use super::*;

fn with_jobs<T>(jobs: usize, work: impl FnOnce(&Run) -> T) -> T {
    let (interrupt, progress) = (Interrupt::default(), Progress::default());
    work(&Run::new(
        NonZeroUsize::new(jobs).unwrap(),
        &interrupt,
        &progress,
    ))
}

fn request<'a>(
    table: &'a Table,
    k: usize,
    metric: Metric,
    groups: Option<&'a [u32]>,
) -> Request<'a> {
    let values = Element::F64(&table.values);
    Request {
        data: Matrix::new("X", values, table.n_rows(), table.columns).unwrap(),
        queries: None,
        groups,
        k,
        metric,
        memory_limit: None,
    }
}

/// Small leaves and few rows, so that every step is taken.
fn small(kernel: Kernel) -> Effort {
    Effort {
        kernel,
        smallest: 2,
        leaf: 30,
        enough: 1.0,
        steering: 20,
        reporting: 40,
    }
}

const METRICS: [Metric; 3] = [Metric::Euclidean, Metric::Cosine, Metric::Pearson];

/// Every value at its pair, from exact search for all others.
fn all_values(request: &Request) -> Vec<Vec<f64>> {
    let n = request.data.rows();
    let all = Request {
        k: n - 1,
        groups: None,
        ..*request
    };
    let found = with_jobs(1, |run| exact::neighbors(run, &all)).unwrap();
    let mut values = vec![vec![f64::NAN; n]; n];
    for row in 0..n {
        for at in row * (n - 1)..(row + 1) * (n - 1) {
            values[row][found.indices[at] as usize] = found.values[at];
        }
    }
    values
}

fn check_promises(name: &str, request: &Request, found: &Neighbours) {
    let values = all_values(request);
    let (n, k) = (request.data.rows(), request.k);
    for row in 0..n {
        let own: Vec<(f64, u32)> = (row * k..(row + 1) * k)
            .map(|at| (found.values[at], found.indices[at]))
            .collect();
        for (rank, &(value, index)) in own.iter().enumerate() {
            assert_ne!(index as usize, row, "{name}: itself");
            assert_eq!(
                value.to_bits(),
                values[row][index as usize].to_bits(),
                "{name} {row}"
            );
            assert!(
                own[..rank].iter().all(|other| other.1 != index),
                "{name}: twice"
            );
            if let Some(groups) = request.groups {
                assert_ne!(groups[row], groups[index as usize], "{name}: group");
            }
            if rank > 0 {
                let (before, _) = own[rank - 1];
                let ordered = if request.metric == Metric::Euclidean {
                    before <= value
                } else {
                    before >= value
                };
                assert!(ordered, "{name} {row}: order");
            }
        }
    }
}

#[test]
fn promises_hold_on_nasty_input_for_any_threads() {
    let kernel = Kernel::widest(Precision::Byte);
    for (n, d, k) in [(200, 5, 3), (150, 40, 12)] {
        let groups: Vec<u32> = (0..n as u32).map(|i| i / 3).collect();
        for (name, table) in nasty(n, d, 4) {
            for metric in METRICS {
                for groups in [None, Some(&groups[..])] {
                    let request = request(&table, k, metric, groups);
                    let find = |jobs| {
                        with_jobs(jobs, |run| search(run, &request, 7, small(kernel))).unwrap()
                    };
                    let found = find(1);
                    check_promises(name, &request, &found.neighbours);
                    if let Some(recall) = found.recall {
                        let ends = [0.0, recall.low, recall.value, recall.high, 1.0];
                        assert!(ends.is_sorted(), "{name}: {ends:?}");
                    }
                    assert_eq!(find(2), found, "{name}");
                    assert_eq!(find(7), found, "{name}");
                }
            }
        }
    }
}

#[test]
fn every_kernel_gives_the_same_bits() {
    let (_, table) = nasty(300, 20, 9).swap_remove(0);
    let request = request(&table, 5, Metric::Euclidean, None);
    let find = |kernel| with_jobs(2, |run| search(run, &request, 3, small(kernel))).unwrap();
    let mut bytes = Kernel::available();
    bytes.retain(|kernel| kernel.precision() == Precision::Byte);
    let found: Vec<Approximate> = bytes.into_iter().map(find).collect();
    assert!(found.len() > 1 || !cfg!(target_arch = "x86_64"));
    assert!(found.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn the_recall_of_all_rows_is_the_recall() {
    let (_, table) = nasty(500, 16, 9).swap_remove(0);
    for metric in METRICS {
        let request = request(&table, 6, metric, None);
        let exact = with_jobs(2, |run| exact::neighbors(run, &request)).unwrap();
        let effort = Effort {
            steering: 0,
            reporting: 500,
            enough: 0.0,
            ..small(Kernel::widest(Precision::Byte))
        };
        let found = with_jobs(2, |run| search(run, &request, 3, effort)).unwrap();
        let rows = exact
            .indices
            .chunks_exact(6)
            .zip(found.neighbours.indices.chunks_exact(6));
        let hits = rows.map(|(all, some)| some.iter().filter(|index| all.contains(index)).count());
        let recall = hits.sum::<usize>() as f64 / 3000.0;
        let reported = found.recall.unwrap();
        assert!((reported.value - recall).abs() < 1e-12, "{metric:?}");
        assert!(
            recall > 0.3 && recall < 1.0,
            "{metric:?}: {recall} shows nothing"
        );
        // Trying harder finds nearly all.
        let harder = Effort {
            enough: 1.0,
            ..effort
        };
        let harder = Effort {
            steering: 100,
            reporting: 400,
            ..harder
        };
        let found = with_jobs(2, |run| search(run, &request, 3, harder)).unwrap();
        assert!(found.recall.unwrap().value > 0.97, "{metric:?}: {found:?}");
    }
}

#[test]
fn tight_clusters_far_apart_keep_their_resolution() {
    let tables = nasty(400, 12, 2);
    let (_, table) = tables
        .iter()
        .find(|(name, _)| *name == "tight far clusters")
        .unwrap();
    let request = request(table, 5, Metric::Euclidean, None);
    let effort = Effort {
        enough: 0.99,
        leaf: 60,
        ..small(Kernel::widest(Precision::Byte))
    };
    let found = with_jobs(1, |run| search(run, &request, 3, effort)).unwrap();
    assert!(found.recall.unwrap().value > 0.95, "{:?}", found.recall);
}

#[test]
fn what_is_unsuited_is_searched_exactly_and_says_why() {
    let (_, table) = nasty(60, 4, 9).swap_remove(0);
    let effort = small(Kernel::widest(Precision::Byte));
    let base = request(&table, 5, Metric::Euclidean, None);
    let one_group = vec![1; 30].into_iter().chain(0..30).collect::<Vec<u32>>();
    let queries = Request {
        queries: Some(base.data),
        ..base
    };
    let products = Request {
        metric: Metric::InnerProduct,
        ..base
    };
    for (request, effort) in [
        (queries, effort),
        (products, effort),
        (
            base,
            Effort {
                smallest: 61,
                ..effort
            },
        ),
    ] {
        let found = with_jobs(1, |run| search(run, &request, 3, effort)).unwrap();
        let exact = with_jobs(1, |run| exact::neighbors(run, &request)).unwrap();
        assert!(found.exact_because.is_some() && found.recall.is_none());
        assert_eq!(found.neighbours, exact);
    }
    let grouped = Request {
        groups: Some(&one_group),
        ..base
    };
    let found = with_jobs(1, |run| search(run, &grouped, 3, effort)).unwrap();
    check_promises("one group", &grouped, &found.neighbours);
    let bounded = Request {
        memory_limit: Some(1000),
        ..base
    };
    let refused = with_jobs(1, |run| search(run, &bounded, 3, effort));
    assert!(matches!(
        refused,
        Err(Error::MemoryLimit { limit: 1000, .. })
    ));
}

#[test]
fn a_set_token_stops_the_work() {
    let (_, table) = nasty(400, 8, 9).swap_remove(0);
    let (interrupt, progress) = (Interrupt::default(), Progress::default());
    interrupt.set();
    let run = Run::new(NonZeroUsize::MIN, &interrupt, &progress);
    let effort = small(Kernel::widest(Precision::Byte));
    let stopped = search(
        &run,
        &request(&table, 5, Metric::Euclidean, None),
        3,
        effort,
    );
    assert_eq!(stopped.unwrap_err(), Error::Interrupted);
}
