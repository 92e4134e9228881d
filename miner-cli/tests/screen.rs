//! `verdigris mine` on a whole terminal: the real program on a pseudo-terminal.
#![cfg(all(target_os = "linux", feature = "full-screen"))]

mod common;

use common::screen::Terminal;
use common::{error, serve, signed, Home, Node, Reply};
use rustix::process::Signal;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

/// A usual size, rows first.
const USUAL: (u16, u16) = (24, 80);

/// A signed node with balances and epochs; counts submissions.
fn node() -> (String, Arc<AtomicUsize>) {
    let submissions = Arc::new(AtomicUsize::new(0));
    let count = submissions.clone();
    let node = serve(move |_, request| match request.path.as_str() {
        path if path.starts_with("/wallet/balance") => {
            Reply::Http(200, "", r#"{"amount_i64":1500001}"#.into())
        }
        "/epoch" => epoch(),
        path if path.starts_with("/api/epoch/3/explain") => {
            Reply::Http(200, "", r#"{"shares":[]}"#.into())
        }
        "/attest/submit" => {
            count.fetch_add(1, Ordering::SeqCst);
            signed(request, 1)
        }
        _ => signed(request, 1),
    });
    (node, submissions)
}

fn epoch() -> Reply {
    let body = r#"{"epoch":4,"slot":57,"slot_seconds":600,"epoch_ends_at":9000,"server_time":1000,
        "enrolled_miners":2,"last_settled_epoch":3}"#;
    Reply::Http(200, "", body.into())
}

#[test]
fn a_round_is_shown_and_the_terminal_given_back() {
    let home = Home::new();
    let (node, _) = node();
    let mut terminal = Terminal::mine(&home, &node, &[], USUAL);
    terminal.shows("Waiting: the next attestation in");
    assert!(terminal.is_whole() && !terminal.is_for_lines());
    for words in [
        "q quit",
        "1.500001 RTC",
        "epoch 4, 2 h 13 min left",
        "slot 57",
        "cache",
        "environment",
    ] {
        terminal.shows(words);
    }
    terminal.press("?");
    terminal.shows("stop mining and leave");
    terminal.press("x3");
    terminal.shows("1 of 1 accepted");
    terminal.press("4");
    terminal.shows("first contact with");
    terminal.press("q");
    assert_eq!(terminal.ended(), Some(0));
    assert!(!terminal.is_whole() && terminal.is_for_lines());
    assert!(
        terminal.text().contains("1 of 1 attestations accepted"),
        "{}",
        terminal.text()
    );
}

#[test]
fn the_owner_attests_now_and_pauses() {
    let home = Home::new();
    let (node, submissions) = node();
    let mut terminal = Terminal::mine(&home, &node, &["--interval", "1h"], USUAL);
    terminal.press("3");
    terminal.shows("1 of 1 accepted");
    terminal.shows("Waiting");
    terminal.press("r");
    terminal.shows("2 of 2 accepted");
    terminal.shows("Waiting");
    terminal.press("p");
    terminal.shows("Paused");
    terminal.press("r");
    terminal.shows("3 of 3 accepted");
    terminal.shows("Paused");
    terminal.press("p");
    terminal.shows("Waiting");
    assert_eq!(submissions.load(Ordering::SeqCst), 3);
}

/// An interval that is over starts nothing while the owner wants a pause.
#[test]
fn a_pause_outlasts_the_interval() {
    let home = Home::new();
    let (node, submissions) = node();
    let mut terminal = Terminal::mine(&home, &node, &["--interval", "1s"], USUAL);
    terminal.press("p3");
    terminal.shows("Paused");
    let before = submissions.load(Ordering::SeqCst);
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert_eq!(submissions.load(Ordering::SeqCst), before);
    terminal.press("p");
    let more = format!("{} of", before + 1);
    terminal.shows(&more);
}

#[test]
fn signals_and_ctrl_c_give_the_terminal_back() {
    let ways: [fn(&mut Terminal); 3] = [
        |terminal| terminal.signal(Signal::TERM),
        |terminal| terminal.signal(Signal::INT),
        |terminal| terminal.press("\u{3}"),
    ];
    for end in ways {
        let home = Home::new();
        let (node, _) = node();
        let mut terminal = Terminal::mine(&home, &node, &[], USUAL);
        terminal.shows("Waiting");
        end(&mut terminal);
        assert_eq!(terminal.ended(), Some(0));
        assert!(!terminal.is_whole() && terminal.is_for_lines());
    }
}

/// What was submitted should be heard about; who cannot wait for it presses Ctrl-C once more.
#[test]
fn a_node_that_is_slow_to_answer_is_waited_for_without_the_screen() {
    let home = Home::new();
    let (got, submitted) = std::sync::mpsc::channel();
    let node = serve(move |_, request| {
        if request.path == "/attest/submit" {
            let _ = got.send(());
            std::thread::sleep(common::line::PATIENCE);
        }
        signed(request, 1)
    });
    let mut terminal = Terminal::mine(&home, &node, &[], USUAL);
    terminal.shows("Sending");
    submitted.recv().expect("a submission");
    terminal.press("q");
    terminal.shows("waiting for the node's answer");
    assert!(!terminal.is_whole() && terminal.is_for_lines());
    terminal.press("\u{3}");
    assert_eq!(terminal.ended(), Some(130));
}

#[test]
fn a_refusal_for_good_leaves_its_reason_on_the_terminal() {
    let home = Home::new();
    let node = serve(|_, request| match request.path.as_str() {
        "/attest/submit" => error(409, "", "DUPLICATE_HARDWARE"),
        _ => signed(request, 1),
    });
    let mut terminal = Terminal::mine(&home, &node, &[], USUAL);
    assert_eq!(terminal.ended(), Some(1));
    assert!(!terminal.is_whole() && terminal.is_for_lines());
    let text = terminal.text();
    assert!(
        text.contains("DUPLICATE_HARDWARE") && text.contains("next:"),
        "{text}"
    );
}

#[test]
fn trouble_is_shown_with_what_to_do_and_goes_away() {
    let home = Home::new();
    let mut ill = true;
    let node = serve(move |_, request| match request.path.as_str() {
        "/attest/challenge" if std::mem::take(&mut ill) => {
            error(503, "Retry-After: 2\r\n", "STORE_UNAVAILABLE")
        }
        _ => signed(request, 1),
    });
    let mut terminal = Terminal::mine(&home, &node, &[], USUAL);
    terminal.shows("The node asks for patience");
    terminal.shows("STORE_UNAVAILABLE");
    terminal.shows("next:");
    // It asked for that, so nobody attests earlier.
    terminal.press("r4");
    terminal.shows("not now");
    terminal.press("3");
    terminal.shows("1 of 2 accepted");
    terminal.until("well again", |terminal| !terminal.text().contains("next:"));
}

#[test]
fn any_size_is_filled() {
    let home = Home::new();
    let (node, _) = node();
    let mut terminal = Terminal::mine(&home, &node, &[], USUAL);
    terminal.shows("Waiting");
    for (rows, columns) in [(40, 130), (10, 40), (2, 20), (1, 1), (24, 80)] {
        terminal.resize(rows, columns);
        if columns > 20 {
            terminal.shows("Waiting");
            terminal.shows("q quit");
        }
    }
    terminal.resize(40, 130);
    for words in ["1 Probe", "2 Verdict", "3 History", "4 Log"] {
        terminal.shows(words);
    }
}

#[test]
fn a_serial_console_without_a_size_gets_the_usual_one() {
    let home = Home::new();
    let (node, _) = node();
    let mut command = home.command(&[&["mine", "--node", &node], &common::SHORT[..]].concat());
    command.env("TERM", "vt220");
    let mut terminal = Terminal::start(&command, 0, 0);
    // Whoever sits there sees 24 lines of 80 characters all the same.
    terminal.seen_as(24, 80);
    terminal.shows("Waiting");
    terminal.shows("q quit");
    assert!(terminal.bytes.is_ascii(), "no locale, no Unicode");
}

#[test]
fn lines_where_a_screen_is_not_wanted_or_not_there() {
    for (arguments, term) in [
        (&["--plain"][..], "xterm"),
        (&[], "dumb"),
        (&["--json"], "xterm"),
    ] {
        let home = Home::new();
        let (node, _) = node();
        let all = [
            &["mine", "--rounds", "1", "--node", &node],
            arguments,
            &common::SHORT,
        ]
        .concat();
        let mut command = home.command(&all);
        command.env("TERM", term);
        let mut terminal = Terminal::start(&command, 24, 80);
        assert_eq!(terminal.ended(), Some(0));
        assert!(terminal.text().contains("accepted"), "{}", terminal.text());
        assert!(
            !terminal.bytes.windows(8).any(|part| part == b"\x1b[?1049h"),
            "it took the screen"
        );
    }
}

#[test]
fn no_color_means_none() {
    for (no_color, colored) in [("1", false), ("", true)] {
        let home = Home::new();
        let (node, _) = node();
        let all = [&["mine", "--node", &node], &common::SHORT[..]].concat();
        let mut command = home.command(&all);
        command.env("TERM", "xterm").env("NO_COLOR", no_color);
        let mut terminal = Terminal::start(&command, 24, 80);
        terminal.shows("Waiting");
        let green = terminal
            .bytes
            .windows(5)
            .any(|part| part == b"\x1b[32m" || part == b"38;5;");
        assert_eq!(
            green,
            colored,
            "{}",
            String::from_utf8_lossy(&terminal.bytes).replace('\u{1b}', "^")
        );
    }
}

/// With `VERDIGRIS_TEST_NODE` naming a `verdigris-node`: its verdict, its epoch.
#[test]
fn a_real_node_fills_the_screen() {
    let home = Home::new();
    let Some(node) = Node::start(&home) else {
        return;
    };
    let mut terminal = Terminal::mine(&home, &node.url, &[], (40, 130));
    terminal.shows("Waiting: the next attestation in");
    terminal.shows("0.000000 RTC   epoch");
    terminal.shows("silicon");
    terminal.shows("weight");
    terminal.shows("1 of 1 accepted");
    terminal.press("2d");
    terminal.shows("expected:");
    drop(node);
    terminal.press("r");
    terminal.shows("cannot be reached");
    terminal.shows("next:");
    terminal.press("q");
    assert_eq!(terminal.ended(), Some(0));
}
