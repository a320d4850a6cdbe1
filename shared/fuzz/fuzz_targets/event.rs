#![no_main]

libfuzzer_sys::fuzz_target!(|payload: &str| shared_fuzz::check_event(payload));
