//! What happens while this machine is proved, told to whoever watches; and how a watcher has the miner wait.

use crate::error::Error;
use crate::out;
use crate::probe::Meter;
use crate::stop::Stop;
use crate::verdict;
use probe_core::evidence::Evidence;
use probe_core::prober::Progress;
use serde_json::{Map, Value};
use std::cell::{Cell, RefCell};
use std::time::Duration;

/// Something that happened.
#[derive(Debug)]
#[cfg_attr(
    not(feature = "full-screen"),
    allow(dead_code, reason = "lines do not show what was found")
)]
pub enum Event<'a> {
    /// An attestation begins: the node is asked for a challenge.
    Begun,
    /// A slice of measuring comes next; this was found so far. Whoever draws something should be done when
    /// [`Watch::see`] returns, so as not to be measured.
    Measuring(Progress, &'a Evidence),
    /// All of this was found; it is signed and sent next.
    Measured(&'a Evidence),
    /// The node took it, and answered.
    Accepted(&'a Map<String, Value>),
    /// It came to nothing this time; another try follows.
    Failed(&'a Error),
    /// Worth knowing.
    Remark(&'a str),
}

/// Why a miner waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// Until the next attestation.
    Interval,
    /// Until the next try after a failure.
    Retry,
    /// The same, and the node asked to be left alone so long.
    Asked,
}

/// Somebody who watches.
pub trait Watch {
    /// Sees what happened.
    fn see(&self, event: Event<'_>);

    /// Waits so long, or as long as the owner wishes.
    ///
    /// # Errors
    /// [`Error::Interrupted`] where the owner asked to stop.
    fn rest(&self, time: Duration, why: Rest, stop: &Stop) -> Result<(), Error>;
}

/// Writes lines: results to standard output, everything else to standard error.
pub struct Lines {
    quiet: bool,
    json: bool,
    meter: RefCell<Option<Meter>>,
    /// Whether the owner knows what to do about the present trouble.
    advised: Cell<bool>,
}

impl Lines {
    /// `quiet`: results, warnings and errors only. `json`: answers as they came.
    pub fn new(quiet: bool, json: bool) -> Self {
        Lines {
            quiet,
            json,
            meter: None.into(),
            advised: false.into(),
        }
    }

    fn remark(&self, text: &str) {
        if !self.quiet {
            out::aside(format_args!("note: {text}"));
        }
    }
}

impl Watch for Lines {
    fn see(&self, event: Event<'_>) {
        match event {
            Event::Begun => {}
            Event::Measuring(progress, _) => {
                let mut meter = self.meter.borrow_mut();
                meter
                    .get_or_insert_with(|| Meter::new(self.quiet))
                    .show(&progress);
            }
            Event::Measured(_) => drop(self.meter.take()),
            Event::Accepted(answer) => {
                self.advised.set(false);
                match self.json {
                    true => out::line(Value::Object(answer.clone())),
                    false => out::line(format_args!("accepted: {}", verdict::summary(answer))),
                }
            }
            Event::Failed(error) => {
                drop(self.meter.take());
                out::aside(format_args!("warning: {error}"));
                let next = error.next_step();
                // Once: a node that is away for a day is tried hundreds of times.
                if !self.advised.replace(true) && !next.is_empty() {
                    out::aside(format_args!("next: {next}"));
                }
            }
            Event::Remark(text) => {
                drop(self.meter.take());
                self.remark(text);
            }
        }
    }

    fn rest(&self, time: Duration, why: Rest, stop: &Stop) -> Result<(), Error> {
        match why {
            Rest::Interval => self.remark(&format!("next in {} s", time.as_secs())),
            Rest::Retry | Rest::Asked => {
                let seconds = time.as_secs_f64();
                out::aside(format_args!("warning: trying again in {seconds:.1} s"));
            }
        }
        stop.sleep(time)
    }
}
