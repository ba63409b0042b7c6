//! One suite, stamped on every metric and every way the engine can be driven: fast equals naive,
//! bit for bit.

use std::num::NonZeroUsize;

use half::{bf16, f16};
use layerscope_core::{Element, Error, Interrupt, Matrix, Progress, Run};
use layerscope_testkit::knn::{Found, Order, nearest};
use layerscope_testkit::knn_matrices::{Table, nasty};
use proptest::prelude::*;

use crate::exact::{least_block, search};
use crate::kernel::{Kernel, Precision};
use crate::memory::Plan;
use crate::{Metric, Neighbours, Plans, Request, estimate_memory, neighbors};

fn with_jobs<T>(jobs: usize, work: impl FnOnce(&Run) -> T) -> T {
    let (interrupt, progress) = (Interrupt::default(), Progress::default());
    work(&Run::new(
        NonZeroUsize::new(jobs).unwrap(),
        &interrupt,
        &progress,
    ))
}

fn order(metric: Metric) -> Order {
    match metric {
        Metric::Euclidean => Order::Euclidean,
        Metric::Cosine => Order::Cosine,
        Metric::Pearson => Order::Pearson,
        Metric::InnerProduct => Order::InnerProduct,
    }
}

fn matrix(table: &Table) -> Matrix<'_> {
    Matrix::new(
        "X",
        Element::F64(&table.values),
        table.n_rows(),
        table.columns,
    )
    .unwrap()
}

fn request(table: &Table, k: usize, metric: Metric) -> Request<'_> {
    Request {
        data: matrix(table),
        queries: None,
        groups: None,
        k,
        metric,
        memory_limit: None,
    }
}

/// Ways to drive the search: as it chooses itself, with sizes that bring out every border, or by
/// every narrow kernel that this processor has.
#[derive(Debug, Clone, Copy)]
enum Engine {
    Chosen,
    Direct,
    SmallTiles,
    SmallBands,
    Narrow(Precision),
    /// The same where a row sees all others at once.
    Whole(Precision),
}

impl Engine {
    fn adjust(self, plan: Plan, wanted: usize) -> Plan {
        let capacity = wanted + 2;
        match self {
            Self::Chosen | Self::Direct => plan,
            Self::SmallTiles => Plan {
                block: 4,
                panel: 3,
                band: usize::MAX / 8,
                capacity,
                ..plan
            },
            Self::SmallBands => Plan {
                block: 5,
                band: 2,
                capacity,
                ..plan
            },
            Self::Narrow(_) | Self::Whole(_) => Plan {
                block: plan.kernel.map_or(plan.block, least_block),
                cluster: 1,
                capacity,
                whole: matches!(self, Self::Whole(_)),
                ..plan
            },
        }
    }

    /// The engines that this stands for.
    fn forms(self) -> Vec<crate::engine::Engine> {
        use crate::engine::Engine as Form;
        match self {
            Self::Chosen => vec![Form::Fitting],
            Self::Direct => vec![Form::Direct],
            Self::SmallTiles | Self::SmallBands => vec![Form::Wide],
            Self::Narrow(precision) | Self::Whole(precision) => Kernel::available()
                .into_iter()
                .filter(|kernel| kernel.precision() == precision)
                .map(Form::Narrow)
                .collect(),
        }
    }

    fn each(self, run: &Run, request: &Request, check: impl Fn(&Neighbours)) {
        for form in self.forms() {
            check(&search(run, request, form, |plan| self.adjust(plan, request.k + 1)).unwrap());
        }
    }
}

#[track_caller]
fn assert_same(fast: &Neighbours, naive: &Found, what: &str) {
    assert_eq!(fast.indices, naive.indices, "{what}: indices");
    let bits = |values: &[f64]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&fast.values), bits(&naive.values), "{what}: values");
    assert_eq!(fast.tied, naive.tied, "{what}: ties");
    assert_eq!(
        fast.n_duplicate_rows, naive.n_duplicate_rows,
        "{what}: duplicates"
    );
    assert_eq!(fast.n_zero_rows, naive.n_zero_rows, "{what}: zero rows");
}

fn fast_is_naive(engine: Engine, metric: Metric) {
    for (n, d, k) in [
        (2, 1, 1),
        (3, 2, 2),
        (40, 3, 7),
        (23, 37, 22),
        (61, 17, 5),
        (9, 300, 3),
    ] {
        for (name, table) in nasty(n, d, (n + d) as u64) {
            let naive = nearest(&table, None, None, k, order(metric));
            for jobs in [1, 2, 7] {
                let what = format!("{name} {n}x{d} k={k} jobs={jobs}");
                with_jobs(jobs, |run| {
                    engine.each(run, &request(&table, k, metric), |fast| {
                        assert_same(fast, &naive, &what);
                    });
                });
            }
        }
    }
}

fn groups_are_kept_apart(engine: Engine, metric: Metric) {
    for (n, d, k) in [(8, 2, 3), (45, 6, 9)] {
        let groups: Vec<u32> = (0..n as u32).map(|i| i * i % 4 * 1_000_000_000).collect();
        for (name, table) in nasty(n, d, 5) {
            let naive = nearest(&table, None, Some(&groups), k, order(metric));
            let request = Request {
                groups: Some(&groups),
                ..request(&table, k, metric)
            };
            with_jobs(2, |run| {
                engine.each(run, &request, |fast| assert_same(fast, &naive, name));
            });
        }
    }
}

fn queries_keep_their_own_copy(engine: Engine, metric: Metric) {
    for (n, d, k) in [(1, 3, 1), (30, 5, 30), (41, 9, 4)] {
        let others = nasty(17, d, 6);
        for ((name, table), (_, mut queries)) in nasty(n, d, 5).into_iter().zip(others) {
            // Some queries are rows of the data.
            queries.values.extend_from_slice(&table.values[..d]);
            let naive = nearest(&table, Some(&queries), None, k, order(metric));
            let request = Request {
                queries: Some(matrix(&queries)),
                ..request(&table, k, metric)
            };
            with_jobs(2, |run| {
                engine.each(run, &request, |fast| assert_same(fast, &naive, name));
            });
        }
    }
}

macro_rules! suite {
    ($($name:ident: $engine:expr, $metric:expr;)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn fast_equals_naive_on_nasty_input() {
                fast_is_naive($engine, $metric);
            }

            #[test]
            fn groups() {
                groups_are_kept_apart($engine, $metric);
            }

            #[test]
            fn queries() {
                queries_keep_their_own_copy($engine, $metric);
            }
        }
    )*};
}

suite! {
    euclidean_chosen: Engine::Chosen, Metric::Euclidean;
    euclidean_direct: Engine::Direct, Metric::Euclidean;
    euclidean_small_tiles: Engine::SmallTiles, Metric::Euclidean;
    euclidean_small_bands: Engine::SmallBands, Metric::Euclidean;
    cosine_chosen: Engine::Chosen, Metric::Cosine;
    cosine_direct: Engine::Direct, Metric::Cosine;
    cosine_small_tiles: Engine::SmallTiles, Metric::Cosine;
    cosine_small_bands: Engine::SmallBands, Metric::Cosine;
    pearson_chosen: Engine::Chosen, Metric::Pearson;
    pearson_direct: Engine::Direct, Metric::Pearson;
    pearson_small_tiles: Engine::SmallTiles, Metric::Pearson;
    pearson_small_bands: Engine::SmallBands, Metric::Pearson;
    inner_product_chosen: Engine::Chosen, Metric::InnerProduct;
    inner_product_direct: Engine::Direct, Metric::InnerProduct;
    inner_product_small_tiles: Engine::SmallTiles, Metric::InnerProduct;
    inner_product_small_bands: Engine::SmallBands, Metric::InnerProduct;
    euclidean_single: Engine::Narrow(Precision::Single), Metric::Euclidean;
    euclidean_half: Engine::Narrow(Precision::Half), Metric::Euclidean;
    euclidean_byte: Engine::Narrow(Precision::Byte), Metric::Euclidean;
    cosine_single: Engine::Narrow(Precision::Single), Metric::Cosine;
    cosine_half: Engine::Narrow(Precision::Half), Metric::Cosine;
    cosine_byte: Engine::Narrow(Precision::Byte), Metric::Cosine;
    pearson_single: Engine::Narrow(Precision::Single), Metric::Pearson;
    pearson_half: Engine::Narrow(Precision::Half), Metric::Pearson;
    pearson_byte: Engine::Narrow(Precision::Byte), Metric::Pearson;
    inner_product_single: Engine::Narrow(Precision::Single), Metric::InnerProduct;
    inner_product_half: Engine::Narrow(Precision::Half), Metric::InnerProduct;
    inner_product_byte: Engine::Narrow(Precision::Byte), Metric::InnerProduct;
    euclidean_whole_byte: Engine::Whole(Precision::Byte), Metric::Euclidean;
    euclidean_whole_half: Engine::Whole(Precision::Half), Metric::Euclidean;
    cosine_whole_single: Engine::Whole(Precision::Single), Metric::Cosine;
    pearson_whole_byte: Engine::Whole(Precision::Byte), Metric::Pearson;
    inner_product_whole_single: Engine::Whole(Precision::Single), Metric::InnerProduct;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn fast_equals_naive_on_random_input(
        (n, d, k) in (2usize..30, 1usize..20).prop_flat_map(|(n, d)| (Just(n), Just(d), 1..n)),
        kinds in prop::collection::vec(0u8..5, 600),
        numbers in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO, 600),
        which in 0usize..4,
    ) {
        // Mostly small integers, so that ties abound; now and then any number there is.
        let values: Vec<f64> = (0..n * d)
            .map(|i| if kinds[i] == 0 { numbers[i] } else { f64::from(kinds[i]) })
            .collect();
        let table = Table::new(values, d);
        let metric = Metric::ALL[which];
        let naive = nearest(&table, None, None, k, order(metric));
        with_jobs(1, |run| {
            for engine in [Engine::SmallTiles, Engine::Narrow(Precision::Byte)] {
                engine.each(run, &request(&table, k, metric), |fast| {
                    assert_same(fast, &naive, metric.name());
                });
            }
        });
    }
}

#[test]
fn long_lists_of_several_blocks_are_direct_too() {
    for (name, table) in nasty(150, 3, 4) {
        for k in [46, 47, 48, 49, 149] {
            for metric in Metric::ALL {
                let naive = nearest(&table, None, None, k, order(metric));
                with_jobs(2, |run| {
                    Engine::Direct.each(run, &request(&table, k, metric), |fast| {
                        assert_same(fast, &naive, &format!("{name} k={k} {}", metric.name()));
                    });
                });
            }
        }
    }
}

#[test]
fn every_stored_kind_is_read_as_its_exact_values() {
    let (_, table) = nasty(40, 11, 9).swap_remove(0);
    let singles: Vec<f32> = table.values.iter().map(|&x| x as f32).collect();
    let halves: Vec<f16> = table.values.iter().map(|&x| f16::from_f64(x)).collect();
    let brains: Vec<bf16> = table.values.iter().map(|&x| bf16::from_f64(x)).collect();
    let exact = |values: Vec<f64>| Table::new(values, 11);
    for (element, twin) in [
        (
            Element::F32(&singles),
            exact(singles.iter().map(|&x| x.into()).collect()),
        ),
        (
            Element::F16(&halves),
            exact(halves.iter().map(|&x| x.into()).collect()),
        ),
        (
            Element::Bf16(&brains),
            exact(brains.iter().map(|&x| x.into()).collect()),
        ),
    ] {
        for metric in Metric::ALL {
            let request = Request {
                data: Matrix::new("X", element, 40, 11).unwrap(),
                ..request(&twin, 6, metric)
            };
            let fast = with_jobs(1, |run| neighbors(run, &request)).unwrap();
            assert_same(
                &fast,
                &nearest(&twin, None, None, 6, order(metric)),
                metric.name(),
            );
        }
    }
}

#[test]
fn a_memory_limit_changes_nothing_or_says_what_it_needs() {
    let (_, table) = nasty(400, 20, 2).swap_remove(0);
    let free = with_jobs(2, |run| {
        neighbors(run, &request(&table, 40, Metric::Euclidean))
    })
    .unwrap();
    let limited = |limit| {
        let request = Request {
            memory_limit: Some(limit),
            ..request(&table, 40, Metric::Euclidean)
        };
        with_jobs(2, |run| neighbors(run, &request))
    };
    let Err(Error::MemoryLimit { needed, .. }) = limited(10) else {
        panic!("ten bytes cannot do");
    };
    let plans = Plans {
        rows: 400,
        columns: 20,
        k: 40,
        metric: Metric::Euclidean,
        approximate: false,
        jobs: 2,
        memory_limit: None,
    };
    assert!(needed < estimate_memory(&plans).unwrap());
    assert_eq!(limited(needed).unwrap(), free);
    assert_eq!(limited(2 * needed).unwrap(), free);
}

#[test]
fn a_collapsed_layer_is_one_distinct_row() {
    let table = Table::new(vec![0.25; 3000 * 8], 8);
    let found = with_jobs(1, |run| {
        neighbors(run, &request(&table, 3, Metric::Euclidean))
    })
    .unwrap();
    assert_eq!(found.indices[..9], [1, 2, 3, 0, 2, 3, 0, 1, 3]);
    assert_eq!((found.tied, found.n_duplicate_rows), (vec![3000; 3], 2999));
}

#[test]
fn wrong_questions_are_refused_in_words() {
    let table = Table::new((0..12).map(f64::from).collect(), 3);
    let good = request(&table, 2, Metric::Euclidean);
    let refusal = |request: Request| {
        with_jobs(1, |run| neighbors(run, &request))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refusal(Request { k: 0, ..good }),
        "n_neighbors must be at least 1; got 0"
    );
    assert_eq!(
        refusal(Request { k: 4, ..good }),
        "n_neighbors must be below the number of rows (4); got 4"
    );
    assert_eq!(
        refusal(Request {
            k: 5,
            queries: Some(good.data),
            ..good
        }),
        "n_neighbors must be at most the number of rows (4); got 5"
    );
    let groups = [0, 0, 0, 1];
    assert_eq!(
        refusal(Request {
            groups: Some(&groups),
            ..good
        }),
        "groups must leave at least 2 rows outside every group; got 1 for row 0"
    );
    assert_eq!(
        refusal(Request {
            groups: Some(&groups[1..]),
            ..good
        }),
        "groups must have one entry per row (4); got 3 entries"
    );
    let narrow = Table::new(vec![1.0; 4], 2);
    assert_eq!(
        refusal(Request {
            queries: Some(matrix(&narrow)),
            ..good
        }),
        "queries must have as many columns as X (3); got 2"
    );
    let mut bad = table.clone();
    bad.values[7] = f64::NAN;
    assert_eq!(
        refusal(request(&bad, 2, Metric::Cosine)),
        "X must be finite; got nan at row 2, column 1"
    );
    bad.values[7] = f64::NEG_INFINITY;
    assert_eq!(
        refusal(Request {
            queries: Some(matrix(&bad)),
            ..good
        }),
        "queries must be finite; got -inf at row 2, column 1"
    );
}

#[test]
fn a_set_token_stops_the_search() {
    let (_, table) = nasty(50, 5, 2).swap_remove(0);
    let (interrupt, progress) = (Interrupt::default(), Progress::default());
    interrupt.set();
    let run = Run::new(NonZeroUsize::MIN, &interrupt, &progress);
    let stopped = neighbors(&run, &request(&table, 3, Metric::Euclidean));
    assert_eq!(stopped, Err(Error::Interrupted));
}
