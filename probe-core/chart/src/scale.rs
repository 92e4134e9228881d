//! From ticks to what people read: nanoseconds and core cycles.

use probe_core::evidence::{Evidence, Milliticks, MIN};

/// How long a tick is, in time and in core cycles.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scale {
    /// Nanoseconds in a tick.
    ns: Option<f64>,
    /// Ticks in a core cycle: one dependent add.
    cycle: Option<f64>,
}

impl Scale {
    /// As far as the evidence says.
    pub fn of(evidence: &Evidence) -> Self {
        let add = evidence.pipeline.as_ref().map(|pipeline| pipeline.add[MIN]);
        Scale {
            ns: evidence.rate().map(|[ticks, ns]| ns as f64 / ticks as f64),
            cycle: add
                .filter(|&add| add > 0)
                .map(|add| f64::from(add) / 1000.0),
        }
    }

    /// Thousandths of a tick in nanoseconds.
    pub fn ns(&self, cost: Milliticks) -> Option<f64> {
        self.ticks_ns(f64::from(cost) / 1000.0)
    }

    /// Ticks in nanoseconds.
    pub fn ticks_ns(&self, ticks: f64) -> Option<f64> {
        Some(ticks * self.ns?)
    }

    /// Thousandths of a tick in core cycles.
    pub fn cycles(&self, cost: Milliticks) -> Option<f64> {
        Some(f64::from(cost) / 1000.0 / self.cycle?)
    }

    /// The counter's frequency, GHz.
    pub fn counter_ghz(&self) -> Option<f64> {
        Some(1.0 / self.ns?)
    }

    /// The core's frequency while measured, GHz.
    pub fn core_ghz(&self) -> Option<f64> {
        Some(1.0 / (self.ns? * self.cycle?))
    }
}

/// Three or four figures, as a reader wants them.
pub fn figures(value: f64) -> String {
    match value.abs() {
        v if v < 10.0 => format!("{value:.2}"),
        v if v < 100.0 => format!("{value:.1}"),
        _ => grouped(value.round() as u64),
    }
}

/// A whole number with its thousands apart.
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `ns` nanoseconds in the unit that fits.
pub fn time(ns: f64) -> String {
    match ns {
        v if v < 1e3 => format!("{} ns", figures(v)),
        v if v < 1e6 => format!("{} µs", figures(v / 1e3)),
        v if v < 1e9 => format!("{} ms", figures(v / 1e6)),
        v => format!("{} s", figures(v / 1e9)),
    }
}

/// `bytes` with the largest binary unit that leaves a short number.
pub fn human(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1024 => return format!("{bytes} B"),
        1024..0x10_0000 => (1u64 << 10, "KiB"),
        0x10_0000..0x4000_0000 => (1 << 20, "MiB"),
        _ => (1 << 30, "GiB"),
    };
    let tenths = (bytes * 10 + unit / 2) / unit;
    if tenths.is_multiple_of(10) || tenths >= 1000 {
        format!("{} {name}", tenths / 10)
    } else {
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_read_them() {
        assert_eq!(figures(1.234), "1.23");
        assert_eq!(figures(12.34), "12.3");
        assert_eq!(figures(12345.6), "12,346");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(999), "999");
        assert_eq!(time(2_500_000.0), "2.50 ms");
    }

    #[test]
    fn sizes_for_people() {
        assert_eq!(human(512), "512 B");
        assert_eq!(human(48 << 10), "48 KiB");
        assert_eq!(human(1536), "1.5 KiB");
        assert_eq!(human(64 << 20), "64 MiB");
    }
}
