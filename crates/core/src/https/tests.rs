//! Over loopback and in real time.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use http::Request;

use super::{Https, is_of_name_or_certificate};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Accepts one connection and does this with it once the request is there.
fn serve_one(
    listener: TcpListener,
    answer: impl FnOnce(&mut TcpStream) + Send + 'static,
) -> JoinHandle<String> {
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let length = stream.read(&mut request).unwrap();
        answer(&mut stream);
        String::from_utf8_lossy(&request[..length]).into_owned()
    })
}

async fn get(https: &Https, from: SocketAddr) -> Result<HttpResponse, ConnectorError> {
    let request = Request::get(format!("http://{from}/x")).body(SdkBody::empty()).unwrap();
    https.call(HttpRequest::try_from(request).unwrap()).await
}

#[tokio::test]
async fn a_request_takes_the_connection_that_was_opened_for_it() {
    // Given: who listens accepts one connection, and no other.
    let (listener, address) = listener();
    let server = serve_one(listener, |stream| stream.write_all(ANSWER).unwrap());
    let https = Https::new();
    https.open(vec![(format!("http://{address}").parse().unwrap(), 1)]);
    assert_eq!(https.0.dialer.waiting(), 1);
    // When
    let answer = get(&https, address).await.unwrap();
    // Then
    assert_eq!(answer.status().as_u16(), 200);
    assert!(server.join().unwrap().starts_with("GET /x HTTP/1.1"));
    assert_eq!(https.0.dialer.waiting(), 0);
}

#[tokio::test]
async fn a_connection_that_could_not_be_opened_is_opened_again_by_the_request() {
    // Given: nobody listens yet.
    let (listener, address) = listener();
    drop(listener);
    let https = Https::new();
    https.open(vec![(format!("http://{address}").parse().unwrap(), 1)]);
    assert_eq!(https.0.dialer.waiting(), 1);
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    // When
    let listener = TcpListener::bind(address).unwrap();
    let server = serve_one(listener, |stream| stream.write_all(ANSWER).unwrap());
    let answer = get(&https, address).await.unwrap();
    // Then
    assert_eq!(answer.status().as_u16(), 200);
    server.join().unwrap();
}

#[tokio::test]
async fn a_connection_that_is_refused_may_be_tried_again() {
    let (listener, address) = listener();
    drop(listener);
    let error = get(&Https::new(), address).await.unwrap_err();
    assert!(error.is_io(), "{error:?}");
}

#[tokio::test]
async fn a_connection_that_ends_before_the_answer_may_be_tried_again() {
    let (listener, address) = listener();
    let server = serve_one(listener, |_| {});
    let error = get(&Https::new(), address).await.unwrap_err();
    server.join().unwrap();
    let again = error.is_io() || error.as_other() == Some(ErrorKind::TransientError);
    assert!(again, "{error:?}");
}

#[tokio::test]
async fn an_answer_that_is_no_http_is_not_asked_for_again() {
    let (listener, address) = listener();
    let server = serve_one(listener, |stream| stream.write_all(b"SSH-2.0-x\r\n\r\n").unwrap());
    let error = get(&Https::new(), address).await.unwrap_err();
    server.join().unwrap();
    assert!(!error.is_io() && !error.is_timeout() && error.as_other().is_none(), "{error:?}");
}

/// A custom domain that the VPC's resolver does not know, and a certificate that has expired: a client
/// elsewhere may resolve the one and trust the other.
#[tokio::test]
async fn a_name_that_is_not_known_and_a_certificate_that_is_not_accepted_are_told_from_silence() {
    let io = |what: rustls::Error| std::io::Error::new(std::io::ErrorKind::InvalidData, what);
    let of = |what: rustls::Error| ConnectorError::io(Box::new(io(what)));
    let expired = rustls::Error::InvalidCertificate(rustls::CertificateError::Expired);
    assert!(is_of_name_or_certificate(&of(expired)));
    assert!(!is_of_name_or_certificate(&of(rustls::Error::HandshakeNotComplete)));
    let (listener, address) = listener();
    drop(listener);
    let refused = get(&Https::new(), address).await.unwrap_err();
    assert!(!is_of_name_or_certificate(&refused), "{refused:?}");
    let request = http::Request::get("http://nobody.invalid/").body(SdkBody::empty()).unwrap();
    let request = HttpRequest::try_from(request).unwrap();
    let unknown = Https::new().call(request).await.unwrap_err();
    assert!(is_of_name_or_certificate(&unknown), "{unknown:?}");
}
