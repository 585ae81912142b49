//! References, dates, payment, allowances and VAT of the whole document.

use en16931::invoice::{
    CreditTransfer, DocumentAllowanceCharge, Invoice, PaymentInstructions, PaymentMeans,
    SupportingDocument, VatBreakdown,
};

use super::{Terms, per_cent};

/// BT-6 to BT-19, BT-21 and BG-3.
pub(super) fn references(invoice: &Invoice, terms: &mut Terms) {
    terms.say("BT-6", invoice.vat_accounting_currency.as_ref());
    terms.say("BT-7", invoice.vat_point_date);
    terms.say("BT-8", invoice.vat_point_date_code.as_ref());
    terms.say("BT-11", invoice.project_reference.as_ref());
    terms.say("BT-12", invoice.contract_reference.as_ref());
    terms.say("BT-14", invoice.sales_order_reference.as_ref());
    terms.say("BT-15", invoice.receiving_advice_reference.as_ref());
    terms.say("BT-16", invoice.despatch_advice_reference.as_ref());
    terms.say("BT-17", invoice.tender_reference.as_ref());
    terms.say_identifier("BT-18", invoice.object_identifier.as_ref());
    terms.say("BT-19", invoice.accounting_reference.as_ref());
    for note in &invoice.notes {
        terms.say("BT-21", note.subject_code.as_ref());
    }
    for preceding in &invoice.preceding_invoices {
        terms.say("BT-25", Some(&preceding.reference));
        terms.say("BT-26", preceding.issue_date);
    }
}

/// BG-16 to BG-24 as far as our model does not hold them.
pub(super) fn settlement(invoice: &Invoice, terms: &mut Terms) {
    if let Some(instructions) = &invoice.payment {
        payment(instructions, terms);
    }
    adjustments(&invoice.allowances, ["BT-93", "BT-94", "BT-98"], terms);
    adjustments(&invoice.charges, ["BT-100", "BT-101", "BT-105"], terms);
    let accounting =
        invoice.totals.vat_total_accounting.map(|amount| match &invoice.vat_accounting_currency {
            Some(currency) => format!("{currency} {amount}"),
            None => amount.to_string(),
        });
    terms.say("BT-111", accounting);
    exemptions(&invoice.vat_breakdown, terms);
    for document in &invoice.attachments {
        attachment(document, terms);
    }
}

fn payment(instructions: &PaymentInstructions, terms: &mut Terms) {
    // Without a code, our model holds the words in its place.
    terms.say(
        "BT-82",
        instructions.means_text.as_ref().filter(|_| instructions.means_code.is_some()),
    );
    match &instructions.means {
        Some(PaymentMeans::CreditTransfer(accounts)) => further_names(accounts, terms),
        Some(PaymentMeans::Card(card)) => {
            terms.say("BT-87", card.primary_account_number.as_deref().map(masked));
            terms.say("BT-88", card.holder_name.as_ref());
        }
        Some(PaymentMeans::DirectDebit(debit)) => {
            terms.say("BT-89", debit.mandate_reference.as_ref());
            terms.say("BT-90", debit.creditor_identifier.as_ref());
            terms.say("BT-91", debit.debited_account.as_ref());
        }
        None => {}
    }
}

/// Our model names the first account only.
fn further_names(accounts: &[CreditTransfer], terms: &mut Terms) {
    for account in accounts.iter().skip(1) {
        let name = account.account_name.as_ref().map(|name| match &account.account_identifier {
            Some(number) => format!("{name} ({number})"),
            None => name.clone(),
        });
        terms.say("BT-85", name);
    }
}

/// At most four digits of a card's number may be shown (BR-51 allows six and four).
fn masked(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_alphanumeric).collect();
    let shown: String = digits[digits.len().saturating_sub(4)..].iter().collect();
    format!("… {shown}")
}

/// Of several, each is told apart by its reason.
fn adjustments(
    adjustments: &[DocumentAllowanceCharge],
    [base, rate, code]: [&'static str; 3],
    terms: &mut Terms,
) {
    for it in adjustments {
        let of = match &it.reason {
            Some(reason) if adjustments.len() > 1 => format!(" ({reason})"),
            _ => String::new(),
        };
        terms.say(base, it.base_amount.map(|amount| format!("{amount}{of}")));
        terms.say(rate, it.percentage.map(|rate| format!("{}{of}", per_cent(rate))));
        terms.say(code, it.reason_code.as_ref().map(|code| format!("{code}{of}")));
    }
}

fn exemptions(breakdown: &[VatBreakdown], terms: &mut Terms) {
    let exempt =
        |it: &&VatBreakdown| it.exemption_reason.is_some() || it.exemption_reason_code.is_some();
    let several = breakdown.iter().filter(exempt).count() > 1;
    for it in breakdown {
        let of = if several { format!(" ({})", it.category) } else { String::new() };
        terms.say("BT-120", it.exemption_reason.as_ref().map(|text| format!("{text}{of}")));
        terms.say("BT-121", it.exemption_reason_code.as_ref().map(|code| format!("{code}{of}")));
    }
}

fn attachment(document: &SupportingDocument, terms: &mut Terms) {
    terms.say("BT-122", Some(&document.reference));
    terms.say("BT-123", document.description.as_ref());
    terms.say("BT-124", document.uri.as_ref());
    terms.say("BT-125", document.attachment.as_ref().map(en16931::Attachment::filename));
}
