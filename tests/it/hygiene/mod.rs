//! The derive in surroundings that its author did not think of. Most of the proof is that these modules compile; where
//! meaning could change silently, a test looks at it.

mod in_a_function;
mod names_of_ours;
mod renamed;
mod strict_lints;
mod two_users;

mod hostile_prelude;
#[no_implicit_prelude]
mod no_implicit_prelude;
