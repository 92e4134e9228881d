//! Scripts to start from: each reaches a corner that chance would look for long.

use super::PARSERS_ALONE;

/// Bytes of a script that stand before the first decision: flags, clock, measuring.
const PREFIX: usize = 3;
/// Sorts of answers, and of edits.
const ANSWERS: u8 = 18;
const EDITS: u8 = 8;
/// Decisions of each step.
const DECISIONS: u8 = 16;

/// The scripts.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut out = vec![Vec::new()];
    // Every purpose, known key, path, name and facts; every clock; every disturbance of measuring.
    out.extend((0..PARSERS_ALONE).map(|flags| vec![flags]));
    out.extend((1..8).map(|clock| vec![0, clock]));
    out.extend((1..4).map(|measuring| vec![0, 0, measuring]));
    for known in [0, 8] {
        // A connection: connect, sort of answer, its own bytes, edits, then sending and receiving.
        for sort in 0..ANSWERS {
            for own in 0..3 {
                out.push(script(known, &[0, sort, own, own, own, 0]));
                // The same to the submission, after an honest challenge: connect, answer, no edits,
                // two sends (head and body), a receive.
                out.push(script(
                    known,
                    &[0, 0, 0, 0, 0, 0, 0, sort, own, own, own, 0],
                ));
            }
        }
        for edit in 0..EDITS {
            for place in [0, 9, 60, 200, 230] {
                let edited = [0, 0, 1, edit, place, 0, 1, 2, 3];
                out.push(script(known, &edited));
                let submission = [&[0, 0, 0, 0, 0, 0, 0, 0, 1][..], &edited[3..]].concat();
                out.push(script(known, &submission));
            }
        }
    }
    // One bit of an acceptance, all over it: only its signature shows that.
    for place in (0..700u16).step_by(5) {
        let [low, high] = place.to_le_bytes();
        out.push(script(8, &[0, 0, 0, 0, 0, 0, 0, 0, 1, 0, low, high, 0]));
    }
    for decision in 6..DECISIONS {
        out.push(script(0, &[decision]));
        out.push(script(0, &[decision, 0, 0, 0, decision]));
        out.push(script(0, &[0, 0, 0, decision, 3, 3]));
        out.push(script(0, &[0, 0, 0, 0, 0, decision, 3, 3]));
        out.push(script(0, &[0, 0, 0, 0, 0, decision, decision, decision]));
    }
    // The same trouble twice, in each state: connecting, sending, receiving.
    for trouble in [8, 9, 10, 11, 12] {
        out.push(script(0, &[trouble, 0, trouble]));
        out.push(script(0, &[0, 0, 0, trouble, 0, 0, 0, 0, trouble]));
        let receiving = [0, 0, 0, 0, 0, trouble];
        out.push(script(0, &[&receiving[..], &[0], &receiving].concat()));
    }
    for text in [
        "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"ok\":true}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\n{\"o\r\n8\r\nk\":true}\r\n0\r\nx: y\r\n\r\n",
        "HTTP/1.1 429 Slow\r\nRetry-After: 17\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        "{\"a\":{\"b\":[1,{\"c\":\"}\"}],\"summary\":\"x\\\"\\\\\\u0041\\u00e9\\n\"},\"ok\":true,\"nonce\":12}",
    ] {
        for size in [1, 7] {
            out.push([&[PARSERS_ALONE, size], text.as_bytes()].concat());
        }
    }
    let signed = format!(
        "{{\"a\":1,\"node_public_key\":\"{}\",\"node_signature\":\"{}\",\"ok\":true}}",
        "0a".repeat(32),
        "f1".repeat(64)
    );
    out.push([&[PARSERS_ALONE, 1], signed.as_bytes()].concat());
    out.sort();
    out.dedup();
    out
}

fn script(flags: u8, decisions: &[u8]) -> Vec<u8> {
    let mut out = vec![0; PREFIX];
    out[0] = flags;
    out.extend_from_slice(decisions);
    out
}
