#![no_main]

libfuzzer_sys::fuzz_target!(|value: &[u8]| shared_fuzz::check_row(value));
