//! What a search will take, asked before it is made.

use layerscope_core::Result;

use crate::descent;
use crate::engine;
use crate::exact;
use crate::memory::Sizes;
use crate::metric::Metric;

/// A search of rows among themselves that may be made.
#[derive(Debug, Clone, Copy)]
pub struct Plans {
    /// Rows, all different.
    pub rows: usize,
    /// Features.
    pub columns: usize,
    /// Neighbours per row.
    pub k: usize,
    /// The order.
    pub metric: Metric,
    /// Whether nearly all neighbours are enough.
    pub approximate: bool,
    /// Threads.
    pub jobs: usize,
    /// Bytes of scratch at most.
    pub memory_limit: Option<u64>,
}

/// Bytes that the search takes at its peak: scratch and answer, without its input.
///
/// For data that the first engine can tell apart; rows that are too alike for int8 go on to an
/// engine that may hold more, though never more than the limit.
pub fn estimate_memory(plans: &Plans) -> Result<u64> {
    let Plans {
        rows, columns, k, ..
    } = *plans;
    let output = (rows as u64).saturating_mul(12).saturating_mul(k as u64);
    let sizes = Sizes {
        copied: plans.metric != Metric::Euclidean,
        ..Sizes::of_one_layer(rows, columns, k, plans.metric.is_angle(), plans.jobs)
    };
    if plans.approximate && descent::suits(rows, columns, k, plans.metric) {
        return descent::peak(&sizes, k, plans.memory_limit);
    }
    Ok(exact::scratch(&sizes, engine::chosen()?, plans.memory_limit)?.saturating_add(output))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_grows_with_everything() {
        let plans = Plans {
            rows: 20_000,
            columns: 100,
            k: 10,
            metric: Metric::Euclidean,
            approximate: false,
            jobs: 2,
            memory_limit: None,
        };
        for approximate in [false, true] {
            let plans = Plans {
                approximate,
                ..plans
            };
            let base = estimate_memory(&plans).unwrap();
            let more = [
                Plans {
                    rows: 30_000,
                    ..plans
                },
                Plans {
                    columns: 200,
                    ..plans
                },
                Plans { k: 20, ..plans },
                Plans { jobs: 4, ..plans },
                Plans {
                    metric: Metric::Cosine,
                    ..plans
                },
            ];
            for plans in more {
                assert!(estimate_memory(&plans).unwrap() > base, "{plans:?}");
            }
            let tight = Plans {
                memory_limit: Some(1000),
                ..plans
            };
            assert!(estimate_memory(&tight).is_err());
        }
    }

    #[test]
    fn a_limit_lowers_the_estimate() {
        let plans = Plans {
            rows: 20_000,
            columns: 1000,
            k: 10,
            metric: Metric::Euclidean,
            approximate: false,
            jobs: 2,
            memory_limit: None,
        };
        let free = estimate_memory(&plans).unwrap();
        let limit = free / 4;
        let tight = Plans {
            memory_limit: Some(limit),
            ..plans
        };
        assert!(estimate_memory(&tight).unwrap() <= limit + 20_000 * 120);
    }
}
