//! The existing network's miners, each with its own form of submission, over HTTP: none is refused for its
//! form alone, none makes the node fail, and none earns more than its evidence can carry.

mod common;

use common::{nonce, unlimited, Kind, Miner, Node, Reply};
use serde_json::{json, Value};
use verdigris_node::attest::signature::{Older, Policy, Unsigned};
use verdigris_node::config::Config;
use verdigris_node::json::{canonical_as_sent, parse, Spelling};

on_each_database!(
    every_stock_form_gets_its_verdict,
    forms_that_lack_something_are_told_what,
    a_fingerprint_measured_once_is_taken_again_from_its_miner_alone,
    consoles_with_equal_payloads_are_not_copies,
);

const WINDOWS: &str = include_str!("data/stock/windows.json");
const MACOS: &str = include_str!("data/stock/macos.json");
const POWER8: &str = include_str!("data/stock/power8.json");
const PICO: &str = include_str!("data/stock/pico-bridge.json");
const C_G4: &str = include_str!("data/stock/c-g4.json");
const RUST: &str = include_str!("data/stock/rust.json");
const APPLE2: &str = include_str!("data/stock/apple2.json");
const I386: &str = include_str!("data/stock/i386.json");
const FLOPPY: &str = include_str!("data/stock/floppy.json");

/// The most that evidence weighs which no challenge binds: what a virtual machine weighs, 10^-9.
const CAP_UNITS: u64 = 1;

/// A recorded request, with a challenge of this node's and a wallet of this miner's.
fn request(node: &Node, text: &str, miner: &Miner) -> Value {
    let text = text
        .replace(&"0".repeat(64), &nonce(node.address))
        .replace("\"MINER\"", &format!("\"{}\"", miner.id));
    parse(text.as_bytes()).unwrap()
}

/// How a check of a channel came out.
fn outcome<'a>(reply: &'a Reply, channel: &str) -> &'a str {
    let checks = reply.body["verdict"]["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["channel"] == channel);
    check.map_or("", |check| check["outcome"].as_str().unwrap())
}

/// As every answer to old evidence must be.
fn earns_at_most_the_cap(reply: &Reply) {
    assert_eq!(reply.status, 200, "{reply:?}");
    let verdict = &reply.body["verdict"];
    assert_eq!(verdict["physical"], false);
    assert_eq!(reply.body["fingerprint_passed"], false);
    assert!(
        verdict["weight_units"].as_u64().unwrap() <= CAP_UNITS,
        "{verdict}"
    );
    assert_eq!(outcome(reply, "binding"), "absent");
    // It says why, and what would earn more.
    let checks = verdict["checks"].to_string();
    assert!(checks.contains("belong to no challenge") && checks.contains("earns more"));
}

fn every_stock_form_gets_its_verdict(kind: Kind) {
    let node = Node::start_on(kind, unlimited());
    // Signed with the address's key: the form of Linux, Windows and macOS.
    for (text, family, measured) in [
        (WINDOWS, "x86", "note"),
        (MACOS, "Apple Silicon", "note"),
        (PICO, "MIPS", "absent"),
    ] {
        let miner = Miner::number(1);
        let reply = node.submit(&miner.sign(request(&node, text, &miner)));
        earns_at_most_the_cap(&reply);
        assert_eq!(reply.body["verdict"]["class"], "unproven");
        assert_eq!(reply.body["device"]["family"], family);
        for channel in ["oscillator", "cache", "simd", "thermal", "jitter"] {
            assert_eq!(outcome(&reply, channel), measured, "{family} {channel}");
        }
        assert_eq!(outcome(&reply, "environment"), "note");
        // Unsigned it is nobody's: an address is a key.
        let unsigned = node.submit(&request(&node, text, &miner));
        assert_eq!(unsigned.code(), "MISSING_SIGNATURE");
    }
    // Unsigned under a name: POWER8, and the C miner for the G4, whose checks are plain booleans.
    for (text, family, measured) in [(POWER8, "PowerPC", "note"), (C_G4, "PowerPC", "absent")] {
        let reply = node.submit(&request(&node, text, &Miner::number(2)));
        earns_at_most_the_cap(&reply);
        assert_eq!(reply.body["device"]["family"], family);
        assert_eq!(outcome(&reply, "thermal"), measured, "{family}");
    }
    // Where the same evidence says that it is virtual, it is judged so, by a word and not a substring.
    let miner = Miner::number(3);
    let mut body = request(&node, WINDOWS, &miner);
    body["fingerprint"]["checks"]["anti_emulation"]["data"]["vm_indicators"] =
        json!(["/sys/class/dmi/id/sys_vendor:qemu"]);
    let reply = node.submit(&miner.sign(body));
    earns_at_most_the_cap(&reply);
    assert_eq!(reply.body["verdict"]["class"], "virtual");
    assert_eq!(outcome(&reply, "environment"), "fail");
}

fn forms_that_lack_something_are_told_what(kind: Kind) {
    let node = Node::start_on(kind, unlimited());
    let miner = Miner::number(1);
    for (text, status, code) in [
        (RUST, 422, "MISSING_FINGERPRINT"),
        (APPLE2, 422, "MISSING_SIGNALS"),
        (I386, 422, "MISSING_DEVICE"),
        (FLOPPY, 422, "MISSING_SIGNALS"),
    ] {
        let reply = node.submit(&request(&node, text, &miner));
        assert_eq!((reply.status, reply.code()), (status, code), "{text}");
    }
    // A nonce of one's own is no challenge.
    let own = C_G4.replace(&"0".repeat(64), &"12".repeat(32));
    let reply = node.submit(&parse(own.as_bytes()).unwrap());
    assert_eq!((reply.status, reply.code()), (409, "CHALLENGE_INVALID"));
}

/// Stock miners measure once and send the same again every ten minutes; the existing network refused that
/// within five minutes, and called it frozen later.
fn a_fingerprint_measured_once_is_taken_again_from_its_miner_alone(kind: Kind) {
    let node = Node::start_on(kind, unlimited());
    let miner = Miner::number(1);
    for _ in 0..4 {
        let reply = node.submit(&miner.sign(request(&node, WINDOWS, &miner)));
        earns_at_most_the_cap(&reply);
        assert_eq!(reply.body["temporal_review_flag"], false);
        node.wait_ms(60_000);
    }
    let thief = Miner::number(2);
    let copied = node.submit(&thief.sign(request(&node, WINDOWS, &thief)));
    assert_eq!(
        (copied.status, copied.code()),
        (409, "REPLAY_ATTACK_BLOCKED")
    );
}

/// Two consoles of one model send the same few numbers.
fn consoles_with_equal_payloads_are_not_copies(kind: Kind) {
    let node = Node::start_on(kind, unlimited());
    for n in 0..3 {
        let miner = Miner::number(n);
        let mut body = request(&node, PICO, &miner);
        body["signals"]["pico_serial"] = format!("E66058388372{n:04X}").into();
        earns_at_most_the_cap(&node.submit(&miner.sign(body)));
    }
}

#[test]
fn the_traps_of_claims_and_names() {
    let node = Node::start(unlimited());
    // family, arch, cpu, host name, marks; then the family that it is taken for, and how the claim is explained.
    type Trap<'a> = (
        &'a str,
        &'a str,
        &'a str,
        &'a str,
        &'a [&'a str],
        &'a str,
        &'a str,
    );
    let traps: &[Trap] = &[
        (
            "x86",
            "modern",
            "Intel(R) Core(TM) i7-2600K CPU @ 3.40GHz",
            "dawson-pc",
            &[],
            "x86",
            "",
        ),
        (
            "x86",
            "modern",
            "Intel(R) Core(TM) i7-2600K CPU @ 3.40GHz",
            "aws-kvm-xen-uae",
            &[],
            "x86",
            "",
        ),
        (
            "x86",
            "modern",
            "Intel(R) Core(TM) i5-4590 CPU @ 3.30GHz",
            "pc",
            &["/sys/class/dmi/id/product_name:nitro"],
            "x86",
            "",
        ),
        (
            "x86",
            "modern",
            "Intel(R) Core(TM) i5-4590 CPU @ 3.30GHz",
            "pc",
            &["/sys/class/dmi/id/sys_vendor:microsoft corporation"],
            "x86",
            "",
        ),
        (
            "x86",
            "modern",
            "Intel(R) Core(TM) i5-4590 CPU @ 3.30GHz",
            "pc",
            &[
                "/sys/class/dmi/id/sys_vendor:google",
                "/sys/class/dmi/id/bios_vendor:seabios",
            ],
            "x86",
            "",
        ),
        ("S390", "s390x", "IBM z15", "mainframe", &[], "S390", ""),
        ("ARM", "aarch64", "Broadcom BCM2711", "pi", &[], "ARM", ""),
        ("ARM", "aarch64", "ARM Cortex-M4", "board", &[], "ARM", ""),
        ("ARM", "arm2", "Acorn ARM2", "archimedes", &[], "ARM", ""),
        // Liars.
        (
            "VAX",
            "vax_780",
            "Intel(R) Core(TM) i7-2600K CPU @ 3.40GHz",
            "vax",
            &[],
            "x86",
            "claim_of_another_family",
        ),
        (
            "x86",
            "nehalem",
            "AMD Ryzen 9 7950X 16-Core Processor",
            "pc",
            &[],
            "x86",
            "claim_of_another_class",
        ),
        (
            "ARM",
            "strongarm",
            "AMD Ryzen 9 7950X 16-Core Processor",
            "pc",
            &[],
            "x86",
            "claim_of_another_family",
        ),
    ];
    for (n, (family, arch, cpu, hostname, marks, taken_for, code)) in (0..).zip(traps) {
        let miner = Miner::number(n);
        let mut body = request(&node, WINDOWS, &miner);
        body["device"] =
            json!({"family": family, "arch": arch, "cpu": cpu, "model": cpu, "cores": 4});
        body["signals"]["hostname"] = (*hostname).into();
        let checks = &mut body["fingerprint"]["checks"];
        checks["anti_emulation"]["data"]["vm_indicators"] = json!(marks);
        checks["anti_emulation"]["passed"] = marks.is_empty().into();
        checks["anti_emulation"]["data"]["is_likely_vm"] = (!marks.is_empty()).into();
        checks["clock_drift"]["data"]["drift_stdev"] = (50_000 + n).into();
        let reply = node.submit(&miner.sign(body));
        earns_at_most_the_cap(&reply);
        let verdict = &reply.body["verdict"];
        // Nothing of a name makes it virtual.
        assert_eq!(verdict["class"], "unproven", "{cpu} {marks:?}");
        assert_eq!(
            reply.body["device"]["family"], *taken_for,
            "{cpu} as {arch}"
        );
        let claim = verdict["checks"]
            .as_array()
            .unwrap()
            .iter()
            .find(|c| c["channel"] == "claim");
        let said = claim.and_then(|c| c["code"].as_str()).unwrap_or_default();
        match *code {
            // "modern" is what stock miners claim of any PC; that its class is older may be said.
            "" => assert_ne!(said, "claim_of_another_family", "{cpu} as {arch}"),
            code => assert_eq!(said, code, "{cpu} as {arch}"),
        }
        // No Apple is seen in "BCM2711", "Cortex-M4" or "ARM2".
        assert!(!verdict.to_string().contains("Apple"), "{cpu}");
    }
}

#[test]
fn numbers_that_were_made_up_are_found_out() {
    let node = Node::start(unlimited());
    let miner = Miner::number(1);
    let mut body = request(&node, WINDOWS, &miner);
    // Inside the published bands, and not what its own terms give.
    body["fingerprint"]["checks"]["clock_drift"]["data"]["cv"] = json!(0.021);
    body["fingerprint"]["checks"]["thermal_drift"]["data"]["drift_ratio"] = json!(1.06);
    let reply = node.submit(&miner.sign(body));
    earns_at_most_the_cap(&reply);
    assert_eq!(outcome(&reply, "oscillator"), "fail");
    assert_eq!(outcome(&reply, "thermal"), "fail");
    assert_eq!(reply.body["verdict"]["class"], "unproven");
    let summary = reply.body["verdict"]["summary"].as_str().unwrap();
    assert!(
        summary.contains("contradict each other (oscillator, thermal)"),
        "{summary}"
    );
}

/// A client may sign its own digits or Python's; the node's own spelling of an exponent is neither.
#[test]
fn a_signature_verifies_over_the_digits_that_were_sent_or_over_pythons() {
    let node = Node::start(unlimited());
    let miner = Miner::number(1);
    let members = ["public_key", "signature", "signature_type"];
    for (digits, python) in [
        ("1E5", true),
        ("1e16", true),
        ("-0.0", true),
        ("1.50", true),
        ("1e5", false),
        ("12e-7", false),
    ] {
        let mut body = request(&node, WINDOWS, &miner);
        body["report"]["entropy_score"] = "DIGITS".into();
        body["signals"]["hostname"] = "caf\u{e9}-\u{1f600}".into();
        let text = body.to_string().replace("\"DIGITS\"", digits);
        let spelling = if python {
            Spelling::Python
        } else {
            Spelling::Sent
        };
        let signed = canonical_as_sent(&text, &members, spelling).unwrap();
        let with = |text: &str| {
            let tail = format!(
                ",\"signature\":\"{}\",\"public_key\":\"{}\",\"signature_type\":\"canonical_json\"}}",
                miner.signature(&signed),
                miner.public_hex()
            );
            format!("{}{tail}", text.strip_suffix('}').unwrap())
        };
        // A different value is not what was signed.
        let other = with(&text.replace(digits, "3"));
        let refused = common::post(node.address, "/attest/submit", other.as_bytes());
        assert_eq!(refused.code(), "INVALID_SIGNATURE", "{digits}");
        let reply = common::post(node.address, "/attest/submit", with(&text).as_bytes());
        assert_eq!(reply.status, 200, "{digits} {reply:?}");
    }
}

/// What an operator may allow for old clients, one switch at a time.
#[test]
fn old_clients_are_let_in_by_policy() {
    let with = |unsigned, older| {
        Node::start(Config {
            signatures: Policy { unsigned, older },
            ..unlimited()
        })
    };
    let miner = Miner::number(1);
    let unsigned = |node: &Node| node.submit(&request(node, MACOS, &miner)).status;
    let older = |node: &Node| {
        let body = request(node, MACOS, &miner);
        node.submit(&miner.sign_as_before(body)).status
    };
    let closed = with(Unsigned::Never, Older::Never);
    assert_eq!((unsigned(&closed), older(&closed)), (400, 400));
    let by_default = with(Unsigned::default(), Older::default());
    assert_eq!((unsigned(&by_default), older(&by_default)), (400, 400));
    let open = with(Unsigned::Any, Older::Any);
    assert_eq!((unsigned(&open), older(&open)), (200, 200));
    // Once it signed a whole submission, nobody speaks for it without its key, whatever the policy.
    assert_eq!(node_of(&open, &miner), 200);
    assert_eq!(unsigned(&open), 400);
}

fn node_of(node: &Node, miner: &Miner) -> u16 {
    node.submit(&miner.sign(request(node, MACOS, miner))).status
}
