//! Neighbourhoods as rows of bits give what the lists give, to the last bit.

use std::num::NonZeroUsize;

use layerscope_core::{Error, Interrupt, NearestSets, Progress, Run, SetNotes};
use layerscope_measures::nnts::bits::nnts_by_bits;
use layerscope_measures::nnts::plan::BitPlan;
use layerscope_measures::nnts::{Keep, Lists, NntsInput, nnts};
use layerscope_testkit::persistence::{chains, nnts as naive_nnts};
use proptest::prelude::*;

fn with_run<T>(jobs: usize, work: impl FnOnce(&Run) -> T) -> T {
    let (interrupt, progress) = (Interrupt::default(), Progress::default());
    let jobs = NonZeroUsize::new(jobs).unwrap();
    work(&Run::new(jobs, &interrupt, &progress))
}

fn plan(block: usize, piece: usize, jobs: usize) -> BitPlan {
    BitPlan {
        block,
        piece,
        jobs,
        bytes: 0,
    }
}

fn erased<'a>(lists: &'a [Lists]) -> Vec<&'a dyn NearestSets> {
    lists.iter().map(|list| list as &dyn NearestSets).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn bits_are_lists(
        (k, layers) in chains(6),
        third in 1usize..5,
        block in 1usize..20,
        piece in 1usize..6,
        jobs in 1usize..4,
    ) {
        let n = layers[0].len();
        let flat: Vec<Vec<u32>> = layers.iter().map(|layer| layer.concat()).collect();
        let lists: Vec<_> = flat.iter().map(|indices| Lists { indices, depth: k }).collect();
        let ks: Vec<usize> = (1..=k).filter(|k| k % third == 0 || *k == 1).collect();
        let input = NntsInput::new(lists.clone(), n, ks.clone()).unwrap();
        let expected = with_run(1, |run| nnts(&input, Keep::Every, run)).unwrap();
        let plan = plan(block, piece, jobs);
        let found = with_run(jobs, |run| {
            nnts_by_bits(&erased(&lists), n, &ks, plan, Keep::Every, run)
        });
        let (found, notes) = found.unwrap();
        prop_assert_eq!(&found, &expected);
        prop_assert_eq!(notes, vec![SetNotes::default(); layers.len()]);
        let last = naive_nnts(&layers[0], &layers[layers.len() - 1], *ks.last().unwrap());
        let cell = found.jaccard[((ks.len() - 1) * layers.len() + 1) * layers.len() - 1];
        prop_assert!((cell - last).abs() < 1e-12);
    }
}

#[test]
fn sets_of_more_than_one_word() {
    let n = 200;
    let list = |step: usize| -> Vec<u32> {
        (0..n)
            .flat_map(|i| (1..n).map(move |j| ((i + j * step) % n) as u32))
            .collect()
    };
    // 3 and 7 have no common divisor with n, so each row lists every other row once.
    let flat = [list(1), list(3), list(7)];
    let lists = flat.iter().map(|indices| Lists {
        indices,
        depth: n - 1,
    });
    let lists: Vec<_> = lists.collect();
    let ks = vec![1, 63, 64, 65, 128, 199];
    let input = NntsInput::new(lists.clone(), n, ks.clone()).unwrap();
    let expected = with_run(1, |run| nnts(&input, Keep::Nothing, run)).unwrap();
    let found = with_run(2, |run| {
        nnts_by_bits(&erased(&lists), n, &ks, plan(48, 16, 2), Keep::Nothing, run)
    });
    assert_eq!(found.unwrap().0, expected);
    assert_eq!(expected.jaccard[5 * 9..], [1.0; 9]);
}

#[test]
fn falling_ks_and_set_tokens_are_refused() {
    let indices = [1, 0];
    let list = Lists {
        indices: &indices,
        depth: 1,
    };
    let refused = with_run(1, |run| {
        nnts_by_bits(&[&list], 2, &[1, 1], plan(1, 1, 1), Keep::Nothing, run)
    });
    assert!(refused.is_err());
    let (interrupt, progress) = (Interrupt::default(), Progress::default());
    interrupt.set();
    let run = Run::new(NonZeroUsize::MIN, &interrupt, &progress);
    let stopped = nnts_by_bits(&[&list], 2, &[1], plan(1, 1, 1), Keep::Nothing, &run);
    assert_eq!(stopped, Err(Error::Interrupted));
}
