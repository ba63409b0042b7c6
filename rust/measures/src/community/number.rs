//! The public numbers of communities.

use layerscope_core::{Result, filled, with_capacity};

/// Numbers communities by falling size, those of one size by their first node. They must be
/// numbered below `count` by their first node.
pub(super) fn by_size(community: &mut [u32], count: usize) -> Result<()> {
    let mut size = filled(count, 0u32)?;
    for &community in &*community {
        size[community as usize] += 1;
    }
    let mut order = with_capacity(count)?;
    order.extend(0..count as u32);
    order.sort_by_key(|&community| (std::cmp::Reverse(size[community as usize]), community));
    let mut number = size;
    for (place, &community) in order.iter().enumerate() {
        number[community as usize] = place as u32;
    }
    for community in community {
        *community = number[*community as usize];
    }
    Ok(())
}
