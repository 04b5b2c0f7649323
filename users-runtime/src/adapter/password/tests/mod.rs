//! Unit tests of password hashing.

mod fairness;
mod load;
