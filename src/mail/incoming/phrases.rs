//! What mail programs write around the words of people, in the languages in which they do.

/// Fields of the header that a program writes above the mail that is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    From,
    Date,
    To,
    Subject,
    Other,
}

/// Words with which the line ends, or in which the line is, that says who wrote what is quoted.
const WROTE: [&str; 38] = [
    "wrote",
    "schrieb",
    "geschrieben",
    "écrit",
    "ecrit",
    "escribió",
    "escribio",
    "schreef",
    "geschreven",
    "كتب",
    "كتبت",
    "كتابة",
    "scritto",
    "escreveu",
    "napisał",
    "napisała",
    "pisze",
    "napsal",
    "napsala",
    "napísal",
    "skrev",
    "kirjoitti",
    "пишет",
    "пише",
    "писал",
    "писала",
    "написал",
    "написала",
    "yazdı",
    "写道",
    "寫道",
    "書きました",
    "작성",
    "írta",
    "scris",
    "έγραψε",
    "a scris",
    "skrifaði",
];

/// Labels of the fields, in lower case.
const LABELS: [(Field, &[&str]); 5] = [
    (
        Field::From,
        &[
            "from",
            "von",
            "de",
            "من",
            "van",
            "da",
            "od",
            "от",
            "от кого",
            "från",
            "fra",
            "lähettäjä",
            "差出人",
            "发件人",
            "寄件者",
            "kimden",
            "feladó",
            "expéditeur",
            "afzender",
        ],
    ),
    (
        Field::Date,
        &[
            "sent",
            "date",
            "gesendet",
            "gesendet am",
            "datum",
            "envoyé",
            "envoyé le",
            "enviado",
            "enviado el",
            "fecha",
            "verzonden",
            "أرسلت",
            "أُرسلت",
            "تم الإرسال",
            "تاريخ الإرسال",
            "التاريخ",
            "الإرسال",
            "inviato",
            "data",
            "data invio",
            "wysłano",
            "отправлено",
            "дата",
            "skickat",
            "sendt",
            "dato",
            "päivämäärä",
            "lähetetty",
            "送信日時",
            "发送时间",
            "tarih",
            "odesláno",
        ],
    ),
    (
        Field::To,
        &[
            "to",
            "an",
            "à",
            "para",
            "aan",
            "إلى",
            "a",
            "do",
            "кому",
            "till",
            "til",
            "vastaanottaja",
            "宛先",
            "收件人",
            "kime",
            "komu",
            "destinataire",
        ],
    ),
    (
        Field::Subject,
        &[
            "subject",
            "betreff",
            "objet",
            "asunto",
            "onderwerp",
            "الموضوع",
            "oggetto",
            "assunto",
            "temat",
            "тема",
            "ämne",
            "emne",
            "aihe",
            "件名",
            "主题",
            "主旨",
            "konu",
            "předmět",
        ],
    ),
    (
        Field::Other,
        &[
            "cc",
            "bcc",
            "kopie",
            "copie",
            "نسخة",
            "reply-to",
            "antwort an",
            "importance",
            "attachments",
            "anlagen",
            "priorität",
        ],
    ),
];

/// Devices and programs that say of themselves where a mail was written.
const NAMES: [&str; 43] = [
    "iPhone",
    "iPad",
    "iPod",
    "Mac",
    "MacBook",
    "iMac",
    "Apple",
    "iOS",
    "Android",
    "Android-Gerät",
    "Android-Handy",
    "Android-Smartphone",
    "Galaxy",
    "Samsung",
    "Huawei",
    "HUAWEI",
    "Xiaomi",
    "Redmi",
    "Pixel",
    "Xperia",
    "OnePlus",
    "OPPO",
    "Motorola",
    "Nokia",
    "Fairphone",
    "BlackBerry",
    "Windows",
    "Mail",
    "Gmail",
    "Outlook",
    "Yahoo",
    "Proton",
    "ProtonMail",
    "K-9",
    "Thunderbird",
    "GMX",
    "WEB.DE",
    "freenet",
    "Orange",
    "Correo",
    "Libero",
    "Яндекс",
    "Почты",
];

/// The greatest number of words in the name of a device or a program, with what stands beside it.
const MAX_NAME_WORDS: usize = 5;
/// What programs on phones and elsewhere write below the words of people. `*` stands for the few words of a name.
const FOOTERS: [&str; 59] = [
    "Sent from my *",
    "Sent from Outlook*",
    "Sent from Mail for *",
    "Sent from Yahoo Mail*",
    "Sent from Proton Mail*",
    "Sent from ProtonMail*",
    "Sent with Proton Mail*",
    "Sent with ProtonMail*",
    "Sent with [Proton Mail]*",
    "Sent from Samsung *",
    "Sent from a Samsung *",
    "Sent via the Samsung *",
    "Get Outlook for *",
    "Sent with K-9 Mail*",
    "Sent from K-9 Mail*",
    "Sent from Gmail Mobile*",
    "Sent from Thunderbird for *",
    "Von meinem * gesendet*",
    "Gesendet mit der * App*",
    "Gesendet von meinem *",
    "Gesendet von Mail für *",
    "Gesendet von Outlook*",
    "Gesendet mit Proton Mail*",
    "Diese Nachricht wurde von meinem * gesendet*",
    "Outlook für * beziehen*",
    "Holen Sie sich Outlook für *",
    "Laden Sie Outlook für *",
    "Von meinem/meiner * gesendet*",
    "Von * gesendet.",
    "Envoyé de mon *",
    "Envoyé depuis mon *",
    "Envoyé depuis Yahoo *",
    "Envoyé à partir d*Outlook*",
    "Envoyé avec la messagerie *",
    "Envoyé avec Proton Mail*",
    "Télécharger Outlook pour *",
    "Obtenez Outlook pour *",
    "Enviado desde mi *",
    "Enviado desde Yahoo *",
    "Enviado desde Outlook*",
    "Enviado desde Correo para *",
    "Enviado con Proton Mail*",
    "Obtener Outlook para *",
    "Enviado do meu *",
    "Obter o Outlook para *",
    "Verzonden vanaf mijn *",
    "Verstuurd vanaf mijn *",
    "Verzonden met Proton Mail*",
    "Outlook voor * downloaden*",
    "Download Outlook voor *",
    "أُرسلت من *",
    "أرسلت من *",
    "مُرسل من *",
    "تم الإرسال من *",
    "الحصول على Outlook *",
    "Inviato da *",
    "Wysłane z *",
    "Отправлено с *",
    "Отправлено из *",
];

/// Whether a text says that somebody wrote something.
pub(super) fn says_who_wrote(text: &str) -> bool {
    let text = text.to_lowercase();
    WROTE.iter().any(|it| text.contains(it))
}

/// Returns which field of a header a line is. Programs that turn bold text into plain text put stars around the label.
pub(super) fn field(line: &str) -> Option<Field> {
    const MAX_LABEL_BYTES: usize = 40;
    let (label, _) = line.split_once([':', '：'])?;
    if label.len() > MAX_LABEL_BYTES {
        return None;
    }
    let is_around = |c: char| c.is_whitespace() || c == '*' || is_mark(c);
    let label = label.trim_matches(is_around).to_lowercase();
    LABELS.iter().find(|(_, labels)| labels.contains(&label.as_str())).map(|(field, _)| *field)
}

/// Whether a paragraph is what a program adds below the words of people.
pub(super) fn is_footer(line: &str) -> bool {
    const MAX_FOOTER_CHARS: usize = 120;
    let line = line.trim_matches(|c: char| c.is_whitespace() || is_mark(c));
    line.chars().count() <= MAX_FOOTER_CHARS
        && has_name(line)
        && FOOTERS.iter().any(|footer| fits(footer, line))
}

/// Whether a line names a device or a program.
fn has_name(line: &str) -> bool {
    let is_inside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let is_whole = |(at, name): (usize, &str)| {
        let (before, after) = (line.get(..at), line.get(at + name.len()..));
        !is_inside(before.and_then(|it| it.chars().next_back()))
            && !is_inside(after.and_then(|it| it.chars().next()))
    };
    NAMES.iter().any(|name| line.match_indices(name).any(is_whole))
}

/// Whether a line has the form of a footer, in which each `*` stands for a few words.
fn fits(form: &str, line: &str) -> bool {
    let is_short = |text: &str| text.split_whitespace().count() <= MAX_NAME_WORDS;
    let mut parts = form.split('*');
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else {
        return false;
    };
    for part in parts {
        // The form ends with `*`.
        if part.is_empty() {
            return is_short(rest);
        }
        match rest.split_once(part) {
            Some((between, after)) if is_short(between) => rest = after,
            _ => return false,
        }
    }
    rest.is_empty()
}

/// Whether a character only says in which direction a text is written.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_known_with_stars_and_spaces() {
        assert_eq!(field("*From:* Acme"), Some(Field::From));
        assert_eq!(field("*Envoyé :* lundi"), Some(Field::Date));
        assert_eq!(field("Objet\u{a0}: Facture"), Some(Field::Subject));
        assert_eq!(field("\u{200f}من: أكمي"), Some(Field::From));
        assert_eq!(field("See to it: now"), None);
        assert_eq!(field("no label"), None);
    }

    #[test]
    fn footers_are_whole_lines() {
        for line in [
            "Sent from my iPhone",
            "Von meinem iPhone gesendet",
            "Get Outlook for iOS<https://aka.example/x>",
            "Outlook für Android beziehen",
            "\u{200f}أُرسلت من الـ iPhone",
            "Envoyé de mon iPad",
            "Sent from my Samsung Galaxy smartphone.",
            "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
            "Enviado desde Yahoo Mail para Android",
        ] {
            assert!(is_footer(line), "{line}");
        }
        for line in [
            "I sent from my side what you asked for",
            "Von meinem Konto",
            "Sent from my PayPal account on Monday.",
            "Von DHL am Montag gesendet.",
            "Sent from my iPhone account is the only photo that I have",
            "Inviato da Mario",
            "Sent from my Macro",
            "Sent",
            "",
            "Von meinem Kollegen wurde die Ware zurück gesendet und liegt bei Ihnen im Lager, denn wir haben sie nicht bestellt, wie Sie wissen.",
        ] {
            assert!(!is_footer(line), "{line}");
        }
    }
}
