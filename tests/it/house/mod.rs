//! Holds the source tree to the house's own rules: floors, tidiness, the security contract, what is in the supply chain.

mod floors;
mod outbound;
mod rows;
mod sbom;
mod security_rows;
mod source;
mod supply;
mod tidy;
