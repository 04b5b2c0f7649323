//! Sources of breached passwords: a sorted file of hashes, and a range query. Both know SHA-1 hashes, as published by
//! Have I Been Pwned.
//!
//! # Security
//! SHA-1 serves here to look a password up in a published list, not to protect it; nothing stores or logs the hash.

mod hash_file;
mod range_query;
mod sha1_hex;

pub use hash_file::HashFile;
pub use range_query::RangeQuery;
use sha1_hex::Sha1Hex;
