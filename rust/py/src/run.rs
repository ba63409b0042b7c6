//! The one door: every computation leaves Python here and comes back here.
//!
//! The calling thread detaches from the interpreter, starts a thread for the work, which the threads
//! of our own pool help, and waits in steps of 50 ms; at each step it attaches for a moment to see signals and to report
//! progress. A signal sets the interrupt token, the work returns at its next check. Work that is over
//! at once stays on the calling thread. Nothing else in this crate may detach or attach.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use layerscope_core::{Error, Interrupt, Pool, Progress, Result, Run};
use pyo3::prelude::*;

use crate::errors::to_python;

const STEP: Duration = Duration::from_millis(50);

/// How a call wants to be run: the two keywords that every long function takes.
pub struct Manner {
    /// `n_jobs`: None for all cores.
    pub n_jobs: Option<i64>,
    /// `progress`: called with (done, total), or None.
    pub progress: Option<Py<PyAny>>,
}

/// Runs `work` outside the interpreter and maps what comes back.
pub fn door<T: Send>(
    py: Python<'_>,
    manner: Manner,
    work: impl FnOnce(&Run) -> Result<T> + Send,
) -> PyResult<T> {
    let jobs = jobs(manner.n_jobs).map_err(|error| to_python(py, error))?;
    let pool = pool(jobs).map_err(|error| to_python(py, error))?;
    let (interrupt, progress) = (Interrupt::default(), Progress::default());
    let run = Run::new(jobs, &interrupt, &progress);
    let run = run.on(&pool);
    let _guest = pool.enter();
    let outcome = py.detach(|| {
        let (sender, receiver) = sync_channel(1);
        std::thread::scope(|scope| {
            // The work has a thread of its own, so that it never waits for one of the pool.
            scope.spawn(|| {
                // A panic is a bug; it reaches Python as an error that says so, not as one that
                // passes `except Exception`.
                let result = catch_unwind(AssertUnwindSafe(|| work(&run)))
                    .unwrap_or_else(|panic| Err(Error::Internal(panic_text(panic.as_ref()))));
                // The receiver outlives the scope: the send cannot fail.
                let _ = sender.send(result);
            });
            let mut stopped: Option<PyErr> = None;
            let result = loop {
                match receiver.recv_timeout(STEP) {
                    Ok(result) => break result,
                    Err(RecvTimeoutError::Disconnected) => {
                        break Err(Error::Internal("the work ended without an answer".into()));
                    }
                    Err(RecvTimeoutError::Timeout) if stopped.is_none() => {
                        stopped = Python::attach(|py| look(py, &manner, progress.get())).err();
                        if stopped.is_some() {
                            interrupt.set();
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                }
            };
            match stopped {
                Some(signal) => Err(Failure::Python(signal)),
                None => result.map_err(Failure::Ours),
            }
        })
    });
    if outcome.is_ok() {
        // A short call ends before the first look: see pending signals, and say that all is done.
        let (_, total) = progress.get();
        look(py, &manner, (total.max(1), total.max(1)))?;
    }
    outcome.map_err(|failure| match failure {
        Failure::Python(error) => error,
        Failure::Ours(error) => to_python(py, error),
    })
}

/// [`door`] for work that is over before anybody could want to stop it: done on the calling thread,
/// since handing it to another one, and waiting for it, would take longer.
pub fn brief_door<T: Send>(
    py: Python<'_>,
    manner: Manner,
    work: impl FnOnce(&Run) -> Result<T> + Send,
) -> PyResult<T> {
    let jobs = jobs(manner.n_jobs).map_err(|error| to_python(py, error))?;
    let pool = pool(jobs).map_err(|error| to_python(py, error))?;
    let (interrupt, progress) = (Interrupt::default(), Progress::default());
    let run = Run::new(jobs, &interrupt, &progress).on(&pool);
    let _guest = pool.enter();
    let outcome = py.detach(|| {
        catch_unwind(AssertUnwindSafe(|| work(&run)))
            .unwrap_or_else(|panic| Err(Error::Internal(panic_text(panic.as_ref()))))
    });
    let found = outcome.map_err(|error| to_python(py, error))?;
    let (_, total) = progress.get();
    look(py, &manner, (total.max(1), total.max(1)))?;
    Ok(found)
}

enum Failure {
    Python(PyErr),
    Ours(Error),
}

fn look(py: Python<'_>, manner: &Manner, progress: (u64, u64)) -> PyResult<()> {
    py.check_signals()?;
    if let Some(callback) = &manner.progress {
        callback.call1(py, progress)?;
    }
    Ok(())
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".into())
}

/// The number of threads that a call may use.
fn jobs(n_jobs: Option<i64>) -> Result<NonZeroUsize> {
    match n_jobs {
        None => Ok(cores()),
        Some(wanted) => usize::try_from(wanted)
            .ok()
            .and_then(NonZeroUsize::new)
            .filter(|jobs| jobs.get() <= 1024)
            .ok_or_else(|| Error::invalid("n_jobs", "must be None or between 1 and 1024", wanted)),
    }
}

/// Cores this process may run on.
pub fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Our pool, keyed by process id: a forked child inherits the memory of the pool but none of its
/// threads, so it forgets the old one and builds its own.
static POOL: Mutex<Option<(u32, Arc<Pool>)>> = Mutex::new(None);

/// Threads beyond this many per core would only take turns.
const MOST_PER_CORE: usize = 8;

/// The pool, grown when a call asks for more threads than it has.
///
/// Called attached, so that no other Python thread can fork while the lock is held.
fn pool(jobs: NonZeroUsize) -> Result<Arc<Pool>> {
    let threads = jobs
        .get()
        .min(MOST_PER_CORE * cores().get())
        .max(cores().get());
    let mut slot = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    if let Some((owner, pool)) = slot.as_ref()
        && *owner == process
        && pool.size() >= threads
    {
        return Ok(Arc::clone(pool));
    }
    let pool = Arc::new(Pool::new(threads)?);
    if let Some((owner, old)) = slot.replace((process, Arc::clone(&pool)))
        && owner != process
    {
        // Dropping it would signal threads that do not exist here.
        std::mem::forget(old);
    }
    Ok(pool)
}
