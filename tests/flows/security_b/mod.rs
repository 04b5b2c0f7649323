//! The security contract over HTTP: rights, input, races, events, failures and take-overs. `docs/security.md` names the
//! tests; a module here has the name that stands before the `::` there.

mod base64url;
pub mod crowd;
mod dice;
mod every_answer;
mod failing_store;
mod logs;
mod wire_bytes;

mod authz;
mod bearer;
mod config;
mod conflict;
mod crypto;
mod csrf;
mod errors;
mod events;
mod fuzz;
mod headers;
mod input;
mod load;
#[cfg(all(feature = "postgres", feature = "mysql"))]
mod outage;
mod race;
mod routes;
mod schema;
mod sql;
mod takeover;
mod tx;
