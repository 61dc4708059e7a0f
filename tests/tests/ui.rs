//! The derive's errors as rustc shows them. `.ci/run` runs this on the release of rustc that `ui/RUSTC` names, since every
//! release words its errors anew; the same errors are tested as data where they are made.

#[test]
fn errors_of_the_derive() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}
