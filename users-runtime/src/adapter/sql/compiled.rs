//! The functions of a store that programs call and that do not depend on their user types, so that they are compiled
//! with this crate.

use std::sync::Arc;

#[cfg(feature = "audit")]
use super::audit::AuditPart;
use super::{
    Dialect, base::Base, counter_sql::CounterSql, oauth_sql::OAuthSql, passkey_sql::PasskeySql,
    refresh_sql::RefreshSql, second_factor_sql::SecondFactorSql, session_sql::SessionSql, token_sql::TokenSql,
};
#[cfg(feature = "audit")]
use crate::port::AuditStore;
use crate::port::{Counters, RefreshStore, SecondFactorStore, SessionStore};

/// Never called: the functions that it names are compiled with this crate.
///
/// rustc compiles a generic function in each program that calls it. Without optimization it links the function of a library
/// instead, if the library has compiled it for the same types.
pub fn compiled_with_this_crate() -> Vec<usize> {
    [
        #[cfg(feature = "sqlite")]
        functions::<sqlx::Sqlite>(),
        #[cfg(feature = "postgres")]
        functions::<sqlx::Postgres>(),
        #[cfg(feature = "mysql")]
        functions::<sqlx::MySql>(),
    ]
    .concat()
}

/// Names the functions of [`Base`] that [`Store`](super::store::Store) calls.
fn functions<DB: Dialect>() -> Vec<usize> {
    vec![
        (|base: Arc<Base<DB>>| base) as fn(_) -> Arc<dyn SessionStore> as usize,
        (|base: Arc<Base<DB>>| base) as fn(_) -> Arc<dyn RefreshStore> as usize,
        (|base: Arc<Base<DB>>| base) as fn(_) -> Arc<dyn SecondFactorStore> as usize,
        (|base: Arc<Base<DB>>| base) as fn(_) -> Arc<dyn Counters> as usize,
        #[cfg(feature = "audit")]
        ((|base: Arc<Base<DB>>| base) as fn(_) -> Arc<dyn AuditStore> as usize),
        SessionSql::of::<DB> as fn(_) -> _ as usize,
        TokenSql::of::<DB> as fn(_) -> _ as usize,
        CounterSql::of::<DB> as fn(_) -> _ as usize,
        RefreshSql::of::<DB> as fn(_) -> _ as usize,
        SecondFactorSql::of::<DB> as fn(_) -> _ as usize,
        PasskeySql::of::<DB> as fn(_) -> _ as usize,
        OAuthSql::of::<DB> as fn(_, _) -> _ as usize,
        #[cfg(feature = "audit")]
        (AuditPart::new::<DB> as fn(_, _) -> _ as usize),
        Base::<DB>::standing as fn(_, _) -> _ as usize,
        Base::<DB>::token_state as fn(_, _) -> _ as usize,
        Base::<DB>::session as fn(_, _) -> _ as usize,
        Base::<DB>::unreadable as fn(_, _, _) -> _ as usize,
        Base::<DB>::refuse_changed as fn(_, _, _, _, _) -> _ as usize,
        Base::<DB>::find as fn(_, _, _) -> _ as usize,
        Base::<DB>::locate_user as fn(_, _) -> _ as usize,
        Base::<DB>::locate_user_of as fn(_, _) -> _ as usize,
        Base::<DB>::find_by_email as fn(_, _) -> _ as usize,
        Base::<DB>::find_by_login_name as fn(_, _) -> _ as usize,
        Base::<DB>::row_of as fn(_, _) -> _ as usize,
        Base::<DB>::delete as fn(_, _) -> _ as usize,
        Base::<DB>::end_sessions as fn(_, _) -> _ as usize,
        Base::<DB>::revoke as fn(_, _, _) -> _ as usize,
        Base::<DB>::use_once as fn(_, _, _) -> _ as usize,
        Base::<DB>::reauthenticate as fn(_, _, _, _, _) -> _ as usize,
        Base::<DB>::purge_expired as fn(_, _) -> _ as usize,
        Base::<DB>::migrate as fn(_) -> _ as usize,
        Base::<DB>::check_schema as fn(_) -> _ as usize,
        Base::<DB>::insert as fn(_, _, _) -> _ as usize,
        Base::<DB>::try_insert as fn(_, _) -> _ as usize,
        Base::<DB>::update as fn(_, _, _, _) -> _ as usize,
        Base::<DB>::passkey as fn(_, _) -> _ as usize,
        Base::<DB>::passkeys as fn(_, _) -> _ as usize,
        Base::<DB>::add_passkey as fn(_, _) -> _ as usize,
        Base::<DB>::redeem_passkey as fn(_, _, _) -> _ as usize,
        Base::<DB>::rename_passkey as fn(_, _, _, _) -> _ as usize,
        Base::<DB>::remove_passkey as fn(_, _, _) -> _ as usize,
        Base::<DB>::linked_account as fn(_, _, _) -> _ as usize,
        Base::<DB>::linked_accounts as fn(_, _) -> _ as usize,
        Base::<DB>::refresh as fn(_, _) -> _ as usize,
        Base::<DB>::tokens as fn(_, _, _) -> _ as usize,
        Base::<DB>::replace_tokens as fn(_, _, _, _, _) -> _ as usize,
        Base::<DB>::remove_orphan as fn(_, _) -> _ as usize,
        Base::<DB>::redeem as fn(_, _, _) -> _ as usize,
        Base::<DB>::unlink as fn(_, _, _) -> _ as usize,
    ]
}
