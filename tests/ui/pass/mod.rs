//! Programs that compile, beside those that do not. They are modules, because with a program that passes trybuild compiles
//! all dependencies instead of only checking them.
#![allow(dead_code, reason = "compiled only")]

mod no_field_is_silent;
mod readme;
mod state_of_ones_own;
