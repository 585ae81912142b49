//! HTTP from people: the invoice page with its chat.

pub mod model;
pub mod qr;
