//! Sources of breached passwords: a sorted file of hashes and a range query. Both use SHA-1 hashes, as published by
//! Have I Been Pwned.
//!
//! # Security
//! SHA-1 is only used to look up passwords in published lists, never to protect them. The hash is neither stored nor
//! logged.

mod hash_file;
mod range_query;
mod sha1_hex;

pub use hash_file::HashFile;
pub use range_query::RangeQuery;
use sha1_hex::Sha1Hex;
