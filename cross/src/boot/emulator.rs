//! A PC in QEMU, and what is on its screen: read from the text memory of the emulated VGA card, which is
//! what a person would see, through QEMU's machine protocol (QMP).
//!
//! Source: QEMU, `docs/interop/qmp-spec.rst` and `qapi/machine.json` (`pmemsave`); IBM, "VGA Technical
//! Reference": text memory at B8000h, two bytes for each place.

use serde_json::{json, Value};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const QEMU: &str = "qemu-system-i386";

/// How long QEMU may take to open its socket, and to answer.
const START_LIMIT: Duration = Duration::from_secs(20);
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// Text memory: where it starts, all of it, bytes of a line of 80 columns. Linux scrolls by moving the
/// screen's start through the whole of it, so that what has scrolled away is still there.
const TEXT_START: u64 = 0xb8000;
const TEXT_BYTES: u64 = 0x8000;
const LINE_BYTES: usize = 160;

/// A running machine. It ends with this value.
pub struct Machine {
    child: Child,
    stream: BufReader<UnixStream>,
    dump: PathBuf,
    errors: PathBuf,
    /// When it was switched on.
    pub started: Instant,
}

impl Machine {
    /// Switches a machine on, with these arguments beyond those that every one gets.
    ///
    /// # Errors
    /// QEMU does not start or does not answer.
    pub fn start(arguments: &[String], folder: &Path) -> Result<Machine, String> {
        let socket = folder.join("qmp");
        let _ = fs::remove_file(&socket);
        let errors = folder.join("qemu.log");
        let log = fs::File::create(&errors).map_err(|e| format!("{}: {e}", errors.display()))?;
        let mut child = Command::new(QEMU)
            .args(["-accel", "tcg", "-display", "none", "-monitor", "none"])
            .args(["-serial", "none", "-parallel", "none", "-no-reboot", "-qmp"])
            .arg(format!("unix:{},server=on,wait=off", socket.display()))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|e| format!("{QEMU}: {e}"))?;
        let started = Instant::now();
        let stream = loop {
            if let Ok(stream) = UnixStream::connect(&socket) {
                break stream;
            }
            let gone = !matches!(child.try_wait(), Ok(None));
            if gone || started.elapsed() > START_LIMIT {
                let _ = child.kill();
                let _ = child.wait();
                let said = fs::read_to_string(&errors).unwrap_or_default();
                return Err(format!("{QEMU} did not start: {said}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let mut machine = Machine {
            child,
            stream: BufReader::new(stream),
            dump: folder.join("screen"),
            errors,
            started,
        };
        let limit = machine
            .stream
            .get_ref()
            .set_read_timeout(Some(ANSWER_LIMIT));
        limit.map_err(|e| format!("QMP: {e}"))?;
        machine.ask(&json!({"execute": "qmp_capabilities"}))?;
        Ok(machine)
    }

    /// Asks and waits for the answer; greetings and events on the way are passed over.
    fn ask(&mut self, question: &Value) -> Result<Value, String> {
        let mut stream = self.stream.get_ref();
        writeln!(stream, "{question}").map_err(|e| self.gone(&e))?;
        loop {
            let mut line = String::new();
            match self.stream.read_line(&mut line) {
                Ok(0) => return Err(self.gone(&"closed")),
                Ok(_) => {}
                Err(e) => return Err(self.gone(&e)),
            }
            let mut answer: Value =
                serde_json::from_str(&line).map_err(|e| format!("QMP: {line:?}: {e}"))?;
            if let Some(error) = answer.get("error") {
                return Err(format!("QMP: {error}"));
            }
            if let Some(value) = answer.get_mut("return") {
                return Ok(value.take());
            }
        }
    }

    fn gone(&self, why: &dyn std::fmt::Display) -> String {
        let said = fs::read_to_string(&self.errors).unwrap_or_default();
        format!("{QEMU} ended or does not answer: {why}\n{said}")
    }

    /// Everything in the text memory, line by line; what has scrolled away first.
    ///
    /// # Errors
    /// QEMU has ended or does not answer.
    pub fn screen(&mut self) -> Result<Vec<String>, String> {
        let file = self
            .dump
            .to_str()
            .ok_or("a folder whose name is not text")?;
        let question = json!({
            "execute": "pmemsave",
            "arguments": {"val": TEXT_START, "size": TEXT_BYTES, "filename": file},
        });
        self.ask(&question)?;
        let bytes = fs::read(&self.dump).map_err(|e| format!("{}: {e}", self.dump.display()))?;
        Ok(lines(&bytes))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Text memory as lines: every second byte is a character, the others are colours. Empty lines at both
/// ends are left out.
fn lines(memory: &[u8]) -> Vec<String> {
    let mut lines: Vec<String> = memory
        .chunks(LINE_BYTES)
        .map(|line| {
            let text: String = line
                .iter()
                .step_by(2)
                .map(|&byte| match byte {
                    b' '..=b'~' => char::from(byte),
                    0 => ' ',
                    _ => '?',
                })
                .collect();
            text.trim_end().to_owned()
        })
        .collect();
    let last = lines.iter().rposition(|line| !line.is_empty());
    lines.truncate(last.map_or(0, |last| last + 1));
    let first = lines.iter().position(|line| !line.is_empty());
    lines.drain(..first.unwrap_or(0));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_memory_is_read_as_a_person_reads_it() {
        let mut memory = vec![0; 3 * LINE_BYTES];
        for (place, letter) in b"key  \xb0".iter().enumerate() {
            memory[LINE_BYTES + 2 * place] = *letter;
            memory[LINE_BYTES + 2 * place + 1] = 7;
        }
        assert_eq!(lines(&memory), ["key  ?"]);
        assert!(lines(&[0; LINE_BYTES]).is_empty());
    }
}
