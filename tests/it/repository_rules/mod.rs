//! Checks of the source tree: layers, file rules, the security contract, outbound connections and the supply chain.

mod layers;
mod logging;
mod outbound;
mod rows;
mod security_rows;
mod source;
mod statements;
mod supply;
mod tidy;
