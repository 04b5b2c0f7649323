//! What docs/contributing/security.md promises about input, proved on the readers of bodies themselves.

mod input;
