//! The members of each community, and communities dealt out as work of about equal size.

use layerscope_core::{Result, Run, filled, with_capacity};

/// Nodes in one piece of work.
const PIECE: usize = 2048;

/// Nodes sorted by community, those of one community rising.
pub(super) struct Groups {
    start: Vec<u32>,
    pub members: Vec<u32>,
}

impl Groups {
    /// Sorts by counting; communities must be numbered below `count`.
    pub fn new(community: &[u32], count: usize) -> Result<Self> {
        let mut start = filled(count + 1, 0u32)?;
        for &community in community {
            start[community as usize + 1] += 1;
        }
        for i in 0..count {
            start[i + 1] += start[i];
        }
        let mut members = filled(community.len(), 0u32)?;
        for (node, &community) in community.iter().enumerate() {
            // Each start runs through its places and ends where the next began.
            let place = &mut start[community as usize];
            members[*place as usize] = node as u32;
            *place += 1;
        }
        start.copy_within(0..count, 1);
        start[0] = 0;
        Ok(Self { start, members })
    }

    /// Number of communities.
    pub fn len(&self) -> usize {
        self.start.len() - 1
    }

    /// Place of the first member of a community.
    pub fn start(&self, community: usize) -> usize {
        self.start[community] as usize
    }

    /// Members of a community.
    pub fn of(&self, community: usize) -> &[u32] {
        &self.members[self.start[community] as usize..self.start[community + 1] as usize]
    }

    /// Number of members of a community, 0 beyond the last.
    pub fn size(&self, community: usize) -> usize {
        match self.start.get(community + 1) {
            Some(&end) => (end - self.start[community]) as usize,
            None => 0,
        }
    }

    /// For each node, its place among all members; those of a community stand side by side.
    pub fn places(&self) -> Result<Vec<u32>> {
        let mut places = filled(self.members.len(), 0u32)?;
        for (place, &member) in self.members.iter().enumerate() {
            places[member as usize] = place as u32;
        }
        Ok(places)
    }

    /// Ranges of neighbouring communities with about equally many members.
    pub fn ranges(&self) -> Vec<std::ops::Range<usize>> {
        let pieces = self.members.len() / PIECE + 1;
        let bound = |piece: usize| {
            let wanted = (self.members.len() * piece / pieces) as u32;
            self.start[..self.len()].partition_point(|&start| start < wanted)
        };
        (0..pieces)
            .map(|piece| {
                let end = if piece + 1 == pieces {
                    self.len()
                } else {
                    bound(piece + 1)
                };
                bound(piece)..end
            })
            .collect()
    }

    /// Computes something for every member of every community, in parallel; `work` gets a community
    /// and appends one number per member. What comes back stands in the order of the members.
    ///
    /// Large communities come first, so that no thread ends with one alone.
    pub fn map_members<S: Send>(
        &self,
        run: &Run,
        scratch: impl Fn() -> Result<S> + Sync,
        work: impl Fn(&mut S, usize, &mut Vec<u32>) -> Result<()> + Sync,
    ) -> Result<Vec<u32>> {
        let mut order: Vec<u32> = with_capacity(self.len())?;
        order.extend(0..self.len() as u32);
        let size = |&community: &u32| self.size(community as usize);
        order.sort_by_key(|community| (std::cmp::Reverse(size(community)), *community));
        let mut bounds = vec![0];
        let mut members = 0;
        for (place, community) in order.iter().enumerate() {
            members += size(community);
            if members >= PIECE {
                bounds.push(place + 1);
                members = 0;
            }
        }
        if members > 0 {
            bounds.push(order.len());
        }
        let found = run.map_with(bounds.len() - 1, scratch, |scratch, piece| {
            let mut numbers = Vec::new();
            for &community in &order[bounds[piece]..bounds[piece + 1]] {
                run.check()?;
                work(scratch, community as usize, &mut numbers)?;
            }
            Ok(numbers)
        })?;
        let mut numbers = filled(self.members.len(), 0u32)?;
        for (piece, found) in found.into_iter().enumerate() {
            let mut rest = found.as_slice();
            for &community in &order[bounds[piece]..bounds[piece + 1]] {
                let community = community as usize;
                let (mine, others) = rest.split_at(self.size(community));
                let start = self.start(community);
                numbers[start..start + mine.len()].copy_from_slice(mine);
                rest = others;
            }
        }
        Ok(numbers)
    }
}
