//! AWS by TLS: one port for each service, as AWS has one host for each, in front of the lab's plain
//! endpoint. The certificates are made for the run by the `openssl` command, after the pattern of
//! AWS's own: an RSA key, signed by an authority of its own.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The services, as the SDKs' variables for endpoints name them.
const SERVICES: [&str; 6] = ["ECS", "EC2", "APIGATEWAYV2", "CLOUDWATCH", "EVENTBRIDGE", "SNS"];

/// Where systems keep the authorities they trust, in one file.
const TRUSTED: [&str; 2] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/// The ports; closed when dropped.
#[derive(Debug)]
pub struct Tls {
    endpoints: BTreeMap<&'static str, SocketAddr>,
    bundle: PathBuf,
    _serving: JoinSet<()>,
}

impl Tls {
    /// Opens a port for each service in front of this address, with certificates in this folder.
    ///
    /// # Errors
    /// When `openssl` fails or a port cannot be bound.
    pub async fn start(behind: SocketAddr, folder: &Path) -> Result<Self> {
        let identity = Identity::make(folder)?;
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(identity.chain, identity.key)
            .context("the certificate that openssl made is of no use")?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (mut endpoints, mut serving) = (BTreeMap::new(), JoinSet::new());
        for service in SERVICES {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            endpoints.insert(service, listener.local_addr()?);
            serving.spawn(accept(listener, acceptor.clone(), behind));
        }
        Ok(Self { endpoints, bundle: identity.bundle, _serving: serving })
    }

    /// The variables that lead both sides to it, and have them trust it beside all that the system
    /// trusts.
    pub fn variables(&self) -> BTreeMap<String, String> {
        let bundle = self.bundle.to_string_lossy().into_owned();
        let trust =
            ["SSL_CERT_FILE", "AWS_CA_BUNDLE"].map(|name| (name.to_owned(), bundle.clone()));
        let endpoints = self.endpoints.iter();
        let endpoints = endpoints
            .map(|(service, at)| (format!("AWS_ENDPOINT_URL_{service}"), format!("https://{at}")));
        endpoints.chain(trust).collect()
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, behind: SocketAddr) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                let _ = stream.set_nodelay(true);
                let acceptor = acceptor.clone();
                connections.spawn(async move {
                    // A connection that fails is its client's affair.
                    let (Ok(mut front), Ok(mut back)) =
                        tokio::join!(acceptor.accept(stream), TcpStream::connect(behind))
                    else {
                        return;
                    };
                    let _ = back.set_nodelay(true);
                    let _ = copy_bidirectional(&mut front, &mut back).await;
                });
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// A certificate for 127.0.0.1, and a file with what to trust.
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    bundle: PathBuf,
}

impl Identity {
    fn make(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let new_key = ["-newkey", "rsa:2048", "-noenc", "-days", "2"];
        openssl(
            folder,
            &[
                &[
                    "req",
                    "-x509",
                    "-keyout",
                    "ca.key",
                    "-out",
                    "ca.crt",
                    "-subj",
                    "/CN=bench authority",
                ],
                &new_key[..],
            ]
            .concat(),
        )?;
        openssl(
            folder,
            &[
                &[
                    "req",
                    "-x509",
                    "-CA",
                    "ca.crt",
                    "-CAkey",
                    "ca.key",
                    "-keyout",
                    "server.key",
                    "-out",
                    "server.crt",
                    "-subj",
                    "/CN=127.0.0.1",
                    "-addext",
                    "subjectAltName=IP:127.0.0.1",
                    "-addext",
                    "basicConstraints=critical,CA:FALSE",
                ],
                &new_key[..],
            ]
            .concat(),
        )?;
        let own = fs::read_to_string(folder.join("ca.crt")).context("cannot read ca.crt")?;
        let trusted = TRUSTED.iter().find_map(|file| fs::read_to_string(file).ok());
        let trusted = trusted.with_context(|| {
            format!("none of {TRUSTED:?} can be read: install the ca-certificates")
        })?;
        let bundle = folder.join("bundle.pem");
        fs::write(&bundle, trusted + "\n" + &own).context("cannot write bundle.pem")?;
        let chain = CertificateDer::pem_file_iter(folder.join("server.crt"))
            .context("cannot read server.crt")?
            .collect::<Result<_, _>>()
            .context("server.crt is no certificate")?;
        let key = PrivateKeyDer::from_pem_file(folder.join("server.key"))
            .context("cannot read server.key")?;
        Ok(Self { chain, key, bundle })
    }
}

fn openssl(folder: &Path, arguments: &[&str]) -> Result<()> {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .context("cannot start openssl, which makes the certificates for TLS: install it")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "openssl {} failed: {said}", arguments.join(" "));
    Ok(())
}
