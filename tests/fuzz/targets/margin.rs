#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kalshi_fix_tests::fuzz::messages::margin(data));
