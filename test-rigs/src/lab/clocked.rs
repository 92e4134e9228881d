//! A node in this process whose clock is ours: days pass as fast as it judges. All else is as in the program: a
//! database on disk, and HTTP over a socket of the loopback interface.

use node_process::Client;
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use verdigris_node::app::App;
use verdigris_node::binding::salt::Salt;
use verdigris_node::clock::Clock;
use verdigris_node::config::Config;
use verdigris_node::store::{ChainOptions, Store};
use verdigris_node::{audit, http, settle};

/// Every node binds with this secret: nobody else's numbers are in its database.
const SECRET: [u8; 32] = [7; 32];

/// A running node; it ends when this is dropped.
pub struct Clocked {
    /// Speaks to it.
    pub client: Client,
    start_ms: i64,
    now: Arc<AtomicI64>,
    app: Arc<App>,
    runtime: Runtime,
    stop: Option<oneshot::Sender<()>>,
    served: Option<tokio::task::JoinHandle<()>>,
    folder: tempfile::TempDir,
}

impl Clocked {
    /// With an empty database, a genesis at `start_ms` and epochs of a day, as on the real chain.
    ///
    /// # Errors
    /// There is no folder, database or port for it.
    pub fn start(start_ms: i64) -> Result<Self, String> {
        let fail = |e: std::io::Error| format!("a node of our own: {e}");
        let folder = tempfile::tempdir().map_err(fail)?;
        let chain = ChainOptions {
            genesis_s: Some(start_ms / 1_000),
            slot_s: Some(600),
            slots_per_epoch: Some(144),
            pot: None,
        };
        let store = Store::open(folder.path().join("node.db").as_path(), chain, start_ms)
            .map_err(|e| format!("a database: {e}"))?;
        let config = Config {
            trusted_proxies: vec![IpAddr::from([127, 0, 0, 1])],
            requests_per_minute: 0,
            challenges_per_minute: 0,
            miners_per_hour: 0,
            submissions_per_hour: 0,
            lists_per_minute: 0,
            ..Config::default()
        };
        let now = Arc::new(AtomicI64::new(start_ms));
        let clock = Clock::Manual(Arc::clone(&now));
        let app = App::new(config, store, clock).with_binding(Some(Salt::new(&SECRET)));
        let app = Arc::new(app);
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(fail)?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
        let listener = listener.map_err(fail)?;
        let url = format!("http://{}", listener.local_addr().map_err(fail)?);
        let (stop, stopped) = oneshot::channel::<()>();
        let served = runtime.spawn(http::serve(Arc::clone(&app), listener, async {
            let _ = stopped.await;
        }));
        Ok(Clocked {
            client: Client::of(url),
            start_ms,
            now,
            app,
            runtime,
            stop: Some(stop),
            served: Some(served),
            folder,
        })
    }

    /// Sets its clock, milliseconds after its start.
    pub fn set_clock(&self, ms: i64) {
        self.now.store(self.start_ms + ms, Ordering::Relaxed);
    }

    /// Settles every epoch that has ended.
    ///
    /// # Errors
    /// The store fails.
    pub fn settle(&self) -> Result<usize, String> {
        let settled = self.runtime.block_on(settle::settle_overdue(&self.app));
        settled.map_err(|e| format!("settling: {e:?}"))
    }

    /// What its books' audit objects to.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn faults(&self) -> Result<Vec<String>, String> {
        let file = self.folder.path().join("node.db");
        let (connection, _) =
            verdigris_node::store::open_to_look(file.as_path()).map_err(|e| e.to_string())?;
        let report = audit::audit(&connection).map_err(|e| e.to_string())?;
        Ok(report.faults)
    }
}

impl Drop for Clocked {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // Whoever was to be told may have ended by itself.
            let _ = stop.send(());
        }
        if let Some(served) = self.served.take() {
            let _ = self.runtime.block_on(served);
        }
    }
}
