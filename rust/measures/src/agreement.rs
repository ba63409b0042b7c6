//! Label agreement.
//!
//! **Question.** How many of a sample's neighbours bear its label?
//!
//! **Formula.** `value = mean over rows i of #{j ∈ N(i): y_j = y_i} / |N(i)|`. No weights: a neighbour
//! is a neighbour. A row is never its own neighbour, so self-loops are passed over.
//!
//! **Complexity.** O(arcs).
//!
//! **Needs.** Labels.
//!
//! **Edge cases.** Rows without neighbours (isolated nodes of a graph) are left out and counted;
//! when there are no others the value is NaN. A class all of whose rows are isolated is NaN.
//!
//! **Determinism.** Sums over chunks that depend on the input alone, added in order.
//!
//! **Reference.** The leave-one-out accuracy of soft nearest-neighbour voting; Cover and Hart,
//! *IEEE Transactions on Information Theory* 13, 21 (1967).

use layerscope_core::{Labels, Result, Run, filled};

use crate::arcs::Arcs;

const ROWS_PER_CHUNK: usize = 4096;

/// How far neighbours agree on the label.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    /// Mean share of neighbours with the row's label.
    pub value: f64,
    /// The same over the rows of each class.
    pub per_class: Vec<f64>,
    /// Rows without neighbours.
    pub n_isolated: u64,
}

/// The share of neighbours with the row's own label, over all rows and per class.
pub fn agreement(arcs: &impl Arcs, labels: Labels, run: &Run) -> Result<Agreement> {
    let (nodes, codes) = (arcs.nodes(), labels.codes());
    labels.check_rows(nodes)?;
    let parts = run.map(nodes.div_ceil(ROWS_PER_CHUNK), |chunk| {
        let start = chunk * ROWS_PER_CHUNK;
        let mut shares = Vec::new();
        for row in start..(start + ROWS_PER_CHUNK).min(nodes) {
            run.check()?;
            let (mut all, mut same) = (0u32, 0u32);
            arcs.visit(row, |target, _| {
                all += u32::from(target != row);
                same += u32::from(target != row && codes[target] == codes[row]);
            });
            shares.push((all > 0).then(|| f64::from(same) / f64::from(all)));
        }
        Ok(shares)
    })?;
    // Rows are added one by one in their own order; per class, too.
    let mut sums = filled(labels.classes(), 0.0)?;
    let mut counts = filled(labels.classes(), 0u64)?;
    let mut n_isolated = 0;
    for (share, &code) in parts.iter().flatten().zip(codes) {
        match share {
            Some(share) => {
                sums[code as usize] += share;
                counts[code as usize] += 1;
            }
            None => n_isolated += 1,
        }
    }
    let value = sums.iter().sum::<f64>() / counts.iter().sum::<u64>() as f64;
    let per_class = sums
        .iter()
        .zip(&counts)
        .map(|(sum, &count)| sum / count as f64)
        .collect();
    Ok(Agreement {
        value,
        per_class,
        n_isolated,
    })
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use layerscope_core::{Interrupt, Progress};
    use layerscope_testkit::agreement as twin;
    use layerscope_testkit::modularity::cases;
    use proptest::prelude::*;

    use super::*;
    use crate::arcs::{Sparse, Table};

    fn measure(arcs: &impl Arcs, labels: Labels) -> Agreement {
        let (interrupt, progress) = (Interrupt::default(), Progress::default());
        agreement(
            arcs,
            labels,
            &Run::new(NonZeroUsize::MIN, &interrupt, &progress),
        )
        .unwrap()
    }

    proptest! {
        #[test]
        fn equals_its_twin(case in cases()) {
            let table = Table::new(&case.indices, None, case.rows, case.k).unwrap();
            let labels = Labels::new(&case.codes, case.classes).unwrap();
            let lists: Vec<Vec<u32>> = case.indices.chunks(case.k).map(<[u32]>::to_vec).collect();
            let expected = twin::agreement(&lists, &case.codes);
            prop_assert!((measure(&table, labels).value - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn isolated_nodes_are_counted_and_self_loops_passed_over() {
        // 0 and 1 share an edge, 2 has a loop alone, 3 has nothing.
        let (indptr, indices) = ([0, 1, 2, 3, 3], [1, 0, 2]);
        let graph = Sparse::new(&indptr, &indices, &[1.0; 3], false).unwrap();
        let got = measure(&graph, Labels::new(&[0, 0, 0, 1], 2).unwrap());
        assert_eq!((got.value, got.n_isolated), (1.0, 2));
        assert_eq!(got.per_class[0], 1.0);
        assert!(got.per_class[1].is_nan());
    }

    #[test]
    fn no_neighbours_at_all_is_nan() {
        let graph = Sparse::new(&[0, 0], &[], &[], true).unwrap();
        assert!(
            measure(&graph, Labels::new(&[0], 1).unwrap())
                .value
                .is_nan()
        );
    }
}
