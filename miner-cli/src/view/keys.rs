//! What the owner presses, and what comes of it.

use super::state::{Kind, Moment, Page, Phase, State};
use crate::watch::Rest;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What the miner is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Attest now.
    Attest,
    /// Wait after this attestation until told otherwise.
    Pause,
    /// Go on.
    Resume,
    /// Stop.
    Quit,
}

/// The keys and what they do, for the owner.
pub const HELP: [(&str, &str); 10] = [
    ("q, Ctrl-C", "stop mining and leave"),
    ("p", "pause after the attestation under way; again: go on"),
    ("r", "attest now instead of waiting"),
    ("Tab, 1-4", "the next page, or that one"),
    ("Up Down, j k", "scroll by a line"),
    ("PgUp PgDn", "scroll by ten"),
    ("Home End", "to the beginning, to the end"),
    ("d", "show what each check measured and expected"),
    ("Ctrl-L", "draw everything again"),
    ("?", "this help; any key closes it"),
];

/// Lines that a page key scrolls.
const LEAP: usize = 10;

/// Takes in a key; gives what the miner shall do. `ends` says how far each page can be scrolled.
pub fn press(
    state: &mut State,
    key: KeyEvent,
    ends: &[usize; Page::ALL.len()],
    now: Moment,
) -> Option<Wish> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    // In raw mode the terminal makes no signal of it.
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return (key.code == KeyCode::Char('c')).then(|| quit(state));
    }
    if state.help {
        state.help = false;
        if key.code != KeyCode::Char('q') {
            return None;
        }
    }
    let page = state.page as usize;
    let (at, end) = (&mut state.scroll[page], ends[page]);
    *at = (*at).min(end);
    match key.code {
        KeyCode::Char('q') => return Some(quit(state)),
        KeyCode::Char('p') => {
            state.paused = !state.paused;
            return Some(if state.paused {
                Wish::Pause
            } else {
                Wish::Resume
            });
        }
        KeyCode::Char('r') => return attest(state, now),
        KeyCode::Char('d') => state.details = !state.details,
        KeyCode::Char('?' | 'h') => state.help = true,
        KeyCode::Tab | KeyCode::Right => state.page = Page::ALL[(page + 1) % Page::ALL.len()],
        KeyCode::BackTab | KeyCode::Left => {
            state.page = Page::ALL[(page + Page::ALL.len() - 1) % Page::ALL.len()];
        }
        KeyCode::Char(digit @ '1'..='4') => {
            let number = digit as usize - '1' as usize;
            state.page = Page::ALL[number];
        }
        KeyCode::Down | KeyCode::Char('j') => *at = (*at + 1).min(end),
        KeyCode::Up | KeyCode::Char('k') => *at = at.saturating_sub(1),
        KeyCode::PageDown | KeyCode::Char(' ') => *at = (*at + LEAP).min(end),
        KeyCode::PageUp => *at = at.saturating_sub(LEAP),
        KeyCode::Home => *at = 0,
        KeyCode::End => *at = end,
        _ => {}
    }
    None
}

/// Whether the screen is to be drawn again: what editors and shells take for that.
pub fn is_redraw(key: KeyEvent) -> bool {
    key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('l')
}

fn quit(state: &mut State) -> Wish {
    state.stopping = true;
    Wish::Quit
}

/// Attesting now, where the miner waits and the node does not mind.
fn attest(state: &mut State, now: Moment) -> Option<Wish> {
    match state.phase {
        Phase::Resting(until, Rest::Asked) if now < until => {
            let why = "the node asked to be left alone until then: not now";
            state.note(now, Kind::Note, why.into());
            None
        }
        Phase::Resting(..) => Some(Wish::Attest),
        // Under way already.
        _ => None,
    }
}
