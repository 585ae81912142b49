//! HTTP from the shop.
