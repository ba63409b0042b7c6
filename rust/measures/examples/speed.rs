#![allow(missing_docs)]
use layerscope_core::{Interrupt, Progress, Run, random};
use layerscope_measures::{
    nntp::nntp,
    nnts::{Lists, NntsInput, nnts},
};
use rand::RngExt;
use std::{num::NonZeroUsize, time::Instant};
fn main() {
    let (n, k, depth) = (10_000usize, 10usize, 20usize);
    // rows: neighbours near i on a ring, jittered per layer
    let layers: Vec<Vec<u32>> = (0..depth)
        .map(|l| {
            let mut out = Vec::new();
            for i in 0..n {
                let mut g = random::stream(1, (l * n + i) as u64);
                let mut list: Vec<u32> = Vec::new();
                while list.len() < k {
                    let j = ((i as u64 + 1 + g.random_range(0..20)) % n as u64) as u32;
                    if !list.contains(&j) {
                        list.push(j);
                    }
                }
                out.extend(list);
            }
            out
        })
        .collect();
    let lists: Vec<Lists> = layers
        .iter()
        .map(|indices| Lists { indices, depth: k })
        .collect();
    let (i, p) = (Interrupt::default(), Progress::default());
    for jobs in [1, 2] {
        let run = Run::new(NonZeroUsize::new(jobs).unwrap(), &i, &p);
        for (name, ks) in [("all k", (1..=k).collect::<Vec<_>>()), ("k=10", vec![k])] {
            let mut best = f64::MAX;
            for _ in 0..7 {
                let t = Instant::now();
                let input = NntsInput::new(lists.clone(), n, ks.clone()).unwrap();
                nnts(&input, false, &run).unwrap();
                best = best.min(t.elapsed().as_secs_f64());
            }
            println!("nnts {name} jobs {jobs}: {best:.4}");
        }
        let mut best = f64::MAX;
        for _ in 0..7 {
            let t = Instant::now();
            nntp(&lists, n, 0, &run).unwrap();
            best = best.min(t.elapsed().as_secs_f64());
        }
        println!("nntp jobs {jobs}: {best:.4}");
    }
}
