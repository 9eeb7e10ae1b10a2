//! What the application at a task's address answers, on the network as in virtual time.

use std::net::SocketAddr;

use hyper::body::Bytes;
use hyper::header::HOST;
use hyper::{Request, Response, StatusCode};
use serde_json::json;

use super::server::HangUp;
use crate::lab::Shared;
use crate::world::{Answer, Asked};

/// Answers as the application that has the address at this moment, over TLS or not.
pub(super) async fn answer(
    lab: &Shared,
    address: SocketAddr,
    tls: bool,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, HangUp> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let asked = Asked { path: request.uri().path(), host: host.unwrap_or_default(), tls };
    let (task, answer) = {
        let world = lab.world();
        let occupant = world.occupant(address).filter(|it| !tls || it.speaks_tls());
        let occupant = occupant.ok_or(HangUp)?;
        (occupant.name().to_owned(), occupant.answer(asked))
    };
    let status = match answer {
        Answer::Status(status) => {
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Answer::Never => return std::future::pending().await,
    };
    let body = json!({ "task": task, "status": status.as_u16() });
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    Ok(response)
}
