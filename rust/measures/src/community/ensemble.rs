//! Several searches, put together.
//!
//! What all runs agree on is made the nodes of a coarser graph, on which the search goes on: a start
//! from core groups (Ovelgönne and Geyer-Schulz 2013). Where the runs differ the graph has a second
//! look; where they agree it is settled.

use layerscope_core::{Result, Run, filled};

use super::aggregate::aggregate;
use super::cycle::{Walk, Way, identity};
use super::groups::Groups;
use super::level::{Level, Weights};
use super::partition::renumber;
use super::quality::Sums;
use super::tools::Shop;
use super::{Algorithm, Network, Settings, iterate};

/// Bit of the seed that tells runs apart: above those of iterations and levels.
const RUN_BIT: u32 = 52;

/// The best of several runs and of what comes of their overlap; with it, whether it is stable and
/// its iterations.
pub(super) fn best_of_runs<W: Weights>(
    shop: Shop,
    level: &Level<W>,
    network: &Network,
    degrees: &[f64],
    settings: &Settings,
) -> Result<(Vec<u32>, bool, u32)> {
    let mut best: Option<(f64, Vec<u32>, (bool, u32))> = None;
    let mut keep = |community: Vec<u32>, made: (bool, u32)| -> Result<()> {
        let nodes = network.nodes();
        let sums = Sums::new(shop.run, network, degrees, &community, nodes)?;
        let quality = sums.quality(settings.quality, settings.resolution);
        if best.as_ref().is_none_or(|(most, ..)| quality > *most) {
            best = Some((quality, community, made));
        }
        Ok(())
    };
    let (mut overlap, mut count) = (Vec::new(), 0);
    for run in 0..u64::from(settings.runs) {
        let settings = Settings {
            seed: settings.seed.wrapping_add(run << RUN_BIT),
            ..*settings
        };
        let mut community = identity(network.nodes())?;
        let made = iterate(shop, level, network, &mut community, &settings)?;
        let found = renumber(&mut community)?;
        (overlap, count) = if run == 0 {
            (community.clone(), found)
        } else {
            common(shop.run, &overlap, count, &community)?
        };
        keep(community, made)?;
    }
    // By their first node, as the nodes of every level are numbered.
    count = renumber(&mut overlap)?;
    let groups = Groups::new(&overlap, count)?;
    let coarse = aggregate(shop, level, &overlap, &groups)?;
    let seed = settings
        .seed
        .wrapping_add(u64::from(settings.runs) << RUN_BIT);
    let way = Way::Start {
        refine: settings.algorithm == Algorithm::Leiden,
    };
    let mut above = identity(count)?;
    Walk { shop, way, seed }.level(&coarse.level(level.rate), &mut above, false, 0)?;
    let mut community = overlap;
    for part in &mut community {
        *part = above[*part as usize];
    }
    let start = community.clone();
    let settings = Settings {
        seed,
        initial: Some(&start),
        ..*settings
    };
    let made = iterate(shop, level, network, &mut community, &settings)?;
    keep(community, made)?;
    let (_, community, (converged, iterations)) =
        best.unwrap_or((0.0, identity(network.nodes())?, (true, 0)));
    Ok((community, converged, iterations))
}

/// Parts of nodes that lie together in both partitions, the first of which is numbered below `count`
/// and the second below the number of nodes; so are the parts. O(n).
fn common(run: &Run, one: &[u32], count: usize, other: &[u32]) -> Result<(Vec<u32>, usize)> {
    let groups = Groups::new(one, count)?;
    let mut parts = filled(one.len(), 0u32)?;
    // Of each community of the other partition: the last one of the first that it was met in, and
    // the part that both make.
    let mut met = filled(other.len(), (u32::MAX, 0u32))?;
    let mut next = 0;
    for group in 0..count as u32 {
        run.check()?;
        for &node in groups.of(group as usize) {
            let (seen, part) = &mut met[other[node as usize] as usize];
            if *seen != group {
                (*seen, *part) = (group, next);
                next += 1;
            }
            parts[node as usize] = *part;
        }
    }
    Ok((parts, next as usize))
}

#[cfg(test)]
mod tests {
    use super::super::tests::with_jobs;
    use super::*;

    #[test]
    fn the_common_parts_of_two_partitions() {
        with_jobs(1, |run| {
            let both = common(run, &[0, 0, 0, 1, 1], 2, &[0, 1, 0, 1, 1]).unwrap();
            assert_eq!(both, (vec![0, 1, 0, 2, 2], 3));
            assert_eq!(common(run, &[], 0, &[]).unwrap(), (vec![], 0));
        });
    }
}
