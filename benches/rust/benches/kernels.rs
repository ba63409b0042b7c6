//! Operations a second of every product kernel that this processor has, the fused test included:
//! one block of 384 rows against another. criterion prints them as "elements": Gelem/s is GOP/s,
//! a multiplication and an addition being two.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use layerscope_knn::probe::{Block, kernels};

const ROWS: usize = 384;

fn products(criterion: &mut Criterion) {
    for features in [64, 512] {
        let mut group = criterion.benchmark_group(format!("d={features}"));
        group.throughput(Throughput::Elements((2 * ROWS * ROWS * features) as u64));
        for (which, name) in kernels().into_iter().enumerate() {
            let block = Block::new(which, ROWS, features).expect("a block fits");
            group.bench_function(name, |bencher| {
                bencher.iter(|| std::hint::black_box(&block).run().expect("panels fit"));
            });
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .measurement_time(std::time::Duration::from_secs(1))
        .warm_up_time(std::time::Duration::from_millis(300))
        .sample_size(20);
    targets = products
}
criterion_main!(benches);
