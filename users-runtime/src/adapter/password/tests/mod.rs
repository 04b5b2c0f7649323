//! Unit tests of password hashing.

mod load;
