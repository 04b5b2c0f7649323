//! Programs that do not compile, with the compiler's messages. The name of a file is the mistake; each folder is a topic.
//!
//! These are the mistakes that only the type checker finds, and three messages of the derive as people see them. All other
//! messages of the derive are recorded in `users-macros/tests/messages`, without a compiler.
//!
//! `TRYBUILD=overwrite cargo test -p axum-users-ui` writes the expected messages anew. Read them as a user of the crate
//! would. They are those of the toolchain that CI pins.

mod pass;

#[test]
fn mistakes_have_messages_with_their_place_and_a_fix() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("attribute/*.rs");
    cases.compile_fail("role/*.rs");
    cases.compile_fail("field/*.rs");
    cases.compile_fail("schema/*.rs");
    cases.compile_fail("route/*.rs");
    cases.compile_fail("state/*.rs");
    cases.compile_fail("secret/*.rs");
    cases.compile_fail("cookie/*.rs");
}
