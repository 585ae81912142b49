//! The keys of a keyboard, as the DevTools protocol wants them.

/// A key, with its names as the UI Events specification has them.
pub struct Key {
    pub key: String,
    /// Of its place on the keyboard; empty if that makes no difference.
    pub code: String,
    /// The number that old scripts read as `keyCode`.
    pub number: u32,
    /// What it writes, if anything.
    pub text: Option<String>,
}

impl Key {
    /// Returns the key of a letter or another character, or one such as `Enter`.
    pub fn named(name: &str) -> Self {
        let (number, text) = match name {
            "Backspace" => (8, None),
            "Tab" => (9, None),
            "Enter" => (13, Some("\r")),
            "Escape" => (27, None),
            "End" => (35, None),
            "Home" => (36, None),
            _ => return Self::of_character(name),
        };
        let text = text.map(str::to_owned);
        Self { key: name.to_owned(), code: name.to_owned(), number, text }
    }

    fn of_character(name: &str) -> Self {
        let mut characters = name.chars();
        let (Some(character), None) = (characters.next(), characters.next()) else {
            panic!("there is no key {name}");
        };
        let upper = character.to_ascii_uppercase();
        let code = match upper {
            'A'..='Z' => format!("Key{upper}"),
            '0'..='9' => format!("Digit{upper}"),
            ' ' => "Space".to_owned(),
            _ => String::new(),
        };
        let number = if code.is_empty() { 0 } else { u32::from(upper) };
        Self { key: name.to_owned(), code, number, text: Some(name.to_owned()) }
    }
}
