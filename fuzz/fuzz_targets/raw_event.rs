//! Runs `tallyroom_fuzz::raw_event`, which says what must hold.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tallyroom_fuzz::raw_event::check(bytes));
