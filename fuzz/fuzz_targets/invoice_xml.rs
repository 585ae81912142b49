//! Runs `tallyroom_fuzz::invoice_xml`, which says what must hold.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tallyroom_fuzz::invoice_xml::check(bytes));
