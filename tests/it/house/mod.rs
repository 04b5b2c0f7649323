//! Checks the source tree: layers, tidiness, the security contract, what is in the supply chain.

mod layers;
mod outbound;
mod rows;
mod security_rows;
mod source;
mod statements;
mod supply;
mod tidy;
