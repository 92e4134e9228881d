//! What a backup holds.

/// What a column holds. Not what the database says it holds: SQLite has no truths.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Plain,
    Truth,
}

/// A table of the current schema version.
pub struct Table {
    pub name: &'static str,
    pub columns: &'static [(&'static str, Kind)],
    pub order: &'static str,
}

const fn plain(name: &'static str) -> (&'static str, Kind) {
    (name, Kind::Plain)
}

const fn truth(name: &'static str) -> (&'static str, Kind) {
    (name, Kind::Truth)
}

/// In the order in which the schema's own rules let them be filled: enrolments, and what was found of
/// miners, before their epoch is divided, postings before their transaction seals them, payouts after
/// their transactions, epochs after their payouts, transfers after what was booked for them.
pub const TABLES: [Table; 23] = [
    Table {
        name: "meta",
        columns: &[plain("key"), plain("number"), plain("bytes")],
        order: "key",
    },
    Table {
        name: "attestations",
        columns: &[
            plain("id"),
            plain("issued_ms"),
            plain("received_ms"),
            plain("miner"),
            plain("nonce"),
            plain("epoch"),
            truth("accepted"),
            plain("weight"),
            plain("previous_id"),
            plain("fingerprint_hash"),
            plain("body"),
            plain("verdict"),
        ],
        order: "id",
    },
    Table {
        name: "fingerprints",
        columns: &[plain("hash"), plain("miner")],
        order: "hash",
    },
    Table {
        name: "miners",
        columns: &[
            plain("miner"),
            plain("public_key"),
            plain("first_ms"),
            plain("last_ms"),
            plain("attestation_id"),
            plain("family"),
            plain("class"),
            truth("physical"),
            plain("presence_ppm"),
            plain("multiplier"),
            plain("weight"),
            truth("frozen"),
        ],
        order: "miner",
    },
    Table {
        name: "key_actions",
        columns: &[
            plain("id"),
            plain("at_ms"),
            plain("miner"),
            plain("action"),
            plain("previous_key"),
            plain("public_key"),
            plain("reason"),
        ],
        order: "id",
    },
    Table {
        name: "headers",
        columns: &[
            plain("slot"),
            plain("miner"),
            plain("header"),
            plain("message"),
            plain("signature"),
            plain("public_key"),
            plain("received_ms"),
        ],
        order: "slot",
    },
    Table {
        name: "enrolments",
        columns: &[
            plain("epoch"),
            plain("miner"),
            plain("weight"),
            plain("attestation_id"),
        ],
        order: "epoch, miner",
    },
    Table {
        name: "assessments",
        columns: &[
            plain("epoch"),
            plain("miner"),
            plain("attestation_id"),
            plain("assessed_ms"),
            truth("has_vote"),
            plain("detail"),
        ],
        order: "epoch, miner",
    },
    Table {
        name: "dossiers",
        columns: &[
            plain("tag"),
            plain("miner"),
            plain("since_ms"),
            plain("seen_ms"),
            plain("epoch"),
            plain("state"),
        ],
        order: "tag",
    },
    Table {
        name: "clock_references",
        columns: &[plain("model"), plain("source"), plain("hz")],
        order: "model, source, hz",
    },
    Table {
        name: "fleet_buckets",
        columns: &[plain("key"), plain("epoch"), plain("state")],
        order: "key",
    },
    Table {
        name: "settlements",
        columns: &[
            plain("epoch"),
            plain("begun_ms"),
            plain("pot"),
            plain("paid"),
            plain("total_weight"),
            plain("miners"),
            plain("cut_remainder"),
            plain("cut_miner"),
        ],
        order: "epoch",
    },
    Table {
        name: "postings",
        columns: &[plain("tx"), plain("account"), plain("amount")],
        order: "tx, account",
    },
    Table {
        name: "transactions",
        columns: &[plain("id"), plain("reference"), plain("created_ms")],
        order: "id",
    },
    Table {
        name: "payouts",
        columns: &[
            plain("epoch"),
            plain("last_miner"),
            plain("tx"),
            plain("amount"),
        ],
        order: "epoch, last_miner",
    },
    Table {
        name: "epochs",
        columns: &[
            plain("epoch"),
            plain("settled_ms"),
            plain("pot"),
            plain("paid"),
            plain("total_weight"),
            plain("miners"),
        ],
        order: "epoch",
    },
    Table {
        name: "wallet_reviews",
        columns: &[
            plain("id"),
            plain("at_ms"),
            plain("wallet"),
            plain("decision"),
            plain("reason"),
        ],
        order: "id",
    },
    Table {
        name: "transfers",
        columns: &[
            plain("id"),
            plain("hash"),
            plain("from_address"),
            plain("to_address"),
            plain("amount"),
            plain("nonce"),
            plain("memo"),
            plain("public_key"),
            plain("signature"),
            plain("signed"),
            plain("received_ms"),
            plain("confirms_ms"),
            plain("state"),
            plain("ended_ms"),
            plain("reason"),
        ],
        order: "id",
    },
    Table {
        name: "units",
        columns: &[
            plain("id"),
            plain("miner"),
            plain("bound_ms"),
            plain("known"),
            truth("renews"),
            plain("epoch"),
            plain("paid"),
        ],
        order: "id",
    },
    Table {
        name: "unit_marks",
        columns: &[plain("tag"), plain("unit")],
        order: "tag, unit",
    },
    Table {
        name: "unit_epochs",
        columns: &[
            plain("epoch"),
            plain("unit"),
            plain("miner"),
            plain("attestation_id"),
        ],
        order: "epoch, unit",
    },
    Table {
        name: "unit_moves",
        columns: &[
            plain("id"),
            plain("kind"),
            plain("unit"),
            plain("from_miner"),
            plain("to_miner"),
            plain("nonce"),
            plain("public_key"),
            plain("signature"),
            plain("signed"),
            plain("reason"),
            plain("requested_ms"),
            plain("due_ms"),
            plain("state"),
            plain("ended_ms"),
            plain("cancel_key"),
            plain("cancel_signature"),
            plain("cancel_signed"),
            plain("cancel_reason"),
        ],
        order: "id",
    },
    Table {
        name: "unit_events",
        columns: &[
            plain("id"),
            plain("at_ms"),
            plain("unit"),
            plain("kind"),
            plain("miner"),
            plain("attestation_id"),
            plain("move"),
            plain("other"),
            plain("reason"),
        ],
        order: "id",
    },
];

/// Tables and columns that a backup of this version holds.
pub fn tables() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    TABLES
        .iter()
        .map(|table| (table.name, table.columns.iter().map(|c| c.0).collect()))
}
