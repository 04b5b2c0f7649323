//! Tests of the readers of request bodies, for the promises about input in docs/contributing/security.md.

mod input;
