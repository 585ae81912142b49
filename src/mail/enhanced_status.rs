//! Status codes of mail servers (RFC 3463), such as `5.1.1`.

/// The codes that say that another mail to this recipient would fail as well: no such mailbox, no such domain, no valid
/// address, moved without a new address, a domain that takes no mails (RFC 7505), and a mailbox that is disabled.
const NO_SUCH_RECIPIENT: [&str; 6] = ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"];

/// Whether a status code says that there is no such recipient. All others may be about the sender, the words of the mail,
/// or something that passes, such as a full mailbox.
pub fn no_such_recipient(enhanced: &str) -> bool {
    NO_SUCH_RECIPIENT.contains(&enhanced)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_about_the_mailbox_says_that_there_is_none() {
        for code in ["5.1.1", "5.1.2", "5.1.10", "5.2.1"] {
            assert!(no_such_recipient(code), "{code}");
        }
        for code in
            ["", "5", "5.0.0", "5.1.0", "5.1.7", "5.1.8", "5.2.2", "5.7.1", "4.1.1", "5.1.11"]
        {
            assert!(!no_such_recipient(code), "{code}");
        }
    }
}
