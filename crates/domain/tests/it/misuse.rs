//! What the types must not allow: each of these programs has to be refused by the compiler, for the stated reason.

#[test]
fn permits_and_admissions_cannot_be_forged_or_swapped() {
    trybuild::TestCases::new().compile_fail("tests/trybuild/*.rs");
}
