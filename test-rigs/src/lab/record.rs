//! What is kept of a run: one line of JSON for each, so that a campaign can be stopped and gone on with, and a report
//! made again from what was recorded.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What names a run. A run that is recorded under its key is not made again.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// The rig's name.
    pub rig: String,
    /// Which of the rig's ways.
    pub variant: String,
    /// The machine, which is what resampling draws.
    pub unit: String,
    /// Counts runs of the same way and machine.
    pub run: u32,
    /// The campaign's seed: with the rest of the key it decides everything that the rig draws.
    pub seed: u64,
    /// Which node judged: version of its rules, and of its source.
    pub node: String,
}

/// The truth about a run, which the node is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// A machine that says what it is.
    Honest,
    /// Something else.
    Attack,
}

/// Where the numbers of a run come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Measured in the run itself.
    Real,
    /// Measured in the run itself, then changed as the variant says.
    Edited,
    /// Published or recorded measurements of a real processor, turned into evidence.
    Replayed,
    /// Of a simulated machine.
    Simulated,
    /// Drawn from a generator.
    Invented,
}

/// What a run is after: what the node would have to find for an honest machine to be done right by, or for an attack
/// to have won.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// To be accepted at all.
    Accepted,
    /// To be held to be real silicon.
    Silicon,
    /// To be held to be real silicon of this class, and paid as it.
    Class(String),
    /// To be held to be the unit that attested under the name before.
    SameUnit,
    /// To have every name paid: those of a fleet, which are one machine's, or those of a crowd, each of which has a
    /// machine of its own.
    Votes,
}

/// What a node made of the names of one world, epoch by epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fleet {
    /// Names on one machine.
    pub names: u32,
    /// Names of honest owners beside them.
    pub honest: u32,
    /// The epochs.
    pub epochs: Vec<FleetEpoch>,
}

impl Fleet {
    /// Names of the one machine that were paid in the last epoch.
    pub fn paid_at_last(&self) -> u32 {
        self.epochs.last().map_or(0, |epoch| epoch.paid)
    }

    /// Votes that honest names lost, all epochs together.
    pub fn penalised(&self) -> u32 {
        self.epochs.iter().map(|epoch| epoch.penalised).sum()
    }

    /// The first epoch, counted from 1, from which on one name alone was paid to the end; `None` where more were
    /// to the last.
    pub fn found_in(&self) -> Option<usize> {
        let last_wrong = self.epochs.iter().rposition(|epoch| epoch.paid > 1);
        let first_right = last_wrong.map_or(0, |epoch| epoch + 1);
        (first_right < self.epochs.len()).then_some(first_right + 1)
    }
}

/// One epoch of a [`Fleet`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetEpoch {
    /// Names of the one machine that were paid.
    pub paid: u32,
    /// Honest names that were paid nothing, or less than others.
    pub penalised: u32,
}

/// The claimed device, in a submission's own members.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claimed {
    /// Family.
    pub family: String,
    /// Architecture class.
    pub arch: String,
    /// Model.
    pub model: String,
    /// Processor brand.
    pub cpu: String,
}

/// A run. `V` is the verdict: whole as the node sent it where it is written ([`Value`]), what figures are made of where
/// it is read ([`Judgement`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record<V> {
    /// Which run.
    pub key: Key,
    /// The truth.
    pub truth: Truth,
    /// Where the numbers come from.
    pub origin: Origin,
    /// What it was after.
    pub goal: Goal,
    /// What was claimed.
    pub claim: Claimed,
    /// Status of the node's answer; 0 where none could be had: a failure to acquire.
    pub status: u16,
    /// The code of a refusal, or why there was no answer.
    pub code: Option<String>,
    /// The verdict, where the submission reached the judge.
    pub verdict: Option<V>,
    /// What became of a fleet, where the run was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fleet: Option<Fleet>,
    /// Milliseconds from the challenge to the answer.
    pub answered_ms: u64,
    /// When, seconds since 1970.
    pub at: u64,
    /// What kind of machine the laboratory ran on.
    pub machine: String,
}

/// The part of a verdict that figures are made of.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Judgement {
    /// Version of the rules.
    pub rules: u16,
    /// Every check.
    pub checks: Vec<Check>,
    /// Whether the evidence held together.
    pub integrity: bool,
    /// Real silicon.
    pub physical: bool,
    /// The class that it is paid as.
    pub class: String,
    /// The score for the kind.
    pub kind_ppm: Option<u32>,
    /// The score for presence.
    pub presence_ppm: Option<u32>,
    /// The score for continuity.
    pub continuity_ppm: Option<u32>,
}

/// The part of a check that figures are made of.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Check {
    /// Which channel.
    pub channel: String,
    /// What it speaks about: `integrity`, `kind`, `presence`, `continuity`.
    pub aspect: String,
    /// `pass`, `fail`, `note` or `absent`.
    pub outcome: String,
    /// The threshold applied.
    #[serde(default)]
    pub threshold: String,
    /// The deciding number over its limit, parts per million.
    #[serde(default)]
    pub of_limit_ppm: Option<u64>,
}

/// The file of a campaign.
#[derive(Debug)]
pub struct Records {
    path: PathBuf,
    file: File,
    known: HashSet<Key>,
    cut: usize,
}

/// A line's key, whatever else it holds.
#[derive(Deserialize)]
struct Named {
    key: Key,
}

impl Records {
    /// Opens the file at `path`, or makes it. A last line that was not written to its end (the program was killed) is
    /// cut off.
    ///
    /// # Errors
    /// The file cannot be read or written, or another campaign has it open; or another line than the last is damaged,
    /// which the message names.
    pub fn open(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        file.try_lock().map_err(|e| {
            let why = format!("{}: another campaign has it open: {e}", path.display());
            io::Error::new(io::ErrorKind::ResourceBusy, why)
        })?;
        let text = std::fs::read(path)?;
        let mut known = HashSet::new();
        let mut whole = 0;
        for (number, line) in (1..).zip(text.split_inclusive(|&b| b == b'\n')) {
            let parsed = serde_json::from_slice::<Named>(line);
            let last = whole + line.len() == text.len();
            match parsed {
                Ok(named) if line.ends_with(b"\n") => known.insert(named.key),
                _ if last => break,
                Ok(_) => break,
                Err(e) => {
                    let why = format!("{}: line {number}: {e}", path.display());
                    return Err(io::Error::new(io::ErrorKind::InvalidData, why));
                }
            };
            whole += line.len();
        }
        file.set_len(whole as u64)?;
        Ok(Records {
            path: path.to_path_buf(),
            file,
            known,
            cut: text.len() - whole,
        })
    }

    /// Bytes of a damaged last line that [`Records::open`] cut off.
    pub fn cut(&self) -> usize {
        self.cut
    }

    /// Whether a run is recorded.
    pub fn has(&self, key: &Key) -> bool {
        self.known.contains(key)
    }

    /// Adds a run, in one write.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn add(&mut self, record: &Record<Value>) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.known.insert(record.key.clone());
        Ok(())
    }

    /// All runs, in the order of their keys: what is made of them depends on nothing else.
    ///
    /// # Errors
    /// The file cannot be read, or a record is not of this form.
    pub fn read(&self) -> io::Result<Vec<Record<Judgement>>> {
        let text = std::fs::read(&self.path)?;
        let lines = text.split(|&b| b == b'\n').filter(|line| !line.is_empty());
        let records: Result<Vec<Record<Judgement>>, _> =
            lines.map(serde_json::from_slice).collect();
        let mut records = records?;
        records.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(records)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(run: u32) -> Record<Value> {
        Record {
            key: Key {
                rig: "a".into(),
                variant: "b".into(),
                unit: "c".into(),
                run,
                seed: 1,
                node: "rules 1".into(),
            },
            truth: Truth::Attack,
            origin: Origin::Invented,
            goal: Goal::Class("g4".into()),
            claim: Claimed::default(),
            status: 200,
            code: None,
            verdict: Some(serde_json::json!({
                "rules": 1, "integrity": true, "physical": false, "class": "virtual",
                "kind_ppm": null, "presence_ppm": 500_000, "continuity_ppm": null, "summary": "no",
                "checks": [{"channel": "cache", "aspect": "presence", "outcome": "fail", "measured": "1",
                    "threshold": "cache_rise", "of_limit_ppm": 400_000}],
            })),
            fleet: None,
            answered_ms: 5,
            at: 0,
            machine: "a machine".into(),
        }
    }

    fn file(runs: u32) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lab/runs.jsonl");
        let mut records = Records::open(&path).unwrap();
        for run in 0..runs {
            records.add(&record(run)).unwrap();
        }
        (folder, path)
    }

    #[test]
    fn runs_are_found_again_and_read_in_order() {
        let (_folder, path) = file(0);
        let mut records = Records::open(&path).unwrap();
        for run in [2, 0, 1] {
            assert!(!records.has(&record(run).key));
            records.add(&record(run)).unwrap();
        }
        drop(records);
        let records = Records::open(&path).unwrap();
        assert_eq!(records.cut(), 0);
        assert!((0..3).all(|run| records.has(&record(run).key)) && !records.has(&record(3).key));
        let read = records.read().unwrap();
        let runs: Vec<u32> = read.iter().map(|r| r.key.run).collect();
        assert_eq!(runs, [0, 1, 2]);
        let verdict = read[0].verdict.as_ref().unwrap();
        assert_eq!(verdict.checks[0].of_limit_ppm, Some(400_000));
        assert_eq!(
            (verdict.presence_ppm, verdict.kind_ppm),
            (Some(500_000), None)
        );
    }

    #[test]
    fn damage_before_the_last_line_is_named() {
        let (_folder, path) = file(3);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replacen("\"rig\"", "\"rug\"", 1)).unwrap();
        let error = Records::open(&path).unwrap_err();
        assert!(error.to_string().contains("line 1"), "{error}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn wherever_writing_stopped_the_whole_lines_remain(part in 0.0..1.0) {
            let (_folder, path) = file(3);
            let text = std::fs::read(&path).unwrap();
            let length = (text.len() as f64 * part) as usize;
            std::fs::write(&path, &text[..length]).unwrap();
            let mut records = Records::open(&path).unwrap();
            let whole = text[..length].iter().filter(|&&b| b == b'\n').count();
            prop_assert_eq!(records.known.len(), whole);
            records.add(&record(7)).unwrap();
            prop_assert_eq!(records.read().unwrap().len(), whole + 1);
            // One campaign at a time.
            prop_assert!(Records::open(&path).is_err());
            drop(records);
            prop_assert!(Records::open(&path).unwrap().has(&record(7).key));
        }
    }
}
