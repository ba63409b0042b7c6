//! Threads that share out piece after piece without going to sleep in between.
//!
//! A batch of nodes takes a fraction of a millisecond; putting threads to sleep and waking them for
//! each would cost as much. One thread leads: it opens the gate for some pieces, works on them
//! itself and waits until those that others took are done. Whoever helps may come late or never:
//! the leader waits for nobody who has not begun.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Looks at a value that another thread will change, before giving the processor away: about half a
/// millisecond, as long as the leader needs for a batch. Who gives it away on a busy machine may
/// wait longer than that to have it back.
const PATIENCE: u32 = 10_000;

/// Numbered pieces: those below `open` may be taken, those below `next` are, `done` are finished.
#[derive(Default)]
pub(super) struct Gate {
    open: AtomicUsize,
    next: AtomicUsize,
    done: AtomicUsize,
    closed: AtomicBool,
}

/// Counts a piece as done, whatever becomes of it.
struct Done<'a>(&'a Gate);

/// Closes the gate, whatever becomes of the leader.
pub(super) struct Leading<'a>(&'a Gate);

impl Gate {
    /// Makes the caller the leader.
    pub fn lead(&self) -> Leading<'_> {
        Leading(self)
    }

    /// Works pieces off until the leader is gone, or while there are none and `enough` says so: a
    /// leader may have been stopped before it began.
    pub fn help(&self, enough: impl Fn() -> bool, mut work: impl FnMut(usize)) {
        let mut looks = 0;
        while !(self.closed.load(Ordering::Acquire) || looks > 0 && enough()) {
            if self.take(&mut work) {
                looks = 0;
            } else {
                wait(&mut looks);
            }
        }
    }

    /// Works off one piece, if there is one.
    fn take(&self, work: &mut impl FnMut(usize)) -> bool {
        let mut piece = self.next.load(Ordering::Acquire);
        loop {
            if piece >= self.open.load(Ordering::Acquire) {
                return false;
            }
            let order = (Ordering::AcqRel, Ordering::Acquire);
            match self
                .next
                .compare_exchange_weak(piece, piece + 1, order.0, order.1)
            {
                Ok(_) => break,
                Err(now) => piece = now,
            }
        }
        let _done = Done(self);
        work(piece);
        true
    }
}

impl Leading<'_> {
    /// Number of the piece that comes next.
    pub fn next(&self) -> usize {
        self.0.open.load(Ordering::Relaxed)
    }

    /// Opens the gate for some more pieces and returns when all are done.
    pub fn run(&self, pieces: usize, mut work: impl FnMut(usize)) {
        let open = self.next() + pieces;
        self.0.open.store(open, Ordering::Release);
        while self.0.take(&mut work) {}
        let mut looks = 0;
        while self.0.done.load(Ordering::Acquire) < open {
            wait(&mut looks);
        }
    }
}

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.done.fetch_add(1, Ordering::AcqRel);
    }
}

impl Drop for Leading<'_> {
    fn drop(&mut self) {
        self.0.closed.store(true, Ordering::Release);
    }
}

fn wait(looks: &mut u32) {
    *looks += 1;
    if *looks < PATIENCE {
        std::hint::spin_loop();
    } else {
        std::thread::yield_now();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use layerscope_core::Error;

    use super::super::tests::with_jobs;
    use super::*;

    #[test]
    fn every_piece_is_done_once_before_the_leader_goes_on() {
        for jobs in [1, 2, 4] {
            let gate = Gate::default();
            let times: Vec<_> = (0..500).map(|_| AtomicU64::new(0)).collect();
            let work = |piece: usize| {
                times[piece].fetch_add(1, Ordering::Relaxed);
            };
            let thread = |thread: usize| {
                if thread > 0 {
                    gate.help(|| false, work);
                    return Ok(());
                }
                let leading = gate.lead();
                for pieces in [0, 1, 99, 400] {
                    let before = leading.next();
                    leading.run(pieces, work);
                    let now = |i: usize| times[i].load(Ordering::Relaxed);
                    assert!((0..before + pieces).all(|i| now(i) == 1));
                    assert!((before + pieces..500).all(|i| now(i) == 0));
                }
                Ok(())
            };
            with_jobs(jobs, |run| run.map(jobs, thread).unwrap());
        }
    }

    #[test]
    fn helpers_without_a_leader_go_when_they_are_told_to() {
        Gate::default().help(|| true, |_| {});
    }

    #[test]
    fn a_leader_that_fails_lets_the_helpers_go() {
        let gate = Gate::default();
        let thread = |thread: usize| {
            if thread > 0 {
                gate.help(|| false, |_| {});
                return Ok(());
            }
            let _leading = gate.lead();
            Err(Error::Internal("on purpose".into()))
        };
        assert!(with_jobs(2, |run| run.map(2, thread)).is_err());
    }
}
