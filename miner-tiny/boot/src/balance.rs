//! What a wallet holds, as the node says it: the request, and the answer taken apart.

use core::fmt::{self, Write};
use heapless::{String, Vec};
use miner_tiny::http::{is_plain, Reader};
use miner_tiny::json;

/// Bytes of a request.
pub const REQUEST_MAX: usize = 512;

/// Bytes of an answer's body: three members.
const BODY_MAX: usize = 512;

/// The port of a URL that names none (RFC 9110 §4.2.1).
const HTTP_PORT: u16 = 80;

/// Micro-RTC in one RTC.
const MICRO: u64 = 1_000_000;

/// An amount of micro-RTC, written as RTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount(pub u64);

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06} RTC", self.0 / MICRO, self.0 % MICRO)
    }
}

/// A node by its URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node<'a> {
    authority: &'a str,
    base: &'a str,
    /// Its name or address.
    pub host: &'a str,
    /// Its port.
    pub port: u16,
}

impl<'a> Node<'a> {
    /// Reads `http://HOST[:PORT][/BASE]`; `None` where it is none.
    pub fn parse(url: &'a str) -> Option<Self> {
        const SCHEME: &str = "http://";
        let scheme = url.get(..SCHEME.len())?;
        if !scheme.eq_ignore_ascii_case(SCHEME) || !is_plain(url) {
            return None;
        }
        let rest = url.get(SCHEME.len()..)?;
        let (authority, base) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (authority, HTTP_PORT),
        };
        (!host.is_empty()).then_some(Node {
            authority,
            base: base.trim_end_matches('/'),
            host,
            port,
        })
    }

    /// Asks what a wallet holds; `None` where that does not fit, or the wallet has a strange name.
    pub fn request(&self, wallet: &str) -> Option<String<REQUEST_MAX>> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
        if wallet.is_empty() || !wallet.bytes().all(plain) {
            return None;
        }
        let mut out = String::new();
        write!(
            out,
            "GET {}/balance/{wallet} HTTP/1.1\r\nHost: {}\r\nAccept: application/json\r\n\
             Connection: close\r\n\r\n",
            self.base, self.authority
        )
        .ok()?;
        Some(out)
    }
}

/// An answer being read.
#[derive(Debug, Default)]
pub struct Answer {
    reader: Reader,
    body: Vec<u8, BODY_MAX>,
}

impl Answer {
    /// Takes the next piece, an empty one being the connection's end; says whether more can come.
    pub fn feed(&mut self, piece: &[u8]) -> bool {
        let fine = match piece {
            [] => self.reader.close().is_ok(),
            _ => self.reader.feed(piece, &mut self.body).is_ok(),
        };
        fine && !piece.is_empty() && !self.reader.is_done()
    }

    /// The amount, once the answer is whole.
    pub fn amount(&self) -> Option<Amount> {
        /// HTTP's word for "here it is".
        const OK: u16 = 200;
        if !self.reader.is_done() || self.reader.status() != OK {
            return None;
        }
        json::object(&self.body)?
            .get("amount_i64")?
            .whole()
            .map(Amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    extern crate std;
    use std::string::ToString;

    fn amount(answer: &[u8]) -> Option<Amount> {
        let mut reading = Answer::default();
        for piece in answer.chunks(7) {
            if !reading.feed(piece) {
                break;
            }
        }
        reading.amount()
    }

    #[test]
    fn a_node_answers() {
        let body = r#"{"amount_i64":1500007,"balance_rtc":1.500007,"miner_pk":"RTC0"}"#;
        let text = std::format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let held = amount(text.as_bytes()).expect("it says so");
        assert_eq!(held.to_string(), "1.500007 RTC");
        let cut = text.len() - 1;
        assert_eq!(amount(&text.as_bytes()[..cut]), None);
        assert_eq!(amount(text.replacen("200", "404", 1).as_bytes()), None);
    }

    #[test]
    fn urls_are_taken_apart() {
        let node = Node::parse("http://10.0.2.2:8099/base/").expect("it is one");
        assert_eq!((node.host, node.port), ("10.0.2.2", 8099));
        let request = node.request("RTC00").expect("it fits");
        assert!(request.starts_with("GET /base/balance/RTC00 HTTP/1.1\r\nHost: 10.0.2.2:8099\r\n"));
        assert_eq!(node.request("a b\r\n"), None);
        assert_eq!(Node::parse("http://name").map(|n| n.port), Some(80));
        for bad in [
            "",
            "https://h",
            "http://",
            "http://:1",
            "http://h:x",
            "http://h h",
        ] {
            assert_eq!(Node::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_panics(answer in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = amount(&answer);
        }

        #[test]
        fn no_url_panics(url in "(http://)?.{0,30}") {
            let _ = Node::parse(&url);
        }
    }
}
