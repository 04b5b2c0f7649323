//! Macro hygiene of the derive in unusual modules. Most of the tests only need to compile; where the
//! meaning could change silently, a test checks it.

mod in_a_function;
mod names_of_ours;
mod renamed;
mod strict_lints;
mod two_users;

mod hostile_prelude;
#[no_implicit_prelude]
mod no_implicit_prelude;
