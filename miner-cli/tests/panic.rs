//! A panic while the terminal is taken: it is given back first, so that the words can be read.
#![cfg(all(target_os = "linux", feature = "full-screen"))]

mod common;
#[path = "../src/view/terminal.rs"]
#[allow(dead_code, reason = "only taking it matters here")]
mod terminal;

use common::screen::Terminal;
use std::process::Command;
use terminal::Surface;

/// Run by the other test, on a terminal of its own.
#[test]
#[ignore = "fails on purpose"]
fn panics_on_the_screen() {
    let mut whole = terminal::Whole::take().unwrap();
    whole
        .draw(&mut |frame| frame.render_widget("fine", frame.area()))
        .unwrap();
    panic!("a tube burst");
}

#[test]
fn a_panic_is_read_on_a_terminal_that_works() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "--exact",
        "panics_on_the_screen",
        "--ignored",
        "--nocapture",
    ]);
    command.env("TERM", "xterm");
    let mut terminal = Terminal::start(&command, 24, 80);
    assert_eq!(terminal.ended(), Some(101));
    let bytes = String::from_utf8_lossy(&terminal.bytes).into_owned();
    let at = |words| bytes.find(words).expect(words);
    assert!(at("fine") < at("\u{1b}[?1049l") && at("\u{1b}[?1049l") < at("a tube burst"));
    assert!(!terminal.is_whole() && terminal.is_for_lines());
    terminal.shows("a tube burst");
}
