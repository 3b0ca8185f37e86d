//! The floor: the bytes of our own answers, sent from memory by the server that the service is made of.
//!
//! Same crates (axum on axum-server), same runtime, no delay, the same content headers; no routing by
//! type, no layers, no work. A process of its own, as the service is, so that both pay the same way to the
//! client. What a request takes above it is search and assembly.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as At, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum_server::accept::NoDelayAcceptor;

/// The first argument of the process that is the floor.
pub const COMMAND: &str = "floor";

/// A running floor, ended when dropped.
#[derive(Debug)]
pub struct Floor {
    child: Child,
    /// `host:port`.
    pub host: String,
}

impl Floor {
    /// Serves the files `0`, `1`, … of a folder under their names.
    ///
    /// # Errors
    /// When the process does not start.
    pub fn start(bodies: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(COMMAND)
            .arg(bodies)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("the address is piped")?;
        BufReader::new(stdout).read_line(&mut line)?;
        Ok(Self { child, host: line.trim().to_owned() })
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        // A server that is gone already needs no end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the process does: serves until it is killed.
///
/// # Errors
/// When the bodies cannot be read or there is no free port.
pub fn serve(bodies: &Path) -> anyhow::Result<()> {
    let mut loaded = Vec::new();
    while let Ok(body) = std::fs::read(bodies.join(loaded.len().to_string())) {
        loaded.push(Bytes::from(body));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{}", listener.local_addr()?)?;
    stdout.flush()?;
    let router = Router::new().route("/{number}", get(body)).with_state(Arc::new(loaded));
    runtime.block_on(async {
        let server = axum_server::from_tcp(listener)?.acceptor(NoDelayAcceptor::new());
        Ok(server.serve(router.into_make_service()).await?)
    })
}

async fn body(State(bodies): State<Arc<Vec<Bytes>>>, At(number): At<usize>) -> Response {
    let Some(body) = bodies.get(number) else { return StatusCode::NOT_FOUND.into_response() };
    let headers =
        [(CONTENT_TYPE, "application/fhir+json;charset=utf-8"), (CACHE_CONTROL, "no-cache")];
    (headers, body.clone()).into_response()
}
