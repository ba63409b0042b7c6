//! The threads that help, and how many calls want their help at the moment.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{Error, Result};

/// A pool of threads that several calls share.
#[derive(Debug)]
pub struct Pool {
    threads: rayon::ThreadPool,
    calls: AtomicUsize,
}

impl Pool {
    /// Starts `threads` threads.
    pub fn new(threads: usize) -> Result<Self> {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("layerscope-{i}"))
            .build()
            .map(|threads| Self {
                threads,
                calls: AtomicUsize::new(0),
            })
            .map_err(|error| {
                let rule = format!("must allow {threads} threads on this system");
                Error::invalid("n_jobs", rule, error)
            })
    }

    /// Number of threads.
    pub fn size(&self) -> usize {
        self.threads.current_num_threads()
    }

    /// Counts a call for as long as the guard lives.
    pub fn enter(&self) -> Guest<'_> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Guest(&self.calls)
    }

    pub(crate) fn threads(&self) -> &rayon::ThreadPool {
        &self.threads
    }

    pub(crate) fn calls(&self) -> &AtomicUsize {
        &self.calls
    }
}

/// A call that is counted.
#[derive(Debug)]
pub struct Guest<'a>(&'a AtomicUsize);

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::sync::atomic::AtomicBool;
    use std::time::Duration;

    use super::*;
    use crate::{Interrupt, Progress, Run};

    #[test]
    fn a_short_call_is_not_held_up_by_long_ones() {
        // Three calls fill a pool of one thread with pieces for a long time; a short call beside
        // them ends while they still work.
        let pool = Pool::new(1).unwrap();
        let long_over = AtomicBool::new(false);
        let call = |pieces: usize, pause: Duration| {
            let _guest = pool.enter();
            let (interrupt, progress) = (Interrupt::default(), Progress::default());
            let jobs = NonZeroUsize::new(4).unwrap();
            let run = Run::new(jobs, &interrupt, &progress).on(&pool);
            let work = |i| {
                std::thread::sleep(pause);
                Ok(i)
            };
            let expected: Vec<usize> = (0..pieces).collect();
            assert_eq!(run.map(pieces, work).unwrap(), expected);
        };
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    call(400, Duration::from_millis(5));
                    long_over.store(true, Ordering::Relaxed);
                });
            }
            std::thread::sleep(Duration::from_millis(50));
            call(8, Duration::from_millis(1));
            assert!(!long_over.load(Ordering::Relaxed));
        });
    }
}
