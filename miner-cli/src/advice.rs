//! What to do about what went wrong, by its cause.

use crate::error::Refusal;
use rustls::CertificateError;
use std::io::{self, ErrorKind};

/// A name that the name service knows nothing of, or could not be asked for.
#[derive(Debug)]
pub struct NoSuchHost(pub String, pub io::Error);

impl std::fmt::Display for NoSuchHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no address is known for `{}`: {}", self.0, self.1)
    }
}

impl std::error::Error for NoSuchHost {}

/// A proxy that cannot be reached, or refuses.
#[derive(Debug)]
pub struct ByProxy(pub String, pub io::Error);

impl std::fmt::Display for ByProxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "by the proxy {}: {}", self.0, self.1)
    }
}

impl std::error::Error for ByProxy {}

/// How the standard library begins to say that a name has no address; its kind of error has no name.
const NO_ADDRESS: &str = "failed to lookup address information";

/// What helps where a node cannot be reached.
pub fn reach(error: &io::Error) -> &'static str {
    let inner = error.get_ref();
    if inner.is_some_and(|inner| inner.is::<ByProxy>()) {
        return "check the proxy that ALL_PROXY, HTTPS_PROXY or HTTP_PROXY names; NO_PROXY lists hosts that need \
                none";
    }
    let no_address = error.to_string().starts_with(NO_ADDRESS);
    if no_address || inner.is_some_and(|inner| inner.is::<NoSuchHost>()) {
        return "check how the name is spelt, and that this machine can ask for names (/etc/resolv.conf); a \
                number in place of the name does without";
    }
    if let Some(error) = inner.and_then(|inner| inner.downcast_ref()) {
        return tls(error);
    }
    match error.kind() {
        ErrorKind::ConnectionRefused => {
            "nothing listens there: check address and port with --node, and that the node is running"
        }
        ErrorKind::TimedOut => {
            "nothing came back: a firewall may be in between, or the node is off; check the address with --node"
        }
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::NetworkDown => {
            "this machine has no way there: check its cable, its address and its gateway"
        }
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => {
            "the connection was cut: try again; where it stays so, the port may be of another program, or of \
             another scheme (http, https)"
        }
        _ => "check the address with --node, and that the node is running: `curl <node>/health`",
    }
}

/// What helps against TLS's refusals.
fn tls(error: &rustls::Error) -> &'static str {
    match error {
        rustls::Error::InvalidCertificate(why) => match why {
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => {
                "set this machine's clock (`date` shows it); where it is right, the node's operator has to \
                 renew the certificate"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "use the name that the certificate is for, in --node"
            }
            CertificateError::UnknownIssuer => {
                "the node's certificate is of no authority that browsers trust: ask its operator, or use \
                 http://, where the node's signatures vouch for its answers"
            }
            _ => "the node's certificate is not good: ask its operator",
        },
        rustls::Error::InvalidMessage(_) => "what answers there speaks no TLS: try http:// in --node",
        _ => "node and this program find no way to speak TLS: ask the node's operator, or try http://",
    }
}

/// What helps where a file or an output cannot be read or written.
pub fn file(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => "check how the path is spelt; its folder has to be there",
        ErrorKind::PermissionDenied => "check who owns it, and its permissions (`ls -l`)",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "free some space there (`df` shows it)"
        }
        ErrorKind::ReadOnlyFilesystem => "nothing can be written there: name another place",
        ErrorKind::IsADirectory => "it is a folder: name a file in it",
        ErrorKind::NotADirectory => "a part of the path is a file: check how it is spelt",
        _ => "check the path, its permissions and the space left",
    }
}

/// What helps against a node's refusal, by its code, and by its status where it gave none.
pub fn refusal(refusal: &Refusal) -> String {
    let words = match refusal.code.as_str() {
        "CHALLENGE_INVALID" | "NONCE_REPLAY" => {
            "the challenge is used up or too old: run the command again"
        }
        "NONCE_IDENTITY_MISMATCH" => {
            "the challenge was another miner's: run the command again, for one machine at a time"
        }
        "CHALLENGE_RATE_LIMIT" | "IP_RATE_LIMIT" | "RATE_LIMIT" => return patience(refusal),
        "DUPLICATE_HARDWARE" => {
            "this hardware already belongs to another wallet: use that one (--wallet), or take the machine to \
             this one with that one's key: `verdigris migrate --to`; where it is lost, ask the node's operator"
        }
        "HARDWARE_BINDING_FAILED" => {
            "the node says above what is bound otherwise: use the wallet that the machine was paid to first; \
             after a new processor or board: `verdigris migrate --hardware`"
        }
        "PAID_UNDER_ANOTHER_WALLET" => {
            "the machine changed hands in this epoch: run the command again in the next (`verdigris mine` waits for it)"
        }
        "EVIDENCE_REJECTED" => {
            "the checks above say what did not hold; close what else runs here, and try again"
        }
        "REPLAY_ATTACK_BLOCKED" => "the same measurements came before: measure again later",
        "SIGNING_KEY_MISMATCH" => {
            "the name belongs to another key: use the wallet that it was first used with (--wallet), or another \
             name (--miner)"
        }
        "PUBKEY_ADDRESS_MISMATCH" => {
            "the address is not this wallet's: leave --miner out, or name that address's wallet with --wallet"
        }
        "INVALID_SIGNATURE" => {
            "the submission was changed on its way, or the wallet's file is damaged: try https, and `verdigris \
             wallet show`"
        }
        "INVALID_MINER" | "INVALID_MINER_WALLET_FORMAT" => "check --miner: `verdigris wallet show` has your address",
        "INVALID_EVIDENCE" => {
            "node and miner are of different ages: bring both up to date (`verdigris --version`)"
        }
        "REQUEST_TOO_LARGE" => "measure less: --quick, or a smaller --arena",
        "STORE_UNAVAILABLE" | "INTERNAL_ERROR" => {
            "the node is unwell, and its log says why: try again later, or tell its operator"
        }
        "UNAUTHORIZED" => "this node wants to know who asks: ask its operator",
        _ => return by_status(refusal),
    };
    words.into()
}

fn by_status(refusal: &Refusal) -> String {
    let words = match refusal.status {
        429 => return patience(refusal),
        401 | 403 | 407 if refusal.code.is_empty() => {
            "something before the node wants a login: check the proxy (HTTP_PROXY, NO_PROXY) and --node"
        }
        404 | 405 if refusal.code.is_empty() => {
            "there is no node at that address, or one that cannot do this: check --node"
        }
        502..=504 => "a proxy answers for a node that is away: try again later, or ask the node's operator",
        500.. => "the node is unwell: try again later, or ask its operator",
        _ if refusal.is_passing() => "try again later",
        _ => "`verdigris payload` shows exactly what would be sent: ask the node's operator what is wrong with it",
    };
    words.into()
}

/// How long to wait.
fn patience(refusal: &Refusal) -> String {
    match refusal.retry_after {
        Some(time) => format!(
            "too many requests from this address: wait {} s",
            time.as_secs()
        ),
        None => "too many requests from this address: wait some minutes".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn each_cause_has_advice_of_its_own() {
        let kinds = [
            ErrorKind::ConnectionRefused,
            ErrorKind::TimedOut,
            ErrorKind::HostUnreachable,
            ErrorKind::ConnectionReset,
            ErrorKind::Other,
        ];
        let mut advice: HashSet<&str> = kinds.map(|kind| reach(&kind.into())).into();
        let name = NoSuchHost("node".into(), ErrorKind::Other.into());
        advice.insert(reach(&io::Error::other(name)));
        let proxy = ByProxy("proxy:1".into(), ErrorKind::ConnectionRefused.into());
        advice.insert(reach(&io::Error::other(proxy)));
        assert_eq!(advice.len(), kinds.len() + 2);
        // A label of more than 63 characters is no name, and nobody is asked for it.
        let name = format!("{}.invalid:1", "x".repeat(64));
        let error = std::net::ToSocketAddrs::to_socket_addrs(&*name).unwrap_err();
        assert!(reach(&error).contains("spelt"), "{error}");
        let kinds = [
            ErrorKind::NotFound,
            ErrorKind::PermissionDenied,
            ErrorKind::StorageFull,
            ErrorKind::ReadOnlyFilesystem,
            ErrorKind::IsADirectory,
            ErrorKind::NotADirectory,
            ErrorKind::Other,
        ];
        assert_eq!(
            HashSet::from(kinds.map(|kind| file(&kind.into()))).len(),
            kinds.len()
        );
    }
}
