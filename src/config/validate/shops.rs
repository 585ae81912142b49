//! Checks the section `shops`, and reads the logos.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use lettre::Address;

use super::Draft;
use crate::config::ApiConfig;
use crate::config::shops::{Colour, Ground, Logo, MAX_LOGO_BYTES, Shades, ShopLook, Words};

/// The greatest length of a notice, in characters.
const MAX_NOTICE_CHARS: usize = 300;
/// The greatest length of the name of the sender of mails, in characters.
const MAX_NAME_CHARS: usize = 100;
/// The greatest length of what stands below mails, in characters.
const MAX_FOOTER_CHARS: usize = 2_000;

/// `folder` is the one to which paths in the config are relative.
pub(super) fn check(looks: &mut [ShopLook], api: &ApiConfig, folder: &Path, draft: &mut Draft) {
    let mut seen = Vec::new();
    for (position, look) in looks.iter_mut().enumerate() {
        let path = |key: &str| format!("shops[{position}].{key}");
        if !api.keys.iter().any(|entry| entry.shop == look.shop) {
            draft.refuse(&path("shop"), &format!("{:?}", look.shop), None);
        } else if seen.contains(&look.shop) {
            draft.refuse(&path("shop"), &format!("{:?} for the second time", look.shop), None);
        }
        seen.push(look.shop.clone());
        check_colour(&path("accent"), look.accent, Ground::LIGHT, "darker", draft);
        check_colour(&path("accent_dark"), look.accent_dark, Ground::DARK, "lighter", draft);
        check_words(&path("notice"), look.notice.as_ref(), MAX_NOTICE_CHARS, draft);
        check_words(&path("mail_footer"), look.mail_footer.as_ref(), MAX_FOOTER_CHARS, draft);
        if let Some(name) = &look.mail_name
            && (name.trim().is_empty()
                || name.chars().count() > MAX_NAME_CHARS
                || name.contains(char::is_control))
        {
            draft.refuse(&path("mail_name"), "another text", None);
        }
        if look.mail_reply_to.as_deref().is_some_and(|it| it.parse::<Address>().is_err()) {
            draft.refuse(&path("mail_reply_to"), "another text", None);
        }
        if let Some(file) = &mut look.logo {
            *file = folder.join(&file);
            match read(file).and_then(Logo::of) {
                Ok(logo) => look.logo_file = Some(Arc::new(logo)),
                Err(problem) => draft.refuse(&path("logo"), &problem, None),
            }
        }
    }
}

/// Reads a file, but not much more of it than a logo may have.
fn read(file: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_LOGO_BYTES + 1).unwrap_or(u64::MAX);
    let opened = fs::File::open(file);
    match opened.and_then(|it| it.take(limit).read_to_end(&mut bytes)) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(format!("a file that cannot be read: {error}")),
    }
}

fn check_colour(
    path: &str,
    colour: Option<Colour>,
    ground: Ground,
    needed: &str,
    draft: &mut Draft,
) {
    let Some(colour) = colour else { return };
    if let Some(contrast) = Shades::of(colour, ground).too_little_contrast(ground) {
        // Rounded down, so that it never reads as enough.
        let contrast = (contrast * 100.0).floor() / 100.0;
        let found =
            format!("{colour}, whose contrast with the page behind it is only {contrast} : 1");
        let fix = format!("write a {needed} colour: text needs a contrast of 4.5 : 1 (WCAG AA)");
        draft.refuse(path, &found, Some(&fix));
    }
}

fn check_words(path: &str, words: Option<&Words>, max_chars: usize, draft: &mut Draft) {
    if let Some(problem) = words.and_then(|it| it.problem(max_chars)) {
        draft.refuse(path, &problem, None);
    }
}
