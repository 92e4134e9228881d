//! Serial lines: the real relay as a process, pseudo-terminals, and noise.

use super::Home;
use rustix::process::{kill_process, Pid, Signal};
use rustix::pty::{grantpt, openpt, ptsname, unlockpt, OpenptFlags};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::{channel, Receiver};
use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The relay as a process.
pub struct Relay {
    child: Child,
    lines: Receiver<String>,
    said: String,
}

impl Relay {
    pub fn start(home: &Home, node: &str, arguments: &[&str]) -> Self {
        let arguments = [&["relay", "--node", node], arguments].concat();
        let mut child = home
            .command(&arguments)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the relay starts");
        let (sender, lines) = channel();
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Relay {
            child,
            lines,
            said: String::new(),
        }
    }

    /// Waits for a line that holds `words`.
    #[track_caller]
    pub fn says(&mut self, words: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("never said `{words}`, but:\n{}", self.said);
            };
            self.said += &line;
            self.said.push('\n');
            if line.contains(words) {
                return line;
            }
        }
    }

    /// The port that it listens on.
    pub fn port(&mut self) -> u16 {
        let line = self.says("leads to");
        let address = line.split(' ').nth(1).expect("an address");
        let (_, port) = address.rsplit_once(':').expect("a port");
        port.parse().expect("a number")
    }

    pub fn interrupt(&self) {
        kill_process(Pid::from_child(&self.child), Signal::INT).expect("it runs");
    }

    /// Waits for its end; gives the exit status.
    pub fn ended(&mut self) -> Option<i32> {
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Noise on a line: garbles so many bytes in a hundred thousand, always the same ones.
pub struct Noise {
    garbled: u64,
    dice: u64,
}

impl Noise {
    pub fn of(garbled: u64) -> Self {
        Noise {
            garbled,
            dice: 0x9e37_79b9_7f4a_7c15,
        }
    }

    fn roll(&mut self) -> u64 {
        self.dice ^= self.dice >> 12;
        self.dice ^= self.dice << 25;
        self.dice ^= self.dice >> 27;
        self.dice.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// What comes of the bytes: some are lost, changed, or joined by others.
    pub fn garble(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for &byte in bytes {
            if self.roll() % 100_000 >= self.garbled {
                out.push(byte);
                continue;
            }
            match self.roll() % 3 {
                0 => {}
                1 => out.push(byte ^ 1 << (self.roll() % 8)),
                _ => out.extend([byte, self.roll() as u8]),
            }
        }
        out
    }
}

/// A pseudo-terminal: one end, and the name of the other.
pub fn pty() -> (File, PathBuf) {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
    // No relay of another test may hold it open.
    #[cfg(target_os = "linux")]
    let flags = flags | OpenptFlags::CLOEXEC;
    let master = openpt(flags).expect("a pseudo-terminal");
    grantpt(&master).expect("granted");
    unlockpt(&master).expect("unlocked");
    let name = ptsname(&master, Vec::new()).expect("a name");
    let path = PathBuf::from(name.into_string().expect("UTF-8"));
    (File::from(master), path)
}

pub fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}
