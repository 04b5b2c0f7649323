//! Tests of request parsing, for the input requirements in docs/contributing/security.md.

mod input;
