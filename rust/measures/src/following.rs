//! Communities followed from one layer to the next.
//!
//! **Question.** Which community of the next layer is this one: does it stay, part, join another?
//!
//! **Definitions**, with a community A of one layer, a community B of the next, both sets of the
//! same samples:
//!
//! - *heir*: pairs (A, B) with `|A ∩ B| ≥ θ |A ∪ B|` may be matched; among all one-to-one matchings
//!   of such pairs the one that keeps the most samples, `max Σ |A ∩ B|`, is taken. B then is A, and
//!   has its number.
//! - *parent* of B: the A with `|A ∩ B| > |B| / 2`, if there is one. *Destination* of A: the B with
//!   `|A ∩ B| > |A| / 2`. More than half, so each has at most one.
//!
//! A parts (a split) when at least two communities of the next layer have it as their parent; two
//! or more communities join (a merge) when they have one destination. A reversed chain has its
//! splits as merges.
//!
//! **Complexity.** O(n) per pair of layers for the counts, and an assignment whose
//! rows and columns have at most 1/θ pairs each.
//!
//! **Edge cases.** No samples, no communities: nothing is matched. A community without samples is
//! nobody's heir, parent or destination.
//!
//! **Determinism.** Integers and one comparison with θ; steps of the chain are pieces, in order.

use layerscope_core::{Error, Labels, Result, Run, filled};

use crate::assignment::{Pair, heaviest};
use crate::contingency::Contingency;

/// What happens to the communities between two layers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Per community of the first layer: the community of the next that is the same one.
    pub heir: Vec<Option<u32>>,
    /// Per community of the first layer: where more than half of it goes.
    pub destination: Vec<Option<u32>>,
    /// Per community of the next layer: where more than half of it comes from.
    pub parent: Vec<Option<u32>>,
}

/// Follows the communities through a chain of layers: one step for each pair of consecutive ones.
pub fn follow(layers: &[Labels], minimum_overlap: f64, run: &Run) -> Result<Vec<Step>> {
    if !(minimum_overlap > 0.0 && minimum_overlap <= 1.0) {
        let rule = "must be above 0 and at most 1";
        return Err(Error::invalid("minimum_overlap", rule, minimum_overlap));
    }
    let steps = layers.len().saturating_sub(1);
    run.progress().start(steps as u64);
    run.map(steps, |step| {
        let found = between(layers[step], layers[step + 1], minimum_overlap, run);
        run.progress().step();
        found
    })
}

fn between(first: Labels, next: Labels, minimum_overlap: f64, run: &Run) -> Result<Step> {
    let table = Contingency::new(first, next, run)?;
    let mut step = Step {
        heir: Vec::new(),
        destination: filled(first.classes(), None)?,
        parent: filled(next.classes(), None)?,
    };
    let mut pairs = Vec::new();
    for cell in &table.cells {
        let (before, after) = table.sizes(cell);
        if 2 * cell.count > before {
            step.destination[cell.first as usize] = Some(cell.second);
        }
        if 2 * cell.count > after {
            step.parent[cell.second as usize] = Some(cell.first);
        }
        let union = before + after - cell.count;
        if cell.count as f64 >= minimum_overlap * union as f64 {
            pairs.push(Pair {
                row: cell.first,
                column: cell.second,
                weight: cell.count as i64,
            });
        }
    }
    step.heir = heaviest(&pairs, first.classes(), next.classes(), run)?;
    Ok(step)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use layerscope_core::{Interrupt, Progress};
    use layerscope_testkit::following as twin;
    use layerscope_testkit::partitions::{pairs, width};
    use proptest::prelude::*;

    use super::*;

    fn steps(layers: &[&[u32]], minimum_overlap: f64, jobs: usize) -> Result<Vec<Step>> {
        let (interrupt, progress) = (Interrupt::default(), Progress::default());
        let run = Run::new(NonZeroUsize::new(jobs).unwrap(), &interrupt, &progress);
        let labels: Vec<Labels> = layers
            .iter()
            .map(|codes| Labels::new(codes, width(codes)).unwrap())
            .collect();
        follow(&labels, minimum_overlap, &run)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn equals_its_twin((first, next) in pairs(30, 6), threshold in 0.05f64..1.0) {
            let [step] = &steps(&[&first, &next], threshold, 1).unwrap()[..] else {
                panic!("one step")
            };
            prop_assert_eq!(&step.destination, &twin::majority_goes_to(&first, &next));
            prop_assert_eq!(&step.parent, &twin::majority_goes_to(&next, &first));
            let kept: usize = step
                .heir
                .iter()
                .enumerate()
                .filter_map(|(a, b)| b.map(|b| twin::overlap(&first, &next, a as u32, b)))
                .sum();
            prop_assert_eq!(kept as i64, twin::most_kept(&first, &next, threshold));
        }

        #[test]
        fn threads_decide_nothing((first, next) in pairs(60, 20)) {
            let chain: [&[u32]; 4] = [&first, &next, &first, &next];
            let one = steps(&chain, 0.1, 1).unwrap();
            prop_assert_eq!(&one, &steps(&chain, 0.1, 2).unwrap());
            prop_assert_eq!(&one, &steps(&chain, 0.1, 7).unwrap());
        }
    }

    #[test]
    fn a_split_and_back() {
        let (whole, parts) = ([0, 0, 0, 0, 0, 1, 1, 1], [0, 0, 0, 2, 2, 1, 1, 1]);
        let chain = steps(&[&whole, &parts, &whole], 0.1, 1).unwrap();
        assert_eq!(chain[0].heir, [Some(0), Some(1)]);
        assert_eq!(chain[0].parent, [Some(0), Some(1), Some(0)]);
        assert_eq!(chain[0].destination, [Some(0), Some(1)]);
        assert_eq!(chain[1].heir, [Some(0), Some(1), None]);
        assert_eq!(chain[1].destination, [Some(0), Some(1), Some(0)]);
    }

    #[test]
    fn thousands_of_small_communities_are_no_matrix() {
        // Pairs of samples, shifted by one: a chain of overlaps of one sample each, half of which
        // can be kept.
        let n = 60_000u32;
        let first: Vec<u32> = (0..n).map(|i| i / 2).collect();
        let next: Vec<u32> = (0..n).map(|i| i.div_ceil(2)).collect();
        let step = &steps(&[&first, &next], 0.1, 1).unwrap()[0];
        let kept = step.heir.iter().flatten().count();
        assert_eq!(kept, 30_000);
    }

    #[test]
    fn a_threshold_outside_its_range_is_refused() {
        for threshold in [0.0, -1.0, 1.5, f64::NAN] {
            assert!(steps(&[&[0], &[0]], threshold, 1).is_err());
        }
        assert!(steps(&[], 0.1, 1).unwrap().is_empty());
        assert!(steps(&[&[]], 0.1, 1).unwrap().is_empty());
    }
}
