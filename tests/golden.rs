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
    include!("../users-macros/tests/golden/smallest.expanded.rs");
}

mod renamed_roles {
    include!("../users-macros/tests/golden/renamed_roles.expanded.rs");
}

mod custom_fields {
    include!("../users-macros/tests/golden/custom_fields.expanded.rs");
}

mod clashing_names {
    include!("../users-macros/tests/golden/clashing_names.expanded.rs");
}

/// The sources, derived by the compiler itself.
mod sources {
    mod smallest {
        include!("../users-macros/tests/golden/smallest.rs");
    }

    mod renamed_roles {
        include!("../users-macros/tests/golden/renamed_roles.rs");
    }

    mod custom_fields {
        include!("../users-macros/tests/golden/custom_fields.rs");
    }

    mod clashing_names {
        include!("../users-macros/tests/golden/clashing_names.rs");
    }
}
