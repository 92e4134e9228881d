//! Runs the probe, showing how far it is.

use crate::config::Settings;
use crate::error::Error;
use crate::out;
use crate::size::Size;
use crate::stop::Stop;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use probe_arch::os::{Arena, MonotonicClock};
use probe_arch::Native;
use probe_core::channels::environment::Fact;
use probe_core::channels::ChannelId;
use probe_core::evidence::Evidence;
use probe_core::plan::{Plan, QUICK_WORKING_SET};
use probe_core::prober::{Prober, Progress};
use probe_core::seed::Seed;
use std::io::IsTerminal;

/// The part of the memory said to be available that a probe takes when nobody says how much: the rest
/// of the machine has to live on.
const SHARE_OF_AVAILABLE: u64 = 4;

/// Steps of the progress bar: thousandths.
const WHOLE: u64 = 1000;

/// How much to measure, and the memory for it.
///
/// # Errors
/// [`Error::Machine`] where there is not so much memory.
pub fn plan(settings: &Settings) -> Result<(Plan, Arena), Error> {
    let size = settings
        .arena
        .unwrap_or_else(|| usual_arena(settings.quick));
    let arena = Arena::new(size.bytes() as usize)
        .map_err(|error| Error::Machine(format!("no {size} to measure in: {error}")))?;
    let plan = Plan {
        quick: settings.quick,
        arena_bytes: size.bytes(),
    };
    Ok((plan, arena))
}

/// Measures this machine.
///
/// # Errors
/// [`Error::Machine`] where there is no memory to measure in, [`Error::Interrupted`].
pub fn measure(
    seed: Seed,
    settings: &Settings,
    facts: &[Fact],
    stop: &Stop,
) -> Result<Evidence, Error> {
    let (plan, mut arena) = plan(settings)?;
    let mut prober = Prober::new(plan, seed, &mut arena, facts)
        .map_err(|error| Error::Machine(error.to_string()))?;
    let mut machine = Native::new();
    let mut clock = MonotonicClock;
    let mut meter = Meter::new(settings.quiet);
    while prober.poll(&mut machine, Some(&mut clock)).is_err() {
        stop.check()?;
        meter.show(&prober.progress());
    }
    drop(meter);
    prober
        .evidence()
        .cloned()
        .ok_or_else(|| Error::Machine("the probe did not end".into()))
}

/// All that the plan walks through, or a share of what is available where that is less.
fn usual_arena(quick: bool) -> Size {
    let most = if quick {
        Size::clamped(QUICK_WORKING_SET.into())
    } else {
        Size::MAX
    };
    let available = std::fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| {
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix("MemAvailable:"))?;
            line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
        });
    match available {
        Some(kib) => Size::clamped(kib.saturating_mul(1024) / SHARE_OF_AVAILABLE).min(most),
        None => most,
    }
}

/// Shows progress: a bar on a terminal, a line for each channel elsewhere, nothing when asked so.
pub enum Meter {
    /// On a terminal.
    Bar(ProgressBar),
    /// Elsewhere; the channel named last.
    Lines(Option<ChannelId>),
    /// Nothing.
    Silent,
}

impl Meter {
    /// Nothing is shown yet.
    pub fn new(quiet: bool) -> Self {
        if quiet {
            return Meter::Silent;
        }
        if !std::io::stderr().is_terminal() {
            return Meter::Lines(None);
        }
        let bar = ProgressBar::with_draw_target(Some(WHOLE), ProgressDrawTarget::stderr());
        if let Ok(style) =
            ProgressStyle::with_template("{prefix:<12} {bar:40} {percent:>3} %  {msg}")
        {
            bar.set_style(style);
        }
        Meter::Bar(bar)
    }

    /// Shows how far it is.
    pub fn show(&mut self, progress: &Progress) {
        let Some(channel) = progress.channel else {
            return;
        };
        match self {
            Meter::Bar(bar) => {
                bar.set_prefix(channel.name());
                bar.set_message(format!(
                    "{:.1} s left",
                    f64::from(progress.remaining_ms) / 1e3
                ));
                bar.set_position(progress.overall_permille.into());
            }
            Meter::Lines(last) if *last != Some(channel) => {
                *last = Some(channel);
                out::aside(format_args!(
                    "measuring {}: {:.1} s left",
                    channel.name(),
                    f64::from(progress.remaining_ms) / 1e3
                ));
            }
            Meter::Lines(_) | Meter::Silent => {}
        }
    }

    /// Takes the bar away.
    pub fn done(&self) {
        if let Meter::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Meter {
    /// A probe that was stopped leaves no bar either.
    fn drop(&mut self) {
        self.done();
    }
}
