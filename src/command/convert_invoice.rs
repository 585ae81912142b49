//! `tallyroom invoice convert`: writes an invoice in another form. It needs neither config nor database.

use std::path::Path;

use anyhow::{Context, anyhow, bail};
use serde_json::Value;

use crate::invoice::{
    AttachedContents, Form, Invoice, InvoiceInput, Limits, OriginalKind, Problem, XmlFormat,
    read_file, settle, without_mark, write_xml,
};
use crate::transaction::{Party, json, json_within, whole_invoice};

/// A form in which an invoice is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// UBL or CII.
    Xml(XmlFormat),
    /// JSON, as the API takes it.
    Json,
}

impl Target {
    /// Reads `ubl`, `cii` or `json`.
    ///
    /// # Errors
    /// A message with the choices.
    pub fn parse(name: &str) -> Result<Self, String> {
        match XmlFormat::from_name(name) {
            Some(format) => Ok(Self::Xml(format)),
            None if name == "json" => Ok(Self::Json),
            None => Err("write ubl, cii or json".to_owned()),
        }
    }
}

/// Writes the invoice in `file` in another form: to `output`, or else to the standard output. What the file says
/// and the other form cannot is told on the standard error.
///
/// # Errors
/// If the file cannot be read, would not be taken in, or cannot be written in this form.
pub fn run(file: &Path, target: Target, output: Option<&Path>) -> anyhow::Result<()> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let Converted { text, left_out } =
        converted(&bytes, target).map_err(|problems| told(&problems))?;
    for it in left_out {
        #[expect(clippy::print_stderr, reason = "the standard output is the invoice")]
        {
            eprintln!("left out: {it}");
        }
    }
    match output {
        None => print!("{text}"),
        Some(output) if output == file => bail!("the output would replace {}", file.display()),
        Some(output) => std::fs::write(output, text)
            .with_context(|| format!("cannot write {}", output.display()))?,
    }
    Ok(())
}

fn told(problems: &[Problem]) -> anyhow::Error {
    let all: Vec<String> = problems
        .iter()
        .map(|it| {
            let place = it.xpath.as_ref().unwrap_or(&it.pointer);
            if place.is_empty() { it.detail.clone() } else { format!("{place}: {}", it.detail) }
        })
        .collect();
    anyhow!("the invoice cannot be converted:\n  {}", all.join("\n  "))
}

/// An invoice in another form.
struct Converted {
    text: String,
    /// What of the file is not in it.
    left_out: Vec<String>,
}

fn converted(file: &[u8], target: Target) -> Result<Converted, Vec<Problem>> {
    let Read { invoice, mut left_out, contents } = read(file)?;
    let text = match target {
        Target::Json => {
            let text = serde_json::to_string_pretty(&invoice);
            text.map_err(|error| vec![Problem::at("", error.to_string())])? + "\n"
        }
        Target::Xml(format) => {
            let written = write_xml(&invoice, format, &contents).map_err(|it| vec![it])?;
            let more = written.left_out.iter();
            left_out.extend(more.map(|it| format!("{}: {}", it.pointer, it.detail)));
            written.xml
        }
    };
    Ok(Converted { text, left_out })
}

/// A file.
struct Read {
    /// The settled invoice in it.
    invoice: Invoice,
    /// What it says beyond that.
    left_out: Vec<String>,
    /// The files that it carries.
    contents: AttachedContents,
}

fn read(file: &[u8]) -> Result<Read, Vec<Problem>> {
    if OriginalKind::of(file) == OriginalKind::Json {
        return read_json(without_mark(file));
    }
    let read = read_file(file)?;
    let contents = AttachedContents::of_documents(&read.invoice.documents);
    let settled = settle(read.invoice, read.format.into()).map_err(|mut problems| {
        read.places.name(&mut problems);
        problems
    })?;
    let beyond = read.left_over.listed.iter();
    let mut left_out: Vec<String> =
        beyond.map(|it| format!("{} is no business term of EN 16931", it.path)).collect();
    if read.left_over.more > 0 {
        left_out.push(format!("{} more values of the file", read.left_over.more));
    }
    Ok(Read { invoice: settled.invoice, left_out, contents })
}

/// An invoice, or an object with one as `invoice`, and with its parties as `seller` and `buyer`.
fn read_json(file: &[u8]) -> Result<Read, Vec<Problem>> {
    let value: Value = json_within(file, &Limits::default())?;
    let part = |name: &str| value.get(name).map(Value::to_string);
    let invoice = part("invoice");
    let is_bare = invoice.is_none();
    let input: InvoiceInput = json(invoice.as_deref().map_or(file, str::as_bytes))?;
    let contents = AttachedContents::of_documents(&input.documents);
    let invoice = settle(input, Form::Json)?.invoice;
    if is_bare {
        return Ok(Read { invoice, left_out: Vec::new(), contents });
    }
    let party = |name: &str| match part(name) {
        None => Ok(Party::default()),
        Some(text) => json(text.as_bytes()),
    };
    let invoice = whole_invoice(invoice, &party("seller")?, &party("buyer")?);
    Ok(Read { invoice, left_out: Vec::new(), contents })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invoice_in_json_is_converted_with_its_parties() {
        let file = include_bytes!("../../tests/invoices/cases/kwd.json");
        for format in XmlFormat::BOTH {
            let xml =
                converted(file, Target::Xml(format)).unwrap_or_else(|it| panic!("{it:?}")).text;
            assert!(xml.contains("Birch GmbH") && xml.contains("Acme Ltd"), "{xml}");
            let back =
                converted(xml.as_bytes(), Target::Json).unwrap_or_else(|it| panic!("{it:?}"));
            assert!(back.text.contains("\"12.345\"") && back.left_out.is_empty(), "{}", back.text);
            let invoice =
                read_json(back.text.as_bytes()).unwrap_or_else(|it| panic!("{it:?}")).invoice;
            assert_eq!(invoice.seller.unwrap().name.as_deref(), Some("Acme Ltd"));
        }
    }

    #[test]
    fn what_the_other_form_cannot_say_is_told() {
        let groups = include_bytes!("../../tests/invoices/cases/group-lines.cii.xml");
        let told =
            converted(groups, Target::Xml(XmlFormat::Ubl)).unwrap_or_else(|it| panic!("{it:?}"));
        assert!(told.left_out.iter().any(|it| it.starts_with("/lines/0: A line that groups")));
        let others = include_bytes!("../../tests/invoices/cases/third-party-payment.ubl.xml");
        let refused = converted(others, Target::Xml(XmlFormat::Cii)).err().unwrap_or_default();
        assert_eq!(refused.first().map(|it| it.pointer.as_str()), Some("/third_party_payments"));
        assert!(Target::parse("edifact").is_err_and(|it| it.contains("ubl, cii or json")));
    }
}
