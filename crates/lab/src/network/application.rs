//! What the application at a task's address answers, on the network as in virtual time.

use std::net::SocketAddr;

use hyper::body::Bytes;
use hyper::{Request, Response, StatusCode};
use serde_json::json;

use super::server::HangUp;
use crate::lab::Shared;
use crate::world::Answer;

/// Answers as the application that has the address at this moment.
pub(super) async fn answer(
    lab: &Shared,
    address: SocketAddr,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, HangUp> {
    let (task, answer) = {
        let world = lab.world();
        let occupant = world.occupant(address).ok_or(HangUp)?;
        (occupant.name().to_owned(), occupant.answer(request.uri().path()))
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
