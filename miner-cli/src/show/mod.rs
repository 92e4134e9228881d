//! What a probe found, as tables and curves in the terminal.

mod canvas;
mod channels;
mod curve;

use crate::scale::{figures, time, Scale};
use crate::screen::{Screen, Tone};
use probe_core::evidence::{Evidence, Milliticks, Spread, MEDIAN, MIN};

pub use canvas::sparkline;
#[cfg(feature = "full-screen")]
pub use curve::drawing;

/// Columns before a row's text.
const LABEL: usize = 16;

/// Prints everything that was found.
pub fn evidence(screen: &Screen, evidence: &Evidence) {
    let page = Page {
        screen,
        scale: Scale::of(evidence),
    };
    page.header(evidence);
    channels::counter(&page, evidence);
    channels::pipeline(&page, evidence);
    channels::simd(&page, evidence);
    channels::fpu(&page, evidence);
    channels::branch(&page, evidence);
    channels::trap(&page, evidence);
    channels::quirks(&page, evidence);
    channels::fresh_code(&page, evidence);
    curve::cache(&page, evidence);
    channels::jitter(&page, evidence);
    channels::oscillator(&page, evidence);
    channels::thermal(&page, evidence);
    channels::environment(&page, evidence);
}

/// Where and in which units to print.
struct Page<'a> {
    screen: &'a Screen,
    scale: Scale,
}

impl Page<'_> {
    fn header(&self, evidence: &Evidence) {
        let identity = &evidence.identity;
        let name = match identity.name.as_str() {
            "" => "unnamed processor",
            name => name,
        };
        self.screen.say(self.screen.paint(Tone::Strong, name));
        let unit = match identity.vector_unit.as_str() {
            "" => "no vector unit",
            unit => unit,
        };
        let clock = match (self.scale.core_ghz(), self.scale.counter_ghz()) {
            (Some(core), Some(counter)) => {
                format!(", core {core:.3} GHz by its adds, counter {counter:.3} GHz")
            }
            _ => String::new(),
        };
        self.screen.say(format_args!(
            "{}, {unit}, {} kernels{clock}; {} of memory, {} plan, {}",
            identity.architecture,
            identity.backend,
            crate::size::human(evidence.arena.into()),
            if evidence.quick { "quick" } else { "standard" },
            time(evidence.elapsed_ns as f64),
        ));
    }

    /// A channel's heading; says so where the channel is absent, and gives `None`.
    fn channel<'e, T>(&self, name: &str, title: &str, evidence: &'e Option<T>) -> Option<&'e T> {
        self.screen.say("");
        let heading = self
            .screen
            .paint(Tone::Strong, format_args!("{name:LABEL$}"));
        match evidence {
            Some(_) => self.screen.say(format_args!(
                "{heading}{}",
                self.screen.paint(Tone::Faint, title)
            )),
            None => self.screen.say(format_args!(
                "{heading}{}",
                self.screen.paint(Tone::Remark, "absent on this machine")
            )),
        }
        evidence.as_ref()
    }

    fn row(&self, label: &str, text: impl std::fmt::Display) {
        self.screen.say(format_args!("  {label:<14}{text}"));
    }

    /// A cost in nanoseconds and cycles, as far as they are known, else in ticks.
    fn cost(&self, cost: Milliticks) -> String {
        match (self.scale.ns(cost), self.scale.cycles(cost)) {
            (Some(ns), Some(cycles)) => format!("{:>9}  {:>9} cycles", time(ns), figures(cycles)),
            _ => format!("{:>9} ticks", figures(f64::from(cost) / 1000.0)),
        }
    }

    /// The smallest and the middle cost.
    fn spread(&self, label: &str, spread: &Spread) {
        let median = self.screen.paint(
            Tone::Faint,
            format_args!("median {}", self.cost(spread[MEDIAN]).trim_start()),
        );
        self.row(label, format_args!("{}   {median}", self.cost(spread[MIN])));
    }
}
