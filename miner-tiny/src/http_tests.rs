//! Answers in every cut, and what is none.

use super::*;
use proptest::prelude::*;
use std::format;
use std::string::{String as Text, ToString};

const ROOM: usize = 64;
type Body = Vec<u8, ROOM>;

/// Reads an answer cut at the given places, and the close after it.
fn read(answer: &[u8], cuts: &[usize]) -> Result<(u16, Body), HttpError> {
    let mut reader = Reader::new();
    let mut body = Body::new();
    let mut places: std::vec::Vec<usize> =
        cuts.iter().map(|cut| cut % (answer.len() + 1)).collect();
    places.push(answer.len());
    places.sort_unstable();
    let mut from = 0;
    for to in places {
        let used = reader.feed(&answer[from..to], &mut body)?;
        assert!(used == to - from || reader.is_done());
        from = to;
    }
    reader.close()?;
    Ok((reader.status(), body))
}

fn whole(answer: &str) -> Result<(u16, Text), HttpError> {
    read(answer.as_bytes(), &[])
        .map(|(status, body)| (status, Text::from_utf8_lossy(&body).into_owned()))
}

const PLAIN: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx: y\r\n\r\nhello";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                       2\r\nhe\r\n0a;ext=1\r\nllo, world\r\n0\r\nTrailer: 1\r\n\r\n";
const CLOSED: &str = "HTTP/1.0 404 Not Found\nServer: x\n\nnothing";

#[test]
fn the_three_ways_to_say_how_long() {
    assert_eq!(whole(PLAIN), Ok((200, "hello".to_string())));
    assert_eq!(whole(CHUNKED), Ok((200, "hello, world".to_string())));
    assert_eq!(whole(CLOSED), Ok((404, "nothing".to_string())));
    assert_eq!(whole("HTTP/1.1 204\r\n\r\n"), Ok((204, Text::new())));
    assert_eq!(
        whole("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        Ok((200, Text::new()))
    );
}

#[test]
fn what_follows_an_answer_is_left() {
    let mut reader = Reader::new();
    let mut body = Body::new();
    let twice = format!("{PLAIN}{PLAIN}");
    assert_eq!(reader.feed(twice.as_bytes(), &mut body), Ok(PLAIN.len()));
    assert!(reader.is_done());
    assert_eq!(reader.feed(b"more", &mut body), Ok(0));
}

#[test]
fn a_wait_in_seconds_is_kept_and_a_date_is_not() {
    for (value, seconds) in [("7", Some(7)), ("Fri, 31 Dec 1999 23:59:59 GMT", None)] {
        let mut reader = Reader::new();
        let head = format!("HTTP/1.1 429 Slow\r\nretry-after: {value}\r\n\r\n");
        reader.feed(head.as_bytes(), &mut Body::new()).unwrap();
        assert_eq!(reader.retry_after_s(), seconds);
    }
}

#[test]
fn what_is_wrong_has_a_name() {
    let long_head = format!("HTTP/1.1 200 OK\r\n{}", "a: b\r\n".repeat(3_000));
    let interim = "HTTP/1.1 103 Early\r\n\r\n".repeat(5);
    let long = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(ROOM + 1));
    let chunk =
        |lines: &str| format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{lines}");
    let (grown, broken) = (chunk("3f\r\nx\r\n"), chunk("1\r\nxy\r\n"));
    let (no_size, huge, odd) = (chunk("\r\n"), chunk("123456789\r\n"), chunk("-1\r\n"));
    let cases = [
        ("SSH-2.0-OpenSSH\r\n", HttpError::NotHttp),
        ("HTTP/2 200\r\n", HttpError::NotHttp),
        ("HTTP/1.1 2000 OK\r\n", HttpError::NotHttp),
        ("HTTP/1.1 200", HttpError::Incomplete),
        ("", HttpError::Incomplete),
        (
            "HTTP/1.1 302 Found\r\nLocation: x\r\n\r\n",
            HttpError::Redirected,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 65\r\n\r\n",
            HttpError::BodyTooLong,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell",
            HttpError::Incomplete,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n",
            HttpError::BadLength,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n",
            HttpError::BadLength,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n",
            HttpError::BadLength,
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n",
            HttpError::BadLength,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
            HttpError::BadLength,
        ),
        (&long_head, HttpError::HeadTooLong),
        (&interim, HttpError::HeadTooLong),
        (&long, HttpError::BodyTooLong),
        (&grown, HttpError::Incomplete),
        (&broken, HttpError::BadChunk),
        (&no_size, HttpError::BadChunk),
        (&huge, HttpError::BadChunk),
        (&odd, HttpError::BadChunk),
    ];
    for (answer, error) in cases {
        assert_eq!(whole(answer), Err(error), "{answer:.60}");
    }
    assert_eq!(whole(&chunk("41\r\n")), Err(HttpError::BodyTooLong));
}

#[test]
fn the_longest_host_and_path_fit_a_head() {
    let (host, base) = ("h".repeat(256), "/b".repeat(32));
    let mut head = String::new();
    write_head(&mut head, &host, &base, "/attest/challenge", usize::MAX).unwrap();
    assert!(head.ends_with("\r\n\r\n") && head.starts_with("POST /b/b"));
}

proptest! {
    #[test]
    fn any_cut_reads_the_same(cuts in proptest::collection::vec(0usize..500, 0..8)) {
        for answer in [PLAIN, CHUNKED, CLOSED] {
            prop_assert_eq!(read(answer.as_bytes(), &cuts), read(answer.as_bytes(), &[]));
        }
    }

    #[test]
    fn no_bytes_panic_or_overflow(
        head in prop_oneof![Just(""), Just(PLAIN), Just(CHUNKED), Just(CLOSED)],
        keep in 0usize..100,
        tail: std::vec::Vec<u8>,
        cuts in proptest::collection::vec(0usize..500, 0..4),
    ) {
        let mut answer = head.as_bytes()[..keep.min(head.len())].to_vec();
        answer.extend_from_slice(&tail);
        let at_once = read(&answer, &[]);
        // An error may come earlier or later in the stream, but it is the same one.
        prop_assert_eq!(read(&answer, &cuts), at_once);
    }

    #[test]
    fn chunks_of_any_sizes_make_one_body(body in "[a-z]{0,60}", sizes in proptest::collection::vec(1usize..20, 1..20)) {
        let mut text = Text::from("HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n");
        let mut rest = body.as_str();
        let mut sizes = sizes.iter().cycle();
        while !rest.is_empty() {
            let (chunk, more) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
            text += &format!("{:X}\r\n{chunk}\r\n", chunk.len());
            rest = more;
        }
        text += "0\r\n\r\n";
        prop_assert_eq!(whole(&text), Ok((200, body)));
    }
}
