//! Letters of every script are on paper, and can be copied from it. `scripts/prerequisites test`
//! installs the typefaces and `pdftotext`.

use std::process::Command;

use super::*;

/// A text in each script, and a part of it that `pdftotext` finds as it was written.
const TEXTS: [(&str, &str); 15] = [
    ("Chinese", "橡木板，很结实"),
    ("Japanese", "オーク材の板"),
    ("Korean", "참나무 판자"),
    ("Thai", "ไม้โอ๊ค"),
    ("Devanagari", "ओक का तख़्ता"),
    ("Bengali", "ওক কাঠের তক্তা"),
    ("Georgian", "მუხის ფიცარი"),
    ("Armenian", "Կաղնու տախտակ"),
    ("Greek", "Δρύινη σανίδα"),
    ("Cyrillic", "Дубовая доска"),
    ("Arabic", "لوح بلوط"),
    ("Hebrew", "קרש אלון"),
    ("pictures", "😀🌳"),
    ("a family", "👩‍👩‍👧"),
    ("mixed", "橡木 oak 42 דלת ไม้"),
];

fn with_texts(texts: &[&str]) -> Terms {
    let mut terms = from_lines(texts.len(), "x");
    for (line, text) in terms.invoice.lines.iter_mut().zip(texts) {
        line.description = (*text).to_owned();
    }
    terms
}

fn written(terms: &Terms, fonts: &Fonts) -> Vec<u8> {
    let locale = english();
    let document = Document { fonts, ..plain(terms, &locale) };
    assert_inside(&sheet_of(&document));
    invoice_pdf(&document).unwrap().bytes
}

/// The text that a reader copies from the PDF.
fn copied(pdf: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it.pdf");
    std::fs::write(&file, pdf).unwrap();
    if let Some(kept) = std::env::var_os("TALLYROOM_PICTURES") {
        std::fs::copy(&file, std::path::Path::new(&kept).join("scripts.pdf")).unwrap();
    }
    let run = Command::new("pdftotext").arg(&file).arg("-").output();
    let output = run.expect("pdftotext, see scripts/prerequisites");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_script_is_on_paper_and_can_be_copied_from_it() {
    let fonts = Fonts::installed(None);
    let texts = TEXTS.map(|(_, text)| text);
    let terms = with_texts(&texts);
    let pdf = written(&terms, &fonts);
    assert!(pdf.len() < 400_000, "the typefaces are not in it as a whole: {}", pdf.len());
    let bare = |text: &str| {
        let is_shown = |it: &char| !it.is_whitespace() && !matches!(it, '\u{200d}'..='\u{202e}');
        text.chars().filter(is_shown).collect::<String>()
    };
    let copied = bare(&copied(&pdf));
    for (script, text) in TEXTS {
        let is_rtl = ["Arabic", "Hebrew", "mixed"].contains(&script);
        // pdftotext has its own opinion of the order of words in mixed directions.
        let parts: Vec<&str> = if is_rtl { text.split(' ').collect() } else { vec![text] };
        for part in parts {
            assert!(copied.contains(&bare(part)), "{script}: {part} in\n{copied}");
        }
    }
    assert!(!copied.contains('\u{fffd}'), "{copied}");
    assert_eq!(pdf, written(&terms, &fonts));
}

#[test]
fn no_letter_of_any_script_is_drawn_as_a_missing_one() {
    let typesetter = Typesetter::new(Fonts::installed(None), HanForm::Simplified).unwrap();
    for style in [text::Style::BODY, text::Style::STRONG] {
        for (script, text) in TEXTS {
            for line in typesetter.lines(text, style, 60.0) {
                for run in &line.runs {
                    let missing = run.glyphs.iter().find(|it| it.glyph_id.to_u32() == 0);
                    assert!(missing.is_none(), "{script}: {missing:?} of {:?}", run.text);
                    assert!(!run.text.contains('\u{fffd}'), "{script}: {:?}", run.text);
                }
            }
        }
    }
}

#[test]
fn the_country_of_the_seller_says_which_form_of_chinese_characters_is_meant() {
    let (mut terms, locale) = (with_texts(&["橡木板"]), english());
    let form = |terms: &Terms| {
        let fonts = &Fonts::none();
        Document { fonts, ..plain(terms, &locale) }.han()
    };
    assert_eq!(form(&terms), HanForm::Simplified);
    let of = |country: &str| serde_json::from_value(json!({ "country": country })).unwrap();
    terms.buyer.address = Some(of("TW"));
    assert_eq!(form(&terms), HanForm::Traditional);
    terms.seller.address = Some(of("JP"));
    assert_eq!(form(&terms), HanForm::Japanese);
}

#[test]
fn scripts_in_one_typeface_are_shaped_by_themselves() {
    let typesetter = Typesetter::new(Fonts::installed(None), HanForm::Simplified).unwrap();
    let line = typesetter.line("Ωδ Дуб oak", text::Style::BODY);
    let runs: Vec<&str> = line.runs.iter().map(|run| run.text.as_str()).collect();
    assert_eq!(runs, ["Ωδ ", "Дуб ", "oak"]);
}

#[test]
fn a_text_without_spaces_fills_its_lines() {
    let typesetter = Typesetter::new(Fonts::installed(None), HanForm::Simplified).unwrap();
    let text = "No. 42 橡木板很结实而且非常漂亮。橡木板很结实而且非常漂亮。";
    let lines = typesetter.lines(text, text::Style::BODY, 100.0);
    let texts: Vec<String> =
        lines.iter().map(|line| line.runs.iter().map(|run| run.text.as_str()).collect()).collect();
    assert_eq!(texts.concat(), text);
    assert!(texts[0].starts_with("No. 42 橡木板"), "{texts:?}");
    assert!(texts.iter().all(|line| !line.starts_with('。')), "{texts:?}");
    assert!(lines.iter().all(|line| line.width <= 100.0));
}

#[test]
fn spaces_beside_pictures_and_foreign_letters_are_as_wide_as_others() {
    let typesetter = Typesetter::new(Fonts::installed(None), HanForm::Simplified).unwrap();
    let style = text::Style::BODY;
    let space = typesetter.line("n n", style).width - typesetter.line("nn", style).width;
    for (before, after) in
        [("🌳", "🪵"), ("🌳", "oak"), ("ไม้", "ไม้"), ("참나무", "판자"), ("木", "木")]
    {
        let width = |text: &str| typesetter.line(text, style).width;
        let gap = width(&format!("{before} {after}")) - width(before) - width(after);
        assert!((gap - space).abs() < 0.01, "{before} {after}: {gap}");
    }
    let text = "Oak 🌳 plank 🪵 planed 😀 橡木 오크 ไม้ ☎\u{fe0f} ☎ ".repeat(20);
    let lines = typesetter.lines(&text, style, 150.0);
    assert!(lines.len() > 3 && lines.iter().all(|line| line.width <= 150.0));
}

#[test]
fn a_sign_after_a_picture_is_a_picture_only_if_it_is_asked_to_be() {
    let typesetter = Typesetter::new(Fonts::installed(None), HanForm::Simplified).unwrap();
    let runs = |text: &str| typesetter.line(text, text::Style::BODY).runs.len();
    assert_eq!(runs("☎\u{fe0f}☎\u{fe0f}"), 1);
    assert_eq!(runs("☎\u{fe0f}☎"), 2, "a picture and a sign");
}

#[test]
fn a_letter_that_no_typeface_has_and_a_broken_typeface_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    // A typeface whose drawings are cut off.
    let whole = std::fs::read("assets/fonts/NotoSansHebrew-Regular.ttf").unwrap();
    for (name, end) in [("a.ttf", whole.len() / 2), ("b.ttf", 100), ("c.otf", 0)] {
        std::fs::write(folder.path().join(name), &whole[..end]).unwrap();
    }
    let fonts = Fonts::installed(Some(folder.path().to_owned()));
    let odd = "\u{10ffff}\u{e000}𓀀𝌆 ไม้ \u{e31} क\u{94d} \u{300}\u{301} 🏴\u{e0067}\u{e007f} 1\u{fe0f}\u{20e3} ☎\u{fe0f} 🇩 \u{fe0f}";
    written(&with_texts(&[odd, &odd.repeat(40), "\u{e31}", "\u{fe0f}"]), &fonts);
}
