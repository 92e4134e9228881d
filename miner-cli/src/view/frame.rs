//! A frame of the state: a pure function, whose only other input is the time.
//!
//! What an owner wants to know first survives longest on a small screen: what the machine does now, what it
//! has earned, what the node made of it, what is wrong. Below that the pages, all four where they fit.

use super::keys::HELP;
use super::look::Look;
use super::pages::Canvas;
use super::state::{Kind, Moment, Page, Phase, State};
use super::text::{fitting, shortened, span, BETWEEN};
use crate::balance::rtc;
use crate::screen::{wrapped, Tone};
use crate::verdict;
use crate::watch::Rest;
use ratatui::layout::{Constraint, Layout, Margin, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};
use ratatui::Frame;
use std::time::Duration;

/// From this size on all pages are beside each other.
const WIDE: (u16, u16) = (110, 30);

/// Lines of history and log in that case, frames included.
const LOWER: u16 = 9;

/// Lines that a framed page needs to say anything.
const LEAST_PAGE: u16 = 3;

/// From this height on what happens has its lines always, so that little jumps when something does.
const CALM: u16 = 16;

/// How many lines: at least, at most.
const NEWS: (u16, u16) = (2, 4);

/// Characters of the bar that shows how far measuring is, at most.
const GAUGE: usize = 40;

/// Draws the state as it is at `now`. Says how far each page can be scrolled.
pub fn draw(
    frame: &mut Frame<'_>,
    state: &State,
    look: Look,
    now: Moment,
) -> [usize; Page::ALL.len()] {
    let mut ends = [0; Page::ALL.len()];
    let mut painter = Painter {
        frame,
        state,
        look,
        now,
        ends: &mut ends,
    };
    painter.screen();
    look.spell(painter.frame.buffer_mut());
    ends
}

struct Painter<'a, 'f> {
    frame: &'a mut Frame<'f>,
    state: &'a State,
    look: Look,
    now: Moment,
    ends: &'a mut [usize; Page::ALL.len()],
}

impl Painter<'_, '_> {
    fn screen(&mut self) {
        let area = self.frame.area();
        let mut rows = Rows(area);
        // In the order of their worth; a row is taken only where one is left.
        let title = (area.height >= 4).then(|| rows.top(1));
        let doing = rows.top(1);
        let keys = (area.height >= 3).then(|| rows.bottom(1));
        let account = rows.top(1);
        let verdict = rows.top(1);
        let news = self.news(area.width.into());
        let room = match &self.state.trouble {
            _ if area.height >= CALM => (news.len() as u16).clamp(NEWS.0, NEWS.1),
            Some(_) => 1,
            None => 0,
        };
        let told = rows.bottom(room);
        if let Some(title) = title {
            self.title(title);
        }
        self.doing(doing);
        self.account(account);
        self.verdict(verdict);
        self.frame.render_widget(Paragraph::new(news), told);
        if let Some(keys) = keys {
            self.keys(keys);
        }
        let rest = rows.0;
        if rest.height >= LEAST_PAGE {
            match area.width >= WIDE.0 && area.height >= WIDE.1 {
                true => self.all_pages(rest),
                false => self.page(self.state.page, rest, true),
            }
            if self.state.help {
                self.help(rest);
            }
        }
    }

    fn line(&mut self, area: Rect, line: impl Into<Line<'static>>) {
        self.frame.render_widget(line.into(), area);
    }

    fn styled(&self, tone: Tone, text: impl Into<String>) -> Span<'static> {
        Span::styled(text.into(), self.look.style(tone))
    }

    /// Who is paid, and by which node.
    fn title(&mut self, area: Rect) {
        const NAME: &str = " Verdigris";
        let width = usize::from(area.width);
        let (miner, node) = (&self.state.miner, &self.state.node);
        let room = width.saturating_sub(NAME.len() + node.len() + 2 * BETWEEN.len());
        let parts = [NAME.to_owned(), shortened(miner, room), node.clone()];
        let text = format!("{:width$}", fitting(&parts, width));
        let style = self
            .look
            .style(Tone::Strong)
            .add_modifier(Modifier::REVERSED);
        self.line(area, Span::styled(text, style));
    }

    /// What the machine does now, and what comes next.
    fn doing(&mut self, area: Rect) {
        let left = |until: Moment| span(until.saturating_sub(self.now));
        let paused = self.state.paused;
        let (tone, text) = match self.state.phase {
            _ if self.state.stopping => (Tone::Remark, "Stopping".to_owned()),
            Phase::Starting => (Tone::Plain, "Starting".to_owned()),
            Phase::Asking => (Tone::Plain, "Asking the node for a challenge".to_owned()),
            Phase::Measuring(progress) => {
                let left = span(Duration::from_millis(progress.remaining_ms.into()));
                let name = progress.channel.map_or("", |channel| channel.name());
                let percent = progress.overall_permille / 10;
                let (head, tail) = (
                    format!("Measuring {name:<11}"),
                    format!("{percent:>3} %  {left} left"),
                );
                let room = usize::from(area.width).saturating_sub(head.len() + tail.len() + 3);
                let bar = gauge(progress.overall_permille, room.min(GAUGE), self.look);
                (Tone::Plain, format!("{head} {bar} {tail}"))
            }
            Phase::Sending => (Tone::Plain, "Sending; the node judges".to_owned()),
            Phase::Resting(..) if paused => {
                (Tone::Remark, "Paused: p goes on, r attests once".to_owned())
            }
            Phase::Resting(until, Rest::Interval) => (
                Tone::Plain,
                format!("Waiting: the next attestation in {}", left(until)),
            ),
            Phase::Resting(until, Rest::Retry) => (
                Tone::Remark,
                format!("Trouble: the next try in {}", left(until)),
            ),
            Phase::Resting(until, Rest::Asked) => (
                Tone::Remark,
                format!(
                    "The node asks for patience: the next try in {}",
                    left(until)
                ),
            ),
        };
        let mut spans = vec![self.styled(tone, text)];
        if paused && !matches!(self.state.phase, Phase::Resting(..)) && !self.state.stopping {
            spans.push(self.styled(Tone::Remark, "  then a pause"));
        }
        self.line(area, Line::from(spans));
    }

    /// What was earned, and where the epoch is.
    fn account(&mut self, area: Rect) {
        let Some((account, at)) = &self.state.account else {
            let text = self.styled(Tone::Faint, "Balance: not told yet");
            return self.line(area, text);
        };
        let since = self.now.saturating_sub(*at).as_secs();
        let amount = account.balance.map_or_else(|| "?".into(), rtc);
        let epoch = account.epoch.map(|epoch| match account.left_s {
            // What comes after its end is not known before the node says so.
            Some(left) if left > since => {
                format!(
                    "epoch {epoch}, {} left",
                    span(Duration::from_secs(left - since))
                )
            }
            Some(_) => format!("epoch {epoch}, over"),
            None => format!("epoch {epoch}"),
        });
        let slot = account
            .slot
            .and_then(|slot| match (account.slot_s, account.left_s) {
                // Epochs end where slots do.
                (Some(slot_s), Some(left)) if left > since => {
                    let first = left % slot_s;
                    let gone = match since < first {
                        true => 0,
                        false => (since - first) / slot_s + u64::from(first > 0),
                    };
                    let rest = Duration::from_secs((left - since - 1) % slot_s + 1);
                    let number = slot.saturating_add(gone);
                    Some(format!("slot {number}, {} left", span(rest)))
                }
                (_, Some(_)) => None,
                _ => Some(format!("slot {slot}")),
            });
        let miners = account.miners.map(|miners| match miners {
            1 => "1 miner in it".to_owned(),
            _ => format!("{miners} miners in it"),
        });
        let paid = account
            .paid
            .map(|(epoch, amount)| format!("epoch {epoch} paid {}", rtc(amount)));
        let parts = [epoch, slot, paid, miners].map(Option::unwrap_or_default);
        let balance = format!("{amount} RTC");
        let room = usize::from(area.width).saturating_sub(balance.len() + 3);
        let balance = self.styled(Tone::Strong, balance);
        let rest = fitting(&parts, room);
        self.line(
            area,
            Line::from(vec![balance, Span::raw("   "), Span::raw(rest)]),
        );
    }

    /// What the node made of the machine last.
    fn verdict(&mut self, area: Rect) {
        let line = match (
            &self.state.verdict,
            self.state.history.iter().find(|one| one.accepted),
        ) {
            (Some(verdict), _) => {
                let (tone, kind) = match verdict.physical {
                    true => (Tone::Good, "Real silicon"),
                    false => (Tone::Bad, "Not accepted as real silicon"),
                };
                let weight = verdict::weight(verdict.weight_units);
                let device = format!(": {} {}, weight {weight}", verdict.family, verdict.class);
                vec![self.styled(tone, kind), Span::raw(device)]
            }
            (None, Some(last)) => vec![Span::raw(last.what.clone())],
            (None, None) => vec![self.styled(Tone::Faint, "Verdict: none yet")],
        };
        self.line(area, Line::from(line));
    }

    /// What is wrong and what to do; where nothing is, the last thing that happened.
    fn news(&self, width: usize) -> Vec<Line<'static>> {
        let lines = |tone, first: &str, text: &str| {
            let indent = first.len();
            let words = wrapped(text, width.saturating_sub(indent).max(1));
            let line = |(row, words)| {
                let head = if row == 0 { first } else { "" };
                Line::from(self.styled(tone, format!("{head:indent$}{words}")))
            };
            words.into_iter().enumerate().map(line).collect::<Vec<_>>()
        };
        match (&self.state.trouble, self.state.log.front()) {
            (Some(trouble), _) => {
                let mut all = lines(Tone::Bad, "! ", &trouble.what);
                // What to do must not be pushed out by what happened.
                all.truncate(usize::from(NEWS.1 / 2));
                all.extend(lines(Tone::Remark, "next: ", &trouble.next));
                all
            }
            (None, Some(last)) if last.kind == Kind::Note => lines(Tone::Faint, "  ", &last.text),
            _ => Vec::new(),
        }
    }

    fn keys(&mut self, area: Rect) {
        let pause = if self.state.paused {
            "p go on"
        } else {
            "p pause"
        };
        let scroll = self.look.choose("↑↓ scroll", "Up/Down scroll");
        let parts = [
            "q quit",
            pause,
            "r attest now",
            "? help",
            "Tab page",
            scroll,
            "d details",
        ];
        let text = fitting(&parts.map(str::to_owned), area.width.into());
        let text = self.styled(Tone::Faint, text);
        self.line(area, text);
    }

    fn all_pages(&mut self, area: Rect) {
        let [upper, lower] =
            Layout::vertical([Constraint::Min(0), Constraint::Length(LOWER)]).areas(area);
        let halves = Layout::horizontal([Constraint::Percentage(50), Constraint::Percentage(50)]);
        let [probe, verdict] = halves.areas(upper);
        let [history, log] = halves.areas(lower);
        for (page, area) in Page::ALL.into_iter().zip([probe, verdict, history, log]) {
            self.page(page, area, false);
        }
    }

    /// A page with its frame; `alone`: the frame names the others too.
    fn page(&mut self, page: Page, area: Rect, alone: bool) {
        let focus = page == self.state.page;
        let tab = |one: Page| {
            let name = format!(" {} {} ", one as usize + 1, one.title());
            match one == self.state.page {
                true => Span::styled(
                    name,
                    self.look
                        .style(Tone::Strong)
                        .add_modifier(Modifier::REVERSED),
                ),
                false => self.styled(Tone::Faint, name),
            }
        };
        let title: Vec<Span<'_>> = match alone {
            true => Page::ALL.into_iter().map(tab).collect(),
            false => vec![tab(page)],
        };
        let edge = self
            .look
            .style(if focus { Tone::Plain } else { Tone::Faint });
        let inner = area.inner(Margin::new(1, 1));
        let canvas = Canvas {
            state: self.state,
            look: self.look,
            now: self.now,
            width: inner.width.into(),
            height: inner.height.into(),
        };
        let lines = canvas.lines(page);
        let end = lines.len().saturating_sub(inner.height.into());
        let at = self.state.scroll[page as usize].min(end);
        self.ends[page as usize] = end;
        let mut block = Block::bordered()
            .border_set(self.look.border())
            .border_style(edge)
            .title_top(Line::from(title));
        if end > 0 {
            let place = format!(
                " {}-{} of {} ",
                at + 1,
                at + usize::from(inner.height),
                lines.len()
            );
            block = block.title_bottom(Line::from(place).right_aligned());
        }
        self.frame.render_widget(block, area);
        let shown: Vec<Line<'_>> = lines
            .into_iter()
            .skip(at)
            .take(inner.height.into())
            .collect();
        self.frame.render_widget(Paragraph::new(shown), inner);
    }

    /// The keys, over everything else.
    fn help(&mut self, area: Rect) {
        const KEY: usize = 14;
        let lines: Vec<Line<'_>> = HELP
            .iter()
            .map(|(key, what)| {
                Line::from(vec![
                    self.styled(Tone::Strong, format!(" {key:KEY$}")),
                    Span::raw(*what),
                ])
            })
            .collect();
        let width = HELP.iter().map(|(_, what)| what.len()).max().unwrap_or(0) + KEY + 4;
        let height = lines.len() + 2;
        let fit = |wanted: usize, there: u16| u16::try_from(wanted).unwrap_or(u16::MAX).min(there);
        let (width, height) = (fit(width, area.width), fit(height, area.height));
        let area = Rect {
            x: area.x + (area.width - width) / 2,
            y: area.y + (area.height - height) / 2,
            width,
            height,
        };
        let block = Block::bordered()
            .border_set(self.look.border())
            .title_top(" Keys ");
        self.frame.render_widget(Clear, area);
        self.frame
            .render_widget(Paragraph::new(lines).block(block), area);
    }
}

/// The rows that are still free.
struct Rows(Rect);

impl Rows {
    /// Takes rows from above, as far as there are any.
    fn top(&mut self, rows: u16) -> Rect {
        let taken = Rect {
            height: rows.min(self.0.height),
            ..self.0
        };
        self.0.y += taken.height;
        self.0.height -= taken.height;
        taken
    }

    /// Takes rows from below.
    fn bottom(&mut self, rows: u16) -> Rect {
        let height = rows.min(self.0.height);
        self.0.height -= height;
        Rect {
            y: self.0.y + self.0.height,
            height,
            ..self.0
        }
    }
}

/// A bar for a share in thousandths.
pub fn gauge(permille: u16, width: usize, look: Look) -> String {
    let full = (usize::from(permille.min(1000)) * width) / 1000;
    let (done, left) = look.choose(("█", "░"), ("#", "."));
    format!("{}{}", done.repeat(full), left.repeat(width - full))
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
