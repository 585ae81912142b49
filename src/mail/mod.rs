//! E-mail to contacts and from them. Pure: no I/O.

pub mod address;
pub mod enhanced_status;
pub mod incoming;
mod letter;
mod retry;
mod said;
mod secrets;
mod words;

pub use letter::{Letter, NoLetter, letter};
pub use retry::next_try;
pub use said::{Said, said};
pub use secrets::{file_without_secrets, without_secrets};
pub use words::{Content, Told, What, content};
