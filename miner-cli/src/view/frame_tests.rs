//! Screens with known answers, and properties of all screens.

use super::super::account::Account;
use super::super::keys;
use super::super::state::Message;
use super::*;
use crate::verdict::{Check, Verdict};
use probe_core::channels::ChannelId;
use probe_core::evidence::Evidence;
use probe_core::prober::Progress;
use proptest::prelude::*;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Color;
use ratatui::Terminal;
use std::path::PathBuf;

const UNICODE: Look = Look {
    unicode: true,
    color: true,
};
const ASCII: Look = Look {
    unicode: false,
    color: false,
};

/// A real machine's evidence: a virtual one.
fn evidence() -> Box<Evidence> {
    serde_json::from_str(include_str!("testdata/evidence.json")).unwrap()
}

fn check(channel: &str, outcome: &str, reason: &str) -> Check {
    Check {
        channel: channel.into(),
        aspect: "presence".into(),
        outcome: outcome.into(),
        measured: "250 adds".into(),
        expected: "26 to 560 adds".into(),
        reason: reason.into(),
    }
}

fn verdict(physical: bool) -> Verdict {
    let trap = "No exit to a hypervisor costs so little.";
    Verdict {
        checks: vec![
            check("cache", "pass", "The steps are those of this family."),
            check("trap", if physical { "pass" } else { "fail" }, trap),
            check("thermal", "note", "Nothing is known of this family yet."),
        ],
        class: "g4".into(),
        family: "PowerPC".into(),
        physical,
        summary: "A PowerPC G4 of the 7450 family, by all that was measured.".into(),
        weight_units: 2_500_000_000,
        ..Verdict::default()
    }
}

fn account() -> Message {
    Message::Account(Box::new(Account {
        balance: Some(1_500_001),
        epoch: Some(12),
        slot: Some(1733),
        slot_s: Some(600),
        left_s: Some(10_930),
        miners: Some(4),
        paid: Some((11, 125_000)),
    }))
}

fn progress(channel: ChannelId, permille: u16) -> Progress {
    Progress {
        channel: Some(channel),
        permille,
        overall_permille: 430,
        remaining_ms: 75_000,
    }
}

fn after(seconds: u64) -> Moment {
    Moment::from_secs(seconds)
}

fn new() -> State {
    State::new(
        "http://node.example:8099",
        "RTCc6bb76294846d778cd1ba227154c649d03474738",
    )
}

/// While the ninth channel runs.
fn measuring() -> State {
    let mut state = new();
    state.hear(Message::Begun, after(0));
    state.hear(account(), after(1));
    let mut found = evidence();
    (found.cache, found.jitter) = (None, None);
    (found.oscillator, found.thermal) = (None, None);
    state.hear(Message::Found(found), after(2));
    state.hear(
        Message::Measuring(progress(ChannelId::Cache, 250)),
        after(31),
    );
    state
}

/// After an attestation that was accepted.
fn waiting(physical: bool) -> State {
    let mut state = measuring();
    let kept = "first contact with http://node.example:8099: its key is kept from now on";
    state.hear(Message::Remark(kept.into()), after(31));
    state.hear(Message::Measured(evidence()), after(60));
    let verdict = verdict(physical);
    let what = format!("{} (weight 2.5)", verdict.summary);
    state.hear(Message::Accepted(Some(verdict), what), after(61));
    state.hear(Message::Resting(after(580), Rest::Interval), after(61));
    state
}

/// After another one that came to nothing.
fn trouble() -> State {
    let mut state = waiting(true);
    state.hear(Message::Begun, after(641));
    let failed = || Message::Failed {
        what: "http://node.example:8099 cannot be reached: Connection refused".into(),
        next: "see that the node is running, and that --node is its address".into(),
        verdict: None,
    };
    state.hear(failed(), after(642));
    state.hear(Message::Resting(after(2), Rest::Retry), after(642));
    state.hear(Message::Begun, after(644));
    state.hear(failed(), after(645));
    state.hear(Message::Resting(after(4), Rest::Retry), after(645));
    state
}

/// What a terminal of that size shows, and how far each page can be scrolled.
fn shown(
    state: &State,
    look: Look,
    now: Moment,
    (columns, rows): (u16, u16),
) -> (Buffer, [usize; 4]) {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    let mut ends = [0; 4];
    terminal
        .draw(|frame| ends = draw(frame, state, look, now))
        .unwrap();
    (terminal.backend().buffer().clone(), ends)
}

fn lines(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width);
    let rows = buffer.content.chunks(width).map(|cells| {
        let row: String = cells.iter().map(|cell| cell.symbol()).collect();
        row.trim_end().to_owned() + "\n"
    });
    rows.collect()
}

/// Compares with the screen in `testdata`; writes it instead where VERDIGRIS_WRITE_SCREENS is set, for
/// somebody to look at.
#[track_caller]
fn is_known(name: &str, state: &State, look: Look, now: Moment, size: (u16, u16)) {
    let text = lines(&shown(state, look, now, size).0);
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("src/view/testdata")
        .join(format!("{name}.txt"));
    if std::env::var_os("VERDIGRIS_WRITE_SCREENS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(text == known, "{name} is\n{text}\nand was\n{known}");
}

const USUAL: (u16, u16) = (80, 24);

#[test]
fn measuring_is_shown_channel_by_channel() {
    is_known("measuring", &measuring(), UNICODE, after(31), USUAL);
    is_known("measuring-ascii", &measuring(), ASCII, after(31), USUAL);
}

#[test]
fn waiting_counts_down() {
    let state = waiting(true);
    is_known("waiting", &state, UNICODE, after(100), USUAL);
    is_known("waiting-wide", &state, UNICODE, after(100), (130, 40));
    is_known("waiting-wide-ascii", &state, ASCII, after(100), (130, 40));
    is_known("waiting-small", &state, ASCII, after(100), (40, 10));
    is_known("waiting-tiny", &state, ASCII, after(100), (20, 3));
}

#[test]
fn a_verdict_says_first_what_failed() {
    let mut state = waiting(false);
    state.page = Page::Verdict;
    is_known("verdict", &state, UNICODE, after(100), USUAL);
    state.details = true;
    is_known("verdict-details", &state, UNICODE, after(100), USUAL);
}

#[test]
fn trouble_comes_with_what_to_do() {
    let mut state = trouble();
    state.page = Page::Log;
    is_known("trouble", &state, UNICODE, after(646), USUAL);
    state.page = Page::History;
    state.help = true;
    is_known("help", &state, ASCII, after(646), USUAL);
}

/// The slot goes on by itself, and ends with the epoch.
#[test]
fn slots_follow_the_clock() {
    let state = waiting(true);
    // Told at 1 s, with 10,930 s left: 130 s of the slot, and 18 more slots.
    for (now, words) in [
        (1, "epoch 12, 3 h 02 min left   slot 1733, 2 min 10 s left"),
        (130, "slot 1733, 1 s left"),
        (131, "slot 1734, 10 min 00 s left"),
        (132, "slot 1734, 9 min 59 s left"),
        (10_930, "epoch 12, 1 s left   slot 1751, 1 s left"),
        (10_931, "epoch 12, over   epoch 11 paid"),
    ] {
        let text = lines(&shown(&state, UNICODE, after(now), USUAL).0);
        assert!(text.contains(words), "{now}: {text}");
    }
}

#[test]
fn a_wish_is_passed_on_when_it_makes_sense() {
    let press = |state: &mut State, code| {
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        keys::press(state, key, &[100; 4], after(700))
    };
    let mut state = measuring();
    assert_eq!(press(&mut state, KeyCode::Char('r')), None);
    let mut state = waiting(true);
    assert_eq!(
        press(&mut state, KeyCode::Char('r')),
        Some(keys::Wish::Attest)
    );
    assert_eq!(
        press(&mut state, KeyCode::Char('p')),
        Some(keys::Wish::Pause)
    );
    assert_eq!(
        press(&mut state, KeyCode::Char('p')),
        Some(keys::Wish::Resume)
    );
    state.hear(Message::Resting(after(30), Rest::Asked), after(690));
    assert_eq!(press(&mut state, KeyCode::Char('r')), None);
    assert_eq!(press(&mut state, KeyCode::Char('?')), None);
    assert_eq!(
        press(&mut state, KeyCode::Char('p')),
        None,
        "it closes the help"
    );
    assert_eq!(
        press(&mut state, KeyCode::Char('q')),
        Some(keys::Wish::Quit)
    );
}

/// Anything that may happen, in any order.
fn messages() -> impl Strategy<Value = Message> {
    let text = ".{0,200}";
    let rest = prop_oneof![Just(Rest::Interval), Just(Rest::Retry), Just(Rest::Asked)];
    let seconds = || 0..=u64::from(u32::MAX);
    let channel = proptest::option::of(proptest::sample::select(ChannelId::ALL.to_vec()));
    let account = proptest::array::uniform5(proptest::option::of(any::<u64>()));
    prop_oneof![
        Just(()).prop_map(|()| Message::Begun),
        Just(()).prop_map(|()| Message::Measured(evidence())),
        Just(()).prop_map(|()| Message::Found(evidence())),
        (channel, any::<[u16; 2]>(), any::<u32>()).prop_map(|(channel, share, remaining_ms)| {
            let [permille, overall_permille] = share;
            Message::Measuring(Progress {
                channel,
                permille,
                overall_permille,
                remaining_ms,
            })
        }),
        (text, text, any::<bool>()).prop_map(|(reason, summary, physical)| {
            let mut given = verdict(physical);
            given.checks.push(check(&summary, "fail", &reason));
            given.summary = summary.clone();
            Message::Accepted(Some(given), summary)
        }),
        text.prop_map(|what| Message::Accepted(None, what)),
        (text, text).prop_map(|(what, next)| Message::Failed {
            what,
            next,
            verdict: None
        }),
        text.prop_map(Message::Remark),
        (seconds(), rest).prop_map(|(s, why)| Message::Resting(after(s), why)),
        (account, 1..u64::MAX, any::<(u64, u64)>()).prop_map(|(some, slot_s, paid)| {
            let [balance, epoch, slot, left_s, miners] = some;
            Message::Account(Box::new(Account {
                balance,
                epoch,
                slot,
                left_s,
                miners,
                slot_s: Some(slot_s),
                paid: Some(paid),
            }))
        }),
    ]
}

fn codes() -> impl Strategy<Value = KeyCode> {
    let others = [
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::Esc,
    ];
    prop_oneof![
        any::<char>().prop_map(KeyCode::Char),
        proptest::sample::select(others.to_vec())
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_happens_it_fits_and_is_spelt_for_the_terminal(
        happened in proptest::collection::vec((messages(), codes()), 1..12),
        size in (1u16..200, 1u16..70),
        later in 0..u64::from(u32::MAX),
    ) {
        let mut state = new();
        let mut ends = [0; 4];
        for (at, (message, code)) in happened.into_iter().enumerate() {
            let now = after(at as u64);
            state.hear(message, now);
            keys::press(&mut state, KeyEvent::new(code, KeyModifiers::NONE), &ends, now);
            ends = shown(&state, UNICODE, now, size).1;
        }
        let (buffer, _) = shown(&state, ASCII, after(later), size);
        for cell in &buffer.content {
            prop_assert!(cell.symbol().is_ascii());
            prop_assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
        }
    }
}
