//! A node's URL, taken apart.

use crate::session::{BASE_MAX, HOST_MAX};

/// The port of a URL that names none (RFC 9110 §4.2.1).
const HTTP_PORT: u16 = 80;

/// What a URL begins with.
const SCHEME: &str = "http://";

/// Whether one of these characters is in `text`.
fn has(text: &str, any: &[u8]) -> bool {
    text.bytes().any(|byte| any.contains(&byte))
}

/// Where a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node<'a> {
    /// Host and port as the URL has them: for the `Host` header.
    pub authority: &'a str,
    /// The host alone, without brackets.
    pub host: &'a str,
    /// The port.
    pub port: u16,
    /// What stands before the node's paths, without a slash at its end.
    pub base: &'a str,
}

impl<'a> Node<'a> {
    /// Reads `http://HOST[:PORT][/BASE]`; `None` for anything else.
    pub fn parse(url: &'a str) -> Option<Self> {
        if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        // ASCII from here on: every place is the beginning of a character.
        let (scheme, rest) = url.split_at_checked(SCHEME.len())?;
        let (authority, mut base) = match rest.bytes().position(|byte| byte == b'/') {
            Some(slash) => rest.split_at_checked(slash)?,
            None => (rest, ""),
        };
        while let Some(shorter) = base.strip_suffix('/') {
            base = shorter;
        }
        let fine = scheme.eq_ignore_ascii_case(SCHEME)
            && !has(authority, b"@?#")
            && !has(base, b"?#")
            && authority.len() <= HOST_MAX
            && base.len() <= BASE_MAX;
        if !fine {
            return None;
        }
        // [::1]:80 has its colons in brackets.
        let colon = authority.bytes().rposition(|byte| byte == b':');
        let (host, port) = match colon.and_then(|colon| authority.split_at_checked(colon)) {
            Some((host, port)) if !has(port, b"]") => {
                let port = port.strip_prefix(':')?.parse().ok();
                (host, port.filter(|&port| port != 0)?)
            }
            _ => (authority, HTTP_PORT),
        };
        let inner = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let host = inner.unwrap_or(host);
        if host.is_empty() || (inner.is_none() && has(host, b"[]:")) {
            return None;
        }
        Some(Node {
            authority,
            host,
            port,
            base,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::format;

    #[test]
    fn addresses_are_taken_apart() {
        for (url, authority, host, port, base) in [
            (
                "http://127.0.0.1:8099",
                "127.0.0.1:8099",
                "127.0.0.1",
                8099,
                "",
            ),
            (
                "HTTP://node.example",
                "node.example",
                "node.example",
                80,
                "",
            ),
            (
                "http://n.example/a/b/",
                "n.example",
                "n.example",
                80,
                "/a/b",
            ),
            ("http://[::1]:81/", "[::1]:81", "::1", 81, ""),
            ("http://[::1]", "[::1]", "::1", 80, ""),
        ] {
            let node = Node {
                authority,
                host,
                port,
                base,
            };
            assert_eq!(Node::parse(url), Some(node));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in [
            "",
            "node",
            "https://node",
            "ftp://x",
            "http://",
            "http://:80",
            "http://h:",
            "http://h:0",
            "http://h:65536",
            "http://h:x",
            "http://a b",
            "http://u@h",
            "http://h?q",
            "http://h/?q",
            "http://::1",
            "http://[::1",
            "http://h\r\nx: y",
            "http://é",
        ] {
            assert_eq!(Node::parse(url), None, "{url:?}");
        }
        let long = "x".repeat(HOST_MAX + 1);
        assert_eq!(Node::parse(&format!("http://{long}")), None);
        assert!(Node::parse(&format!("http://{}", &long[1..])).is_some());
    }

    proptest! {
        #[test]
        fn no_url_panics(url in "(http://)?.{0,30}") {
            if let Some(node) = Node::parse(&url) {
                prop_assert!(!node.host.is_empty() && node.port != 0);
                prop_assert!(node.authority.starts_with(node.host) || node.authority.starts_with('['));
            }
        }
    }
}
