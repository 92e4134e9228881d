//! Stopping when the owner asks.

use crate::error::Error;
use signal_hook::consts::{SIGINT, SIGTERM};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Ends the program quietly when whoever reads its output has gone (`verdigris probe | head`).
/// Rust's runtime ignores the signal, and printing would panic instead.
pub fn end_with_reader() {
    #[cfg(unix)]
    {
        use signal_hook::consts::SIGPIPE;
        let always = Arc::new(AtomicBool::new(true));
        // Where this fails the panic is back, and nothing else is lost.
        let _ = signal_hook::flag::register_conditional_shutdown(SIGPIPE, 128 + SIGPIPE, always);
    }
}

/// How often a waiting program looks whether it should stop.
pub const LOOK: Duration = Duration::from_millis(100);

/// Whether the owner asked to stop.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Never asked to stop by a signal: signals end the program as usual.
    pub fn never() -> Self {
        Stop::default()
    }

    /// Asked to stop by the first SIGINT or SIGTERM; the second ends the program at once.
    ///
    /// # Errors
    /// [`Error::Machine`] where signals cannot be caught.
    pub fn on_signals() -> Result<Self, Error> {
        let stop = Stop::default();
        // In this order: the first signal finds the flag down, and then raises it.
        stop.end_on_signals()?;
        stop.raised_by_signals()
    }

    /// Asked to stop by SIGINT and SIGTERM, none of which ends the program.
    ///
    /// # Errors
    /// As [`Self::on_signals`].
    #[cfg(feature = "full-screen")]
    pub fn flag_on_signals() -> Result<Self, Error> {
        Stop::default().raised_by_signals()
    }

    /// Has a signal end the program at once, once it was asked to stop.
    ///
    /// # Errors
    /// As [`Self::on_signals`].
    pub fn end_on_signals(&self) -> Result<(), Error> {
        caught(|signal| {
            signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, self.0.clone())
        })
    }

    fn raised_by_signals(self) -> Result<Self, Error> {
        caught(|signal| signal_hook::flag::register(signal, self.0.clone()))?;
        Ok(self)
    }

    /// Asks to stop.
    #[cfg(feature = "full-screen")]
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether to stop.
    pub fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// [`Error::Interrupted`] where the owner asked to stop.
    pub fn check(&self) -> Result<(), Error> {
        match self.asked() {
            true => Err(Error::Interrupted),
            false => Ok(()),
        }
    }

    /// Waits, unless asked to stop.
    pub fn sleep(&self, time: Duration) -> Result<(), Error> {
        let end = Instant::now() + time;
        loop {
            self.check()?;
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(LOOK));
        }
    }
}

/// Does something for each signal that asks to stop.
fn caught<T>(mut register: impl FnMut(i32) -> std::io::Result<T>) -> Result<(), Error> {
    [SIGINT, SIGTERM]
        .into_iter()
        .try_for_each(|signal| register(signal).map(drop))
        .map_err(|error| Error::Machine(format!("signals cannot be caught: {error}")))
}
