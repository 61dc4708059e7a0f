#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kalshi_fix_tests::fuzz::frames::run(data));
