//! Whole sessions against a node of a few lines, with the network cut at any byte.

mod network;

use miner_tiny::answer;
use miner_tiny::http::HttpError;
use miner_tiny::session::{
    Config, Ending, Error, Outcome, Purpose, Session, Signer, Step, CONNECT_MS, EXCHANGE_MS,
    OFFLINE_NONCE, RETRY_MS, SESSION_MAX, TEXT_MAX,
};
use miner_tiny::wallet::{address, verify, Key};
use miner_tiny::Host;
use network::{answer, config, NONCE};
use probe_core::channels::environment::Fact;
use probe_core::evidence::Evidence;
use probe_core::machine::{Chain, Identity, Machine, Operands, Ring, Walk};
use probe_core::plan::{Plan, MIN_ARENA};
use probe_core::seed::Seed;
use probe_core::ticks::{CounterInfo, Ticks};
use proptest::prelude::*;
use serde_json::Value;
use test_rigs::sim::{presets, Simulated};

/// A processor that has a counter and nothing else: measured in no time.
struct Bare(u64);

impl Ticks for Bare {
    fn now(&mut self) -> u64 {
        self.0 += 7;
        self.0
    }

    fn info(&self) -> CounterInfo {
        CounterInfo {
            source: "bare",
            bits: 64,
            nominal_hz: None,
        }
    }
}

impl Machine for Bare {
    fn identity(&mut self) -> Identity {
        Identity {
            architecture: "vax",
            backend: "test",
            words: [0; 12],
            name: [0; 48],
            vector_unit: "",
        }
    }

    fn chain(&mut self, _: Chain, _: &Operands) -> Option<u64> {
        None
    }

    fn chase(&mut self, _: &mut [u8], _: &Ring, _: Walk, _: &mut [u64]) -> Option<u64> {
        None
    }
}

/// What the node does with a connection.
enum Reaction {
    /// Does not take it.
    Refuse,
    /// Takes it, and never says a word.
    Silent,
    /// Reads so many bytes, and breaks off.
    Break(usize),
    /// Reads the request, and answers with these bytes, and closes.
    Answer(Vec<u8>),
}

/// What a session came to, and what the node saw.
struct Played {
    outcome: Outcome,
    /// Requests as far as they arrived, one for each connection taken.
    requests: Vec<Vec<u8>>,
    evidence: Option<Evidence>,
    payload: Option<Vec<u8>>,
    /// Virtual time at the end, milliseconds.
    end_ms: u64,
}

fn key() -> Key {
    Key::from_seed(&[9; 32])
}

/// Drives a session to its end: `node` is asked for each connection, with its number and the whole
/// request; `pieces` are the sizes in which bytes travel, over and over.
fn play(
    config: Config<'_>,
    machine: &mut impl Machine,
    pieces: &[usize],
    mut node: impl FnMut(usize, &[u8]) -> Reaction,
) -> Played {
    let mut arena = vec![0; MIN_ARENA as usize];
    let signer = key();
    let host = Host {
        cores: 1,
        hostname: "test host",
        ..Host::default()
    };
    let mut session = Box::new(Session::new(config, host, &signer, &mut arena));
    let mut sizes = pieces.iter().copied().cycle();
    let mut next_size = || sizes.next().unwrap_or(usize::MAX).max(1);
    let mut now_ms = 1_000;
    let mut requests: Vec<Vec<u8>> = Vec::new();
    let mut reaction = Reaction::Refuse;
    let mut answered = 0;
    let mut payload = None;
    // Far more than any session takes.
    for _ in 0..3_000_000 {
        if let Some(there) = session.payload() {
            payload = Some(there.to_vec());
        }
        match session.step(now_ms) {
            Step::Connect { until_ms } => {
                assert_eq!(until_ms, now_ms + CONNECT_MS);
                // What it does is decided when the request is there; only a refusal comes first.
                reaction = node(requests.len(), b"");
                answered = 0;
                requests.push(Vec::new());
                match reaction {
                    Reaction::Refuse => session.failed(),
                    _ => session.connected(),
                }
            }
            Step::Send { bytes, until_ms } => {
                assert!(!bytes.is_empty() && until_ms > now_ms);
                let request = requests.last_mut().unwrap();
                let mut count = next_size().min(bytes.len());
                if let Reaction::Break(at) = reaction {
                    count = count.min(at - request.len().min(at));
                }
                request.extend_from_slice(&bytes[..count]);
                match count {
                    0 => session.failed(),
                    count => session.sent(count),
                }
            }
            Step::Receive { until_ms } => {
                let request = requests.last().unwrap().clone();
                match &reaction {
                    Reaction::Answer(_) if answered == 0 => {
                        reaction = node(requests.len() - 1, &request);
                        answered = 1;
                    }
                    Reaction::Answer(bytes) if answered <= bytes.len() => {
                        let from = answered - 1;
                        let to = from.saturating_add(next_size()).min(bytes.len());
                        match to - from {
                            0 => session.closed(),
                            _ => session.received(&bytes[from..to]),
                        }
                        answered = to + 1;
                    }
                    Reaction::Answer(_) => session.closed(),
                    Reaction::Break(_) => session.failed(),
                    Reaction::Silent | Reaction::Refuse => now_ms = until_ms,
                }
            }
            Step::Close => {}
            Step::Measure => {
                now_ms += 1;
                session.measure(machine, None);
            }
            Step::Wait { until_ms } => {
                assert_eq!(until_ms, now_ms + RETRY_MS);
                now_ms = until_ms;
            }
            Step::Done(outcome) => {
                let outcome = outcome.clone();
                return Played {
                    outcome,
                    requests,
                    evidence: session.evidence().cloned(),
                    payload: session.payload().map(<[u8]>::to_vec).or(payload),
                    end_ms: now_ms,
                };
            }
        }
    }
    panic!("the session does not end");
}

/// Signs canonical JSON as a node does: `tail` are the members after `node_signature` by the alphabet.
fn signed(node: &Key, before: &str, tail: &str) -> String {
    let signature = node.sign(format!("{{{before},{tail}}}").as_bytes());
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
    format!(
        "{{{before},\"node_public_key\":\"{}\",\"node_signature\":\"{}\",{tail}}}",
        hex(&node.public_key()),
        hex(&signature)
    )
}

fn challenge(node: &Key) -> String {
    signed(
        node,
        "\"bound_miner\":\"m\",\"expires_at\":300",
        &format!("\"nonce\":\"{NONCE}\",\"server_time\":0"),
    )
}

fn acceptance(node: &Key, nonce: &str) -> String {
    signed(
        node,
        "\"epoch\":353,\"fingerprint_passed\":true",
        &format!(
            "\"nonce\":\"{nonce}\",\"ok\":true,\"ticket_id\":\"ticket_1\",\"verdict\":{{\"checks\":[\
             {{\"summary\":\"no\"}}],\"class\":\"g4\",\"family\":\"PowerPC\",\"physical\":true,\
             \"summary\":\"Real \\\"silicon\\\".\",\"weight_units\":2500000000}}"
        ),
    )
}

/// A node that does everything right.
fn honest(node: &Key) -> impl FnMut(usize, &[u8]) -> Reaction + '_ {
    |connection, _| {
        Reaction::Answer(match connection {
            0 => answer("200 OK", &challenge(node)),
            _ => answer("200 OK", &acceptance(node, NONCE)),
        })
    }
}

/// The body of a request that came whole.
fn body(request: &[u8]) -> &[u8] {
    network::body(request).expect("a whole request")
}

#[test]
fn a_session_fits_where_it_says() {
    assert!(core::mem::size_of::<Session<'_, Key>>() <= SESSION_MAX);
}

#[test]
fn a_simulated_machine_attests() {
    let node = Key::from_seed(&[1; 32]);
    let facts = [Fact::new("os", "an \"os\"")];
    let mut machine = Simulated::new(presets::g4e(), 1);
    let played = play(config(&facts), &mut machine, &[1_000], honest(&node));
    let outcome = &played.outcome;
    assert_eq!(outcome.ending, Some(Ending::Accepted), "{outcome:?}");
    assert_eq!((outcome.status, outcome.epoch), (200, Some(353)));
    assert_eq!(outcome.ticket, "ticket_1");
    assert_eq!(outcome.node_key, Some(node.public_key()));
    let verdict = &outcome.verdict;
    assert_eq!(verdict.summary, "Real \"silicon\".");
    assert_eq!(
        (verdict.class.as_str(), verdict.physical),
        ("g4", Some(true))
    );
    assert_eq!(verdict.weight_units, Some(2_500_000_000));
    assert!(outcome.measured_ms > 0 && outcome.connections == 2);

    let asked: Value = serde_json::from_slice(body(&played.requests[0])).unwrap();
    let miner = address(&key().public_key());
    assert_eq!(asked["miner"], miner.as_str());
    let head = String::from_utf8_lossy(&played.requests[1]);
    assert!(head.starts_with("POST /attest/submit HTTP/1.1\r\nHost: node.example:8099\r\n"));
    let sent = body(&played.requests[1]);
    assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", sent.len())));
    assert_eq!(sent.len(), outcome.submission_bytes as usize);
    assert_eq!(Some(sent), played.payload.as_deref());

    // The submission is signed, and its evidence answers this challenge.
    let submission: Value = serde_json::from_slice(sent).unwrap();
    assert_eq!(submission["miner_id"], "powerpc-test-host");
    let evidence: Evidence = serde_json::from_value(submission["evidence"].clone()).unwrap();
    assert_eq!(Some(&evidence), played.evidence.as_ref());
    let seed = Seed::derive(NONCE, &miner);
    let plan = config(&[]).plan;
    let pipeline = evidence.pipeline.unwrap();
    let expected = probe_core::channels::pipeline::expected_digest(&plan, &seed, &pipeline);
    assert_eq!(pipeline.digest, expected);
    let text = String::from_utf8_lossy(sent);
    let (signed_part, members) = text.split_at(text.find(",\"public_key\"").unwrap());
    let signature = members.split('"').nth(7).unwrap();
    let signature = miner_tiny::wallet::unhex(signature).unwrap();
    let parts = [signed_part.as_bytes(), b"}"];
    assert!(verify(&key().public_key(), &signature, &parts));
}

#[test]
fn without_a_node_nothing_is_connected() {
    let offline = Config {
        purpose: Purpose::Offline,
        host: "",
        miner: "a-miner",
        name: "a-name",
        ..config(&[])
    };
    let played = play(offline, &mut Bare(0), &[], |_, _| panic!("nobody is asked"));
    assert_eq!(played.outcome.ending, Some(Ending::Rehearsed));
    let payload: Value = serde_json::from_slice(&played.payload.unwrap()).unwrap();
    assert_eq!(payload["nonce"], OFFLINE_NONCE);
    assert_eq!(
        (&payload["miner"], &payload["miner_id"]),
        (&"a-miner".into(), &"a-name".into())
    );
}

#[test]
fn a_rehearsal_asks_and_does_not_submit() {
    let node = Key::from_seed(&[1; 32]);
    let rehearsal = Config {
        purpose: Purpose::Rehearse,
        base: "/a/b",
        ..config(&[])
    };
    let played = play(rehearsal, &mut Bare(0), &[], honest(&node));
    assert_eq!(played.outcome.ending, Some(Ending::Rehearsed));
    assert_eq!(played.requests.len(), 1);
    assert!(played.requests[0].starts_with(b"POST /a/b/attest/challenge "));
    assert!(played
        .payload
        .is_some_and(|payload| payload.ends_with(b"\"canonical_json\"}")));
}

#[test]
fn more_facts_than_fit_are_left_out() {
    let node = Key::from_seed(&[1; 32]);
    let facts: Vec<Fact> = (0..24)
        .map(|i| Fact::new(&format!("key{i}"), &"\\".repeat(64)))
        .collect();
    let played = play(config(&facts), &mut Bare(0), &[], honest(&node));
    assert_eq!(played.outcome.ending, Some(Ending::Accepted));
    let kept = played.evidence.unwrap().environment.unwrap().facts;
    assert!((1..24).contains(&kept.len()));
    assert_eq!(kept[0].key, "key0");
}

#[test]
fn one_failure_of_each_exchange_is_forgiven() {
    let node = Key::from_seed(&[1; 32]);
    for broken in [0, 40, 5_000] {
        // Connections 0 and 2 fail, 1 and 3 are served.
        let played = play(
            config(&[]),
            &mut Bare(0),
            &[],
            |connection, _| match connection {
                0 if broken == 0 => Reaction::Refuse,
                0 | 2 => Reaction::Break(broken),
                1 => Reaction::Answer(answer("200 OK", &challenge(&node))),
                _ => Reaction::Answer(answer("200 OK", &acceptance(&node, NONCE))),
            },
        );
        assert_eq!(played.outcome.ending, Some(Ending::Accepted), "{broken}");
        assert_eq!(played.outcome.connections, 4);
        // What is sent the second time is the same, signature and all.
        assert_eq!(Some(body(&played.requests[3])), played.payload.as_deref());
        assert!(played.end_ms >= 1_000 + 2 * RETRY_MS);
    }
}

#[test]
fn an_answer_lost_half_way_does_not_spoil_the_second_submission() {
    let node = Key::from_seed(&[1; 32]);
    let mut first = None;
    let played = play(config(&[]), &mut Bare(0), &[], |connection, request| {
        Reaction::Answer(match connection {
            0 => answer("200 OK", &challenge(&node)),
            1 => {
                first = Some(request.to_vec());
                let mut half = answer("200 OK", &acceptance(&node, NONCE));
                half.truncate(half.len() / 2);
                half
            }
            _ => answer("200 OK", &acceptance(&node, NONCE)),
        })
    });
    assert_eq!(played.outcome.ending, Some(Ending::Accepted));
    assert_eq!(first.as_ref(), played.requests.get(2));
}

#[test]
fn two_failures_are_the_end() {
    let refused = play(config(&[]), &mut Bare(0), &[], |_, _| Reaction::Refuse);
    assert_eq!(
        refused.outcome.ending,
        Some(Ending::Failed(Error::Unreachable))
    );
    assert_eq!(refused.outcome.connections, 2);
    let broken = play(config(&[]), &mut Bare(0), &[], |_, _| Reaction::Break(9));
    assert_eq!(
        broken.outcome.ending,
        Some(Ending::Failed(Error::ConnectionLost))
    );
    let silent = play(config(&[]), &mut Bare(0), &[], |_, _| Reaction::Silent);
    assert_eq!(silent.outcome.ending, Some(Ending::Failed(Error::TimedOut)));
    assert_eq!(silent.end_ms, 1_000 + 2 * EXCHANGE_MS + RETRY_MS);
    assert!(silent.outcome.is_passing());
}

#[test]
fn refusals_are_told_with_the_nodes_words() {
    let node = Key::from_seed(&[1; 32]);
    let refusal = "{\"code\":\"EVIDENCE_REJECTED\",\"error\":\"evidence_rejected\",\"message\":\
                   \"It does not fit.\",\"ok\":false,\"verdict\":{\"physical\":false,\"summary\":\"s\"}}";
    let played = play(config(&[]), &mut Bare(0), &[], |connection, _| {
        Reaction::Answer(match connection {
            0 => answer("200 OK", &challenge(&node)),
            _ => answer("422 Unprocessable Entity", refusal),
        })
    });
    let outcome = played.outcome;
    assert_eq!(outcome.ending, Some(Ending::Refused));
    assert_eq!(
        (outcome.status, outcome.code.as_str()),
        (422, "EVIDENCE_REJECTED")
    );
    assert_eq!(outcome.message, "It does not fit.");
    assert_eq!(outcome.verdict.summary, "s");
    assert!(outcome.is_passing());

    // Another wallet's machine stays another's; one that is paid in this epoch comes back in the next.
    for (code, is_passing) in [
        ("DUPLICATE_HARDWARE", false),
        ("HARDWARE_BINDING_FAILED", false),
        ("PAID_UNDER_ANOTHER_WALLET", true),
    ] {
        let played = play(config(&[]), &mut Bare(0), &[], |_, _| {
            Reaction::Answer(answer("409 Conflict", &format!("{{\"code\":\"{code}\"}}")))
        });
        assert_eq!(played.outcome.is_passing(), is_passing, "{code}");
    }

    let limited = b"HTTP/1.1 429 Slow\r\nRetry-After: 17\r\n\r\n<html>".to_vec();
    let played = play(config(&[]), &mut Bare(0), &[], |_, _| {
        Reaction::Answer(limited.clone())
    });
    assert_eq!(played.outcome.ending, Some(Ending::Refused));
    assert_eq!(played.outcome.retry_after_s, Some(17));
    assert_eq!(
        (played.outcome.status, played.outcome.connections),
        (429, 1)
    );
}

#[test]
fn only_the_node_is_believed() {
    let node = Key::from_seed(&[1; 32]);
    let other = Key::from_seed(&[2; 32]);
    let unsigned = format!("{{\"nonce\":\"{NONCE}\",\"ok\":true}}");
    let forged = challenge(&node).replace("\"expires_at\":300", "\"expires_at\":301");
    let half = challenge(&node).replace("node_public_key", "node_public_kei");
    let trusting = config(&[]);
    let knowing = Config {
        node_key: Some(node.public_key()),
        ..trusting
    };
    let ok = Ending::Accepted;
    let failed = Ending::Failed;
    let cases = [
        (trusting, challenge(&node), acceptance(&node, NONCE), ok),
        (knowing, challenge(&node), acceptance(&node, NONCE), ok),
        // A node of another make signs nothing.
        (trusting, unsigned.clone(), unsigned.clone(), ok),
        (
            knowing,
            unsigned.clone(),
            unsigned.clone(),
            failed(Error::WrongNode),
        ),
        (
            knowing,
            challenge(&other),
            unsigned.clone(),
            failed(Error::WrongNode),
        ),
        (
            trusting,
            challenge(&node),
            unsigned.clone(),
            failed(Error::WrongNode),
        ),
        (
            trusting,
            challenge(&node),
            acceptance(&other, NONCE),
            failed(Error::WrongNode),
        ),
        (
            trusting,
            challenge(&node),
            acceptance(&node, OFFLINE_NONCE),
            failed(Error::WrongNonce),
        ),
        (trusting, forged, String::new(), failed(Error::BadSignature)),
        (trusting, half, String::new(), failed(Error::BadSignature)),
        (
            trusting,
            "[]".into(),
            String::new(),
            failed(Error::NotANode),
        ),
        (
            trusting,
            "{}".into(),
            String::new(),
            failed(Error::NotANode),
        ),
        (
            trusting,
            "{\"nonce\":7}".into(),
            String::new(),
            failed(Error::NotANode),
        ),
        (
            trusting,
            "{\"nonce\":\"a b\"}".into(),
            String::new(),
            failed(Error::NotANode),
        ),
        (
            trusting,
            format!("{{\"nonce\":\"{NONCE}0\"}}"),
            String::new(),
            failed(Error::NotANode),
        ),
        (
            trusting,
            unsigned,
            "{\"ok\":false}".into(),
            failed(Error::NotANode),
        ),
    ];
    for (config, first, second, ending) in cases {
        let played = play(config, &mut Bare(0), &[], |connection, _| {
            Reaction::Answer(answer("200 OK", [&first, &second][connection.min(1)]))
        });
        assert_eq!(played.outcome.ending, Some(ending), "{first} {second}");
    }
}

#[test]
fn answers_that_are_none_are_named() {
    let long = answer("200 OK", &"x".repeat(TEXT_MAX + 1));
    let endless = [
        b"HTTP/1.1 200 OK\r\n\r\n".to_vec(),
        vec![b'x'; TEXT_MAX + 1],
    ]
    .concat();
    for (bytes, error) in [
        (b"SSH-2.0\r\n".to_vec(), HttpError::NotHttp),
        (
            b"HTTP/1.1 301 Moved\r\n\r\n".to_vec(),
            HttpError::Redirected,
        ),
        (long, HttpError::BodyTooLong),
        (endless, HttpError::BodyTooLong),
    ] {
        let played = play(config(&[]), &mut Bare(0), &[500], |_, _| {
            Reaction::Answer(bytes.clone())
        });
        let failed = Ending::Failed(Error::Http(error));
        assert_eq!(played.outcome.ending, Some(failed));
        assert_eq!((failed.exit_status(), played.outcome.connections), (6, 1));
    }
}

#[test]
fn a_configuration_that_makes_no_sense_is_refused_at_once() {
    let long_host = "h".repeat(300);
    let long_id = "m".repeat(129);
    let good = config(&[]);
    for bad in [
        Config { host: "", ..good },
        Config {
            host: "a b",
            ..good
        },
        Config {
            host: "a\r\nx:y",
            ..good
        },
        Config {
            host: &long_host,
            ..good
        },
        Config { base: "x", ..good },
        Config {
            base: "/x y",
            ..good
        },
        Config {
            miner: "a/b",
            ..good
        },
        Config {
            miner: &long_id,
            ..good
        },
        Config { name: "\"", ..good },
    ] {
        let played = play(bad, &mut Bare(0), &[], |_, _| panic!("nobody is asked"));
        let ending = played.outcome.ending.unwrap();
        assert!(
            matches!(ending, Ending::Failed(Error::BadConfig(_))),
            "{bad:?}"
        );
        assert_eq!(ending.exit_status(), 2);
    }
    let plan = Plan {
        quick: true,
        arena_bytes: MIN_ARENA - 1,
    };
    let small = Config {
        plan,
        purpose: Purpose::Offline,
        ..good
    };
    let played = play(small, &mut Bare(0), &[], |_, _| panic!("nobody is asked"));
    assert!(matches!(
        played.outcome.ending,
        Some(Ending::Failed(Error::Start(_)))
    ));
}

/// An answer in chunks of the given sizes.
fn chunked(body: &str, sizes: &[usize]) -> Vec<u8> {
    let mut out = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let mut rest = body.as_bytes();
    let mut sizes = sizes.iter().cycle();
    while !rest.is_empty() {
        let (chunk, more) = rest.split_at(
            sizes
                .next()
                .unwrap_or(&7)
                .max(&1)
                .min(&rest.len())
                .to_owned(),
        );
        out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
        rest = more;
    }
    out.extend_from_slice(b"0\r\n\r\n");
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_cut_of_the_network_ends_alike(
        pieces in proptest::collection::vec(1usize..400, 1..6),
        chunks in proptest::collection::vec(1usize..90, 1..6),
        whole: bool,
    ) {
        let node = Key::from_seed(&[1; 32]);
        let write = |body: &str| match whole {
            true => answer("200 OK", body),
            false => chunked(body, &chunks),
        };
        let played = play(config(&[]), &mut Bare(0), &pieces, |connection, _| {
            Reaction::Answer(match connection {
                0 => write(&challenge(&node)),
                _ => write(&acceptance(&node, NONCE)),
            })
        });
        prop_assert_eq!(played.outcome.ending, Some(Ending::Accepted));
        prop_assert_eq!(body(&played.requests[1]), played.payload.as_deref().unwrap());
    }

    #[test]
    fn random_bytes_end_in_an_error(
        bytes: Vec<u8>,
        head in prop_oneof![Just(""), Just("HTTP/1.1 200 OK\r\n\r\n"), Just("HTTP/1.1 200 OK\r\n\r\n{\"nonce\":\"")],
        second: bool,
        pieces in proptest::collection::vec(1usize..50, 1..4),
    ) {
        let node = Key::from_seed(&[1; 32]);
        let noise = [head.as_bytes(), &bytes].concat();
        let played = play(config(&[]), &mut Bare(0), &pieces, |connection, _| {
            Reaction::Answer(match connection {
                0 if second => answer("200 OK", &challenge(&node)),
                _ => noise.clone(),
            })
        });
        prop_assert!(played.outcome.ending != Some(Ending::Accepted));
        prop_assert!(played.requests.len() <= 4);
    }

    #[test]
    fn one_flipped_bit_is_never_believed(at: usize, bit in 0u8..8) {
        let node = Key::from_seed(&[1; 32]);
        let good = acceptance(&node, NONCE);
        let mut bad = good.clone().into_bytes();
        let at = at % bad.len();
        bad[at] ^= 1 << bit;
        let head = answer("200 OK", &good);
        let mut changed = head[..head.len() - bad.len()].to_vec();
        changed.extend_from_slice(&bad);
        let played = play(config(&[]), &mut Bare(0), &[], |connection, _| {
            Reaction::Answer(match connection {
                0 => answer("200 OK", &challenge(&node)),
                _ => changed.clone(),
            })
        });
        let believed = played.outcome.ending == Some(Ending::Accepted);
        prop_assert!(!believed, "byte {at} bit {bit}");
        prop_assert!(answer::split(good.as_bytes()).is_some());
    }
}

#[test]
fn a_clock_that_is_set_back_does_not_prolong_a_limit() {
    let mut arena = vec![0; MIN_ARENA as usize];
    let signer = key();
    let mut session = Box::new(Session::new(
        config(&[]),
        Host::default(),
        &signer,
        &mut arena,
    ));
    // Found by fuzzing: the limit stayed where it was, years ahead of a clock that had been wrong.
    let (wrong_ms, right_ms) = (2_000_000_000_000, 1_000);
    for limit_ms in [CONNECT_MS, EXCHANGE_MS] {
        for now_ms in [wrong_ms, right_ms] {
            let until_ms = match session.step(now_ms) {
                Step::Connect { until_ms } | Step::Send { until_ms, .. } => until_ms,
                step => panic!("{step:?}"),
            };
            assert_eq!(until_ms, now_ms + limit_ms);
        }
        session.connected();
    }
    session.failed();
    assert_eq!(session.step(right_ms), Step::Close);
    for now_ms in [wrong_ms, right_ms] {
        let until_ms = now_ms + RETRY_MS;
        assert_eq!(session.step(now_ms), Step::Wait { until_ms });
    }
}
