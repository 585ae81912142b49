//! Runs `tallyroom_fuzz::push`, which says what must hold.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tallyroom_fuzz::push::check(bytes));
