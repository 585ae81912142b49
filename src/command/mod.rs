//! The subcommands, one file each.

pub mod check;
pub mod generate_registration;
pub mod import;
pub mod logging;
pub mod run;
