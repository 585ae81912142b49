//! `tallyroom invoice convert`: writes an invoice in another form. It needs neither config nor database.

use std::io::{IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::clock::now;
use crate::fonts::Fonts;
use crate::invoice::{
    AttachedContents, Form, Further, Invoice, InvoiceInput, Limits, OriginalKind, PartyDetails,
    Problem, Term, XmlFormat, read_file, settle, without_mark, write_xml,
};
use crate::language::{Language, Locale};
use crate::paper::{Content, write_paper};
use crate::transaction::{Party, StatusRules, Terms, json, json_within, whole_invoice};

/// The status of an invoice in a file that names none: something may be to be paid.
const OPEN: &str = "open";

/// A form in which an invoice is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// UBL or CII.
    Xml(XmlFormat),
    /// JSON, as the API takes it.
    Json,
    /// A PDF to read and to print, which carries the invoice as CII (Factur-X).
    Pdf,
}

impl Target {
    /// Reads `ubl`, `cii`, `json` or `pdf`.
    ///
    /// # Errors
    /// A message with the choices.
    pub fn parse(name: &str) -> Result<Self, String> {
        match (XmlFormat::from_name(name), name) {
            (Some(format), _) => Ok(Self::Xml(format)),
            (None, "json") => Ok(Self::Json),
            (None, "pdf") => Ok(Self::Pdf),
            (None, _) => Err("write ubl, cii, json or pdf".to_owned()),
        }
    }
}

/// Reads the tag of a language in which an invoice can be written as PDF.
///
/// # Errors
/// A message with the choices.
pub fn parse_language(tag: &str) -> Result<Locale, String> {
    let choices = || format!("write one of {}, with or without a region", Language::tags());
    Locale::of_tag(tag).ok_or_else(choices)
}

/// Writes the invoice in `file` in another form: to `output`, or else to the standard output. What the file says
/// and the other form cannot is told on the standard error. Only a PDF has a language.
///
/// # Errors
/// If the file cannot be read, would not be taken in, or cannot be written in this form; or if a PDF would be
/// written to a terminal.
pub fn run(
    file: &Path,
    target: Target,
    language: Option<&Locale>,
    output: Option<&Path>,
) -> anyhow::Result<()> {
    if language.is_some() && target != Target::Pdf {
        bail!("only a PDF has a language: leave --language out, or convert --to pdf");
    }
    if output.is_some_and(|it| it == file) {
        bail!("the output would replace {}", file.display());
    }
    if output.is_none() && target == Target::Pdf && std::io::stdout().is_terminal() {
        bail!("a PDF cannot be shown on a terminal: name a file with --output");
    }
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let english = Locale::of(Language::English);
    let language = language.unwrap_or(&english);
    let Converted { bytes, left_out } =
        converted(&bytes, target, language).map_err(|problems| told(&problems))?;
    for it in left_out {
        #[expect(clippy::print_stderr, reason = "the standard output is the invoice")]
        {
            eprintln!("left out: {it}");
        }
    }
    match output {
        None => {
            let mut out = std::io::stdout();
            // What is written at the exit of the program could fail without a word.
            out.write_all(&bytes).and_then(|()| out.flush()).context("cannot write the invoice")?;
        }
        Some(output) => std::fs::write(output, bytes)
            .with_context(|| format!("cannot write {}", output.display()))?,
    }
    Ok(())
}

fn told(problems: &[Problem]) -> anyhow::Error {
    let all: Vec<String> = problems.iter().map(in_words).collect();
    anyhow!("the invoice cannot be converted:\n  {}", all.join("\n  "))
}

/// A problem with the place that it is about.
fn in_words(it: &Problem) -> String {
    let place = it.xpath.as_ref().unwrap_or(&it.pointer);
    if place.is_empty() { it.detail.clone() } else { format!("{place}: {}", it.detail) }
}

/// An invoice in another form.
struct Converted {
    bytes: Vec<u8>,
    /// What of the file is not in it.
    left_out: Vec<String>,
}

fn converted(file: &[u8], target: Target, language: &Locale) -> Result<Converted, Vec<Problem>> {
    let mut read = read(file)?;
    let mut left_out = std::mem::take(&mut read.left_out);
    let bytes = match target {
        Target::Json => {
            let text = serde_json::to_string_pretty(&read.invoice);
            (text.map_err(|error| vec![Problem::at("", error.to_string())])? + "\n").into_bytes()
        }
        Target::Xml(format) => {
            let written =
                write_xml(&read.invoice, format, &read.contents).map_err(|it| vec![it])?;
            left_out.extend(written.left_out.iter().map(in_words));
            written.xml.into_bytes()
        }
        Target::Pdf => as_pdf(read, language, &mut left_out)?,
    };
    Ok(Converted { bytes, left_out })
}

/// The invoice as the PDF that the service writes. Adds to `left_out` what the invoice for programs in it lacks.
fn as_pdf(
    read: Read,
    language: &Locale,
    left_out: &mut Vec<String>,
) -> Result<Vec<u8>, Vec<Problem>> {
    let Read { invoice, status, further, contents, .. } = read;
    let seller = invoice.seller.as_ref().map(PartyDetails::from).unwrap_or_default();
    let buyer = invoice.buyer.as_ref().map(PartyDetails::from).unwrap_or_default();
    let terms = Terms {
        status: status.unwrap_or_else(|| OPEN.to_owned()),
        invoice,
        buyer: party(buyer),
        seller: party(seller),
        redactions: None,
        language: None,
    };
    let (rules, nothing) = (StatusRules::default(), Decimal::ZERO);
    let issued = terms.invoice.issue_date;
    let standing = rules.standing_of("", &terms.status, &terms.invoice, nothing, issued);
    let content = Content {
        terms: &terms,
        standing: &standing,
        further: &further,
        contents: &contents,
        with_code: true,
        written_at: now(),
    };
    let written = write_paper(&content, language, &Fonts::installed(None))
        .map_err(|error| vec![Problem::at("", format!("It cannot be written as PDF: {error}."))])?;
    left_out.extend(written.left_out.iter().map(in_words));
    if let Some(why) = written.not_carried {
        left_out
            .push(format!("the invoice for programs in the PDF, because of {}", in_words(&why)));
    }
    Ok(written.paper.bytes)
}

fn party(PartyDetails { name, vat_id, address }: PartyDetails) -> Party {
    Party { name, vat_id, address, contacts: Vec::new() }
}

/// A file.
struct Read {
    /// The settled invoice in it.
    invoice: Invoice,
    /// The status of the transaction, if the file is a submission that names one.
    status: Option<String>,
    /// The business terms of the invoice that have no place of their own on paper.
    further: Vec<Term>,
    /// What it says beyond the invoice.
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
    let further = Further::of_invoice(&read.invoice).terms;
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
    Ok(Read { invoice: settled.invoice, status: None, further, left_out, contents })
}

/// A submission, if there is an invoice in it. Its parts are read from the text itself, because a field that stands
/// twice is refused only there.
#[derive(Deserialize)]
struct Around {
    invoice: Option<Box<RawValue>>,
    seller: Option<Box<RawValue>>,
    buyer: Option<Box<RawValue>>,
    status: Option<Box<RawValue>>,
}

/// An invoice, or an object with one as `invoice`, and with its parties as `seller` and `buyer`.
fn read_json(file: &[u8]) -> Result<Read, Vec<Problem>> {
    let around: Around = json_within(file, &Limits::default())?;
    let bytes = around.invoice.as_ref().map_or(file, |it| it.get().as_bytes());
    let input: InvoiceInput = json(bytes)?;
    let contents = AttachedContents::of_documents(&input.documents);
    let mut invoice = settle(input, Form::Json)?.invoice;
    let mut status = None;
    if around.invoice.is_some() {
        let party = |part: Option<Box<RawValue>>| match part {
            None => Ok(Party::default()),
            Some(text) => json(text.get().as_bytes()),
        };
        invoice = whole_invoice(invoice, &party(around.seller)?, &party(around.buyer)?);
        status = around.status.and_then(|it| json(it.get().as_bytes()).ok());
    }
    let further = Further::of_invoice(&invoice.clone().into()).terms;
    Ok(Read { invoice, status, further, left_out: Vec::new(), contents })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invoice::is_pdf;

    fn convert(file: &[u8], target: Target) -> Converted {
        let english = Locale::of(Language::English);
        converted(file, target, &english).unwrap_or_else(|it| panic!("{it:?}"))
    }

    fn text(converted: &Converted) -> &str {
        std::str::from_utf8(&converted.bytes).unwrap()
    }

    #[test]
    fn a_field_that_stands_twice_in_json_is_refused() {
        let file = include_str!("../../tests/invoices/cases/kwd.json");
        let invoice = file.replacen("\"number\"", "\"number\": \"1\", \"number\"", 1);
        let whole = file.replacen('{', "{\"status\": \"paid\", \"status\": \"paid\",", 1);
        for twice in [invoice, whole] {
            let problems = read_json(twice.as_bytes()).err().unwrap_or_default();
            assert!(problems.iter().any(|it| it.detail.contains("uplicate field")), "{problems:?}");
        }
    }

    #[test]
    fn an_invoice_in_json_is_converted_with_its_parties() {
        let file = include_bytes!("../../tests/invoices/cases/kwd.json");
        for format in XmlFormat::BOTH {
            let xml = convert(file, Target::Xml(format));
            let words = text(&xml);
            assert!(words.contains("Birch GmbH") && words.contains("Acme Ltd"), "{words}");
            let back = convert(&xml.bytes, Target::Json);
            assert!(text(&back).contains("\"12.345\"") && back.left_out.is_empty());
            let invoice = read_json(&back.bytes).unwrap_or_else(|it| panic!("{it:?}")).invoice;
            assert_eq!(invoice.seller.unwrap().name.as_deref(), Some("Acme Ltd"));
        }
    }

    #[test]
    fn what_the_other_form_cannot_say_is_told() {
        let groups = include_bytes!("../../tests/invoices/cases/group-lines.cii.xml");
        let told = convert(groups, Target::Xml(XmlFormat::Ubl));
        assert!(told.left_out.iter().any(|it| it.starts_with("/lines/0: A line that groups")));
        let others = include_bytes!("../../tests/invoices/cases/third-party-payment.ubl.xml");
        let english = Locale::of(Language::English);
        let refused = converted(others, Target::Xml(XmlFormat::Cii), &english).err();
        let refused = refused.unwrap_or_default();
        assert_eq!(refused.first().map(|it| it.pointer.as_str()), Some("/third_party_payments"));
        assert!(Target::parse("edifact").is_err_and(|it| it.contains("ubl, cii, json or pdf")));
    }

    #[test]
    fn a_pdf_is_read_again_as_the_same_invoice_with_its_files() {
        let files: [&[u8]; 5] = [
            include_bytes!("../../tests/invoices/ubl-tc434-example2.xml"),
            include_bytes!("../../tests/invoices/CII_example1.xml"),
            include_bytes!("../../tests/invoices/cases/group-lines.cii.xml"),
            include_bytes!("../../tests/invoices/cases/factur-x.pdf"),
            include_bytes!("../../tests/invoices/cases/kwd.json"),
        ];
        for (index, file) in files.into_iter().enumerate() {
            let first = read(file).unwrap_or_else(|it| panic!("{index}: {it:?}"));
            let pdf = convert(file, Target::Pdf);
            assert!(is_pdf(&pdf.bytes), "{index}");
            let again = read(&pdf.bytes).unwrap_or_else(|it| panic!("{index}: {it:?}"));
            // The PDF names the profile that has a place for all of the invoice.
            let specification = again.invoice.specification.clone();
            let mut expected = Invoice { specification, ..first.invoice };
            // CII demands the price before a discount, and here it follows from the others.
            for (line, again) in expected.lines.iter_mut().zip(&again.invoice.lines) {
                let stated = line.price_discount.map(|discount| line.unit_price + discount);
                line.gross_price = line.gross_price.or(stated);
                assert_eq!(line, again, "{index}");
            }
            assert_eq!(again.invoice, expected, "{index}");
            assert_eq!(again.contents, first.contents, "{index}");
        }
    }

    #[test]
    fn a_pdf_without_the_invoice_for_programs_says_so() {
        let others = include_bytes!("../../tests/invoices/cases/third-party-payment.ubl.xml");
        let pdf = convert(others, Target::Pdf);
        assert!(is_pdf(&pdf.bytes));
        assert!(
            pdf.left_out.iter().any(|it| it.contains("programs") && it.contains("BG-DEX-09")),
            "{:?}",
            pdf.left_out
        );
    }

    #[test]
    fn only_a_language_with_texts_can_be_chosen() {
        assert_eq!(parse_language("de-AT").map(|it| it.tag()), Ok("de-AT".to_owned()));
        assert!(parse_language("tlh").is_err_and(|it| it.contains("en, de")));
    }
}
