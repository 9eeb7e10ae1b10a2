//! What stands before the integrations of an API and may answer in their place: an authorizer, or a
//! limit.

use super::{Destination, GatewayAnswer};
use crate::world::World;
use crate::world::operator::OperatorError;

/// What answers requests before any integration is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gatekeeper {
    /// An authorizer: requests without an `Authorization` header get this status, 401 or 403. The
    /// virtual clients of the lab carry one.
    Demands(u16),
    /// Every request gets this status: 500 from an authorizer that fails itself
    /// (<https://github.com/aws/aws-cdk/issues/18352>), 429 over a limit.
    Refuses(u16),
}

impl World {
    /// Puts something before the integrations of an API, or takes it away.
    ///
    /// # Errors
    /// When there is no such API.
    pub fn set_gatekeeper(
        &mut self,
        api_id: &str,
        gatekeeper: Option<Gatekeeper>,
    ) -> Result<(), OperatorError> {
        let api = self.apis.get_mut(api_id);
        let missing = || OperatorError::NoSuchApi(api_id.to_owned());
        api.ok_or_else(missing)?.gatekeeper = gatekeeper;
        Ok(())
    }

    /// Where the gateway leads a request, if what stands before the integrations lets it through.
    pub(crate) fn admitted(
        &self,
        api_id: &str,
        method: &str,
        path: &str,
        authorized: bool,
    ) -> Destination {
        match self.apis.get(api_id).and_then(|api| api.gatekeeper) {
            Some(Gatekeeper::Demands(status)) if !authorized => {
                Destination::Gateway(GatewayAnswer::refusal(status))
            }
            Some(Gatekeeper::Refuses(status)) => {
                Destination::Gateway(GatewayAnswer::refusal(status))
            }
            Some(Gatekeeper::Demands(_)) | None => self.destination(api_id, method, path),
        }
    }
}
