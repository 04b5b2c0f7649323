//! The `state` of OAuth flows.

use super::RandomError;
use crate::domain::{
    TokenId,
    oauth::{Flow, FlowRefused, FlowSecrets},
};

/// Creates and reads the `state` of flows, and derives the secrets of a flow.
pub(crate) trait OAuthFlows: Send + Sync + 'static {
    /// Makes the id of a new flow, and the value of the cookie that binds flows to a browser.
    fn new_flow(&self) -> Result<(TokenId, String), RandomError>;

    /// Returns the secrets of a flow: always the same ones for the same id, so that they need not be stored.
    fn secrets(&self, flow: &TokenId) -> FlowSecrets;

    /// Signs a flow. `None` if it is too long.
    fn seal(&self, flow: &Flow) -> Option<String>;

    /// Reads a `state` and checks its signature, purpose and age.
    fn open(&self, state: &str) -> Result<Flow, FlowRefused>;
}
