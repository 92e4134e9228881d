//! Programs that are run: with a limit on their time, and what they said.

use std::fs::File;
use std::io::{Read, Seek};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often a running program is looked after.
const LOOK: Duration = Duration::from_millis(20);

/// Lines of a failed program's words that are shown.
const LAST_LINES: usize = 15;

/// How a program ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// Exit status; `None` where a signal or the limit ended it.
    pub code: Option<i32>,
    /// What it wrote.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
    /// How long it ran.
    pub took: Duration,
}

impl Ended {
    /// The output of a program that must have succeeded.
    ///
    /// # Errors
    /// How it ended, and its last lines.
    pub fn success(self, what: &str) -> Result<Ended, String> {
        if self.code == Some(0) {
            return Ok(self);
        }
        let how = match self.code {
            Some(code) => format!("ended with status {code}"),
            None => format!("was killed after {:.1} s", self.took.as_secs_f64()),
        };
        let said = format!("{}{}", self.stdout, self.stderr);
        let lines: Vec<&str> = said.lines().filter(|l| !l.trim().is_empty()).collect();
        let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
        Err(format!("{what} {how}\n{}", last.join("\n")))
    }
}

/// Runs a program to its end, or kills it after `limit`.
///
/// # Errors
/// It could not be started.
pub fn run(command: &mut Command, limit: Duration) -> Result<Ended, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let fail = |e: std::io::Error| format!("{name}: {e}");
    let mut stdout = tempfile::tempfile().map_err(fail)?;
    let mut stderr = tempfile::tempfile().map_err(fail)?;
    let started = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(stdout.try_clone().map_err(fail)?)
        .stderr(stderr.try_clone().map_err(fail)?)
        .spawn()
        .map_err(fail)?;
    let code = loop {
        if let Some(status) = child.try_wait().map_err(fail)? {
            break status.code();
        }
        if started.elapsed() > limit {
            let _ = child.kill();
            let _ = child.wait();
            break None;
        }
        std::thread::sleep(LOOK);
    };
    let took = started.elapsed();
    Ok(Ended {
        code,
        stdout: text(&mut stdout).map_err(fail)?,
        stderr: text(&mut stderr).map_err(fail)?,
        took,
    })
}

/// Everything in a file.
fn text(file: &mut File) -> Result<String, std::io::Error> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Ended {
        run(Command::new("sh").args(["-c", script]), limit).expect("there is a shell")
    }

    #[test]
    fn words_and_status_come_back() {
        let ended = shell("echo out; echo err >&2; exit 3", Duration::from_secs(30));
        assert_eq!(
            (ended.code, ended.stdout.as_str(), ended.stderr.as_str()),
            (Some(3), "out\n", "err\n")
        );
        let error = ended.success("the shell").expect_err("status 3");
        assert!(error.contains("status 3") && error.contains("err"));
    }

    #[test]
    fn what_does_not_end_is_killed() {
        let ended = shell("exec sleep 1000", Duration::from_millis(50));
        assert_eq!(ended.code, None);
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        let mut command = Command::new("/nonexistent/program");
        assert!(run(&mut command, Duration::from_secs(1)).is_err());
    }
}
