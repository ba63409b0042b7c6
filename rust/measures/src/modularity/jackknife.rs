//! Delete-group values: Q among the rows that remain when one group of rows is taken out.
//!
//! Neighbours are those that a new search among the kept rows would find. Taking rows away never
//! changes the order of the others, so a table deeper than k holds them already: the first k kept
//! entries of each row. A row whose kept entries run out before k leaves its group unanswered, for
//! the caller to search anew.

use layerscope_core::{Error, Labels, Result, Run};

use super::{Parameters, tally::Tally};
use crate::arcs::Table;

/// For each group, the modularity of the rows outside it with `k` neighbours each, or None where
/// the table is not deep enough.
///
/// # Complexity
///
/// O(groups × rows × k) time for a table a little deeper than k.
pub fn leave_groups_out(
    table: &Table,
    labels: Labels,
    groups: Labels,
    k: usize,
    parameters: &Parameters,
    run: &Run,
) -> Result<Vec<Option<f64>>> {
    let rows = crate::arcs::Arcs::nodes(table);
    labels.check_rows(rows)?;
    if groups.codes().len() != rows {
        let rule = format!("must have one entry per row ({rows})");
        return Err(Error::invalid("groups", rule, groups.codes().len()));
    }
    if k == 0 || k > table.k() {
        let rule = format!(
            "must lie between 1 and the depth of the table ({})",
            table.k()
        );
        return Err(Error::invalid("n_neighbors", rule, k));
    }
    run.progress().start(groups.classes() as u64);
    run.map(groups.classes(), |group| {
        let value = without(
            table,
            labels,
            groups.codes(),
            group as u32,
            k,
            parameters,
            run,
        );
        run.progress().step();
        value
    })
}

fn without(
    table: &Table,
    labels: Labels,
    groups: &[u32],
    left_out: u32,
    k: usize,
    parameters: &Parameters,
    run: &Run,
) -> Result<Option<f64>> {
    let codes = labels.codes();
    let mut tally = Tally::empty(labels.classes())?;
    for (row, &class) in codes.iter().enumerate() {
        run.check()?;
        if groups[row] == left_out {
            continue;
        }
        let (targets, weights) = (table.row(row), table.row_weights(row));
        let mut found = 0;
        for (rank, &target) in targets.iter().enumerate() {
            let target = target as usize;
            if groups[target] == left_out {
                continue;
            }
            let weight = parameters.weight(weights.map_or(1.0, |weights| weights[rank]));
            tally.leaving[class as usize] += weight;
            tally.entering[codes[target] as usize] += weight;
            if codes[target] == class {
                tally.inside[class as usize] += weight;
            }
            found += 1;
            if found == k {
                break;
            }
        }
        if found < k {
            return Ok(None);
        }
    }
    let total: f64 = tally.leaving.iter().sum();
    if total == 0.0 {
        return Ok(Some(f64::NAN));
    }
    let value = (0..labels.classes())
        .map(|class| {
            let expected = parameters.expected(tally.leaving[class], tally.entering[class], total);
            tally.inside[class] / total - parameters.resolution * expected
        })
        .sum();
    Ok(Some(value))
}
