//! Whose machine is it? What an attestation shows, held against the units that have something of it.
//!
//! Only machines that are proven silicon bind, and only they are learned from: a serial costs a liar
//! nothing, a proof costs a machine. Everybody is told where a machine is somebody else's.

use super::rules::{Agreement, Finding, Unit};

/// Machines of one name. A name is paid once in an epoch, however many it has.
pub const UNITS_MAX: usize = 16;

/// Machines that are looked at for one mark. A mark that more have is nobody's.
pub const CANDIDATES_MAX: usize = 16;

/// A machine as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its number.
    pub id: i64,
    /// Whom it is bound to.
    pub miner: Option<String>,
    /// Since when, milliseconds since 1970.
    pub bound_ms: i64,
    /// What it is known by.
    pub unit: Unit,
    /// Whether its owner may show it once with other parts.
    pub renews: bool,
    /// The last epoch in which it was paid for, and under which name.
    pub paid: Option<(i64, String)>,
}

/// An attestation that asks whose its machine is.
#[derive(Debug, Clone, Copy)]
pub struct Sighting<'a> {
    /// Under which name.
    pub miner: &'a str,
    /// Whether it is proven silicon.
    pub proven: bool,
    /// What it shows.
    pub shown: &'a Unit,
    /// The epoch that it would be enrolled in.
    pub epoch: i64,
}

/// What follows. Numbers are of units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Nothing: not proven, or nothing that only one unit has.
    Unbound,
    /// It is this machine of the name's own, and these are it too.
    Own {
        /// The oldest.
        id: i64,
        /// Others that turn out to be the same one.
        joined: Vec<i64>,
    },
    /// It is this machine of the name's own, with the other parts that its owner announced.
    Renewed(i64),
    /// It is this machine, which was nobody's, and is the name's from now on.
    Taken(i64),
    /// It is a machine not seen before, and is the name's from now on.
    New,
    /// It is refused.
    Refused(Refusal),
}

/// Why an attestation is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// This machine is bound to another name.
    Others(i64),
    /// A machine of another name has these serials or cards and other parts.
    OthersAltered(i64),
    /// This machine of the name's own has other parts than it had.
    Altered(i64),
    /// This machine was paid under another name in this epoch.
    PaidElsewhere(i64),
    /// The name has as many machines as it can.
    TooMany,
}

/// Decides. `known` are the name's own units and those that share a mark with what is shown, oldest
/// first; `counter` compares the counter with a unit's, where that is known. Pure.
pub fn decide(
    sighting: Sighting<'_>,
    known: &[Known],
    counter: impl Fn(&Known) -> Agreement,
) -> Decision {
    let Sighting {
        miner,
        proven,
        shown,
        epoch,
    } = sighting;
    let compared: Vec<_> = known
        .iter()
        .map(|known| {
            let compared = known.unit.compare(shown, counter(known));
            (known, compared.finding(), compared.stands())
        })
        .collect();
    let own = |known: &Known| known.miner.as_deref() == Some(miner);
    let same: Vec<&Known> = compared
        .iter()
        .filter(|(known, finding, _)| own(known) && *finding == Finding::Same)
        .map(|(known, ..)| *known)
        .collect();
    let free = |known: &Known| match &known.paid {
        Some((paid, name)) if *paid == epoch && name != miner => {
            Err(Decision::Refused(Refusal::PaidElsewhere(known.id)))
        }
        _ => Ok(()),
    };
    if let [first, others @ ..] = same.as_slice() {
        if !proven {
            return Decision::Unbound;
        }
        if let Err(refused) = same.iter().try_for_each(|known| free(known)) {
            return refused;
        }
        return Decision::Own {
            id: first.id,
            joined: others.iter().map(|known| known.id).collect(),
        };
    }
    let standing = || {
        let standing = compared.iter().filter(|(.., stands)| *stands);
        standing.map(|(known, finding, _)| (*known, *finding))
    };
    for (known, finding) in standing() {
        if known.miner.is_none() || own(known) {
            continue;
        }
        match finding {
            Finding::Same => return Decision::Refused(Refusal::Others(known.id)),
            Finding::Altered => return Decision::Refused(Refusal::OthersAltered(known.id)),
            Finding::Other | Finding::Unclear => {}
        }
    }
    if !proven {
        return Decision::Unbound;
    }
    let altered = |(known, finding): &(&Known, Finding)| own(known) && *finding == Finding::Altered;
    if let Some((known, _)) = standing().find(altered) {
        return match (known.renews, free(known)) {
            (_, Err(refused)) => refused,
            (true, Ok(())) => Decision::Renewed(known.id),
            (false, Ok(())) => Decision::Refused(Refusal::Altered(known.id)),
        };
    }
    let nobodys = |(known, finding): &(&Known, Finding)| {
        known.miner.is_none() && matches!(finding, Finding::Same | Finding::Altered)
    };
    if let Some((known, _)) = standing().find(nobodys) {
        return match free(known) {
            Err(refused) => refused,
            Ok(()) => Decision::Taken(known.id),
        };
    }
    if !shown.is_bindable() {
        return Decision::Unbound;
    }
    if known.iter().filter(|known| own(known)).count() >= UNITS_MAX {
        return Decision::Refused(Refusal::TooMany);
    }
    Decision::New
}
