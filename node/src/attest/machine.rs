//! The machine that a submission shows, and the name that it is bound to.

use crate::binding::decide::{decide, Decision, Known, Refusal, Sighting, UNITS_MAX};
use crate::binding::rules::{Agreement, Unit};
use crate::error::{ApiError, Code};
use crate::store::bindings;
use crate::store::sql::Connection;

/// What a submission shows of one machine.
pub struct Machine {
    /// Its marks.
    pub shown: Unit,
    /// Whether it is proven silicon.
    pub proven: bool,
}

/// A machine that may attest under a name in an epoch.
pub struct Admitted<'a> {
    sighting: Sighting<'a>,
    known: Vec<Known>,
    decision: Decision,
}

impl Machine {
    /// Looks up whose machine it is, in an epoch that lasts `rest_s` seconds more. One statement where something is shown that only one unit has, none
    /// where nothing is.
    ///
    /// # Errors
    /// [`Code::DuplicateHardware`], [`Code::HardwareBindingFailed`], and until the next epoch
    /// [`Code::PaidUnderAnotherWallet`].
    pub fn admit<'a>(
        &'a self,
        c: &Connection,
        miner: &'a str,
        epoch: i64,
        rest_s: u64,
    ) -> Result<Admitted<'a>, ApiError> {
        let sighting = Sighting {
            miner,
            proven: self.proven,
            shown: &self.shown,
            epoch,
        };
        let known = bindings::candidates(c, miner, &self.shown)?;
        // Tracks of counters are kept by name, and joined to machines where names are compared.
        let decision = decide(sighting, &known, |_| Agreement::Silent);
        if let Decision::Refused(refusal) = decision {
            return Err(refused(refusal, rest_s));
        }
        Ok(Admitted {
            sighting,
            known,
            decision,
        })
    }
}

impl Admitted<'_> {
    /// Binds and learns, once the attestation is in the log.
    ///
    /// # Errors
    /// Where the database refuses.
    pub fn keep(self, c: &Connection, attestation_id: i64, at_ms: i64) -> Result<(), ApiError> {
        let (decision, known) = (&self.decision, &self.known);
        bindings::apply(c, decision, self.sighting, known, attestation_id, at_ms)?;
        Ok(())
    }
}

fn refused(refusal: Refusal, rest_s: u64) -> ApiError {
    let failed = |why: &str| ApiError::new(Code::HardwareBindingFailed, why);
    match refusal {
        Refusal::Others(unit) => ApiError::new(
            Code::DuplicateHardware,
            "this machine is bound to another wallet: migrate it with that wallet's key \
             (POST /binding/migrate), or ask the operator where the key is lost or the machine is yours",
        )
        .with("unit", unit),
        Refusal::OthersAltered(unit) => failed(
            "this machine has serial numbers and network cards of one that is bound to another wallet: \
             migrate that one with its wallet's key (POST /binding/migrate), or ask the operator",
        )
        .with("unit", unit),
        Refusal::Altered(unit) => failed(
            "this machine has another processor or board than the one bound: say so with a migration \
             of kind \"hardware\" (POST /binding/migrate)",
        )
        .with("unit", unit),
        Refusal::PaidElsewhere(unit) => ApiError::new(
            Code::PaidUnderAnotherWallet,
            "this machine is paid under another wallet in this epoch; attest again in the next",
        )
        .with("unit", unit)
        .after(rest_s),
        Refusal::TooMany => failed(&format!(
            "this wallet has {UNITS_MAX} machines, and a wallet is paid once in an epoch; ask the \
             operator to release those that you no longer have"
        )),
    }
}
