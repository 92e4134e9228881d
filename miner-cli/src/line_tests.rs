use super::*;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};
use std::net::TcpListener;

const AUTHORITY: &[u8] = include_bytes!("../tests/tls/ca.pem");
const CERTIFICATE: &[u8] = include_bytes!("../tests/tls/node.pem");
const EXPIRED: &[u8] = include_bytes!("../tests/tls/expired.pem");
const KEY: &[u8] = include_bytes!("../tests/tls/node.key");

fn certificate(pem: &[u8]) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem).unwrap()
}

/// The tests' own authority.
fn our_trust() -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate(AUTHORITY)).unwrap();
    trust(roots).unwrap()
}

/// Serves one connection: reads so many bytes and sends them back, in pieces of one byte.
fn echo(host: &str, pem: Option<&[u8]>, bytes: usize) -> Address {
    let own = host.replace("localhost", "127.0.0.1");
    let listener = TcpListener::bind((own, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = pem.map(|pem| {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate(pem)], key);
        Arc::new(config.unwrap())
    });
    std::thread::spawn(move || {
        let (mut tcp, _) = listener.accept().unwrap();
        // A client that hangs up is one of the tests.
        let _ = match config {
            None => echo_over(&mut tcp, bytes),
            Some(config) => {
                let connection = ServerConnection::new(config).unwrap();
                let mut stream = StreamOwned::new(connection, tcp);
                echo_over(&mut stream, bytes).and_then(|()| {
                    stream.conn.send_close_notify();
                    stream.flush()
                })
            }
        };
    });
    let scheme = if pem.is_some() { "https" } else { "http" };
    Address::parse(&format!("{scheme}://{host}:{port}")).unwrap()
}

fn echo_over(stream: &mut (impl Read + Write), bytes: usize) -> io::Result<()> {
    let mut heard = vec![0; bytes];
    stream.read_exact(&mut heard)?;
    for byte in heard {
        stream.write_all(&[byte])?;
        stream.flush()?;
    }
    Ok(())
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// Sends some bytes, and gives what comes back.
fn exchange(line: &mut Line, bytes: &[u8]) -> Vec<u8> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let count = line.send(rest, soon()).unwrap();
        rest = &rest[count..];
    }
    let mut back = Vec::new();
    let mut piece = [0; 100];
    loop {
        match line.receive(&mut piece, soon()).unwrap() {
            Received::Bytes(count) => back.extend_from_slice(&piece[..count]),
            Received::Nothing => {}
            Received::Closed => return back,
        }
    }
}

#[test]
fn bytes_pass_with_and_without_tls() {
    let bytes: Vec<u8> = (0..40_000u32).map(|n| (n % 251) as u8).collect();
    for (host, pem) in [
        ("127.0.0.1", None),
        ("127.0.0.1", Some(CERTIFICATE)),
        ("localhost", Some(CERTIFICATE)),
    ] {
        let address = echo(host, pem, bytes.len());
        let trust = address.secure.then(our_trust);
        let mut line = Line::connect(&address, None, trust, soon()).unwrap();
        assert!(exchange(&mut line, &bytes) == bytes, "{host}");
    }
}

#[test]
fn nothing_in_time_is_no_fault() {
    for pem in [None, Some(CERTIFICATE)] {
        let address = echo("127.0.0.1", pem, 2);
        let trust = address.secure.then(our_trust);
        let mut line = Line::connect(&address, None, trust, soon()).unwrap();
        let mut piece = [0; 9];
        for end in [Instant::now(), Instant::now() + Duration::from_millis(20)] {
            let received = line.receive(&mut piece, end).unwrap();
            assert_eq!(received, Received::Nothing);
        }
        assert_eq!(line.send(b"ab", Instant::now()).unwrap(), 0);
        assert_eq!(exchange(&mut line, b"ab"), b"ab");
    }
}

#[test]
fn whoever_is_not_the_host_gets_no_connection() {
    let refused = |address: &Address, trust| {
        let error = Line::connect(address, None, Some(trust), soon()).unwrap_err();
        (error.to_string(), crate::advice::reach(&error))
    };
    // By an authority that nobody knows.
    let address = echo("127.0.0.1", Some(CERTIFICATE), 0);
    let (why, next) = refused(&address, usual_trust().unwrap());
    assert!(
        why.contains("UnknownIssuer") && next.contains("authority"),
        "{why}{next}"
    );
    // Long over: or this machine's clock is wrong.
    let address = echo("127.0.0.1", Some(EXPIRED), 0);
    let (why, next) = refused(&address, our_trust());
    assert!(
        why.contains("expired") && next.contains("clock"),
        "{why}{next}"
    );
    // Of another host.
    let address = echo("127.0.0.2", Some(CERTIFICATE), 0);
    let (why, next) = refused(&address, our_trust());
    assert!(
        why.contains("not valid for name") && next.contains("use the name"),
        "{why}{next}"
    );
}

#[test]
fn a_connection_that_is_cut_is_no_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || drop(listener.accept()));
    let address = Address::parse(&format!("https://127.0.0.1:{port}")).unwrap();
    assert!(Line::connect(&address, None, Some(our_trust()), soon()).is_err());
}
