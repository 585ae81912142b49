//! `tallyroom invoice check`: runs the rules on files. It needs neither config nor database.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;

use crate::invoice::{Inspection, Problem, Severity, inspect};

/// The exit code if a file breaks a rule.
const BREAKS_A_RULE: u8 = 1;
/// The exit code if a file cannot be read, or would not be taken in.
const NOT_TAKEN: u8 = 2;

/// Checks each file, and prints what was found: a line for each finding, or one JSON object for each file.
/// The exit code is that of the worst file: 0 if it breaks no rule, 1 if it does, and 2 if it would not be
/// taken in.
pub fn run(files: &[PathBuf], as_json: bool) -> ExitCode {
    let mut worst = 0;
    for file in files {
        let inspection = std::fs::read(file).map_or_else(
            |error| Inspection {
                taken: false,
                findings: vec![Problem::at("", format!("The file cannot be read: {error}."))],
            },
            |bytes| inspect(&bytes),
        );
        worst = worst.max(code(&inspection));
        if as_json {
            println!("{}", as_object(file, &inspection));
        } else {
            print!("{}", as_text(file, &inspection));
        }
    }
    ExitCode::from(worst)
}

fn code(inspection: &Inspection) -> u8 {
    match inspection {
        it if !it.taken => NOT_TAKEN,
        it if !it.is_valid() => BREAKS_A_RULE,
        _ => 0,
    }
}

fn as_object(file: &Path, inspection: &Inspection) -> String {
    json!({
        "file": file.display().to_string(),
        "valid": inspection.is_valid(),
        "taken": inspection.taken,
        "findings": inspection.findings,
    })
    .to_string()
}

fn as_text(file: &Path, inspection: &Inspection) -> String {
    let result = match code(inspection) {
        0 => "breaks no rule",
        BREAKS_A_RULE => "breaks rules",
        _ => "would not be taken in",
    };
    let mut text = format!("{}: {result}\n", file.display());
    for it in &inspection.findings {
        let weight = match it.severity {
            Some(Severity::Fatal) => "fatal",
            _ if !inspection.taken && it.severity.is_none() => "refused",
            Some(Severity::Information) => "information",
            _ => "warning",
        };
        let place = it.xpath.as_ref().unwrap_or(&it.pointer);
        let words = [weight, it.rule.as_deref().unwrap_or_default(), place];
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        text.push_str(&format!("  {}: {}\n", words.join(" "), it.detail));
    }
    text
}
