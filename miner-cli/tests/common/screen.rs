//! The program on a terminal: a pseudo-terminal, and what a VT100 with colours would show of it.

use super::line::{pty, PATIENCE};
use super::Home;
use rustix::process::{kill_process, Pid, Signal};
use rustix::termios::{tcgetattr, tcsetwinsize, LocalModes, Winsize};
use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{channel, Receiver};
use std::time::{Duration, Instant};

/// A program on a terminal of its own.
pub struct Terminal {
    child: Child,
    line: File,
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    /// Every byte that came.
    pub bytes: Vec<u8>,
}

impl Terminal {
    /// Starts `command` on a terminal of `rows` by `columns`. `setsid` (util-linux) makes it the one that the
    /// program is controlled from, so that a new size is told.
    pub fn start(command: &Command, rows: u16, columns: u16) -> Self {
        let (line, path) = pty();
        set_size(&line, rows, columns);
        let end = || {
            Stdio::from(
                File::options()
                    .read(true)
                    .write(true)
                    .open(&path)
                    .expect("it opens"),
            )
        };
        let mut all = Command::new("setsid");
        all.arg("-c")
            .arg(command.get_program())
            .args(command.get_args())
            .env_clear();
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                all.env(name, value);
            }
        }
        let child = all
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .expect("setsid starts");
        // The ends that the command holds are closed, so that reading ends with the program.
        drop(all);
        let (sender, output) = channel();
        let mut reader = line.try_clone().expect("a second handle");
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            // When nobody has the other end open any more, reading is an error.
            while let Ok(count @ 1..) = reader.read(&mut piece) {
                if sender.send(piece[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Terminal {
            child,
            line,
            output,
            parser: vt100::Parser::new(some(rows), some(columns), 0),
            bytes: Vec::new(),
        }
    }

    /// The program mining with short probes.
    pub fn mine(home: &Home, node: &str, arguments: &[&str], size: (u16, u16)) -> Self {
        let mut command =
            home.command(&[&["mine", "--node", node], &super::SHORT[..], arguments].concat());
        command.env("TERM", "xterm").env("LC_ALL", "C.UTF-8");
        Terminal::start(&command, size.0, size.1)
    }

    /// The lines that are shown.
    pub fn text(&self) -> String {
        self.parser.screen().contents()
    }

    /// Whether the program has the screen to itself.
    pub fn is_whole(&self) -> bool {
        self.parser.screen().alternate_screen()
    }

    /// Whether the terminal works in lines and echoes them, as for a shell.
    pub fn is_for_lines(&self) -> bool {
        let modes = tcgetattr(&self.line).expect("a terminal").local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
            && !self.parser.screen().hide_cursor()
    }

    fn take(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.parser.process(bytes);
    }

    /// Waits until the screen is as wanted.
    #[track_caller]
    pub fn until(&mut self, what: &str, wanted: impl Fn(&Terminal) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !wanted(self) {
            let left = end.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.take(&bytes),
                Err(_) => panic!("never {what}, but:\n{}", self.text()),
            }
        }
    }

    /// Waits until the screen shows `words`.
    #[track_caller]
    pub fn shows(&mut self, words: &str) {
        self.until(&format!("shown: {words}"), |terminal| {
            terminal.text().contains(words)
        });
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        self.line
            .write_all(keys.as_bytes())
            .expect("the line is open");
    }

    /// Shows it in a window whose size the program is not told.
    pub fn seen_as(&mut self, rows: u16, columns: u16) {
        self.parser.screen_mut().set_size(some(rows), some(columns));
    }

    /// Makes the window larger or smaller.
    pub fn resize(&mut self, rows: u16, columns: u16) {
        set_size(&self.line, rows, columns);
        self.seen_as(rows, columns);
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Waits for the end; gives the exit status.
    #[track_caller]
    pub fn ended(&mut self) -> Option<i32> {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                break status;
            }
            assert!(Instant::now() < end, "it does not end:\n{}", self.text());
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(20)) {
                self.take(&bytes);
            }
        };
        // What it wrote last.
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(200)) {
            self.take(&bytes);
        }
        status.code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn set_size(line: &File, rows: u16, columns: u16) {
    let size = Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(line, size).expect("a size");
}

/// A window has a line and a column at least.
fn some(size: u16) -> NonZeroU16 {
    NonZeroU16::new(size).unwrap_or(NonZeroU16::MIN)
}
