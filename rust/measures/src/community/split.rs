//! Communities whose nodes are not connected to one another are split into their components, which
//! can only raise the quality: no weight is lost, and the null model expects less.

use layerscope_core::{Result, Run};

use super::groups::Groups;
use super::network::Network;

/// Not reached yet.
const UNSEEN: u32 = u32::MAX;

/// A number per node, such that two nodes have the same if they are of one community and connected
/// inside it by edges that weigh something.
pub(super) fn components(
    run: &Run,
    network: &Network,
    community: &[u32],
    count: usize,
) -> Result<Vec<u32>> {
    let groups = Groups::new(community, count)?;
    let places = groups.places()?;
    let parts = groups.map_members(
        run,
        || Ok(Vec::new()),
        |stack: &mut Vec<u32>, c, numbers| {
            let (start, members) = (groups.start(c), groups.of(c));
            let begun = numbers.len();
            numbers.resize(begun + members.len(), UNSEEN);
            let mut looked = 0;
            for first in 0..members.len() {
                if numbers[begun + first] != UNSEEN {
                    continue;
                }
                let part = (start + first) as u32;
                numbers[begun + first] = part;
                stack.push(members[first]);
                while let Some(node) = stack.pop() {
                    looked += 1;
                    if looked % 1024 == 0 {
                        run.check()?;
                    }
                    network.visit(node as usize, |other, weight| {
                        let place = (places[other] as usize).wrapping_sub(start);
                        if weight > 0.0 && place < members.len() {
                            let number = &mut numbers[begun + place];
                            if *number == UNSEEN {
                                *number = part;
                                stack.push(other as u32);
                            }
                        }
                    });
                }
            }
            Ok(())
        },
    )?;
    let mut found = places;
    for (&member, &part) in groups.members.iter().zip(&parts) {
        found[member as usize] = part;
    }
    Ok(found)
}
