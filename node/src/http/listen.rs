//! The listener: connections in number, in time, and to a proper end.

use axum::response::IntoResponse;
use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::future::Future;
use std::net::SocketAddr;
use std::pin::{pin, Pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{watch, Semaphore};
use tower::ServiceExt;

use super::headers::{self, RequestId};
use super::logs::{Line, NO_ROUTE};
use super::request::Peer;
use crate::app::App;
use crate::error::{ApiError, Code};
use crate::json::canonical_without;

/// How long connections may finish after the node was told to stop, or after their age is up.
const GRACE: Duration = Duration::from_secs(5);

/// Pause after a failed accept: out of file descriptors, mostly, which passes.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Bytes of a request's head, at most.
const HEAD_BYTES: usize = 16 * 1024;

/// Headers of a request, at most.
const HEADERS: usize = 64;

/// Answers connections, so many at a time, until `stop` completes, then lets those under way finish.
pub async fn serve(
    app: Arc<App>,
    router: Router,
    connections: usize,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) {
    let room = Arc::new(Semaphore::new(connections));
    let (stopping, stopped) = watch::channel(false);
    let mut stop = pin!(stop);
    loop {
        // Without room, callers wait in the kernel's queue.
        let accepted = async {
            let permit = Arc::clone(&room).acquire_owned().await;
            (listener.accept().await, permit)
        };
        let (accepted, permit) = tokio::select! {
            () = &mut stop => break,
            accepted = accepted => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let served = connection(
                    Arc::clone(&app),
                    stream,
                    peer,
                    router.clone(),
                    stopped.clone(),
                );
                tokio::spawn(async move {
                    served.await;
                    drop(permit);
                });
            }
            Err(e) => {
                tracing::error!("accept: {e}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    drop(stopped);
    let _ = stopping.send(true);
    // Every connection holds a receiver until it ends.
    let _ = tokio::time::timeout(GRACE, stopping.closed()).await;
}

async fn connection(
    app: Arc<App>,
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    mut stopped: watch::Receiver<bool>,
) {
    let _open = app.metrics.connection();
    let _place = match app.limits.admit_connection(peer.ip()) {
        Ok(place) => place,
        Err(refusal) => return refuse(&app, &stream, peer, &refusal),
    };
    let config = &app.config;
    // Answers are small: waiting to fill a segment would only delay them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        router.clone().oneshot(request.map(axum::body::Body::new))
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(config.head_timeout)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        // A client that closes its sending half still wants to hear what was wrong.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);

    let ended = tokio::select! {
        ended = &mut connection => Some(ended),
        () = tokio::time::sleep(config.connection_age) => None,
        _ = stopped.wait_for(|&stopping| stopping) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            Pin::new(&mut connection).graceful_shutdown();
            match tokio::time::timeout(GRACE, &mut connection).await {
                Ok(ended) => ended,
                Err(_) => return,
            }
        }
    };
    if ended.is_err_and(|e| e.is_timeout()) {
        let late = ApiError::new(Code::RequestTimeout, "the request took too long to arrive");
        refuse(&app, &connection.into_parts().io.into_inner(), peer, &late);
    }
}

/// Answers a connection that has no request for the router, as the router would.
fn refuse(app: &App, stream: &TcpStream, peer: SocketAddr, refusal: &ApiError) {
    let id = RequestId::new();
    let body = canonical_without(&refusal.body(), &[]);
    let mut response = refusal.clone().into_response();
    headers::add(response.headers_mut(), &id);
    let line = Line {
        id: &id,
        method: "none",
        route: NO_ROUTE,
        status: response.status(),
        code: Some(refusal.code),
        took: Duration::ZERO,
        bytes: body.len() as u64,
        client: peer.ip().to_canonical(),
    };
    app.metrics.request(&line);
    line.write();
    let mut answer = format!("HTTP/1.1 {}\r\n", response.status()).into_bytes();
    for (name, value) in response.headers() {
        let line = [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"];
        answer.extend(line.concat());
    }
    let length = body.len();
    answer.extend(
        format!("connection: close\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes(),
    );
    // It fits any socket's buffer, unless the client does not listen either.
    let _ = stream.try_write(&answer);
}
