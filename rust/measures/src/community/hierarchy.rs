//! How communities are made of smaller ones: nested partitions, finest first.

use layerscope_core::{Result, Run};

use super::aggregate::aggregate;
use super::groups::Groups;
use super::level::{Coarse, Level, Ones, Weights};
use super::number::by_size;
use super::partition::renumber;
use super::refine::refine;
use super::tools::{Shelf, Shop};
use super::{Network, Settings, level, masses, rate};

/// Refines `labels` into well-connected parts, merges those into larger ones, and so on until
/// nothing merges inside a community. The last partition is that of the labels; `settings.initial`
/// is not looked at.
pub fn hierarchy(
    run: &Run,
    network: &Network,
    labels: &[u32],
    settings: &Settings,
) -> Result<Vec<Vec<u32>>> {
    let checked = Settings {
        initial: Some(labels),
        runs: 1,
        ..*settings
    };
    checked.check(network.nodes())?;
    let mut community = labels.to_vec();
    let count = renumber(&mut community)?;
    let mass = masses(run, network, settings.quality)?;
    let rate = rate(network, settings);
    let shelf = &Shelf::default();
    let mut levels = Levels {
        shop: Shop { run, shelf },
        seed: settings.seed,
        labels: community.clone(),
        count,
        found: Vec::new(),
        part: (0..network.nodes() as u32).collect(),
    };
    let mut above = if network.facts.weighted {
        levels.add(&level(network, network.weights, &mass, rate), community)?
    } else {
        levels.add(&level(network, Ones, &mass, rate), community)?
    };
    while let Some((coarse, community)) = above {
        above = levels.add(&coarse.level(rate), community)?;
    }
    levels.end()
}

struct Levels<'a> {
    shop: Shop<'a>,
    seed: u64,
    labels: Vec<u32>,
    count: usize,
    found: Vec<Vec<u32>>,
    /// Node of the present level that each original node belongs to.
    part: Vec<u32>,
}

impl Levels<'_> {
    /// Adds the parts that the nodes of a level merge into; the level made of them, unless they
    /// are the communities already or nothing merged.
    fn add<W: Weights>(
        &mut self,
        level: &Level<W>,
        community: Vec<u32>,
    ) -> Result<Option<(Coarse, Vec<u32>)>> {
        let seed = self.seed.wrapping_add(self.found.len() as u64);
        let (parts, count) = refine(self.shop, level, &community, self.count, seed)?;
        if count == level.nodes() || count == self.count {
            return Ok(None);
        }
        let coarse = aggregate(self.shop, level, &parts, &Groups::new(&parts, count)?)?;
        let mut above = vec![0; count];
        for (&part, community) in parts.iter().zip(community) {
            above[part as usize] = community;
        }
        for part in &mut self.part {
            *part = parts[*part as usize];
        }
        let mut found = self.part.clone();
        let count = renumber(&mut found)?;
        by_size(&mut found, count)?;
        self.found.push(found);
        Ok(Some((coarse, above)))
    }

    fn end(mut self) -> Result<Vec<Vec<u32>>> {
        by_size(&mut self.labels, self.count)?;
        self.found.push(self.labels);
        Ok(self.found)
    }
}
