//! The expansions that the macro's own tests compare as text, compiled: what a reader sees there is what works.
#![allow(
    dead_code,
    missing_docs,
    unused_qualifications,
    unreachable_pub,
    unused_imports,
    reason = "written for readers of the expansion, and nobody calls it"
)]

mod smallest {
    include!("../../users-macros/tests/golden/smallest.expanded.rs");
}

mod renamed_roles {
    include!("../../users-macros/tests/golden/renamed_roles.expanded.rs");
}

mod custom_fields {
    include!("../../users-macros/tests/golden/custom_fields.expanded.rs");
}

mod clashing_names {
    include!("../../users-macros/tests/golden/clashing_names.expanded.rs");
}

mod tenants {
    include!("../../users-macros/tests/golden/tenants.expanded.rs");
}

/// The sources, derived by the compiler itself.
mod sources {
    pub mod smallest {
        include!("../../users-macros/tests/golden/smallest.rs");
    }

    pub mod renamed_roles {
        include!("../../users-macros/tests/golden/renamed_roles.rs");
    }

    pub mod custom_fields {
        include!("../../users-macros/tests/golden/custom_fields.rs");
    }

    pub mod clashing_names {
        include!("../../users-macros/tests/golden/clashing_names.rs");
    }

    pub mod tenants {
        include!("../../users-macros/tests/golden/tenants.rs");
    }
}

#[test]
fn the_text_says_what_the_compiler_derives() {
    use axum_users::{__private::SqlUser, AuthUser};

    fn told<U: AuthUser + SqlUser<sqlx::Sqlite>>() -> String {
        format!("{:?} {:?} {:?}", U::SQL.sqlite, U::columns(), U::CUSTOM_FIELDS)
    }
    assert_eq!(told::<smallest::User>(), told::<sources::smallest::User>());
    assert_eq!(told::<renamed_roles::Member>(), told::<sources::renamed_roles::Member>());
    assert_eq!(told::<custom_fields::User>(), told::<sources::custom_fields::User>());
    assert_eq!(told::<clashing_names::S>(), told::<sources::clashing_names::S>());
    assert_eq!(told::<tenants::User>(), told::<sources::tenants::User>());
}
