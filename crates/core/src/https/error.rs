//! What became of a request that got no answer, in the SDK's terms: it repeats some and not others.

use std::error::Error;
use std::io;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::retry::ErrorKind;
use tokio::time::error::Elapsed;

type Legacy = hyper_util::client::legacy::Error;

/// Time-outs and whatever the network did may be repeated; what the request itself is to blame for
/// may not.
pub(super) fn classify(error: Legacy) -> ConnectorError {
    if find::<Elapsed>(&error).is_some() {
        return ConnectorError::timeout(error.into());
    }
    let of_hyper = find::<hyper::Error>(&error);
    let io = find::<io::Error>(&error).is_some() || error.is_connect();
    match of_hyper {
        Some(it) if it.is_timeout() => ConnectorError::timeout(error.into()),
        Some(it) if it.is_user() => ConnectorError::user(error.into()),
        // The other side hung up before its answer was complete.
        Some(it) if it.is_incomplete_message() => {
            ConnectorError::other(error.into(), Some(ErrorKind::TransientError))
        }
        Some(it) if it.is_closed() || it.is_canceled() => ConnectorError::io(error.into()),
        _ if io => ConnectorError::io(error.into()),
        _ => ConnectorError::other(BoxError::from(error), None),
    }
}

/// Whether the host's name could not be resolved, or its certificate was not accepted. The cause may be
/// on this side: another client may resolve the name, or trust the certificate, and get an answer.
pub(crate) fn is_of_name_or_certificate(error: &(dyn Error + 'static)) -> bool {
    let of_certificate = |it: &rustls::Error| matches!(it, rustls::Error::InvalidCertificate(_));
    if find::<rustls::Error>(error).is_some_and(of_certificate) {
        return true;
    }
    // The resolver's own error has no public type.
    let mut next = Some(error);
    while let Some(error) = next {
        if error.to_string().starts_with("dns error") {
            return true;
        }
        next = error.source();
    }
    false
}

/// The first error of this type in the chain. An I/O error hides what it carries from the chain.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        let carried = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = carried.map(|it| it as &(dyn Error + 'static)).or_else(|| error.source());
    }
    None
}
