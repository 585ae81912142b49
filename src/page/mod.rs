//! HTTP from people: the invoice page with its chat.

pub mod link;
pub mod model;
pub mod openid;
pub mod shop_sign_in;
pub mod token;
