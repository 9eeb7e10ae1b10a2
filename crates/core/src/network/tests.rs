use std::fs;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{Dial as _, Internet};

/// A self-signed certificate for a name that is not the address, made by the `openssl` command.
fn self_signed() -> TlsAcceptor {
    let folder = std::env::temp_dir().join(format!("eden-probe-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let arguments =
        "req -x509 -newkey rsa:2048 -noenc -days 2 -subj /CN=task -keyout key -out cert";
    let made = Command::new("openssl").args(arguments.split(' ')).current_dir(&folder).output();
    assert!(made.unwrap().status.success());
    let chain = vec![CertificateDer::from_pem_file(folder.join("cert")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(folder.join("key")).unwrap();
    fs::remove_dir_all(folder).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[tokio::test]
async fn a_task_with_a_certificate_of_its_own_is_asked_over_tls() {
    let (listener, address) = listen().await;
    let acceptor = self_signed();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        acceptor.accept(stream).await.unwrap().write_all(b"hello").await.unwrap();
    });

    let mut connection = Internet.dial(address, true).await.unwrap();
    let mut said = [0; 5];
    connection.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"hello");
}

#[tokio::test]
async fn what_does_not_speak_tls_is_told_from_what_cannot_be_reached() {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    });
    let error = Internet.dial(address, true).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");

    let (closed, address) = listen().await;
    drop(closed);
    let error = Internet.dial(address, true).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}
