//! How work is done: by how many threads, stoppable, counted, and with results put together in
//! the order of their index, so that the number of threads never shows in a number.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::pool::Pool;
use crate::{Error, Result};

/// How long a helper may keep a thread of the pool while other calls want one too.
const TURN: Duration = Duration::from_millis(20);

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
/// the calling thread works, and at most `jobs - 1` threads of the pool help it.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    jobs: NonZeroUsize,
    interrupt: &'a Interrupt,
    progress: &'a Progress,
    pool: Option<&'a Pool>,
}

impl<'a> Run<'a> {
    /// Puts the three together; helpers come from rayon's own pool, which suits tests.
    pub fn new(jobs: NonZeroUsize, interrupt: &'a Interrupt, progress: &'a Progress) -> Self {
        Self {
            jobs,
            interrupt,
            progress,
            pool: None,
        }
    }

    /// The same run with helpers from `pool`.
    #[must_use]
    pub fn on(self, pool: &'a Pool) -> Self {
        Self {
            pool: Some(pool),
            ..self
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
    ///
    /// Helpers never wait for anything while they hold a thread of the pool, and give it back
    /// after a turn when other calls are waiting: a call that is short, or that wants to stop, is
    /// not held up by one that is long.
    pub fn map_with<S: Send, T: Send>(
        &self,
        pieces: usize,
        scratch: impl Fn() -> Result<S> + Sync,
        work: impl Fn(&mut S, usize) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        let sheet = Sheet {
            run: self,
            pieces,
            scratch,
            work,
            next: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
            shelf: Mutex::new(Vec::new()),
            finished: Mutex::new(Vec::new()),
        };
        let helpers = self.jobs().min(pieces).saturating_sub(1);
        if helpers == 0 {
            sheet.work_off(|| false);
        } else if let Some(pool) = self.pool {
            pool.threads()
                .in_place_scope(|scope| sheet.share(scope, helpers));
        } else {
            rayon::in_place_scope(|scope| sheet.share(scope, helpers));
        }
        let mut finished = sheet
            .finished
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
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
            let mut chunk = chunks[i].lock().unwrap_or_else(PoisonError::into_inner);
            work(i, &mut chunk)
        })
        .map(|_| ())
    }
}

/// The pieces of one map: who takes which, and what came out.
struct Sheet<'a, S, T, F, G> {
    run: &'a Run<'a>,
    pieces: usize,
    scratch: F,
    work: G,
    next: AtomicUsize,
    failed: AtomicBool,
    /// Scratch that nobody uses at the moment.
    shelf: Mutex<Vec<S>>,
    finished: Mutex<Vec<(usize, Result<T>)>>,
}

impl<S, T, F, G> Sheet<'_, S, T, F, G>
where
    S: Send,
    T: Send,
    F: Fn() -> Result<S> + Sync,
    G: Fn(&mut S, usize) -> Result<T> + Sync,
{
    /// Works off the sheet on this thread with up to `helpers` others.
    fn share<'scope>(&'scope self, scope: &rayon::Scope<'scope>, helpers: usize) {
        let calls = self.run.pool.map_or(&NOBODY, Pool::calls);
        let free = Arc::new(AtomicUsize::new(helpers));
        // Helpers that gave back their thread are sent again, at the end of the queue.
        let send = || {
            while free.load(Ordering::Relaxed) > 0 && self.left() {
                free.fetch_sub(1, Ordering::Relaxed);
                let free = Arc::clone(&free);
                scope.spawn(move |_| {
                    let begun = Instant::now();
                    self.work_off(|| calls.load(Ordering::Relaxed) > 1 && begun.elapsed() > TURN);
                    free.fetch_add(1, Ordering::Relaxed);
                });
            }
            false
        };
        self.work_off(send);
    }

    fn left(&self) -> bool {
        !self.failed.load(Ordering::Relaxed) && self.next.load(Ordering::Relaxed) < self.pieces
    }

    /// Takes pieces until none is left or `enough` says so; it is asked before each piece.
    fn work_off(&self, enough: impl Fn() -> bool) {
        let mut mine = Vec::new();
        let scratch = lock(&self.shelf).pop();
        match scratch.map_or_else(&self.scratch, Ok) {
            Err(error) => {
                self.failed.store(true, Ordering::Relaxed);
                mine.push((0, Err(error)));
            }
            Ok(mut scratch) => {
                // Indices are claimed in rising order and a claimed piece is always finished, so
                // the lowest failing index is known for certain.
                while !self.failed.load(Ordering::Relaxed) && !enough() {
                    let i = self.next.fetch_add(1, Ordering::Relaxed);
                    if i >= self.pieces {
                        break;
                    }
                    let result = self.run.check().and_then(|()| (self.work)(&mut scratch, i));
                    self.failed.fetch_or(result.is_err(), Ordering::Relaxed);
                    mine.push((i, result));
                }
                lock(&self.shelf).push(scratch);
            }
        }
        lock(&self.finished).append(&mut mine);
    }
}

/// The number of calls where there is no pool to share.
static NOBODY: AtomicUsize = AtomicUsize::new(0);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
