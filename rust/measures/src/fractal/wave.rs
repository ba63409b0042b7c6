//! Breadth-first search from up to 512 sources at once.
//!
//! A node knows by which sources it has been reached: one bit each, one [`Line`] a node. A step
//! lets every node take over what its neighbours know. Only neighbours that learned something in
//! the last step are asked; where few did, only their neighbours ask at all.

use layerscope_core::{Result, Run, filled, widest};

use super::line::{Line, WIDTH};
use super::network::Network;

/// Nodes between two looks at the interrupt token.
const STRIDE: usize = 2048;
/// Below one learner in so many nodes only the learners' neighbours ask.
const SPARSE: usize = 4;

/// What one step needs besides the lines; nothing stays in it from step to step.
pub(super) struct Scratch {
    learned: Vec<bool>,
    asks: Vec<bool>,
    candidates: Vec<u32>,
    next: Vec<u32>,
    /// What the learners of the last step learned, in their order.
    pub fresh: Vec<Line>,
}

impl Scratch {
    pub fn new(nodes: usize) -> Result<Self> {
        Ok(Self {
            learned: filled(nodes, false)?,
            asks: filled(nodes, false)?,
            candidates: Vec::new(),
            next: Vec::new(),
            fresh: Vec::new(),
        })
    }

    /// Bytes that a scratch grows to, at most.
    pub fn bytes(nodes: usize) -> u64 {
        nodes as u64 * (1 + 1 + 4 + 4 + size_of::<Line>() as u64)
    }
}

/// Puts every source into the line of its node; `learners` become the nodes that know something.
pub(super) fn start(sources: &[u32], lines: &mut [Line], learners: &mut Vec<u32>) {
    debug_assert!(sources.len() <= WIDTH);
    lines.fill(Line::EMPTY);
    for (bit, &source) in sources.iter().enumerate() {
        lines[source as usize].set(bit);
    }
    learners.clear();
    learners.extend_from_slice(sources);
    learners.sort_unstable();
    learners.dedup();
}

/// One step: afterwards every line knows the sources within one more step. `full` is what there is
/// to know. `learners` are those of the last step and become those of this one; `scratch.fresh`
/// says what each of them learned.
pub(super) fn step(
    network: Network,
    full: Line,
    lines: &mut [Line],
    learners: &mut Vec<u32>,
    scratch: &mut Scratch,
    run: &Run,
) -> Result<()> {
    let Scratch {
        learned,
        asks,
        candidates,
        next,
        fresh,
    } = scratch;
    next.clear();
    fresh.clear();
    for &node in &*learners {
        learned[node as usize] = true;
    }
    let everyone = SPARSE * learners.len() > lines.len();
    candidates.clear();
    if everyone {
        candidates.extend(0..lines.len() as u32);
    } else {
        for &node in &*learners {
            for &other in network.neighbours(node as usize) {
                if !asks[other as usize] {
                    asks[other as usize] = true;
                    candidates.push(other);
                }
            }
        }
        for &node in &*candidates {
            asks[node as usize] = false;
        }
    }
    for asking in candidates.chunks(STRIDE) {
        run.check()?;
        widest(
            #[inline(always)]
            || listen(network, full, lines, everyone, learned, asking, next, fresh),
        );
    }
    for &node in &*learners {
        learned[node as usize] = false;
    }
    std::mem::swap(learners, next);
    for (&node, new) in learners.iter().zip(&*fresh) {
        lines[node as usize].add(new);
    }
    Ok(())
}

/// Lets nodes ask their neighbours, all of them or those that learned something.
#[allow(clippy::inline_always)]
#[allow(clippy::too_many_arguments)]
#[inline(always)]
fn listen(
    network: Network,
    full: Line,
    lines: &[Line],
    everyone: bool,
    learned: &[bool],
    asking: &[u32],
    next: &mut Vec<u32>,
    fresh: &mut Vec<Line>,
) {
    for &node in asking {
        let known = &lines[node as usize];
        if known.same(&full) {
            continue;
        }
        let mut new = Line::EMPTY;
        for &other in network.neighbours(node as usize) {
            // Old news does no harm; where there is much news, asking costs more than listening.
            if everyone || learned[other as usize] {
                new.add(&lines[other as usize]);
            }
        }
        new.remove(known);
        if !new.is_empty() {
            next.push(node);
            fresh.push(new);
        }
    }
}
