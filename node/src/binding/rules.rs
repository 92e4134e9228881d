//! What agrees and what differs between a machine that is known and one that shows itself, and what
//! follows from it.

use super::mac::MACS_MAX;
use super::salt::Tag;
use super::serial::Serial;
use serde::{Deserialize, Serialize};

/// Serials of one kind that a machine may have had: boards are replaced, installations renewed.
pub const SERIALS_MAX: usize = 4;

/// What is known of a machine, or shown of one: bounded, hashes only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Of the firmware, oldest first.
    pub firmware: Vec<Tag>,
    /// Of installations, oldest first.
    pub machine_ids: Vec<Tag>,
    /// Of network cards, sorted.
    pub macs: Vec<Tag>,
    /// The processor's identification, hashed: of the model, not of the unit.
    pub processor: Option<[u8; 16]>,
}

/// How one kind of evidence compares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// Both have it, and it is the same.
    Agrees,
    /// Both have it, and it is not.
    Differs,
    /// One of them has none.
    #[default]
    Silent,
}

/// All kinds compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// The crystal: [`crate::continuity::crystal`]. Rates that agree count only with a start that does.
    pub crystal: Agreement,
    /// Firmware serials.
    pub firmware: Agreement,
    /// Network cards: one in common is agreement.
    pub macs: Agreement,
    /// Installations.
    pub machine_id: Agreement,
    /// Processor identification.
    pub processor: Agreement,
}

/// What a comparison amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// One machine.
    Same,
    /// One machine with another processor, or another board: the owner says so, signed, and it is logged.
    Altered,
    /// Two machines.
    Other,
    /// Nothing that only one unit has tells: two of a model look like this.
    Unclear,
}

impl Unit {
    /// A machine as it shows itself in one attestation.
    pub fn shown(
        serials: impl IntoIterator<Item = Serial>,
        macs: Vec<Tag>,
        processor: Option<[u8; 16]>,
    ) -> Self {
        let mut unit = Unit {
            macs,
            processor,
            ..Unit::default()
        };
        unit.macs.truncate(MACS_MAX);
        for serial in serials {
            match serial {
                Serial::Firmware(tag) => remember(&mut unit.firmware, tag),
                Serial::MachineId(tag) => remember(&mut unit.machine_ids, tag),
            }
        }
        unit
    }

    /// Adds what a sighting of the same machine showed: an unprivileged run adds its installation's
    /// number to the firmware's serial that a privileged one gave.
    pub fn learn(&mut self, shown: &Unit) {
        for &tag in &shown.firmware {
            remember(&mut self.firmware, tag);
        }
        for &tag in &shown.machine_ids {
            remember(&mut self.machine_ids, tag);
        }
        for &tag in &shown.macs {
            if !self.macs.contains(&tag) && self.macs.len() < MACS_MAX {
                self.macs.push(tag);
            }
        }
        self.macs.sort_unstable();
        self.processor = self.processor.or(shown.processor);
    }

    /// Whether anything here is of one unit: without it, a machine cannot be bound. An installation is
    /// not: disks are copied.
    pub fn is_bindable(&self) -> bool {
        self.marks().next().is_some()
    }

    /// By which it is looked up: serials of the firmware and cards.
    pub fn marks(&self) -> impl Iterator<Item = Tag> + '_ {
        self.firmware.iter().chain(&self.macs).copied()
    }

    /// Takes the place of a machine whose owner said that its parts were replaced: nothing of the old
    /// ones stays bound.
    pub fn renew(&mut self, shown: &Unit) {
        self.clone_from(shown);
    }

    /// Compares with a machine that is shown. `crystal` comes from the two tracks.
    pub fn compare(&self, shown: &Unit, crystal: Agreement) -> Compared {
        let processor = match (self.processor, shown.processor) {
            (Some(a), Some(b)) if a == b => Agreement::Agrees,
            (Some(_), Some(_)) => Agreement::Differs,
            _ => Agreement::Silent,
        };
        Compared {
            crystal,
            firmware: meet(&self.firmware, &shown.firmware),
            macs: meet(&self.macs, &shown.macs),
            machine_id: meet(&self.machine_ids, &shown.machine_ids),
            processor,
        }
    }
}

impl Compared {
    /// The rules, the first that applies:
    ///
    /// 1. One firmware serial: one machine; altered where the processor or the crystal is another. One
    ///    serial on two boards is a maker's slip, and is for the owner to tell.
    /// 2. Two firmware serials, or two crystals: two machines; but altered (a new board in an old case)
    ///    where network card and installation both are the old ones.
    /// 3. Two processors: two machines, whatever card was plugged over or disk copied; altered where
    ///    card and installation both are the old ones.
    /// 4. One network card, or one counter (rate and start): one machine.
    /// 5. One installation alone: unclear. Disks are copied, and rooms of machines are installed from one.
    /// 6. Nothing of one unit agrees: two machines where cards differ, otherwise unclear.
    pub fn finding(self) -> Finding {
        use Agreement::{Agrees, Differs};
        let moved = self.macs == Agrees && self.machine_id == Agrees;
        if self.firmware == Agrees {
            return if self.processor == Differs || self.crystal == Differs {
                Finding::Altered
            } else {
                Finding::Same
            };
        }
        if [self.firmware, self.crystal, self.processor].contains(&Differs) {
            return if moved {
                Finding::Altered
            } else {
                Finding::Other
            };
        }
        if self.macs == Agrees || self.crystal == Agrees {
            return Finding::Same;
        }
        if self.machine_id != Agrees && self.macs == Differs {
            return Finding::Other;
        }
        Finding::Unclear
    }
}

impl Compared {
    /// Whether the finding is enough to act on it: to refuse a stranger, or to ask an owner about other
    /// parts.
    ///
    /// A serial is what a client says. Where it is all that agrees, and another card or a measured
    /// processor or crystal speaks against it, it is a maker's slip, a placeholder that nobody knows yet,
    /// or a lie. It costs no security to let that pass: who would take the trouble to show another card
    /// could as well show another serial.
    pub fn stands(self) -> bool {
        use Agreement::{Agrees, Differs};
        let alone = ![self.macs, self.machine_id, self.crystal].contains(&Agrees);
        let denied = [self.macs, self.processor, self.crystal].contains(&Differs);
        !(self.firmware == Agrees && alone && denied)
    }
}

/// Adds a tag; the oldest goes when there are too many.
fn remember(tags: &mut Vec<Tag>, tag: Tag) {
    if tags.contains(&tag) {
        return;
    }
    if tags.len() >= SERIALS_MAX {
        tags.remove(0);
    }
    tags.push(tag);
}

fn meet(known: &[Tag], shown: &[Tag]) -> Agreement {
    if known.is_empty() || shown.is_empty() {
        return Agreement::Silent;
    }
    if shown.iter().any(|tag| known.contains(tag)) {
        Agreement::Agrees
    } else {
        Agreement::Differs
    }
}
