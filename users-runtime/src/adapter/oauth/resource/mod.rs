//! Access tokens of another issuer: the service is a resource server (RFC 6749 section 1.1).

mod claims;
mod keys;
mod settings;
mod strategy;

pub use settings::ResourceServer;
