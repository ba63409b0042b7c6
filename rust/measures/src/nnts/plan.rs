//! How many samples are in hand at once, so that all fits under a limit.

use layerscope_core::{BitRows, Error, Result};

use super::Keep;

/// Sizes of the work with rows of bits. None of them shows in a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BitPlan {
    /// Samples whose sets are held at once.
    pub block: usize,
    /// Samples whose sets are made together by one thread.
    pub piece: usize,
    /// Threads that work.
    pub jobs: usize,
    /// Bytes at most, beside input and result.
    pub bytes: u64,
}

/// What a plan depends on.
pub struct Extent<'a> {
    /// Number of layers, L.
    pub layers: usize,
    /// Number of samples, n.
    pub samples: usize,
    /// The ks.
    pub ks: &'a [usize],
    /// The ks at which every sample's intersections are kept.
    pub keep: Keep,
    /// Bytes that the layers hold, or need for a while, whatever the sizes.
    pub held: u64,
    /// Scratch of one thread that makes the sets of so many samples together.
    pub piece_bytes: &'a dyn Fn(usize) -> u64,
}

const PIECE: usize = 256;
/// Without a limit, blocks grow to this many bytes of sets: enough pieces for all threads.
const SETS: u64 = 64 << 20;
const MOST: usize = 2048;

impl Extent<'_> {
    fn per_sample(&self) -> u64 {
        let (layers, ks) = (self.layers as u64, self.ks.len() as u64);
        let sets = layers * ks * 8 * BitRows::width(self.samples) as u64;
        // The intersections of a block come in vectors, one per chunk.
        sets + self.pairs() * ks * size_of::<u16>() as u64
    }

    fn pairs(&self) -> u64 {
        let layers = self.layers as u64;
        layers * layers.saturating_sub(1) / 2
    }

    fn fixed(&self) -> u64 {
        let sizes: u64 = self.ks.iter().map(|&k| k as u64 + 1).sum();
        let kept = self.keep.of(self.ks).len() as u64;
        let kept = kept * size_of::<u16>() as u64 * self.samples as u64;
        self.held + self.pairs() * (size_of::<u32>() as u64 * sizes + kept)
    }

    /// The fastest plan that stays under the limit.
    pub fn plan(&self, jobs: usize, limit: Option<u64>) -> Result<BitPlan> {
        let samples = self.samples.max(1);
        let mut needed = u64::MAX;
        for jobs in [jobs, 1] {
            let mut piece = PIECE.min(samples);
            loop {
                let work = self.fixed() + jobs as u64 * (self.piece_bytes)(piece);
                let most = (SETS / self.per_sample()).clamp(piece as u64, MOST as u64);
                let room = limit.map_or(most, |limit| {
                    limit.saturating_sub(work) / self.per_sample().max(1)
                });
                let block = room.min(most) as usize / piece * piece;
                let least = work + piece as u64 * self.per_sample();
                needed = needed.min(least);
                if limit.is_none_or(|limit| least <= limit) {
                    let block = block.max(piece);
                    let bytes = work + block as u64 * self.per_sample();
                    return Ok(BitPlan {
                        block,
                        piece,
                        jobs,
                        bytes,
                    });
                }
                if piece == 1 {
                    break;
                }
                piece /= 2;
            }
        }
        let limit = limit.unwrap_or(u64::MAX);
        Err(Error::MemoryLimit { needed, limit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent<'a>(ks: &'a [usize], piece_bytes: &'a dyn Fn(usize) -> u64) -> Extent<'a> {
        Extent {
            layers: 12,
            samples: 60_000,
            ks,
            keep: Keep::Every,
            held: 1 << 20,
            piece_bytes,
        }
    }

    #[test]
    fn a_plan_stays_under_its_limit_and_grows_with_it() {
        let piece_bytes = |piece: usize| (piece * 480_000) as u64;
        let extent = extent(&[15, 12_000], &piece_bytes);
        let free = extent.plan(4, None).unwrap();
        assert_eq!((free.piece, free.jobs), (256, 4));
        assert_eq!(extent.plan(4, Some(free.bytes)).unwrap(), free);
        let mut before = free;
        for share in 2..6 {
            let plan = extent.plan(4, Some(free.bytes / share)).unwrap();
            assert!(plan.bytes <= free.bytes / share);
            assert!(plan.bytes <= before.bytes && plan.block >= plan.piece);
            before = plan;
        }
    }

    #[test]
    fn too_little_is_refused_with_what_would_do() {
        let piece_bytes = |piece: usize| (piece * 480_000) as u64;
        let extent = extent(&[12_000], &piece_bytes);
        let Err(Error::MemoryLimit { needed, limit }) = extent.plan(2, Some(1000)) else {
            panic!("a kilobyte cannot do");
        };
        assert_eq!(limit, 1000);
        let plan = extent.plan(2, Some(needed)).unwrap();
        assert_eq!((plan.block, plan.piece, plan.jobs), (1, 1, 1));
        assert!(extent.plan(2, Some(needed - 1)).is_err());
    }
}
