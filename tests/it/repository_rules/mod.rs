//! Checks of the source tree: layers, file rules, the security contract, outbound connections, the supply chain and the workflows.

mod layers;
mod logging;
mod outbound;
mod rows;
mod security_rows;
mod source;
mod statements;
mod supply;
mod tidy;
mod workflows;
