//! The recorded expansions of the derive: the whole ones compile as text, and every source compiles with the derive.
#![allow(
    dead_code,
    missing_docs,
    unused_qualifications,
    unreachable_pub,
    unused_imports,
    reason = "written for readers of the expansion, and nothing calls it"
)]

mod smallest {
    include!("../../users-macros/tests/golden/smallest.expanded.rs");
}

mod custom_fields {
    include!("../../users-macros/tests/golden/custom_fields.expanded.rs");
}

/// The sources, derived by the compiler.
mod sources {
    pub mod smallest {
        include!("../../users-macros/tests/golden/smallest.rs");
    }

    pub mod custom_fields {
        include!("../../users-macros/tests/golden/custom_fields.rs");
    }

    pub mod renamed_roles {
        include!("../../users-macros/tests/golden/renamed_roles.rs");
    }

    pub mod clashing_names {
        include!("../../users-macros/tests/golden/clashing_names.rs");
    }

    #[cfg(feature = "services")]
    pub mod named_databases {
        include!("../../users-macros/tests/golden/named_databases.rs");
    }

    #[cfg(feature = "oauth")]
    pub mod oauth {
        include!("../../users-macros/tests/golden/oauth.rs");
    }

    pub mod client {
        include!("../../users-macros/tests/golden/client.rs");
    }

    pub mod login {
        include!("../../users-macros/tests/golden/login.rs");
    }

    pub mod tenants {
        include!("../../users-macros/tests/golden/tenants.rs");
    }
}

#[test]
fn the_recorded_expansions_equal_the_derived_code() {
    use axum_users::{__private0_1_0::SqlUser, AuthUser, schema::SchemaKind};

    fn facts<U: AuthUser + SqlUser<sqlx::Sqlite>>() -> String {
        let fields = SchemaKind::ALL.map(|schema| {
            let fields = schema.fields::<U>().map(|field| (field.name, field.required, field.doc, field.deprecated));
            (schema.name::<U>(), fields.collect::<Vec<_>>())
        });
        format!("{:?} {:?} {fields:?}", U::SQL.sqlite, U::columns())
    }
    assert_eq!(facts::<smallest::User>(), facts::<sources::smallest::User>());
    assert_eq!(facts::<custom_fields::User>(), facts::<sources::custom_fields::User>());
}
