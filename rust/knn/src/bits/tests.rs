//! Sets equal the lists of the naive twin, member for member.

use std::num::NonZeroUsize;

use layerscope_core::{BitRows, Element, Error, Interrupt, Matrix, NearestSets, Progress};
use layerscope_core::{Result, Run, SetNotes, set_bit};
use layerscope_testkit::knn::{Found, Order, nearest};
use layerscope_testkit::knn_matrices::{Table, nasty};
use proptest::prelude::*;

use super::{BitQuery, Workers};
use crate::Metric;

fn order(metric: Metric) -> Order {
    match metric {
        Metric::Euclidean => Order::Euclidean,
        Metric::Cosine => Order::Cosine,
        Metric::Pearson => Order::Pearson,
        Metric::InnerProduct => Order::InnerProduct,
    }
}

fn with_run<T>(work: impl FnOnce(&Run) -> T) -> T {
    let (interrupt, progress) = (Interrupt::default(), Progress::default());
    work(&Run::new(NonZeroUsize::MIN, &interrupt, &progress))
}

fn query(table: &Table, k: usize, metric: Metric) -> BitQuery<'_> {
    let (n, d) = (table.n_rows(), table.columns);
    BitQuery {
        data: Matrix::new("X", Element::F64(&table.values), n, d).unwrap(),
        metric,
        k,
    }
}

/// The sets of all rows at all ks, made `piece` rows at a time.
fn sets(query: &BitQuery, ks: &[usize], piece: usize) -> Result<(BitRows, SetNotes)> {
    let n = query.data.rows();
    let workers = Workers::default();
    let mut rows = BitRows::new(n * ks.len(), n)?;
    let mut notes = SetNotes::default();
    with_run(|run| {
        let search = query.prepare(run, &workers)?;
        for (part, mut lines) in rows.parts(piece * ks.len()).enumerate() {
            let range = part * piece..((part + 1) * piece).min(n);
            // Lines are overwritten, whatever they hold.
            lines.line(0).fill(u64::MAX);
            notes = notes.and(search.fill(run, range, ks, &mut lines)?);
        }
        Ok(())
    })?;
    Ok((rows, notes))
}

#[track_caller]
fn assert_same(name: &str, ks: &[usize], found: &(BitRows, SetNotes), twin: &Found) {
    let deepest = ks[ks.len() - 1];
    let n = twin.indices.len() / deepest;
    let mut expected = BitRows::new(n * ks.len(), n).unwrap();
    for (row, mut lines) in expected.parts(ks.len()).enumerate() {
        for (at, &k) in ks.iter().enumerate() {
            for &j in &twin.indices[row * deepest..row * deepest + k] {
                set_bit(lines.line(at), j as usize);
            }
        }
    }
    assert_eq!(found.0, expected, "{name} {ks:?}: sets");
    assert_eq!(found.1.tied, twin.tied[deepest - 1], "{name} {ks:?}: ties");
    let infinite = twin.values.iter().filter(|value| value.is_infinite());
    assert_eq!(found.1.infinite, infinite.count() as u64, "{name} {ks:?}");
}

fn sets_are_the_lists(metric: Metric) {
    for (n, d, ks) in [
        (2, 1, vec![1]),
        (40, 3, vec![1, 7, 20, 39]),
        (23, 37, vec![22]),
        (130, 5, vec![26, 64, 65, 129]),
        (9, 1100, vec![3, 8]),
    ] {
        for (name, table) in nasty(n, d, (n + d) as u64) {
            let deepest = ks[ks.len() - 1];
            let twin = nearest(&table, None, None, deepest, order(metric));
            for piece in [1, 7, n] {
                let found = sets(&query(&table, deepest, metric), &ks, piece).unwrap();
                assert_same(name, &ks, &found, &twin);
            }
        }
    }
}

#[test]
fn euclidean() {
    sets_are_the_lists(Metric::Euclidean);
}

#[test]
fn cosine() {
    sets_are_the_lists(Metric::Cosine);
}

#[test]
fn pearson() {
    sets_are_the_lists(Metric::Pearson);
}

#[test]
fn inner_product() {
    sets_are_the_lists(Metric::InnerProduct);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn sets_are_the_lists_on_random_input(
        (n, d, k) in (2usize..90, 1usize..12).prop_flat_map(|(n, d)| (Just(n), Just(d), 1..n)),
        kinds in prop::collection::vec(0u8..6, 1080),
        numbers in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO, 1080),
        which in 0usize..4,
        piece in 1usize..20,
    ) {
        // Mostly small integers, so that ties abound; now and then any number there is.
        let values = (0..n * d)
            .map(|i| if kinds[i] == 0 { numbers[i] } else { f64::from(kinds[i]) });
        let table = Table::new(values.collect(), d);
        let metric = Metric::ALL[which];
        let twin = nearest(&table, None, None, k, order(metric));
        let ks: Vec<usize> = [1, k / 3, k / 2, k].into_iter().filter(|&k| k > 0).collect();
        let mut ks = ks;
        ks.dedup();
        let found = sets(&query(&table, k, metric), &ks, piece).unwrap();
        assert_same(metric.name(), &ks, &found, &twin);
    }
}

#[test]
fn a_worker_forgets_the_layer_before() {
    let workers = Workers::default();
    let (n, k) = (50, 20);
    let tables = [0.0, 1.0].map(|seed| {
        let value = |i: usize| ((i as f64) * (1.3 + seed)).sin().round();
        Table::new((0..n * 2).map(value).collect(), 2)
    });
    with_run(|run| {
        for table in tables.iter().cycle().take(3) {
            let search = query(table, k, Metric::Euclidean)
                .prepare(run, &workers)
                .unwrap();
            let mut rows = BitRows::new(n, n).unwrap();
            let mut notes = SetNotes::default();
            for mut lines in rows.parts(n) {
                notes = search.fill(run, 0..n, &[k], &mut lines).unwrap();
            }
            let twin = nearest(table, None, None, k, Order::Euclidean);
            assert!(notes.tied > 0, "no tie: this test has lost its subject");
            assert_same("two layers", &[k], &(rows, notes), &twin);
        }
    });
}

#[test]
fn distances_that_overflow_are_counted() {
    let huge = f64::MAX / 2.0;
    let table = Table::new(vec![-huge, huge, -huge, 0.0, huge, 1.0], 1);
    let twin = nearest(&table, None, None, 3, Order::InnerProduct);
    let found = sets(&query(&table, 3, Metric::InnerProduct), &[2, 3], 2).unwrap();
    assert!(found.1.infinite > 0);
    assert_same("huge", &[2, 3], &found, &twin);
}

#[test]
fn wrong_questions_are_refused() {
    let table = Table::new(vec![1.0, f64::NAN, 2.0], 1);
    let error = sets(&query(&table, 1, Metric::Cosine), &[1], 3).unwrap_err();
    assert_eq!(
        error.to_string(),
        "X must be finite; got nan at row 1, column 0"
    );
    let table = Table::new(vec![1.0, 3.0, 2.0], 1);
    let error = sets(&query(&table, 3, Metric::Cosine), &[3], 3).unwrap_err();
    assert!(error.to_string().starts_with("n_neighbors must be below"));
    let error = sets(&query(&table, 1, Metric::Cosine), &[3], 3).unwrap_err();
    assert!(matches!(error, Error::Internal(_)));
}

#[test]
fn a_set_token_stops_the_work() {
    let table = Table::new(vec![1.0, 3.0, 2.0], 1);
    let (interrupt, progress) = (Interrupt::default(), Progress::default());
    let run = Run::new(NonZeroUsize::MIN, &interrupt, &progress);
    let workers = Workers::default();
    let search = query(&table, 1, Metric::Cosine)
        .prepare(&run, &workers)
        .unwrap();
    interrupt.set();
    let mut rows = BitRows::new(3, 3).unwrap();
    for mut lines in rows.parts(3) {
        let stopped = search.fill(&run, 0..3, &[1], &mut lines);
        assert_eq!(stopped, Err(Error::Interrupted));
    }
}
