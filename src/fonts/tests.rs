//! Typefaces are chosen by what they have and by how they look. `scripts/prerequisites test` installs
//! those that are expected here.

use super::*;

const PLAIN: Look = Look { emoji: false, han: HanForm::Simplified };

#[test]
fn without_typefaces_nothing_is_found() {
    let fonts = Fonts::none();
    assert!(fonts.is_empty());
    assert_eq!(fonts.find('ก', PLAIN), None);
    fonts.tell_missing('ก');
}

#[test]
fn each_script_has_a_family_with_a_bold_typeface() {
    let fonts = Fonts::installed(None);
    for sign in ['ก', 'क', 'ক', 'მ', 'Հ'] {
        let family = fonts.find(sign, PLAIN).unwrap();
        assert!(fonts.has(family, sign));
        let [regular, bold] = [false, true].map(|bold| fonts.load(family, bold).unwrap());
        assert!(regular.bytes.len() > 1_000);
        assert!(regular.bytes != bold.bytes || bold.weight.is_some(), "{sign}");
    }
    for sign in ['木', 'オ', '참'] {
        assert!(fonts.find(sign, PLAIN).is_some(), "{sign}");
    }
}

#[test]
fn a_picture_comes_from_a_family_of_pictures_and_a_letter_does_not() {
    let fonts = Fonts::installed(None);
    let picture = fonts.find('😀', Look { emoji: true, ..PLAIN }).unwrap();
    assert!(fonts.has(picture, '❤'));
    let letter = fonts.find('ก', Look { emoji: true, ..PLAIN }).unwrap();
    assert_ne!(letter, picture);
    assert_ne!(fonts.find('1', PLAIN), Some(picture));
}

#[test]
fn a_script_without_a_typeface_is_told_once() {
    let fonts = Fonts::installed(None);
    for sign in ['\u{11150}', '\u{11151}', '\u{e000}'] {
        fonts.tell_missing(sign);
    }
    let told = fonts.0.told.lock().unwrap().clone();
    assert_eq!(Vec::from_iter(told), ["Mahajani", "Unknown"]);
}

#[test]
fn what_is_in_the_folder_comes_before_what_the_system_has() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy("assets/fonts/NotoSansHebrew-Regular.ttf", folder.path().join("a.ttf")).unwrap();
    std::fs::write(folder.path().join("b.ttf"), b"no typeface").unwrap();
    let fonts = Fonts::installed(Some(folder.path().to_owned()));
    let family = fonts.find('ש', PLAIN).unwrap();
    assert_eq!(family, FamilyId(0));
    assert_eq!(fonts.load(family, false).unwrap().bytes.len(), 14_080);
    assert!(fonts.load(family, true).is_none(), "it has no bold letters");
    std::fs::remove_file(folder.path().join("a.ttf")).unwrap();
    assert!(fonts.load(family, false).is_none(), "a file that is gone is no typeface");
}

#[test]
fn a_text_or_a_country_says_which_form_of_chinese_characters_is_meant() {
    assert_eq!(HanForm::of_text("木の板"), Some(HanForm::Japanese));
    assert_eq!(HanForm::of_text("참나무 木"), Some(HanForm::Korean));
    assert_eq!(HanForm::of_text("橡木板 42"), None);
    assert_eq!(HanForm::of_country("TW"), Some(HanForm::Traditional));
    assert_eq!(HanForm::of_country("DE"), None);
}

#[test]
fn punctuation_of_east_asia_comes_from_a_family_with_its_letters() {
    let fonts = Fonts::installed(None);
    for han in [HanForm::Simplified, HanForm::Japanese] {
        let look = Look { han, ..PLAIN };
        for sign in ['。', '「', '（', '、'] {
            assert_eq!(fonts.find(sign, look), fonts.find('木', look), "{sign} {han:?}");
        }
    }
}
