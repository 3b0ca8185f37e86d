//! From settings to a running service, and back to nothing: opening, listening, stopping.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::Router;
use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use jiff::Timestamp;
use serde_json::json;
use shared::config::{AnonymousProfile, Settings};
use shared::data_dir::{self, Serving};
use shared::store::format_instant;
use shared::validate::Validator;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::{App, Outfit, base_urls};
use crate::directory::{self, Directory, Opening};
use crate::engine::Engine as _;
use crate::geocoder::Geocoder;
use crate::http::internal::{self, Internal};
use crate::http::router;
use crate::http::sealed::Seal;
use crate::http::stall::StallAcceptor;
use crate::http::wire::OutcomeAcceptor;
use crate::operate::Operator;
use crate::telemetry;

/// Serves until SIGTERM or SIGINT; then answers what is running and returns.
///
/// # Errors
/// When something is missing to start: a free port, a readable directory, a certificate.
pub(crate) fn serve(settings: &Settings) -> anyhow::Result<()> {
    let _flush = telemetry::start(&settings.log.filter).context("log.filter")?;
    check_access(settings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the asynchronous runtime")?;
    runtime.block_on(run(settings))
}

/// Until access rules are applied, a profile that hides something cannot be promised.
fn check_access(settings: &Settings) -> anyhow::Result<()> {
    match settings.anonymous_profile() {
        AnonymousProfile::None | AnonymousProfile::Profile(1) => Ok(()),
        AnonymousProfile::Profile(profile) => bail!(
            "access.anonymous_profile is {profile}, but this version cannot hide what that profile may not see; use 1 or none"
        ),
    }
}

async fn run(settings: &Settings) -> anyhow::Result<()> {
    let server = &settings.server;
    let listener = bind(server.listen)?;
    let internal_listener = bind(server.internal_listen)?;
    let address = listener.local_addr()?;
    let internal_address = internal_listener.local_addr()?;
    let scheme = if server.tls().is_some() { "https" } else { "http" };
    let local_base = format!("{scheme}://{address}{}", server.base_paths[0]);

    std::fs::create_dir_all(&settings.data_dir)
        .with_context(|| format!("the data directory {}", settings.data_dir.display()))?;
    let seal = Seal::of_directory(&settings.data_dir)
        .with_context(|| format!("the key of links in {}", settings.data_dir.display()))?;
    let validator = Arc::new(Validator::new(settings.write.profiles.into()));
    let base_urls = base_urls(settings, &local_base);
    let engine = directory::open(Opening {
        settings,
        base_urls: base_urls.clone(),
        validator: Arc::clone(&validator),
        now,
        new_id,
    })?;
    let geocoder = Geocoder::new(&settings.geocoder, now)
        .context("the certificates to call geocoder.url with")?;
    let app = App::new(Outfit {
        settings,
        local_base_url: local_base.clone(),
        now,
        engine: engine.clone(),
        seal,
        validator,
        geocoder,
    });

    let commands = commands(settings, &engine, base_urls)?;

    let handle = Handle::new();
    let internal_handle = Handle::new();
    let tls = match server.tls() {
        Some(files) => Some(tls(files).await?),
        None => None,
    };
    let patience = settings.limits.unread();
    let fhir = router::router(app.clone());
    let fhir = tokio::spawn(listen(listener, fhir, tls, handle.clone(), patience));
    let internal = internal::router(app).merge(internal::commands(commands));
    let internal = listen(internal_listener, internal, None, internal_handle.clone(), patience);
    let internal = tokio::spawn(internal);
    // Whoever reads the next line may ask to stop at once.
    let stop = StopSignals::new().context("the signals that stop the service")?;
    announce(&settings.data_dir, internal_address)?;
    say_ready(&json!({
        "fhir": local_base,
        "page": format!("{scheme}://{address}/"),
        "internal": format!("http://{internal_address}"),
    }))?;
    tracing::info!(address = %address, internal = %internal_address, "serving");

    stop.wait().await;
    tracing::info!(deadline_s = server.shutdown_seconds, "stopping: running requests are answered");
    handle.graceful_shutdown(Some(server.shutdown()));
    fhir.await.context("the FHIR listener")?.context("the FHIR listener")?;
    // Health and metrics answer until the last request is through.
    internal_handle.graceful_shutdown(Some(Duration::ZERO));
    internal.await.context("the internal listener")?.context("the internal listener")?;
    // What was queued before the last answer is still written.
    tokio::task::spawn_blocking(move || engine.close()).await.context("the last writes")?;
    if let Err(error) = Serving::remove(&settings.data_dir) {
        tracing::warn!(%error, "serving.json stays behind; it counts only while its process serves");
    }
    tracing::info!("stopped");
    Ok(())
}

fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))
}

async fn tls(files: shared::config::Tls<'_>) -> anyhow::Result<RustlsConfig> {
    // The first call of the process decides; a second one finds the same provider installed.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    RustlsConfig::from_pem_chain_file(files.cert, files.key).await.with_context(|| {
        format!("the certificate {} and key {}", files.cert.display(), files.key.display())
    })
}

/// Time a caller has to send the head of its first request.
const FIRST_REQUEST: Duration = Duration::from_secs(30);
/// Largest head of an HTTP/2 request, which holds the URL.
const HEADERS_BYTES_MAX: u32 = 128 * 1024;

async fn listen(
    listener: TcpListener,
    router: Router,
    tls: Option<RustlsConfig>,
    handle: Handle<SocketAddr>,
    patience: Duration,
) -> std::io::Result<()> {
    let mut server =
        axum_server::from_tcp(listener)?.handle(handle).first_request_timeout(FIRST_REQUEST);
    server.http_builder().http2().max_header_list_size(HEADERS_BYTES_MAX);
    server.http_builder().http1().header_read_timeout(FIRST_REQUEST);
    let service = router.into_make_service();
    match tls {
        None => {
            let inner = OutcomeAcceptor(NoDelayAcceptor::new());
            server.acceptor(StallAcceptor { inner, patience }).serve(service).await
        }
        Some(config) => {
            let acceptor = RustlsAcceptor::new(config).acceptor(NoDelayAcceptor::new());
            let inner = OutcomeAcceptor(acceptor);
            server.acceptor(StallAcceptor { inner, patience }).serve(service).await
        }
    }
}

/// SIGTERM and SIGINT, which no longer end the process by themselves.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn new() -> std::io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn wait(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// What does the commands of the internal listener, and the token that asks for them.
fn commands(
    settings: &Settings,
    directory: &Directory,
    base_urls: Vec<String>,
) -> anyhow::Result<Internal> {
    let token = new_token();
    data_dir::write_token(&settings.data_dir, &token)
        .context("the token of the internal listener")?;
    let operator = Operator::new(directory, settings.data_dir.clone(), base_urls, now);
    let operator = Arc::new(operator);
    operator.resume().context("a load that was not finished")?;
    Ok(Internal { operator, token: token.into() })
}

/// Says on standard output, in one line, what listens where.
fn say_ready(addresses: &serde_json::Value) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{addresses}").and_then(|()| stdout.flush()).context("standard output")
}

/// Says in the data directory who serves it.
fn announce(data_dir: &Path, internal: SocketAddr) -> anyhow::Result<()> {
    let serving = Serving {
        pid: std::process::id(),
        internal: format!("http://{}", reachable(internal)),
        started: format_instant(now().as_millisecond()),
    };
    serving.write(data_dir).context("serving.json")
}

/// The address at which this machine reaches a listener on `address`.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// A new secret: 256 random bits, in hexadecimal.
fn new_token() -> String {
    let mut bytes = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system has randomness, or nothing here is safe");
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// A new id: a random UUID, lower case. Source: RFC 9562, version 4.
fn new_id() -> String {
    let mut bytes = [0_u8; 16];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system has randomness, or nothing here is safe");
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// The clock of the service: this is the outermost place, all others are given it.
#[expect(clippy::disallowed_methods, reason = "the place where the clock comes from")]
fn now() -> Timestamp {
    Timestamp::now()
}
