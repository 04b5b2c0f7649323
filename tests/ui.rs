//! What does not compile, and what a person reads then. The name of a file is the mistake; each folder is a topic.
//!
//! `TRYBUILD=overwrite cargo test --test ui` writes the expected messages anew: read them as a stranger would. They are
//! those of the toolchain that CI pins.

#[test]
fn mistakes_are_told_with_the_place_and_the_repair() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/attribute/*.rs");
    cases.compile_fail("tests/ui/role/*.rs");
    cases.compile_fail("tests/ui/field/*.rs");
    cases.compile_fail("tests/ui/schema/*.rs");
    cases.compile_fail("tests/ui/route/*.rs");
    cases.compile_fail("tests/ui/state/*.rs");
    cases.compile_fail("tests/ui/secret/*.rs");
    cases.compile_fail("tests/ui/cookie/*.rs");
    cases.pass("tests/ui/pass/*.rs");
}
