//! A second derivation of everything that is booked: balances from postings, shares from
//! enrolments, enrolments from the log, transfers from what their senders signed.

use serde::Serialize;

use crate::binding::audit as bindings;
use crate::binding::salt::Salt;
use crate::ledger::{Account, TOTAL_SUPPLY};
use crate::store::books::{self, WEIGHTS};
use crate::store::settlement::{self, Settlement};
use crate::store::sql::{self, params, Connection, Dialect, Purpose};
use crate::store::transfers;

/// Faults listed, at most: a damaged file may have millions.
const FAULTS_MAX: usize = 100;

/// What an audit found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What does not hold. Empty where the books are sound.
    pub faults: Vec<String>,
    /// What was looked at, and must hold.
    pub checked: Vec<&'static str>,
    /// Submissions in the log.
    pub attestations: i64,
    /// Epochs settled.
    pub epochs: i64,
    /// Transactions.
    pub transactions: i64,
    /// Transfers, of any state.
    pub transfers: i64,
    /// Accounts.
    pub accounts: i64,
    /// Paid to wallets in all, µRTC.
    pub paid: i64,
}

impl Report {
    fn fault(&mut self, text: String) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(text);
        }
    }

    /// One fault for each row of a query of one text column.
    fn fault_rows(&mut self, c: &Connection, sql: &str) -> sql::Result<()> {
        c.for_each(sql, params![], |row| {
            self.fault(row.get(0)?);
            Ok(())
        })
    }
}

/// Checks a database. Cost: linear in its size.
///
/// # Errors
/// Where the database cannot be read at all.
pub fn audit(c: &Connection) -> sql::Result<Report> {
    audit_with(c, None)
}

/// The same, and with the secret that machines are bound with what they are known by.
///
/// # Errors
/// Where the database cannot be read at all.
pub fn audit_with(c: &Connection, salt: Option<&Salt>) -> sql::Result<Report> {
    // One moment for all questions: a running node may go on writing.
    c.transaction(Purpose::Read, |c| check(c, salt))
}

fn check(c: &Connection, salt: Option<&Salt>) -> sql::Result<Report> {
    let mut report = Report::default();
    let count = |sql: &str| c.query_one(sql, params![], |row| row.get(0));
    report.attestations = count("SELECT count(*) FROM attestations")?;
    report.epochs = count("SELECT count(*) FROM epochs")?;
    report.transactions = count("SELECT count(*) FROM transactions")?;
    report.transfers = count("SELECT count(*) FROM transfers")?;
    report.accounts = count("SELECT count(*) FROM balances")?;
    report.paid = count("SELECT CAST(coalesce(sum(paid), 0) AS BIGINT) FROM epochs")?;
    if c.dialect() == Dialect::Sqlite {
        report.fault_rows(c, FILE_CHECK)?;
    }
    for (what, sql) in CHECKS {
        report.checked.push(what);
        report.fault_rows(c, sql)?;
    }
    for (what, sql) in bindings::CHECKS {
        report.checked.push(what);
        report.fault_rows(c, sql)?;
    }
    report.checked.push(bindings::EVENTS);
    report.checked.extend(salt.map(|_| bindings::MARKS));
    bindings::check(c, salt, &mut |fault| report.fault(fault))?;
    report.checked.push(SETTLEMENTS);
    check_settlements(c, &mut report)?;
    report.checked.push(TRANSFERS);
    check_transfers(c, &mut report)?;
    Ok(report)
}

/// SQLite's own check of its file; PostgreSQL has programs for that (`pg_amcheck`).
const FILE_CHECK: &str =
    "SELECT 'file: ' || integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'";

/// What must hold, and a query that gives a sentence for everything that does not.
const CHECKS: [(&str, &str); 18] = [
    (
        "each attestation was judged against one in the log",
        "SELECT 'attestation ' || id || ' refers to a missing row of attestations'
         FROM attestations a WHERE previous_id IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM attestations p WHERE p.id = a.previous_id)",
    ),
    (
        "each miner attested",
        "SELECT 'the row of ' || miner || ' refers to a missing row of attestations'
         FROM miners m
         WHERE NOT EXISTS (SELECT 1 FROM attestations a WHERE a.id = m.attestation_id)",
    ),
    (
        "each posting belongs to a transaction",
        "SELECT 'a posting refers to a missing row of transactions: ' || tx
         FROM postings WHERE NOT EXISTS (SELECT 1 FROM transactions WHERE id = tx)",
    ),
    (
        "each transaction sums to zero",
        "SELECT 'transaction ' || tx || ' sums to ' || sum(amount) || ' instead of zero'
         FROM postings GROUP BY tx HAVING sum(amount) <> 0 OR count(*) < 2",
    ),
    (
        "each transaction has postings",
        "SELECT 'transaction ' || id || ' has no postings' FROM transactions
         WHERE NOT EXISTS (SELECT 1 FROM postings WHERE tx = id)",
    ),
    (
        "all postings sum to zero",
        "SELECT 'all postings sum to ' || total || ' instead of zero'
         FROM (SELECT coalesce(sum(amount), 0) AS total FROM postings) AS all_postings WHERE total <> 0",
    ),
    (
        "each balance is the sum of its postings",
        "SELECT 'the balance of ' || account || ' is ' || kept || ', its postings sum to ' || derived
         FROM (SELECT account, max(kept) AS kept, max(derived) AS derived FROM
               (SELECT account, amount AS kept, 0 AS derived FROM balances WHERE amount >= 0
                UNION ALL
                SELECT account, 0, sum(amount) FROM postings GROUP BY account HAVING sum(amount) >= 0)
               AS both_sums GROUP BY account) AS accounts
         WHERE kept <> derived",
    ),
    (
        "only the issuance is below zero, by the whole supply",
        "SELECT 'the balance of ' || account || ' is ' || sum(amount) FROM postings GROUP BY account
         HAVING sum(amount) < 0 AND (account <> 'system/issuance' OR sum(amount) <> -8388608000000)",
    ),
    (
        "each enrolment has the weight of an accepted attestation of that miner",
        "SELECT 'the enrolment of ' || e.miner || ' in epoch ' || e.epoch || ' is not in the log'
         FROM enrolments e LEFT JOIN attestations a
           ON a.id = e.attestation_id AND a.miner = e.miner AND a.accepted AND a.weight = e.weight
         WHERE a.id IS NULL",
    ),
    (
        "each miner's row is its newest accepted attestation",
        "SELECT 'the row of ' || m.miner || ' is not its newest accepted attestation'
         FROM miners m
         WHERE m.attestation_id IS DISTINCT FROM
               (SELECT max(id) FROM attestations a WHERE a.miner = m.miner AND a.accepted)",
    ),
    (
        "each payment is a part of a settlement",
        "SELECT 'transaction ' || reference || ' pays miners and is no part of a settlement'
         FROM transactions WHERE reference LIKE 'epoch/%'
           AND NOT EXISTS (SELECT 1 FROM payouts WHERE tx = id)",
    ),
    (
        "each settled epoch was divided first, but for the last all that were divided are settled",
        "SELECT 'epoch ' || coalesce(s.epoch, e.epoch) || ' is divided and settled in different ways'
         FROM epochs e FULL JOIN settlements s ON s.epoch = e.epoch
         WHERE s.epoch IS NULL
            OR e.epoch IS NULL AND s.epoch < (SELECT max(epoch) FROM settlements)
            OR e.pot <> s.pot OR e.paid <> s.paid OR e.total_weight <> s.total_weight
            OR e.miners <> s.miners",
    ),
    (
        "each transaction is the genesis, an epoch's payment or a transfer",
        "SELECT 'transaction ' || reference || ' has no cause' FROM transactions
         WHERE reference <> 'genesis' AND reference NOT LIKE 'epoch/%'
           AND reference NOT LIKE 'transfer/%'",
    ),
    (
        "each booked transfer was confirmed",
        "SELECT 'transaction ' || reference || ' books a transfer that is not confirmed'
         FROM transactions WHERE reference LIKE 'transfer/%'
           AND NOT EXISTS (SELECT 1 FROM transfers
                           WHERE state = 'confirmed' AND reference = 'transfer/' || hash)",
    ),
    (
        "each confirmed transfer is booked",
        "SELECT 'transfer ' || id || ' is confirmed and not booked' FROM transfers
         WHERE state = 'confirmed'
           AND NOT EXISTS (SELECT 1 FROM transactions WHERE reference = 'transfer/' || hash)",
    ),
    (
        "each transfer is booked as it was signed",
        "SELECT 'transfer ' || f.id || ' is booked otherwise than it was signed'
         FROM transfers f JOIN transactions t ON t.reference = 'transfer/' || f.hash
         WHERE (SELECT count(*) FROM postings WHERE tx = t.id) <> 2
            OR NOT EXISTS (SELECT 1 FROM postings WHERE tx = t.id
                           AND account = 'wallet/' || f.from_address AND amount = -f.amount)
            OR NOT EXISTS (SELECT 1 FROM postings WHERE tx = t.id
                           AND account = 'wallet/' || f.to_address AND amount = f.amount)",
    ),
    (
        "each sender's nonces grow",
        "SELECT 'transfer ' || id || ' has a nonce that is not above the one before'
         FROM (SELECT id, nonce, lag(nonce) OVER (PARTITION BY from_address ORDER BY id) AS last
               FROM transfers) AS in_order
         WHERE nonce <= last",
    ),
    (
        "no wallet promised more than it has",
        "SELECT 'the wallet ' || from_address || ' promised ' || promised || ' and has less'
         FROM (SELECT from_address, sum(amount) AS promised FROM transfers
               WHERE state = 'pending' GROUP BY from_address) AS promises
         WHERE promised > coalesce((SELECT amount FROM balances
                                    WHERE account = 'wallet/' || from_address), 0)",
    ),
];

/// What [`check_settlements`] checks.
const SETTLEMENTS: &str = "each epoch paid what its enrolments give, to the last µRTC";

/// What [`check_transfers`] checks.
const TRANSFERS: &str = "each transfer is what its sender signed, with the key of its address";

/// Divides every pot again, and compares with what was decided and what was booked. Memory: that of one
/// division.
fn check_settlements(c: &Connection, report: &mut Report) -> sql::Result<()> {
    for settlement in settlement::all(c)? {
        let (epoch, decided) = (settlement.epoch, &settlement.division);
        let mut derived = settlement::divide(c, epoch, decided.pot)?;
        // Those of older versions did not write it down.
        let cut = derived.cut.clone();
        if decided.cut.is_none() {
            derived.cut = None;
        }
        if derived != *decided {
            report.fault(format!(
                "epoch {epoch} is divided otherwise than its enrolments give"
            ));
        }
        derived.cut = cut;
        let derived = Settlement {
            division: derived,
            ..settlement
        };
        check_payouts(c, &derived, report)?;
    }
    let issued = books::balance(c, &Account::Issuance)?;
    if issued != -TOTAL_SUPPLY {
        report.fault(format!(
            "{issued} µRTC were issued instead of the whole supply"
        ));
    }
    Ok(())
}

/// Compares every part of a settlement with what the division gives, miner by miner.
fn check_payouts(c: &Connection, derived: &Settlement, report: &mut Report) -> sql::Result<()> {
    let epoch = derived.epoch;
    let parts: Vec<(String, Option<i64>, i64)> = c.query_all(
        "SELECT last_miner, tx, amount FROM payouts WHERE epoch = ?1 ORDER BY last_miner",
        params![epoch],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let mut first = String::new();
    let mut paid = 0i64;
    for (last, tx, amount) in parts {
        // No transaction has the number 0.
        let tx = tx.unwrap_or(0);
        let (mut sum, mut lines, mut same) = (0i64, 0i64, true);
        c.for_each(
            &format!(
                "SELECT weights.miner, weights.weight, coalesce(p.amount, 0) FROM {WEIGHTS}
                 LEFT JOIN postings p ON p.tx = ?2 AND p.account = 'wallet/' || weights.miner
                 WHERE weights.epoch = ?1 AND weights.miner > ?3 AND weights.miner <= ?4
                 ORDER BY weights.miner"
            ),
            params![epoch, tx, first, last],
            |row| {
                let (miner, booked): (String, i64) = (row.get(0)?, row.get(2)?);
                let due = derived.division.share(&miner, row.get(1)?).amount;
                same &= due == booked;
                sum = sum.saturating_add(due);
                lines += i64::from(due != 0);
                Ok(())
            },
        )?;
        let (booked_lines, emission): (i64, i64) = c.query_one(
            "SELECT count(*), CAST(coalesce(sum(CASE account WHEN 'system/emission' THEN amount END), 0)
                                   AS BIGINT)
             FROM postings WHERE tx = ?1",
            params![tx],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let expected_lines = if lines == 0 { 0 } else { lines + 1 };
        if !same || booked_lines != expected_lines || emission != -sum || amount != sum {
            report.fault(format!(
                "epoch {epoch} is booked otherwise than its enrolments give, up to {last}"
            ));
        }
        paid = paid.saturating_add(sum);
        first = last;
    }
    let settled: Option<i64> = c.query_opt(
        "SELECT paid FROM epochs WHERE epoch = ?1",
        params![epoch],
        |row| row.get(0),
    )?;
    if settled.is_some_and(|settled| settled != paid || paid != derived.division.paid) {
        report.fault(format!(
            "epoch {epoch} paid {paid}, its enrolments give {}",
            derived.division.paid
        ));
    }
    Ok(())
}

/// Derives every transfer again from the bytes that its sender signed.
fn check_transfers(c: &Connection, report: &mut Report) -> sql::Result<()> {
    transfers::for_each(c, |kept| {
        if let Err(why) = kept.transfer.proof() {
            report.fault(format!("transfer {}: {why}", kept.id));
        }
        Ok(())
    })
}
