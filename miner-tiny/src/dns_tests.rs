use super::*;
use proptest::prelude::*;
use std::vec::Vec as List;
use std::{format, string::String, vec};

const ID: u16 = 0x1234;

fn asked() -> super::Vec<u8, QUERY_MAX> {
    query(ID, "Node.Example", Kind::A).unwrap()
}

/// A record of the name at this offset.
fn record(name: &[u8], kind: u16, data: &[u8]) -> List<u8> {
    let tail = [kind, CLASS_IN, 0, 300, data.len() as u16].map(u16::to_be_bytes);
    [name, tail.as_flattened(), data].concat()
}

/// An answer with these flags beside the usual ones.
fn answer(flags: u16, records: &[List<u8>]) -> List<u8> {
    let mut out = asked().to_vec();
    out[2..4].copy_from_slice(&(0x8180 | flags).to_be_bytes());
    out[6..8].copy_from_slice(&(records.len() as u16).to_be_bytes());
    out.extend(records.concat());
    out
}

/// A pointer to the question's name.
const SAME: [u8; 2] = [0xc0, 12];

fn v4(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn found(records: &[List<u8>]) -> Result<Addresses, DnsError> {
    read(&answer(0, records), &asked())
}

#[test]
fn a_query_is_what_rfc_1035_says() {
    assert_eq!(
        asked().as_slice(),
        b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04node\x07example\x00\x00\x01\x00\x01"
    );
    let long = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(61));
    assert_eq!(query(1, &long, Kind::Aaaa).unwrap().len(), QUERY_MAX);
    assert!(query(1, "node.example.", Kind::A).is_ok());
    let too_long = format!("{long}b");
    let label = "a".repeat(64);
    for bad in ["", ".", "a..b", "a b", "é", &label, &too_long] {
        assert_eq!(query(1, bad, Kind::A), Err(DnsError::BadName), "{bad}");
    }
}

#[test]
fn addresses_are_found_behind_aliases_in_any_order() {
    let a = record(&SAME, 1, &[192, 0, 2, 7]);
    assert_eq!(found(&[a]).unwrap(), [v4("192.0.2.7")]);
    // node.example -> b.node.example -> c; the records of c and of somebody else come first.
    let somebody = record(b"\x01x\0", 1, &[203, 0, 113, 1]);
    let c = record(b"\x01C\0", 1, &[192, 0, 2, 9]);
    let b_to_c = record(&[&b"\x01b"[..], &SAME].concat(), 5, b"\x01c\0");
    let to_b = record(&SAME, 5, &[&b"\x01B"[..], &SAME].concat());
    let records = [somebody.clone(), c, b_to_c, to_b.clone()];
    assert_eq!(found(&records).unwrap(), [v4("192.0.2.9")]);
    assert_eq!(found(&[somebody, to_b]), Err(DnsError::NoAddress));
    // Only the first four are kept.
    let many: List<_> = (0..9).map(|n| record(&SAME, 1, &[10, 0, 0, n])).collect();
    assert_eq!(found(&many).unwrap().len(), ADDRESSES_MAX);
    // The other kind is not asked for.
    assert_eq!(
        found(&[record(&SAME, 28, &[0; 16])]),
        Err(DnsError::NoAddress)
    );
    let six = query(ID, "node.example", Kind::Aaaa).unwrap();
    let mut answer = answer(0, &[record(&SAME, 28, &[1; 16])]);
    answer[..six.len()][12..].copy_from_slice(&six[12..]);
    assert_eq!(
        read(&answer, &six).unwrap(),
        [v4("101:101:101:101:101:101:101:101")]
    );
}

#[test]
fn what_is_no_answer_to_the_question_is_none() {
    let good = answer(0, &[record(&SAME, 1, &[192, 0, 2, 7])]);
    // Identifier, response bit, opcode, number of questions, name, type, class.
    for at in [0, 1, 5, 13, 20, 26, 28] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert_eq!(read(&bad, &asked()), Err(DnsError::NotAnAnswer), "{at}");
    }
    for (at, bit) in [(2, 0x80), (2, 0x08)] {
        let mut bad = good.clone();
        bad[at] ^= bit;
        assert_eq!(read(&bad, &asked()), Err(DnsError::NotAnAnswer), "{at}");
    }
    // The query itself, sent back.
    assert_eq!(read(&asked(), &asked()), Err(DnsError::NotAnAnswer));
    for length in 0..good.len() {
        let short = read(&good[..length], &asked());
        assert!(matches!(
            short,
            Err(DnsError::NotAnAnswer | DnsError::Malformed)
        ));
    }
}

#[test]
fn servers_say_what_is_wrong() {
    let a = [record(&SAME, 1, &[192, 0, 2, 7])];
    let with = |flags| read(&answer(flags, &a), &asked());
    assert_eq!(with(3), Err(DnsError::NoSuchName));
    assert_eq!(with(2), Err(DnsError::ServerFailed(2)));
    assert_eq!(with(5), Err(DnsError::ServerFailed(5)));
    assert_eq!(with(TRUNCATED), Err(DnsError::Truncated));
    assert_eq!(found(&[]), Err(DnsError::NoAddress));
    assert_eq!(
        found(&[record(&SAME, 1, &[1, 2, 3])]),
        Err(DnsError::Malformed)
    );
}

#[test]
fn no_loop_of_pointers_or_aliases_is_followed() {
    let start = asked().len() as u8;
    for pointer in [[0xc0, start], [0xc0, start + 2], [0xff, 0xff]] {
        assert_eq!(
            found(&[record(&pointer, 1, &[1; 4])]),
            Err(DnsError::Malformed)
        );
    }
    // A label and then itself: every turn would add a label.
    let own = [&b"\x01a"[..], &[0xc0, start]].concat();
    assert_eq!(found(&[record(&own, 1, &[1; 4])]), Err(DnsError::Malformed));
    // Kinds of labels that do not exist.
    assert_eq!(
        found(&[record(b"\x40a\0", 1, &[1; 4])]),
        Err(DnsError::Malformed)
    );
    let itself = record(&SAME, 5, &SAME);
    assert_eq!(found(&[itself]), Err(DnsError::NoAddress));
    let to_b = record(&SAME, 5, b"\x01b\0");
    let back = record(b"\x01b\0", 5, &SAME);
    assert_eq!(found(&[to_b, back]), Err(DnsError::NoAddress));
}

#[test]
fn files_are_read_as_their_manuals_say() {
    let file = b"# comment\nsearch example\nnameserver 192.0.2.1 # first\n  nameserver\t2001:db8::1\r\n\
        nameservers 192.0.2.2\nnameserver fe80::1%eth0\nnameserver 192.0.2.3;x\nnameserver 192.0.2.4";
    let expected = ["192.0.2.1", "2001:db8::1", "192.0.2.3"].map(v4);
    assert_eq!(servers(file).as_slice(), expected);
    assert_eq!(servers(b"options rotate\n").as_slice(), [v4("127.0.0.1")]);
    let line = b"192.0.2.5\tnode.example  Node # other";
    assert_eq!(host(line, "NODE"), Some(v4("192.0.2.5")));
    assert_eq!(host(line, "node.example"), Some(v4("192.0.2.5")));
    assert_eq!(host(line, "other"), None);
    assert_eq!(host(b"#192.0.2.5 node", "node"), None);
    assert_eq!(host(b"node node", "node"), None);
    assert_eq!(literal(b"192.0.2.256"), None);
    assert_eq!(literal(b"::ffff:192.0.2.1"), Some(v4("::ffff:192.0.2.1")));
}

fn two_servers() -> Servers {
    let mut servers = Servers::new();
    servers.push(v4("192.0.2.1")).unwrap();
    servers.push(v4("2001:db8::1")).unwrap();
    servers
}

#[test]
fn every_server_is_asked_twice_and_then_no_more() {
    let servers = two_servers();
    let mut lookup = Lookup::new("node.example", Kind::A, &servers);
    let (mut now_ms, mut asked) = (100, vec![]);
    let end = loop {
        match lookup.step(now_ms, asked.len() as u16) {
            Ask::Send { to, query } => {
                assert_eq!(query[..2], (asked.len() as u16).to_be_bytes());
                asked.push(to);
                lookup.sent();
            }
            Ask::Receive { until_ms } => {
                assert_eq!(until_ms, now_ms + TIMEOUT_MS);
                now_ms = until_ms;
            }
            Ask::Done(result) => break result.cloned(),
        }
    };
    assert_eq!(end, Err(DnsError::TimedOut));
    assert_eq!(asked, [servers[0], servers[1], servers[0], servers[1]]);
    assert_eq!(now_ms, 100 + 4 * TIMEOUT_MS);
    let nobody = Servers::new();
    let mut lookup = Lookup::new("node.example", Kind::A, &nobody);
    assert_eq!(lookup.step(0, 1), Ask::Done(Err(DnsError::TimedOut)));
    let mut lookup = Lookup::new("no name", Kind::A, &servers);
    assert_eq!(lookup.step(0, 1), Ask::Done(Err(DnsError::BadName)));
}

#[test]
fn only_the_asked_server_answers() {
    let servers = two_servers();
    let mut lookup = Lookup::new("node.example", Kind::A, &servers);
    let good = answer(0, &[record(&SAME, 1, &[192, 0, 2, 7])]);
    // Not asked yet.
    lookup.received(servers[0], PORT, &good);
    assert!(matches!(lookup.step(0, ID), Ask::Send { .. }));
    lookup.received(servers[0], PORT, &good);
    lookup.sent();
    lookup.received(servers[1], PORT, &good);
    lookup.received(servers[0], PORT + 1, &good);
    lookup.received(servers[0], PORT, &good[1..]);
    assert_eq!(
        lookup.step(7, ID),
        Ask::Receive {
            until_ms: 7 + TIMEOUT_MS
        }
    );
    // A clock set back does not prolong it.
    assert_eq!(
        lookup.step(1, ID),
        Ask::Receive {
            until_ms: 1 + TIMEOUT_MS
        }
    );
    // One that fails is passed over, and its late answer too.
    lookup.received(servers[0], PORT, &answer(2, &[]));
    assert!(matches!(lookup.step(8, ID), Ask::Send { to, .. } if to == servers[1]));
    lookup.sent();
    lookup.received(servers[0], PORT, &good);
    lookup.received(servers[1], PORT, &good);
    let done = lookup.step(9, ID);
    assert!(matches!(done, Ask::Done(Ok(found)) if found.as_slice() == [v4("192.0.2.7")]));
    let mut lookup = Lookup::new("node.example", Kind::A, &servers);
    let _ = lookup.step(0, ID);
    lookup.sent();
    lookup.received(servers[0], PORT, &answer(3, &[]));
    assert_eq!(lookup.step(0, ID), Ask::Done(Err(DnsError::NoSuchName)));
}

proptest! {
    #[test]
    fn no_answer_panics(tail: List<u8>, flags: u16, records: u16) {
        let mut bytes = answer(0, &[]);
        bytes[2..4].copy_from_slice(&(0x8000 | flags).to_be_bytes());
        bytes[6..8].copy_from_slice(&records.to_be_bytes());
        bytes.extend(tail);
        let _ = read(&bytes, &asked());
        let _ = read(&bytes[12..], &asked());
    }

    #[test]
    fn changed_answers_do_not_panic(changes in proptest::collection::vec((0usize..80, any::<u8>()), 1..6)) {
        let b_to_c = record(&[&b"\x01b"[..], &SAME].concat(), 5, b"\x01c\0");
        let mut bytes = answer(0, &[record(&SAME, 5, b"\x01b\xc0\x0c"), b_to_c, record(b"\x01c\0", 1, &[1; 4])]);
        for (at, byte) in changes {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        let _ = read(&bytes, &asked());
    }

    #[test]
    fn no_line_panics(line: List<u8>, name: String) {
        let _ = (nameserver(&line), host(&line, &name), servers(&line));
        let _ = query(1, &name, Kind::A);
    }
}
