//! Runs `tallyroom_fuzz::invoice_pdf`, which says what must hold.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tallyroom_fuzz::invoice_pdf::check(bytes));
