//! How work is done: by how many threads, stoppable, counted, and with results put together in
//! the order of their index, so that the number of threads never shows in a number.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use crate::{Error, Result};

/// A token that asks running work to stop. Long loops look at it between pieces.
#[derive(Debug, Default)]
pub struct Interrupt(AtomicBool);

impl Interrupt {
    /// Asks the work to stop.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Fails once the token is set.
    pub fn check(&self) -> Result<()> {
        if self.0.load(Ordering::Relaxed) {
            Err(Error::Interrupted)
        } else {
            Ok(())
        }
    }
}

/// How much is done, for whoever watches; it never steers the work.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
    total: AtomicU64,
}

impl Progress {
    /// Announces how many pieces there will be and starts again at none.
    pub fn start(&self, total: u64) {
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    /// Counts one piece.
    pub fn step(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// (done, total).
    pub fn get(&self) -> (u64, u64) {
        (
            self.done.load(Ordering::Relaxed),
            self.total.load(Ordering::Relaxed),
        )
    }
}

/// What a computation needs besides its input. Parallelism is an argument here, never a global:
/// at most `jobs` threads of the rayon pool that the caller installed take part.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    jobs: NonZeroUsize,
    interrupt: &'a Interrupt,
    progress: &'a Progress,
}

impl<'a> Run<'a> {
    /// Puts the three together.
    pub fn new(jobs: NonZeroUsize, interrupt: &'a Interrupt, progress: &'a Progress) -> Self {
        Self {
            jobs,
            interrupt,
            progress,
        }
    }

    /// The largest number of threads that may work at once.
    pub fn jobs(&self) -> usize {
        self.jobs.get()
    }

    /// The same run on one thread: for work inside a piece that is itself one of many.
    #[must_use]
    pub fn serial(&self) -> Self {
        Self {
            jobs: NonZeroUsize::MIN,
            ..*self
        }
    }

    /// Fails once the caller wants to stop. Call it at least every few milliseconds.
    pub fn check(&self) -> Result<()> {
        self.interrupt.check()
    }

    /// The count that the caller may watch.
    pub fn progress(&self) -> &'a Progress {
        self.progress
    }

    /// Computes `work(0), …, work(pieces - 1)` and returns the results in that order.
    ///
    /// When pieces fail, the error of the lowest failing index is returned, whatever the threads.
    pub fn map<T: Send>(
        &self,
        pieces: usize,
        work: impl Fn(usize) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        self.map_with(pieces, || Ok(()), |(), i| work(i))
    }

    /// Like [`Self::map`], with scratch that each thread makes once and keeps. The scratch must
    /// not carry anything from piece to piece that shows in a result.
    pub fn map_with<S, T: Send>(
        &self,
        pieces: usize,
        scratch: impl Fn() -> Result<S> + Sync,
        work: impl Fn(&mut S, usize) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        let next = AtomicUsize::new(0);
        let failed = AtomicBool::new(false);
        let finished: Mutex<Vec<(usize, Result<T>)>> = Mutex::new(Vec::new());
        let worker = || {
            let mut mine = Vec::new();
            match scratch() {
                Err(error) => {
                    failed.store(true, Ordering::Relaxed);
                    mine.push((0, Err(error)));
                }
                Ok(mut scratch) => {
                    // Indices are claimed in rising order and a claimed piece is always finished,
                    // so the lowest failing index is known for certain.
                    while !failed.load(Ordering::Relaxed) {
                        let i = next.fetch_add(1, Ordering::Relaxed);
                        if i >= pieces {
                            break;
                        }
                        let result = self.check().and_then(|()| work(&mut scratch, i));
                        failed.fetch_or(result.is_err(), Ordering::Relaxed);
                        mine.push((i, result));
                    }
                }
            }
            finished
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .append(&mut mine);
        };
        let helpers = self.jobs().min(pieces).saturating_sub(1);
        if helpers == 0 {
            worker();
        } else {
            rayon::scope(|scope| {
                for _ in 0..helpers {
                    scope.spawn(|_| worker());
                }
                worker();
            });
        }
        let mut finished = finished
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        finished.sort_by_key(|&(i, _)| i);
        finished.into_iter().map(|(_, result)| result).collect()
    }

    /// Cuts `data` into consecutive chunks of `length` elements (the last may be shorter) and
    /// works on each: `work(index of the chunk, chunk)`.
    pub fn for_each_chunk<T: Send>(
        &self,
        data: &mut [T],
        length: usize,
        work: impl Fn(usize, &mut [T]) -> Result<()> + Sync,
    ) -> Result<()> {
        let chunks: Vec<Mutex<&mut [T]>> = data.chunks_mut(length.max(1)).map(Mutex::new).collect();
        // Each mutex is taken once, by the thread that claimed its index: never contended.
        self.map(chunks.len(), |i| {
            let mut chunk = chunks[i]
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            work(i, &mut chunk)
        })
        .map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_jobs<T>(jobs: usize, work: impl FnOnce(&Run) -> T) -> T {
        let (interrupt, progress) = (Interrupt::default(), Progress::default());
        let run = Run::new(NonZeroUsize::new(jobs).unwrap(), &interrupt, &progress);
        work(&run)
    }

    #[test]
    fn results_come_in_index_order_for_any_number_of_threads() {
        let expected: Vec<usize> = (0..1000).map(|i| i * i).collect();
        for jobs in [1, 2, 7] {
            let got = with_jobs(jobs, |run| run.map(1000, |i| Ok(i * i)).unwrap());
            assert_eq!(got, expected);
        }
    }

    #[test]
    fn the_lowest_failing_index_is_reported() {
        for jobs in [1, 2, 7] {
            let error = with_jobs(jobs, |run| {
                run.map(500, |i| {
                    if i % 100 == 37 {
                        Err(Error::Internal(i.to_string()))
                    } else {
                        Ok(())
                    }
                })
                .unwrap_err()
            });
            assert_eq!(error, Error::Internal("37".into()));
        }
    }

    #[test]
    fn a_set_token_stops_the_work() {
        let (interrupt, progress) = (Interrupt::default(), Progress::default());
        let run = Run::new(NonZeroUsize::MIN, &interrupt, &progress);
        let seen = AtomicUsize::new(0);
        let result = run.map(100, |i| {
            seen.fetch_add(1, Ordering::Relaxed);
            if i == 10 {
                interrupt.set();
            }
            Ok(())
        });
        assert_eq!(result, Err(Error::Interrupted));
        assert_eq!(seen.into_inner(), 11);
    }

    #[test]
    fn chunks_cover_the_data_once() {
        for jobs in [1, 3] {
            let mut data = vec![0usize; 103];
            with_jobs(jobs, |run| {
                run.for_each_chunk(&mut data, 10, |i, chunk| {
                    for x in chunk {
                        *x += i + 1;
                    }
                    Ok(())
                })
                .unwrap();
            });
            assert!(data.iter().enumerate().all(|(i, &x)| x == i / 10 + 1));
        }
    }
}
