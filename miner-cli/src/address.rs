//! Where a node is.

use crate::error::Error;
use miner_tiny::program::node::Node;

/// The port of an `https` URL that names none (RFC 9110, section 4.2.2).
const HTTPS_PORT: u16 = 443;

/// A node's URL, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Whether TLS comes under HTTP.
    pub secure: bool,
    /// Host and port as the URL has them: for the `Host` field.
    pub authority: String,
    /// The host alone, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What stands before the node's paths, without a slash at its end.
    pub base: String,
}

impl Address {
    /// Reads `http://HOST[:PORT][/BASE]`, or the same with `https`.
    ///
    /// # Errors
    /// [`Error::Usage`] for anything else.
    pub fn parse(url: &str) -> Result<Self, Error> {
        let plain = url
            .strip_prefix("https://")
            .map(|rest| format!("http://{rest}"));
        let node = Node::parse(plain.as_deref().unwrap_or(url)).ok_or_else(|| {
            Error::Usage(format!(
                "`{url}` is no address of a node: http://host:port or https://host"
            ))
        })?;
        // [::1] has its colons in brackets.
        let has_port = node
            .authority
            .trim_end_matches(|c: char| c.is_ascii_digit())
            .ends_with(':');
        let secure = plain.is_some();
        Ok(Address {
            secure,
            authority: node.authority.into(),
            host: node.host.into(),
            port: match secure && !has_port {
                true => HTTPS_PORT,
                false => node.port,
            },
            base: node.base.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_schemes_have_their_ports() {
        for (url, secure, authority, host, port) in [
            ("http://h", false, "h", "h", 80),
            ("https://h", true, "h", "h", 443),
            ("https://h:8443/", true, "h:8443", "h", 8443),
            ("https://[::1]", true, "[::1]", "::1", 443),
            ("https://[::1]:080", true, "[::1]:080", "::1", 80),
        ] {
            let address = Address::parse(url).unwrap();
            assert_eq!((address.secure, address.port), (secure, port), "{url}");
            assert_eq!((&*address.authority, &*address.host), (authority, host));
        }
        assert_eq!(Address::parse("https://h/a/b/").unwrap().base, "/a/b");
        for bad in ["h:1", "ftp://h", "https://", "https://u:p@h", "https://h?x"] {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
    }
}
