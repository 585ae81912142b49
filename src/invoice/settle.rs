//! Turns what a shop sent into a complete and consistent invoice.

use rust_decimal::Decimal;

use super::currency::Currency;
use super::limits::{self, Limits};
use super::model::{
    AdjustmentInput, Invoice, InvoiceInput, LineAdjustmentInput, LineInput, Payment, Settled as _,
    TotalsInput, VatSubtotalInput,
};
use super::money::{rounded_product, size_problem};
use super::payment_terms::take_discounts;
use super::problem::Problem;
use super::profile_rules::{self, Claims};
use super::rules::{self, Form, line_net, tax_on, taxable_by_vat};

/// UNTDID 1001: commercial invoice.
const INVOICE: &str = "380";
/// UN/ECE Recommendation 20: one.
const ONE: &str = "C62";

/// A complete invoice, and the warnings about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// The invoice. It has all totals, and they agree with each other.
    pub invoice: Invoice,
    /// The warnings, which are no reason to refuse it.
    pub warnings: Vec<Problem>,
}

/// Settles an invoice within the default limits.
///
/// # Errors
/// Those of [`settle_within`].
pub fn settle(input: InvoiceInput, form: Form) -> Result<Settled, Vec<Problem>> {
    settle_within(input, form, &Limits::default())
}

/// Computes what was left out, and checks what was stated. Of the number of a card (BT-87), only the part is
/// kept that BR-51 allows. Settling a settled invoice again changes
/// nothing.
///
/// What JSON leaves out is computed before the rules run. On XML they run when it is read, because they ask
/// for what it states.
///
/// # Errors
/// All problems at once, with pointers relative to the invoice. Contradictions between figures are only
/// reported if each single figure is valid.
pub fn settle_within(
    mut input: InvoiceInput,
    form: Form,
    limits: &Limits,
) -> Result<Settled, Vec<Problem>> {
    // Contents are long, and nothing below has to carry them along.
    let mut problems = digest_attachments(&mut input);
    problems.extend(limits::exceeded(&input, limits));
    if form != Form::Json {
        state_nothing_as_zero(&mut input);
    }
    problems.extend(missing(&input));
    let (true, Some(currency)) = (problems.is_empty(), input.currency) else {
        return Err(problems);
    };
    complete(&mut input, currency, limits)?;
    let too_large = too_large(&input);
    if !too_large.is_empty() {
        return Err(too_large);
    }
    let refused = rules::refusals(&input, currency);
    if !refused.is_empty() {
        return Err(refused);
    }
    input.in_currency();
    let mut warnings = match form {
        Form::Json => findings_of_json(&input),
        Form::Ubl | Form::Cii => Vec::new(),
    };
    let claims = Claims::of(input.specification.as_deref().unwrap_or_default());
    let unlikely = rules::unlikely(&input, currency).into_iter();
    // A profile has rules of its own about lines.
    let is_said = |it: &Problem| !claims.is_empty() && it.rule.as_deref() == Some(rules::LINE_RULE);
    warnings.extend(unlikely.filter(|it| !is_said(it)));
    // BR-51 was run on what is stated. Nobody after this has to know more of the number than it allows.
    input.payment.iter_mut().for_each(Payment::cut_card_number);
    let invoice = Invoice::settled(input)
        .map_err(|missing| vec![Problem::at("", format!("In the invoice, {missing}."))])?;
    Ok(Settled { invoice, warnings })
}

/// The rules that an invoice breaks which came as JSON and is complete.
fn findings_of_json(input: &InvoiceInput) -> Vec<Problem> {
    let mut findings = rules::check(input, Form::Json);
    let claims = Claims::of(input.specification.as_deref().unwrap_or_default());
    if !claims.is_empty()
        && let Ok(value) = serde_json::to_value(input)
    {
        findings.extend(profile_rules::check_json(&value, claims));
        profile_rules::weigh(&mut findings, claims);
    }
    findings
}

/// What an XML invoice does not state is nothing, and is not computed from the rest of it: sums of allowances
/// and charges, what was paid, and a VAT breakdown.
fn state_nothing_as_zero(invoice: &mut InvoiceInput) {
    invoice.vat_breakdown.get_or_insert_default();
    let totals = &mut invoice.totals;
    for total in [&mut totals.allowances, &mut totals.charges, &mut totals.vat] {
        total.get_or_insert_default();
    }
}

impl From<Invoice> for InvoiceInput {
    fn from(invoice: Invoice) -> Self {
        invoice.stated()
    }
}

/// Returns a problem for each mandatory field that is missing.
fn missing(input: &InvoiceInput) -> Vec<Problem> {
    let mut missing = Vec::new();
    let mut must = |present: bool, pointer: &str, rule: &str, detail: &str| {
        if !present {
            missing.push(Problem::at(pointer, format!("{rule}: {detail}")).breaking(rule));
        }
    };
    let is_said = |text: &Option<String>| text.as_ref().is_some_and(|it| !it.trim().is_empty());
    must(is_said(&input.number), "/number", "BR-02", "an invoice needs a number.");
    let detail = "an invoice needs a type, such as \"380\"; left out, it is that.";
    must(input.type_code.is_none() || is_said(&input.type_code), "/type", "BR-04", detail);
    let detail = "an invoice needs its date of issue, such as \"2026-06-01\".";
    must(input.issue_date.is_some(), "/issue_date", "BR-03", detail);
    let detail = "an invoice needs its currency, such as \"EUR\".";
    must(input.currency.is_some(), "/currency", "BR-05", detail);
    let TotalsInput { without_vat, vat, with_vat, due, .. } = input.totals;
    let states_totals = [without_vat, vat, with_vat, due].iter().all(Option::is_some);
    let detail = "an invoice needs at least one line, or else its totals `without_vat`, `vat`, \
                  `with_vat` and `due`.";
    must(!input.lines.is_empty() || states_totals, "/lines", "BR-16", detail);
    for (index, line) in input.lines.iter().enumerate() {
        let at = |field: &str| format!("/lines/{index}/{field}");
        let detail = "a line needs the name of what it invoices.";
        must(is_said(&line.description), &at("description"), "BR-25", detail);
        let detail = "a line needs its quantity, such as \"1\".";
        must(line.quantity.is_some(), &at("quantity"), "BR-22", detail);
        let detail = "a line needs the price of one unit, such as \"12.50\".";
        must(line.unit_price.is_some(), &at("unit_price"), "BR-26", detail);
        for (list, rule, all) in
            [("allowances", "BR-41", &line.allowances), ("charges", "BR-43", &line.charges)]
        {
            let detail = "an allowance or charge on a line needs its amount.";
            for (nth, _) in all.iter().enumerate().filter(|(_, it)| !has_amount_of_line(it)) {
                must(false, &at(&format!("{list}/{nth}/amount")), rule, detail);
            }
        }
    }
    for (index, it) in input.third_party_payments.iter().enumerate() {
        let detail = "a payment that is collected for somebody else needs its amount.";
        must(
            it.amount.is_some(),
            &format!("/third_party_payments/{index}/amount"),
            "BR-DEX-11",
            detail,
        );
    }
    for (list, rule, all) in
        [("allowances", "BR-31", &input.allowances), ("charges", "BR-36", &input.charges)]
    {
        let detail = "an allowance or charge needs its amount, or a base amount and a percentage.";
        for (index, _) in all.iter().enumerate().filter(|(_, it)| !has_amount(it)) {
            must(false, &format!("/{list}/{index}/amount"), rule, detail);
        }
    }
    let Some(breakdown) = &input.vat_breakdown else {
        let lines = input.lines.iter().map(|line| &line.vat).enumerate();
        let allowances = input.allowances.iter().map(|it| &it.vat).enumerate();
        let charges = input.charges.iter().map(|it| &it.vat).enumerate();
        let taxed = lines
            .map(|it| ("lines", it))
            .chain(allowances.map(|it| ("allowances", it)))
            .chain(charges.map(|it| ("charges", it)));
        for (list, (index, vat)) in taxed {
            let detail = "VAT in category S cannot be computed without its rate.";
            let pointer = format!("/{list}/{index}/vat/rate");
            must(vat.category != "S" || vat.rate.is_some(), &pointer, "BR-S-05", detail);
        }
        return missing;
    };
    for (index, it) in breakdown.iter().enumerate() {
        let detail = "a row of the VAT breakdown needs its taxable amount.";
        must(it.taxable.is_some(), &format!("/vat_breakdown/{index}/taxable"), "BR-45", detail);
        let detail = "a row of the VAT breakdown needs its tax.";
        must(it.tax.is_some(), &format!("/vat_breakdown/{index}/tax"), "BR-46", detail);
    }
    missing
}

/// Whether the amount is stated, or can be computed.
fn has_amount(it: &AdjustmentInput) -> bool {
    it.amount.is_some() || (it.base_amount.is_some() && it.percent.is_some())
}

fn has_amount_of_line(it: &LineAdjustmentInput) -> bool {
    it.amount.is_some() || (it.base_amount.is_some() && it.percent.is_some())
}

/// Replaces the content of each attached file by its length and digest, and returns a problem for each that is
/// no Base64. The content stays in the original.
fn digest_attachments(input: &mut InvoiceInput) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, document) in input.documents.iter_mut().enumerate() {
        let Some(attachment) = &mut document.attachment else { continue };
        if let Err(error) = attachment.digest() {
            attachment.content = None;
            let at = format!("/documents/{index}/attachment/content");
            let detail = format!("The content of an attached file must be in Base64: {error}.");
            problems.push(Problem::at(at, detail));
        }
    }
    problems
}

/// Computes everything that was left out.
fn complete(
    input: &mut InvoiceInput,
    currency: Currency,
    limits: &Limits,
) -> Result<(), Vec<Problem>> {
    input.type_code.get_or_insert_with(|| INVOICE.to_owned());
    for (index, line) in input.lines.iter_mut().enumerate() {
        complete_line(line, index, currency)?;
    }
    for it in input.allowances.iter_mut().chain(&mut input.charges) {
        it.amount = it.amount.or_else(|| share(it.base_amount, it.percent, currency));
    }
    let taxable = taxable_by_vat(input);
    let breakdown = input.vat_breakdown.get_or_insert_with(|| {
        let row = |(vat, taxable): (rules::VatGroup, Decimal)| VatSubtotalInput {
            tax: Some(tax_on(taxable, vat.rate, currency)),
            category: vat.category,
            rate: vat.rate,
            taxable: Some(taxable),
            ..VatSubtotalInput::default()
        };
        taxable.into_iter().map(row).collect()
    });
    let vat = breakdown.iter().filter_map(|it| it.tax).sum();
    complete_totals(input, vat);
    if let Some(payment) = &mut input.payment {
        take_discounts(payment, limits.notes_or_accounts);
    }
    let payment = input.payment.take();
    input.payment = payment.filter(|payment| *payment != Payment::default());
    Ok(())
}

fn complete_line(
    line: &mut LineInput,
    index: usize,
    currency: Currency,
) -> Result<(), Vec<Problem>> {
    line.id.get_or_insert_with(|| (index + 1).to_string());
    line.unit.get_or_insert_with(|| ONE.to_owned());
    for it in line.allowances.iter_mut().chain(&mut line.charges) {
        it.amount = it.amount.or_else(|| share(it.base_amount, it.percent, currency));
    }
    let net = line.net_amount.or_else(|| line_net(line, currency));
    let Some(net) = net.filter(|net| size_problem(*net).is_none()) else {
        let detail = "Quantity times price is too large a figure, or one with too many digits.";
        return Err(vec![Problem::at(format!("/lines/{index}/quantity"), detail)]);
    };
    line.net_amount = Some(net);
    Ok(())
}

/// Returns a percentage of a base amount.
fn share(base: Option<Decimal>, percent: Option<Decimal>, currency: Currency) -> Option<Decimal> {
    rounded_product(base?, percent?, Decimal::ONE_HUNDRED, currency.decimals())
}

fn complete_totals(input: &mut InvoiceInput, vat: Decimal) {
    let lines: Decimal =
        input.lines.iter().filter(|line| line.is_summed()).filter_map(|line| line.net_amount).sum();
    let for_others = rules::for_others(input);
    let has_lines = !input.lines.is_empty();
    let sum = |all: &[AdjustmentInput]| all.iter().filter_map(|it| it.amount).sum();
    let (allowances, charges) = (sum(&input.allowances), sum(&input.charges));
    let totals = &mut input.totals;
    let allowances = *totals.allowances.get_or_insert(allowances);
    let charges = *totals.charges.get_or_insert(charges);
    let lines = *totals.lines.get_or_insert(match totals.without_vat {
        // Profiles without lines state only the results (Factur-X MINIMUM).
        Some(without_vat) if !has_lines => without_vat + allowances - charges,
        _ => lines,
    });
    let without_vat = *totals.without_vat.get_or_insert(lines - allowances + charges);
    let vat = *totals.vat.get_or_insert(vat);
    let with_vat = *totals.with_vat.get_or_insert(without_vat + vat);
    let paid = *totals.paid.get_or_insert(Decimal::ZERO);
    let rounding = *totals.rounding.get_or_insert(Decimal::ZERO);
    totals.due.get_or_insert(with_vat - paid + rounding + for_others);
}

/// Returns a problem for each computed sum that exceeds the limits of a figure. A settled invoice must be
/// valid input again.
fn too_large(invoice: &InvoiceInput) -> Vec<Problem> {
    let totals = &invoice.totals;
    let taxable = invoice.vat_breakdown.iter().flatten().flat_map(|it| [it.taxable, it.tax]);
    let sums: [(&str, Option<Decimal>); 7] = [
        ("/totals/lines", totals.lines),
        ("/totals/allowances", totals.allowances),
        ("/totals/charges", totals.charges),
        ("/totals/without_vat", totals.without_vat),
        ("/totals/vat", totals.vat),
        ("/totals/with_vat", totals.with_vat),
        ("/totals/due", totals.due),
    ];
    taxable
        .map(|figure| ("/vat_breakdown", figure))
        .chain(sums)
        .filter_map(|(pointer, figure)| Some(Problem::at(pointer, size_problem(figure?)?)))
        .collect()
}

#[cfg(test)]
mod tests;
