//! Opening connections: TCP and TLS, or one that was opened beforehand.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::crypto::ring::default_provider;
use rustls::{ClientConfig, RootCertStore};
use rustls_native_certs::{CertificateResult, load_certs_from_paths, load_native_certs};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tower_service::Service;

use crate::lambda::environment;

/// A connection that takes longer to open is given up; the SDK's own default.
const CONNECT: Duration = Duration::from_millis(3_100);
/// One that has waited longer for its request may have been closed by the other side: an execution
/// environment can be frozen between its start and its first event.
const FRESH: Duration = Duration::from_secs(5);

type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;
type Opening = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

/// Opens connections. Clones share those that were opened beforehand.
#[derive(Clone)]
pub(super) struct Dialer {
    tls: HttpsConnector<HttpConnector>,
    early: Arc<Mutex<Vec<Early>>>,
}

/// A connection that is being opened, or is open, before a request needs it.
struct Early {
    origin: Uri,
    since: Instant,
    opening: JoinHandle<Result<Stream, BoxError>>,
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer").field("early", &self.early().len()).finish_non_exhaustive()
    }
}

impl Dialer {
    /// Trusts what the system trusts.
    pub(super) fn new() -> Self {
        let mut http = HttpConnector::new();
        http.set_nodelay(true);
        http.enforce_http(false);
        let tls = HttpsConnectorBuilder::new()
            .with_tls_config(trusting_the_system())
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        Dialer { tls, early: Arc::default() }
    }

    /// How many connections wait for a request.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.early().len()
    }

    /// Opens a connection for a later request.
    pub(super) fn open(&self, origin: &Uri) {
        let mut dialer = self.clone();
        let to = origin.clone();
        let opening = tokio::spawn(async move { dialer.dial(to).await });
        self.early().push(Early { origin: origin.clone(), since: Instant::now(), opening });
    }

    fn dial(&mut self, to: Uri) -> impl Future<Output = Result<Stream, BoxError>> + Send + use<> {
        let dialing = self.tls.call(to);
        async { timeout(CONNECT, dialing).await.unwrap_or_else(|late| Err(late.into())) }
    }

    /// One that was opened to where this leads.
    fn take(&self, to: &Uri) -> Option<Early> {
        let mut early = self.early();
        early.retain(|it| it.since.elapsed() < FRESH);
        let fits = |it: &Early| {
            it.origin.scheme() == to.scheme() && it.origin.authority() == to.authority()
        };
        let index = early.iter().position(fits)?;
        Some(early.remove(index))
    }

    fn early(&self) -> MutexGuard<'_, Vec<Early>> {
        self.early.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service<Uri> for Dialer {
    type Response = Stream;
    type Error = BoxError;
    type Future = Opening;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Opening {
        let early = self.take(&to);
        let dialing = self.dial(to);
        Box::pin(async move {
            if let Some(early) = early
                && let Ok(Ok(stream)) = early.opening.await
            {
                return Ok(stream);
            }
            dialing.await
        })
    }
}

/// Those in one file, if there is such a file: the folders beside it have the same ones again, each
/// in a file of its own. `SSL_CERT_FILE` and `SSL_CERT_DIR` say otherwise where they are set.
fn certificates_of_the_system() -> CertificateResult {
    match openssl_probe::probe().cert_file {
        Some(file) if environment("SSL_CERT_DIR").is_none() => {
            load_certs_from_paths(Some(&file), None)
        }
        _ => load_native_certs(),
    }
}

/// Without a single certificate nothing is trusted, and each request over TLS says so.
fn trusting_the_system() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    let found = certificates_of_the_system();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        tracing::warn!(errors = ?found.errors, "the system trusts no certificates");
    }
    ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring knows the versions that are safe")
        .with_root_certificates(roots)
        .with_no_client_auth()
}
