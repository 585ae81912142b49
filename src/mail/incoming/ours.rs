//! How mails of ours are known in what others send.

use ulid::Ulid;

use crate::config::ReplyAddress;

/// What our own mails have in them.
#[derive(Clone, Debug)]
pub struct Ours {
    /// The address for answers. Its domain is also that of their Message-IDs.
    pub replies: ReplyAddress,
    /// With what the link begins that ends the mails, such as `https://pay.example/u/`. It is in the last line, above the
    /// footer of the shop. `None`: there are no links.
    pub unsubscribe: Option<String>,
    /// The footers of the shops.
    pub footers: Vec<String>,
}

impl Ours {
    /// Whether a line can only be in a mail of ours, or in the header of an answer to one.
    pub(super) fn are_named_in(&self, line: &str) -> bool {
        let line = line.to_ascii_lowercase();
        let ReplyAddress { local, domain } = &self.replies;
        let is_answered =
            line.contains(&format!("{local}+")) && line.contains(&format!("@{domain}"));
        is_answered || self.end_in(&line)
    }

    /// Whether a line is the last one of a mail of ours. Programs may have made the link a part of another one.
    pub(super) fn end_in(&self, line: &str) -> bool {
        let line = line.to_ascii_lowercase();
        let link = self.unsubscribe.as_ref().map(|it| it.to_ascii_lowercase());
        link.is_some_and(|it| line.contains(&it) || line.contains(&percent_encoded(&it)))
    }

    /// Whether a line is one of the footer of a shop.
    pub(super) fn have_footer(&self, line: &str) -> bool {
        let line = line.trim();
        self.footers.iter().flat_map(|it| it.lines()).any(|it| it.trim() == line)
    }

    /// Whether a Message-ID, without its angle brackets, is that of a mail of ours.
    pub(super) fn have_id(&self, message_id: &str) -> bool {
        let of_two = message_id.trim().split_once('@');
        let of_two = of_two.filter(|(_, domain)| domain.eq_ignore_ascii_case(&self.replies.domain));
        let of_two = of_two.and_then(|(ids, _)| ids.split_once('.'));
        of_two.is_some_and(|(mail, contact)| {
            Ulid::from_string(mail).is_ok() && Ulid::from_string(contact).is_ok()
        })
    }
}

/// Returns a link as it is in the query of another one, in lower case.
fn percent_encoded(link: &str) -> String {
    link.replace(':', "%3a").replace('/', "%2f")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn ours() -> Ours {
        Ours {
            replies: "replies@mail.shop.example".to_owned().try_into().unwrap(),
            unsubscribe: Some("https://pay.example/u/".to_owned()),
            footers: vec!["Acme GmbH\nAmtsgericht Ulm".to_owned()],
        }
    }

    #[test]
    fn mails_of_ours_are_known_by_their_links_addresses_and_ids() {
        let ours = ours();
        assert!(ours.end_in("End these mails <https://pay.example/u/x>"));
        assert!(ours.end_in("<https://safe.example/?url=https%3A%2F%2Fpay.example%2Fu%2Fx&a=1>"));
        assert!(ours.are_named_in("To: Acme <Replies+x@Mail.shop.example>"));
        assert!(!ours.are_named_in("To: Acme <sales@mail.shop.example>, https://pay.example/t/1"));
        assert!(ours.have_footer(" Amtsgericht Ulm"));
        assert!(!ours.have_footer(""));
        let id = Ulid::new().to_string().to_lowercase();
        assert!(ours.have_id(&format!("{id}.{id}@mail.shop.example")));
        assert!(!ours.have_id(&format!("{id}.{id}@buyer.example")));
        assert!(!ours.have_id("42.43@mail.shop.example"));
    }
}
