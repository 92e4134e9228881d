//! The pages: each is a list of lines, however many fit.

use super::findings::{self, BARS};
use super::frame::gauge;
use super::look::Look;
use super::state::{Attested, Entry, Kind, Moment, Page, Phase, State};
use super::text::{ago, span};
use crate::scale::Scale;
use crate::screen::{wrapped, Tone};
use crate::show;
use crate::verdict::{self, Check};
use probe_core::channels::ChannelId;
use ratatui::text::{Line, Span};

/// Columns of a mark and of a channel's name.
const MARK: usize = 3;
const NAME: usize = 12;

/// Narrower pages show no bars.
const WITH_BARS: usize = 56;

/// Lines of the cache curve, where there is room for it: at least, at most.
const CURVE: (usize, usize) = (5, 14);

/// Columns of a time in history and log.
const AGO: usize = 8;

/// What a page is made for.
pub struct Canvas<'a> {
    /// What is known.
    pub state: &'a State,
    /// What the terminal can show.
    pub look: Look,
    /// When.
    pub now: Moment,
    /// Columns.
    pub width: usize,
    /// Rows that are seen at once.
    pub height: usize,
}

impl Canvas<'_> {
    /// All lines of a page, which may be more than are seen.
    pub fn lines(&self, page: Page) -> Vec<Line<'static>> {
        match page {
            Page::Probe => self.probe(),
            Page::Verdict => self.verdict(),
            Page::History => self.history(),
            Page::Log => self.log(),
        }
    }

    fn span(&self, tone: Tone, text: impl Into<String>) -> Span<'static> {
        Span::styled(text.into(), self.look.style(tone))
    }

    fn wrap(&self, tone: Tone, indent: usize, text: &str) -> Vec<Line<'static>> {
        let words = wrapped(text, self.width.saturating_sub(indent).max(1));
        let line = |words| Line::from(self.span(tone, format!("{:indent$}{words}", "")));
        words.into_iter().map(line).collect()
    }

    fn probe(&self) -> Vec<Line<'static>> {
        let running = match self.state.phase {
            Phase::Measuring(progress) => progress.channel,
            _ => None,
        };
        let place = |channel| ChannelId::ALL.iter().position(|&one| one == channel);
        // While nothing is measured, everything has been.
        let at = match (running.and_then(place), &self.state.evidence) {
            (Some(at), _) => at,
            (None, Some(_)) => ChannelId::ALL.len(),
            (None, None) => 0,
        };
        let mut lines: Vec<Line<'static>> = ChannelId::ALL
            .into_iter()
            .enumerate()
            .map(|(index, channel)| match index {
                _ if Some(channel) == running => self.under_way(channel),
                _ if index < at => self.found(channel),
                _ => Line::from(self.span(
                    Tone::Faint,
                    format!("{:MARK$}{:NAME$} to come", "", channel.name()),
                )),
            })
            .collect();
        lines.extend(self.curve(self.height.saturating_sub(lines.len() + 1)));
        lines
    }

    fn under_way(&self, channel: ChannelId) -> Line<'static> {
        let permille = match self.state.phase {
            Phase::Measuring(progress) => progress.permille,
            _ => 0,
        };
        let mark = self.look.choose("▶", ">");
        let name = format!("{mark:MARK$}{:NAME$} ", channel.name());
        let bar = gauge(permille, BARS, self.look);
        Line::from(vec![
            self.span(Tone::Strong, name),
            self.span(Tone::Plain, format!("{bar}  {} %", permille / 10)),
        ])
    }

    fn found(&self, channel: ChannelId) -> Line<'static> {
        let name = channel.name();
        let evidence = self.state.evidence.as_deref();
        let Some(found) =
            evidence.and_then(|evidence| findings::of(channel, evidence, self.look.unicode))
        else {
            let text = format!("{:MARK$}{name:NAME$} absent on this machine", "");
            return Line::from(self.span(Tone::Faint, text));
        };
        let mark = self.look.choose("✓", "ok");
        let mut spans = vec![
            self.span(Tone::Good, format!("{mark:MARK$}")),
            self.span(Tone::Plain, format!("{name:NAME$} ")),
        ];
        if self.width >= WITH_BARS {
            spans.push(self.span(Tone::Good, format!("{:BARS$}  ", found.bars)));
        }
        spans.push(self.span(Tone::Plain, found.words));
        Line::from(spans)
    }

    /// The cache curve, in so many lines at most.
    fn curve(&self, room: usize) -> Vec<Line<'static>> {
        // One line is for its axis.
        let height = room.saturating_sub(1).min(CURVE.1);
        let evidence = self.state.evidence.as_deref();
        let (true, Some(evidence)) = (height >= CURVE.0, evidence) else {
            return Vec::new();
        };
        let Some(cache) = &evidence.cache else {
            return Vec::new();
        };
        let scale = Scale::of(evidence);
        let (drawn, axis) = show::drawing(cache, &scale, self.width, height, self.look.unicode);
        let line = |text| Line::from(self.span(Tone::Plain, text));
        let mut lines = vec![Line::default()];
        lines.extend(drawn.into_iter().map(line));
        lines.push(Line::from(self.span(Tone::Faint, axis)));
        lines
    }

    fn verdict(&self) -> Vec<Line<'static>> {
        let Some(verdict) = &self.state.verdict else {
            let why = match self.state.counts.0 {
                0 => "The node has not judged this machine yet.",
                _ => "This node gives no reasons.",
            };
            return self.wrap(Tone::Faint, 0, why);
        };
        let mut lines = self.wrap(Tone::Strong, 0, &verdict.summary);
        lines.push(Line::default());
        // What fails costs something: it comes first. The order is the node's otherwise.
        let (failed, other): (Vec<&Check>, Vec<&Check>) = verdict
            .checks
            .iter()
            .partition(|check| check.outcome == "fail");
        for check in failed.into_iter().chain(other) {
            lines.extend(self.check(check));
        }
        lines
    }

    fn check(&self, check: &Check) -> Vec<Line<'static>> {
        let (mark, tone) = verdict::mark(&check.outcome, self.look.unicode);
        let mut lines = vec![Line::from(vec![
            self.span(tone, format!("{mark:MARK$}")),
            self.span(Tone::Strong, format!("{:NAME$} ", check.channel)),
            self.span(Tone::Faint, format!("{}, {}", check.aspect, check.outcome)),
        ])];
        if self.state.details || check.outcome == "fail" {
            for (label, text) in [("measured", &check.measured), ("expected", &check.expected)] {
                if !text.is_empty() {
                    lines.extend(self.wrap(Tone::Plain, MARK, &format!("{label}: {text}")));
                }
            }
        }
        let words = if tone == Tone::Bad {
            Tone::Bad
        } else {
            Tone::Faint
        };
        lines.extend(self.wrap(words, MARK, &check.reason));
        lines
    }

    fn history(&self) -> Vec<Line<'static>> {
        if self.state.history.is_empty() {
            return self.wrap(Tone::Faint, 0, "No attestation yet.");
        }
        let (accepted, all) = self.state.counts;
        let head = format!("{accepted} of {all} accepted");
        let mut lines = vec![Line::from(self.span(Tone::Strong, head))];
        for attested in &self.state.history {
            lines.extend(self.attested(attested));
        }
        lines
    }

    fn attested(&self, attested: &Attested) -> Vec<Line<'static>> {
        let (mark, tone) = verdict::mark(
            if attested.accepted { "pass" } else { "fail" },
            self.look.unicode,
        );
        let took = span(attested.took);
        self.dated(
            attested.at,
            mark,
            tone,
            &format!("{}{} (took {took})", attested.what, times(attested.times)),
        )
    }

    fn log(&self) -> Vec<Line<'static>> {
        if self.state.log.is_empty() {
            return self.wrap(Tone::Faint, 0, "Nothing to tell yet.");
        }
        self.state
            .log
            .iter()
            .flat_map(|entry| self.entry(entry))
            .collect()
    }

    fn entry(&self, entry: &Entry) -> Vec<Line<'static>> {
        let (mark, tone) = match entry.kind {
            Kind::Note => ("", Tone::Plain),
            Kind::Trouble => ("!", Tone::Bad),
            Kind::Advice => (">", Tone::Remark),
        };
        let text = format!("{}{}", entry.text, times(entry.times));
        self.dated(entry.at, mark, tone, &text)
    }

    /// How long ago, a mark, and a text beside them.
    fn dated(&self, at: Moment, mark: &str, tone: Tone, text: &str) -> Vec<Line<'static>> {
        let time = format!("{:>AGO$} ", ago(self.now.saturating_sub(at)));
        let mut lines = self.wrap(Tone::Plain, AGO + 1 + MARK, text);
        if let Some(first) = lines.first_mut() {
            let text = first.to_string();
            *first = Line::from(vec![
                self.span(Tone::Faint, time),
                self.span(tone, format!("{mark:MARK$}")),
                self.span(Tone::Plain, text.trim_start().to_owned()),
            ]);
        }
        lines
    }
}

/// How often, where that is more than once.
fn times(times: u64) -> String {
    match times {
        0 | 1 => String::new(),
        _ => format!(" ({times} times)"),
    }
}
