//! Runs `tallyroom_fuzz::bundle`, which says what must hold.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tallyroom_fuzz::bundle::check(bytes));
