//! Lengths of paths, and linkage, against their naive twins.

use layerscope_core::Error;
use layerscope_core::random::stream;
use layerscope_testkit::fractal as twin;
use proptest::prelude::*;
use rand::RngExt;

use super::{Parts, graphs, one, with_jobs};
use crate::fractal::{lengths, linkage};

proptest! {
    #[test]
    fn lengths_of_paths_are_those_of_the_twin((n, edges, lengths) in graphs()) {
        let parts = Parts::new(n, &edges, Some(&lengths));
        let expected = twin::distances(n, &edges, &lengths);
        let mut table = vec![0.0; n * n];
        with_jobs(2, |run| lengths::path_lengths(parts.network(), None, &mut table, run).unwrap());
        prop_assert_eq!(table, expected.concat());
    }

    #[test]
    fn heights_of_linkage_are_those_of_the_twin(n in 1..16usize, seed in any::<u64>()) {
        let mut generator = stream(seed, 0);
        let mut table = vec![vec![0.0; n]; n];
        for (i, j) in (0..n * n).map(|place| (place / n, place % n)).filter(|(i, j)| j < i) {
            table[i][j] = generator.random::<f64>();
            table[j][i] = table[i][j];
        }
        let mut expected = twin::linkage_heights(&table);
        expected.sort_by(f64::total_cmp);
        let found = one(|run| linkage::heights(&table.concat(), n, run).unwrap());
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn lengths_whose_sum_overflows_are_refused() {
    let parts = Parts::new(3, &[(0, 1), (1, 2)], Some(&[1e308, 1e308]));
    let mut table = vec![0.0; 9];
    let refused = one(|run| lengths::path_lengths(parts.network(), None, &mut table, run));
    assert!(matches!(refused, Err(Error::InvalidInput { argument, .. }) if argument == "graph"));
}

#[test]
fn wrong_tables_of_distances_are_refused() {
    let (nan, ok) = (f64::NAN, 1.0);
    for wrong in [
        vec![],
        vec![0.0, ok],
        vec![0.0, ok, 2.0, 0.0],
        vec![0.0, ok, ok, 0.5],
        vec![0.0, nan, nan, 0.0],
        vec![0.0, -ok, -ok, 0.0],
    ] {
        let count = if wrong.is_empty() { 0 } else { 2 };
        assert!(one(|run| linkage::heights(&wrong, count, run)).is_err());
    }
    assert!(
        one(|run| linkage::heights(&[0.0], 1, run))
            .unwrap()
            .is_empty()
    );
}
