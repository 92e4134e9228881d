//! A crowd of miners, written straight into a database: far more than could attest in a test's time.

use verdigris_node::store::sql::{self, Connection, Purpose, Value};

/// Rows in one transaction.
const ROWS_AT_ONCE: usize = 10_000;

/// SplitMix64 of a number.
fn mixed(n: u64) -> u64 {
    probe_core::seed::finish(n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// The id of a number, as addresses are: in no order.
pub fn id(n: u64) -> String {
    let (a, b, c) = (mixed(n), mixed(n + (1 << 40)), mixed(n + (2 << 40)) >> 32);
    format!("RTC{a:016x}{b:016x}{c:08x}")
}

/// The weight of a number: of every class from a virtual machine's 1e-9 to 4.0, most of them uneven.
pub fn weight(n: u64) -> i64 {
    const CLASSES: [u64; 5] = [1, 500_000, 1_000_000_000, 2_499_999_999, 4_000_000_000];
    let bonus = mixed(n ^ 7) % 1_000;
    let class = CLASSES[usize::try_from(mixed(n) % 5).unwrap()];
    i64::try_from(class + if class > 1_000_000 { bonus } else { 0 }).unwrap()
}

/// Logs an attestation of each of `miners` miners in an epoch, and enrols it; numbers of attestations
/// follow `first_id`.
pub fn enrol(c: &Connection, epoch: i64, miners: u64, first_id: i64) -> sql::Result<()> {
    let mut crowd: Vec<(String, i64)> = (0..miners).map(|n| (id(n), weight(n))).collect();
    crowd.sort();
    let mut next_id = first_id;
    for chunk in crowd.chunks(ROWS_AT_ONCE) {
        let rows: Vec<(i64, String, String)> = (next_id..)
            .zip(chunk)
            .map(|(id, (miner, weight))| {
                let verdict = format!(
                    r#"{{"class":"unknown","multiplier_units":{weight},"weight_units":{weight}}}"#
                );
                (id, format!("{epoch}/{miner}"), verdict)
            })
            .collect();
        let attestations: Vec<Vec<Value<'_>>> = chunk
            .iter()
            .zip(&rows)
            .map(|((miner, weight), (id, nonce, verdict))| {
                let zero = Value::Integer(0);
                vec![
                    Value::Integer(*id),
                    zero,
                    zero,
                    Value::Text(miner),
                    Value::Text(nonce),
                    Value::Integer(epoch),
                    Value::Truth(true),
                    Value::Integer(*weight),
                    Value::Bytes(b"{}"),
                    Value::Text(verdict),
                ]
            })
            .collect();
        let enrolments: Vec<Vec<Value<'_>>> = chunk
            .iter()
            .zip(&rows)
            .map(|((miner, weight), (id, ..))| {
                vec![
                    Value::Integer(epoch),
                    Value::Text(miner),
                    Value::Integer(*weight),
                    Value::Integer(*id),
                ]
            })
            .collect();
        c.transaction(Purpose::Write, |c| {
            let columns = [
                "id",
                "issued_ms",
                "received_ms",
                "miner",
                "nonce",
                "epoch",
                "accepted",
                "weight",
                "body",
                "verdict",
            ];
            c.insert_all("attestations", &columns, &attestations)?;
            let columns = ["epoch", "miner", "weight", "attestation_id"];
            c.insert_all("enrolments", &columns, &enrolments)
        })?;
        next_id += i64::try_from(chunk.len()).unwrap_or(0);
    }
    Ok(())
}
