//! A real node on a real socket, and a client made of the standard library.
#![allow(dead_code, reason = "each test program uses its part")]

pub mod described;
pub mod postgres;

use ed25519_dalek::{Signer, SigningKey};
use serde_json::{json, Map, Value};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;

use verdigris_node::app::App;
use verdigris_node::binding::salt::Salt;
use verdigris_node::clock::Clock;
use verdigris_node::config::Config;
use verdigris_node::epoch::Chain;
use verdigris_node::json::{canonical_without, parse};
use verdigris_node::keys::{address, hex, unhex};
use verdigris_node::store::settlement::{self, Next};
use verdigris_node::store::sql::{self, Connection, Location};
use verdigris_node::store::{ChainOptions, Store};
use verdigris_node::{audit, http, settle};

const BINARY: &str = env!("CARGO_BIN_EXE_verdigris-node");

/// A submission recorded from the existing network's Linux client, and the key that signed it.
pub const STOCK: &str = include_str!("../data/attestation-stock-linux.json");
pub const STOCK_SECRET: &str = "538cd51cc5f7a4b2a7c70c5e94e8d1c4fc87e43d89897be01ef25bfdc71b9f59";

/// A time at which epoch 0 of [`options`] has just begun.
pub const START_MS: i64 = 1_800_000_000_000;

/// Epochs of 20 slots of 5 s.
pub fn options() -> ChainOptions {
    ChainOptions {
        genesis_s: Some(START_MS / 1_000),
        slot_s: Some(5),
        slots_per_epoch: Some(20),
        pot: None,
    }
}

pub const EPOCH_MS: i64 = 100_000;

/// No limits on how often.
pub fn unlimited() -> Config {
    Config {
        requests_per_minute: 0,
        challenges_per_minute: 0,
        miners_per_hour: 0,
        submissions_per_hour: 0,
        transfers_per_hour: 0,
        lists_per_minute: 0,
        ..Config::default()
    }
}

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// Makes each of the functions named, which take a [`Kind`], a test on every kind of database.
#[macro_export]
macro_rules! on_each_database {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test] fn $test() { super::$test($crate::common::Kind::Sqlite); })+
        }
        mod postgres {
            $(#[test] fn $test() { super::$test($crate::common::Kind::Postgres); })+
        }
    };
}

/// An empty database.
pub struct Database {
    pub location: Location,
    pub directory: tempfile::TempDir,
}

impl Database {
    pub fn new(kind: Kind) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let location = match kind {
            Kind::Sqlite => Location::File(directory.path().join("node.db")),
            Kind::Postgres => Location::Postgres(postgres::Cluster::shared().database()),
        };
        Database {
            location,
            directory,
        }
    }
}

/// As the program's `--database` takes it.
pub fn argument(location: &Location) -> std::ffi::OsString {
    match location {
        Location::File(path) => path.into(),
        Location::Postgres(url) => url.into(),
    }
}

/// A node in this process. Stops when dropped, and then asserts that nothing panicked and that its
/// books are sound.
pub struct Node {
    pub address: SocketAddr,
    pub app: Arc<App>,
    pub now: Arc<AtomicI64>,
    pub database: Database,
    pub runtime: tokio::runtime::Runtime,
    stop: Option<oneshot::Sender<()>>,
    served: Option<tokio::task::JoinHandle<()>>,
}

impl Node {
    pub fn start(config: Config) -> Self {
        Node::start_on(Kind::Sqlite, config)
    }

    pub fn start_on(kind: Kind, config: Config) -> Self {
        let now = Arc::new(AtomicI64::new(START_MS));
        Node::continue_on(Database::new(kind), now, config)
    }

    /// A node that binds machines to names.
    pub fn binding(kind: Kind, config: Config, salt: Salt) -> Self {
        let now = Arc::new(AtomicI64::new(START_MS));
        Node::run(Database::new(kind), now, config, options(), Some(salt))
    }

    /// The same on a database that may hold something already.
    pub fn binding_on(database: Database, now: Arc<AtomicI64>, config: Config, salt: Salt) -> Self {
        Node::run(database, now, config, options(), Some(salt))
    }

    /// A node on a database that may hold something already.
    pub fn continue_on(database: Database, now: Arc<AtomicI64>, config: Config) -> Self {
        Node::run(database, now, config, options(), None)
    }

    /// A node of another chain that binds machines to names.
    pub fn on_chain(kind: Kind, config: Config, chain: ChainOptions, salt: Salt) -> Self {
        let now = Arc::new(AtomicI64::new(START_MS));
        Node::run(Database::new(kind), now, config, chain, Some(salt))
    }

    fn run(
        database: Database,
        now: Arc<AtomicI64>,
        config: Config,
        chain: ChainOptions,
        salt: Option<Salt>,
    ) -> Self {
        let clock = Clock::Manual(Arc::clone(&now));
        let store = Store::open(database.location.clone(), chain, START_MS).unwrap();
        let app = Arc::new(App::new(config, store, clock).with_binding(salt));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let (listener, address) = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            (listener, address)
        });
        let serving = Arc::clone(&app);
        let served = runtime.spawn(http::serve(serving, listener, async {
            let _ = stopped.await;
        }));
        Node {
            address,
            app,
            now,
            database,
            runtime,
            stop: Some(stop),
            served: Some(served),
        }
    }

    pub fn wait_ms(&self, ms: i64) {
        self.now.fetch_add(ms, Ordering::Relaxed);
    }

    pub fn settle(&self) -> usize {
        self.runtime
            .block_on(settle::settle_overdue(&self.app))
            .unwrap()
    }

    pub fn get(&self, path: &str) -> Reply {
        get(self.address, path)
    }

    pub fn post(&self, path: &str, body: &Value) -> Reply {
        post(self.address, path, body.to_string().as_bytes())
    }

    pub fn nonce(&self) -> String {
        nonce(self.address)
    }

    pub fn submit(&self, body: &Value) -> Reply {
        self.post("/attest/submit", body)
    }

    pub fn audit(&self) -> audit::Report {
        let (connection, _) =
            verdigris_node::store::open_to_look(self.database.location.clone()).unwrap();
        audit::audit(&connection).unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(served) = self.served.take() {
            let _ = self.runtime.block_on(served);
        }
        if !std::thread::panicking() {
            assert_eq!(self.app.panics(), 0, "a handler panicked");
            assert_eq!(self.audit().faults, Vec::<String>::new());
        }
    }
}

/// The program, serving as a process of its own. Killed when dropped.
pub struct Server {
    pub child: Child,
    pub address: SocketAddr,
}

/// Starts `serve` and gives the line it prints; the caller ends it.
pub fn serve(command: &mut Command) -> (Child, String) {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    (child, line.trim().to_owned())
}

impl Server {
    /// With epochs of a second and no limits on how often.
    pub fn start(location: &Location) -> Self {
        Server::run(Command::new(BINARY), location)
    }

    /// The same with an environment of its own.
    pub fn start_with(location: &Location, prepare: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new(BINARY);
        prepare(&mut command);
        Server::run(command, location)
    }

    /// The same where a transfer is booked a second after it was taken.
    pub fn start_with_fast_transfers(location: &Location) -> Self {
        let mut command = Command::new(BINARY);
        command.env("VERDIGRIS_NODE_TRANSFER_DELAY", "1");
        Server::run(command, location)
    }

    /// The same where no file may become larger than this: further writes fail, as on a full disk.
    pub fn start_on_small_disk(location: &Location, kib: u32) -> Self {
        // The shell counts blocks of 512 bytes. Ignored, the signal becomes an error of the write.
        let limit = "trap '' XFSZ; ulimit -f \"$1\"; shift; exec \"$@\"";
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", limit, "sh", &(kib * 2).to_string(), BINARY]);
        Server::run(shell, location)
    }

    fn run(mut command: Command, location: &Location) -> Self {
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--epoch-seconds", "1"])
            .args(["--challenges-per-minute", "0", "--miners-per-hour", "0"])
            .args(["--submissions-per-hour", "0"])
            .args(["--transfers-per-hour", "0"])
            .arg("--database")
            .arg(argument(location));
        let (child, line) = serve(&mut command);
        let address = line.strip_prefix("listening on http://").expect(&line);
        Server {
            address: address.parse().unwrap(),
            child,
        }
    }

    /// SIGKILL: without a word.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A number from the environment, for campaigns.
pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .map_or(default, |text| text.parse().unwrap())
}

/// SplitMix64: one number after the other from a seed.
pub struct Moments(pub u64);

impl Moments {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        probe_core::seed::finish(self.0)
    }

    /// Waits for 0.1 to 1.5 s.
    pub fn wait(&mut self) {
        std::thread::sleep(Duration::from_millis(100 + self.next() % 1_400));
    }
}

const CLIENTS: u64 = 4;
const MINERS_OF_A_CLIENT: u64 = 3;

/// Clients at work on the servers, each at one of them, until `end` has done what it does.
pub fn under_load(servers: &[SocketAddr], answered: &Mutex<Vec<String>>, end: impl FnOnce()) {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for (number, &address) in (0..CLIENTS).zip(servers.iter().cycle()) {
            let stop = &stop;
            scope.spawn(move || {
                let first = number * MINERS_OF_A_CLIENT;
                let miners: Vec<Miner> = (first..first + MINERS_OF_A_CLIENT)
                    .map(Miner::number)
                    .collect();
                load(address, &miners, stop, answered);
            });
        }
        let _stop = SetAtEnd(&stop);
        end();
    });
}

/// Sets a flag when it goes, by a panic too: threads that wait for the flag would keep a failed test for ever.
struct SetAtEnd<'a>(&'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Attests as several miners in turn until told to stop; notes the nonces that were answered.
pub fn load(
    server: SocketAddr,
    miners: &[Miner],
    stop: &AtomicBool,
    answered: &Mutex<Vec<String>>,
) {
    for miner in miners.iter().cycle() {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let Some(challenge) = post_as(server, "/attest/challenge", b"{}", "") else {
            continue;
        };
        let Some(nonce) = challenge.body["nonce"].as_str() else {
            // Without its database the node says so.
            assert_eq!(challenge.status, 503, "{challenge:?}");
            continue;
        };
        let body = miner.signed(nonce).to_string();
        match post_as(server, "/attest/submit", body.as_bytes(), "") {
            Some(reply) if reply.status == 200 => answered.lock().unwrap().push(nonce.into()),
            Some(reply) => assert_eq!(reply.status, 503, "{reply:?}"),
            None => {}
        }
    }
}

/// Takes the next step of what is due, in the caller's transaction, paying up to `most` miners. `None` where
/// nothing is due; otherwise the epoch that the step ended, if it did.
pub fn settle_step(
    c: &Connection,
    chain: &Chain,
    now_ms: i64,
    most: i64,
) -> sql::Result<Option<Option<i64>>> {
    Ok(match settlement::next(c, chain, now_ms)? {
        None => None,
        Some(Next::Begin(epoch, pot)) => {
            let division = settlement::divide(c, epoch, pot)?;
            assert!(settlement::begin(c, chain, epoch, &division, now_ms)?);
            Some(None)
        }
        Some(Next::Pay(settlement)) => {
            let ended = settlement::pay(c, &settlement, most, now_ms)?;
            Some(ended.then_some(settlement.epoch))
        }
    })
}

/// What [`Server`] pays for an epoch.
pub const POT: i64 = 1_500_000;

/// Checks a database by the program's audit.
pub fn audited(location: &Location) {
    let audit = Command::new(BINARY)
        .args(["audit", "--database"])
        .arg(argument(location))
        .output()
        .unwrap();
    assert!(
        audit.status.success(),
        "{}{}",
        String::from_utf8_lossy(&audit.stdout),
        String::from_utf8_lossy(&audit.stderr)
    );
}

/// Checks a database: by the program's audit, and by questions that share none of the node's code.
/// Gives how many epochs were paid.
pub fn check(location: &Location, answered: &[String]) -> i64 {
    audited(location);
    let logged: BTreeSet<String> =
        column(location, "SELECT nonce FROM attestations WHERE accepted")
            .into_iter()
            .collect();
    let missing: Vec<_> = answered
        .iter()
        .filter(|nonce| !logged.contains(*nonce))
        .collect();
    assert!(
        missing.is_empty(),
        "{} answered submissions are lost: {missing:?}",
        missing.len()
    );
    assert_eq!(
        number(location, "coalesce(sum(amount), 0) FROM postings"),
        0
    );
    // In one question: somebody may settle meanwhile.
    let payments = column(
        location,
        "SELECT count(*) || ' ' || count(DISTINCT t.reference) || ' ' || coalesce(sum(p.amount), 0)
         FROM postings p JOIN transactions t ON t.id = p.tx
         WHERE t.reference LIKE 'epoch/%' AND p.account = 'system/emission'",
    );
    let numbers: Vec<i64> = payments[0].split(' ').map(|n| n.parse().unwrap()).collect();
    let [paid, references, amount] = numbers[..] else {
        panic!("{payments:?}")
    };
    assert_eq!(references, paid);
    assert_eq!(amount, -paid * POT);
    paid
}

/// The number that a query without its SELECT gives.
pub fn number(location: &Location, query: &str) -> i64 {
    let (value, source) = query.split_once(" FROM").unwrap();
    let sql = format!("SELECT CAST({value} AS TEXT) FROM{source}");
    column(location, &sql)[0].parse().unwrap()
}

/// The texts of a query's one column, without any code of the node's.
pub fn column(location: &Location, sql: &str) -> Vec<String> {
    match location {
        Location::File(path) => {
            let c = rusqlite::Connection::open(path).unwrap();
            let mut statement = c.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| row.get(0)).unwrap();
            rows.map(Result::unwrap).collect()
        }
        Location::Postgres(url) => {
            let mut client = ::postgres::Client::connect(url, ::postgres::NoTls).unwrap();
            let rows = client.query(sql, &[]).unwrap();
            rows.iter().map(|row| row.get(0)).collect()
        }
    }
}

/// What a node answered.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Value,
}

impl Reply {
    pub fn read(bytes: &[u8]) -> Option<Reply> {
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n")?;
        let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
        let status = head.get(9..12)?.parse().ok()?;
        let body = parse(&bytes[end + 4..]).unwrap_or(Value::Null);
        let reply = Reply { status, head, body };
        let length: usize = reply.header("content-length")?.parse().ok()?;
        // Half an answer is none.
        (bytes.len() - end - 4 >= length).then_some(reply)
    }

    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub fn object(&self) -> &Map<String, Value> {
        self.body.as_object().unwrap()
    }
}

/// Sends bytes, and reads until the node closes the connection.
pub fn exchange(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    try_exchange(address, request).unwrap()
}

/// The same with a node that may not be there.
pub fn try_exchange(address: SocketAddr, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    // The node may refuse before it has read everything.
    let _ = stream.write_all(request);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    Ok(answer)
}

pub fn get(address: SocketAddr, path: &str) -> Reply {
    let request = format!("GET {path} HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n");
    let reply = Reply::read(&exchange(address, request.as_bytes())).unwrap();
    described::public().foretells("GET", path, &reply);
    reply
}

pub fn post(address: SocketAddr, path: &str, body: &[u8]) -> Reply {
    let reply = post_as(address, path, body, "").unwrap();
    described::public().foretells("POST", path, &reply);
    reply
}

/// Posts with more header lines, each ending in CR LF; `None` where no whole answer came.
pub fn post_as(address: SocketAddr, path: &str, body: &[u8], headers: &str) -> Option<Reply> {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nHost: node\r\nConnection: close\r\n{headers}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    Reply::read(&try_exchange(address, &request).ok()?)
}

pub fn nonce(address: SocketAddr) -> String {
    let reply = post(address, "/attest/challenge", b"{}");
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.body["nonce"].as_str().unwrap().to_owned()
}

/// A client with a key.
pub struct Miner {
    pub key: SigningKey,
    pub id: String,
}

impl Miner {
    /// The stock client's own.
    pub fn stock() -> Self {
        Miner::with_secret(unhex(STOCK_SECRET).unwrap())
    }

    /// One of many.
    pub fn number(n: u64) -> Self {
        let mut secret = [7; 32];
        secret[..8].copy_from_slice(&n.to_le_bytes());
        Miner::with_secret(secret)
    }

    fn with_secret(secret: [u8; 32]) -> Self {
        let key = SigningKey::from_bytes(&secret);
        Miner {
            id: address(key.verifying_key().as_bytes()),
            key,
        }
    }

    /// The same key under another name.
    pub fn named(mut self, id: &str) -> Self {
        self.id = id.into();
        self
    }

    pub fn public_hex(&self) -> String {
        hex(self.key.verifying_key().as_bytes())
    }

    /// A submission as the stock client makes it, without a signature. Its measurements are the
    /// recorded ones but for one number, which is the miner's own.
    pub fn body(&self, nonce: &str) -> Value {
        let mut body = parse(STOCK.as_bytes()).unwrap();
        let members = body.as_object_mut().unwrap();
        for name in ["signature", "public_key", "signature_type"] {
            members.remove(name);
        }
        body["miner"] = self.id.as_str().into();
        body["nonce"] = nonce.into();
        body["report"]["nonce"] = nonce.into();
        let own = u32::from_le_bytes(self.key.verifying_key().as_bytes()[..4].try_into().unwrap());
        body["fingerprint"]["checks"]["clock_drift"]["data"]["mean_ns"] = own.into();
        body
    }

    /// Adds the older signature, over names, nonce and commitment.
    pub fn sign_as_before(&self, mut body: Value) -> Value {
        let of = |value: &Value| value.as_str().unwrap().to_owned();
        let text = [
            of(&body["miner_id"]),
            of(&body["miner"]),
            of(&body["nonce"]),
            of(&body["report"]["commitment"]),
        ];
        body["signature"] = self.signature(&text.join("|")).into();
        body["public_key"] = self.public_hex().into();
        body
    }

    /// Adds signature members to a body.
    pub fn sign(&self, mut body: Value) -> Value {
        let members = body.as_object_mut().unwrap();
        let text = canonical_without(members, &["signature", "public_key", "signature_type"]);
        members.insert("signature".into(), self.signature(&text).into());
        members.insert("public_key".into(), self.public_hex().into());
        members.insert("signature_type".into(), "canonical_json".into());
        body
    }

    pub fn signature(&self, text: &str) -> String {
        hex(&self.key.sign(text.as_bytes()).to_bytes())
    }

    pub fn signed(&self, nonce: &str) -> Value {
        self.sign(self.body(nonce))
    }

    pub fn attest(&self, node: &Node) -> Reply {
        node.submit(&self.signed(&node.nonce()))
    }

    /// A transfer as the existing network's clients sign it. `amount` is spelt as Python spells a
    /// float.
    pub fn transfer(&self, to: &str, amount: &str, nonce: i64) -> Value {
        let signed = format!(
            r#"{{"amount":{amount},"fee":0.0,"from":"{}","memo":"","nonce":"{nonce}","to":"{to}"}}"#,
            self.id
        );
        self.transfer_signed(to, amount, nonce, &signed)
    }

    /// The same with a signature over another text.
    pub fn transfer_signed(&self, to: &str, amount: &str, nonce: i64, signed: &str) -> Value {
        json!({
            "amount_rtc": amount.parse::<serde_json::Number>().unwrap(),
            "from_address": self.id,
            "nonce": nonce,
            "public_key": self.public_hex(),
            "signature": self.signature(signed),
            "to_address": to,
        })
    }

    pub fn enrolment(&self, miner_id: &str, epoch: i64) -> Value {
        json!({
            "miner_pubkey": self.id,
            "miner_id": miner_id,
            "device": {"family": "x86", "arch": "modern"},
            "signature": self.signature(&format!("{}|{miner_id}|{epoch}", self.id)),
            "public_key": self.public_hex(),
        })
    }
}
