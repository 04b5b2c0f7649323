//! Scripts that change sessions atomically on the server. Each must be idempotent, because it may be sent twice.

macro_rules! script {
    ($file:literal) => {
        concat!(include_str!("scripts/common.lua"), include_str!(concat!("scripts/", $file)))
    };
}

pub(super) const ADD: &str = script!("add.lua");
pub(super) const FIND: &str = include_str!("scripts/find.lua");
pub(super) const LIST: &str = script!("list.lua");
pub(super) const END: &str = script!("end.lua");
pub(super) const REVOKE: &str = script!("revoke.lua");
