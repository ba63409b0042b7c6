//! Exact search.

use layerscope_core::{Ranked, Result, Run, filled};

use crate::request::Request;
use crate::rows::Rows;
use crate::scale::Scale;

/// The answer: k neighbours per row that was asked about, nearest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbours {
    /// Rows of the data, `rows × k`.
    pub indices: Vec<u32>,
    /// Distances, similarities or products, `rows × k`.
    pub values: Vec<f64>,
    /// For each j, the rows whose (j+1)-th and (j+2)-th keys are exactly equal.
    pub tied: Vec<u64>,
    /// Rows of the data that equal an earlier row.
    pub n_duplicate_rows: usize,
    /// Rows of the data without a direction (angles only).
    pub n_zero_rows: usize,
}

/// Finds them.
pub fn neighbors(run: &Run, request: &Request) -> Result<Neighbours> {
    request.check()?;
    let largest = request.check_values(run)?;
    let scale = if request.metric.is_angle() {
        Scale::NONE
    } else {
        Scale::bringing(largest)
    };
    let data = Rows::new(run, request.data, request.metric, scale)?;
    let other = request
        .queries
        .map(|queries| Rows::new(run, queries, request.metric, scale))
        .transpose()?;
    let asked = other.as_ref().unwrap_or(&data);
    let k = request.k;
    run.progress().start(asked.len() as u64);
    let lists = run.map_with(
        asked.len(),
        || Ok((filled(data.columns(), 0.0)?, filled(data.columns(), 0.0)?)),
        |(x, y), i| {
            asked.read(i, x);
            let mut all = Vec::with_capacity(data.len());
            for j in 0..data.len() {
                let excluded = match request.groups {
                    Some(groups) => groups[i] == groups[j],
                    None => other.is_none() && i == j,
                };
                if !excluded {
                    data.read(j, y);
                    let key = data.metric().key(x, asked.root(i), y, data.root(j));
                    all.push(Ranked {
                        key,
                        index: j as u32,
                    });
                }
                if j % 64 == 0 {
                    run.check()?;
                }
            }
            all.sort_unstable();
            all.truncate(k + 1);
            run.progress().step();
            Ok(all)
        },
    )?;
    let mut answer = Neighbours {
        indices: Vec::new(),
        values: Vec::new(),
        tied: vec![0; k],
        n_duplicate_rows: 0,
        n_zero_rows: data.n_zero(),
    };
    for list in lists {
        for (j, pair) in list.windows(2).enumerate() {
            answer.tied[j] += u64::from(pair[0].key == pair[1].key);
        }
        answer
            .indices
            .extend(list[..k].iter().map(|ranked| ranked.index));
        answer.values.extend(
            list[..k]
                .iter()
                .map(|ranked| request.metric.value(ranked.key, scale)),
        );
    }
    Ok(answer)
}
