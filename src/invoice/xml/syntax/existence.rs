//! Rules about what stands in a file that the model does not hold: whether a tax is VAT, whether an element is
//! there at all, and in which currency a total is.

use rust_decimal::Decimal;

use super::XmlFormat;
use super::{at, texts};
use crate::invoice::problem::Problem;
use crate::invoice::rules::{broken, half_up};
use crate::invoice::xml::tree::{Id, Tree};

/// UNTDID 5305: not subject to VAT.
const NOT_TAXED: &str = "O";
/// UNTDID 5305: standard rate.
const STANDARD: &str = "S";
/// UNTDID 4461: credit transfer, and SEPA credit transfer.
const TRANSFERS: [&str; 2] = ["30", "58"];

/// Returns a finding for each violation.
pub(super) fn violations(tree: &Tree, format: XmlFormat) -> Vec<Problem> {
    let mut found = Vec::new();
    for id in tree.ids() {
        let name = &*tree.element(id).name;
        let rules = match (format, name) {
            (XmlFormat::Ubl, _) => in_ubl(tree, id, name),
            (XmlFormat::Cii, _) => in_cii(tree, id, name),
        };
        found.extend(rules.into_iter().map(|rule| broken(rule, "").in_xml(tree.xpath(id))));
    }
    let of_lines = |id: &Id| &*tree.element(*id).name == "cac:ClassifiedTaxCategory";
    let is_standard = |id: &Id| texts(tree, *id, "cbc:ID").any(|it| it == STANDARD);
    let mut standard = tree.ids().filter(of_lines).filter(is_standard).peekable();
    // CEN asks lines in category S for identifiers of the seller, and finds none if no tax is VAT.
    if standard.peek().is_some() && !standard.any(|id| is_vat(tree, id)) {
        found.push(broken("BR-S-02", "/seller"));
    }
    if !has_one_total_of_vat(tree, format) {
        found.push(broken("BR-CO-15", "/totals/with_vat"));
    }
    found
}

fn in_ubl(tree: &Tree, id: Id, name: &str) -> Vec<&'static str> {
    let around = &*tree.element(tree.element(id).parent).name;
    let is_of_document = matches!(around, "ubl:Invoice" | "ubl:CreditNote");
    match name {
        "cac:InvoiceLine" | "cac:CreditNoteLine" => {
            let vat = at(tree, id, "cac:Item/cac:ClassifiedTaxCategory");
            let holds = vat.iter().any(|it| is_vat(tree, *it) && has(tree, *it, "cbc:ID"));
            let mut rules = unless(holds, "BR-CO-04");
            let quantities = ["cbc:InvoicedQuantity", "cbc:CreditedQuantity"];
            let has_unit = |name: &&str| texts_of_attribute(tree, id, name, "unitCode").is_some();
            rules.extend(unless(quantities.iter().any(has_unit), "BR-23"));
            rules
        }
        "cac:AllowanceCharge" if is_of_document => {
            let vat = at(tree, id, "cac:TaxCategory");
            let holds = vat.iter().any(|it| is_vat(tree, *it) && has(tree, *it, "cbc:ID"));
            match texts(tree, id, "cbc:ChargeIndicator").next() {
                Some("true" | "1") => unless(holds, "BR-37"),
                Some("false" | "0") => unless(holds, "BR-32"),
                _ => Vec::new(),
            }
        }
        "cac:TaxSubtotal" if around == "cac:TaxTotal" => {
            let vat = at(tree, id, "cac:TaxCategory");
            let vat: Vec<Id> = vat.into_iter().filter(|it| is_vat(tree, *it)).collect();
            let has_category = vat.iter().any(|it| has(tree, *it, "cbc:ID"));
            let is_free = vat.iter().any(|it| texts(tree, *it, "cbc:ID").any(|it| it == NOT_TAXED));
            let has_rate = vat.iter().any(|it| has(tree, *it, "cbc:Percent"));
            let tax = texts(tree, id, "cbc:TaxAmount").next();
            of_row(has_category, has_rate, is_free, tax)
        }
        "cac:AccountingSupplierParty" => unless(has(tree, id, "cac:Party"), "BR-CO-26"),
        "cac:TaxTotal" if is_of_document => unless(is_sum_of_rows(tree, id), "BR-CO-14"),
        "cac:AdditionalDocumentReference" => {
            unless(texts(tree, id, "cbc:ID").any(|it| !it.is_empty()), "BR-52")
        }
        "cbc:EndpointID" => {
            let is_buyer = &*tree.element(tree.element(tree.element(id).parent).parent).name
                == "cac:AccountingCustomerParty";
            let rule = if is_buyer { "BR-63" } else { "BR-62" };
            unless(tree.attribute(id, "schemeID").is_some(), rule)
        }
        "cbc:ID" if around == "cac:StandardItemIdentification" => {
            unless(tree.attribute(id, "schemeID").is_some(), "BR-64")
        }
        "cbc:ItemClassificationCode" => unless(tree.attribute(id, "listID").is_some(), "BR-65"),
        "cac:PaymentMeans" => {
            let means = texts(tree, id, "cbc:PaymentMeansCode").next();
            if !means.is_some_and(|it| TRANSFERS.contains(&it)) {
                return unless(means.is_some(), "BR-49");
            }
            let accounts = at(tree, id, "cac:PayeeFinancialAccount");
            let is_empty = |it: &Id| texts(tree, *it, "cbc:ID").all(str::is_empty);
            let mut rules = unless(!accounts.iter().any(is_empty), "BR-50");
            rules.extend(unless(accounts.iter().any(|it| has(tree, *it, "cbc:ID")), "BR-61"));
            rules
        }
        _ => Vec::new(),
    }
}

fn in_cii(tree: &Tree, id: Id, name: &str) -> Vec<&'static str> {
    let around = &*tree.element(tree.element(id).parent).name;
    match name {
        "ram:IncludedSupplyChainTradeLineItem" => {
            let vat = at(tree, id, "ram:SpecifiedLineTradeSettlement/ram:ApplicableTradeTax");
            let holds = |it: &Id| is_vat(tree, *it) && has(tree, *it, "ram:CategoryCode");
            let mut rules = unless(vat.iter().any(holds), "BR-CO-04");
            let delivery = at(tree, id, "ram:SpecifiedLineTradeDelivery");
            let has_unit =
                |it: &Id| texts_of_attribute(tree, *it, "ram:BilledQuantity", "unitCode").is_some();
            rules.extend(unless(delivery.iter().any(has_unit), "BR-23"));
            rules
        }
        "ram:SpecifiedTradeAllowanceCharge" if around == "ram:ApplicableHeaderTradeSettlement" => {
            let vat = at(tree, id, "ram:CategoryTradeTax");
            let holds =
                vat.iter().any(|it| is_vat(tree, *it) && has(tree, *it, "ram:CategoryCode"));
            // CEN compares the text of the indicator.
            let indicator = at(tree, id, "ram:ChargeIndicator/udt:Indicator").into_iter().next();
            match indicator.map(|it| tree.element(it).text.trim()) {
                Some("true") => unless(holds, "BR-37"),
                Some("false") => unless(holds, "BR-32"),
                _ => Vec::new(),
            }
        }
        "ram:ApplicableTradeTax" if around == "ram:ApplicableHeaderTradeSettlement" => {
            let category = texts(tree, id, "ram:CategoryCode").next();
            let is_vat = is_vat(tree, id);
            // CEN runs the rules of L, M and O on a row instead of these.
            if is_vat && matches!(category, Some("L" | "M" | NOT_TAXED)) {
                return Vec::new();
            }
            let has_rate = is_vat && has(tree, id, "ram:RateApplicablePercent");
            let tax = texts(tree, id, "ram:CalculatedAmount").next();
            let is_free = is_vat && category == Some(NOT_TAXED);
            of_row(is_vat && category.is_some(), has_rate, is_free, tax)
        }
        "ram:AdditionalReferencedDocument" => {
            let mut numbers = texts(tree, id, "ram:IssuerAssignedID");
            unless(numbers.any(|it| !it.is_empty()), "BR-52")
        }
        "ram:SpecifiedTradeSettlementPaymentMeans" => {
            unless(has(tree, id, "ram:TypeCode"), "BR-49")
        }
        "ram:PayeePartyCreditorFinancialAccount" => {
            let around = tree.element(id).parent;
            // Each account asks it.
            let transfers = tree.remembered(around, "a transfer", || {
                let mut means = tree.children(around, "ram:TypeCode");
                let found = means.find(|it| TRANSFERS.contains(&tree.element(*it).text.trim()));
                found.into_iter().collect()
            });
            if transfers.is_empty() {
                return Vec::new();
            }
            let numbers = ["ram:IBANID", "ram:ProprietaryID"];
            let says = |name: &&str| texts(tree, id, name).any(|it| !it.is_empty());
            let mut rules = unless(numbers.iter().any(says), "BR-50");
            rules.extend(unless(numbers.iter().any(|name| has(tree, id, name)), "BR-61"));
            rules
        }
        "ram:BillingSpecifiedPeriod" => {
            let rule = match around {
                "ram:ApplicableHeaderTradeSettlement" => "BR-29",
                "ram:SpecifiedLineTradeSettlement" => "BR-30",
                _ => return Vec::new(),
            };
            unless(is_in_order(tree, id), rule)
        }
        "rsm:CrossIndustryInvoice" => {
            let path = "rsm:ExchangedDocument/ram:IssueDateTime/udt:DateTimeString";
            let days = at(tree, id, path);
            let is_day = |it: &Id| {
                tree.attribute(*it, "format") == Some("102")
                    && !tree.element(*it).text.trim().is_empty()
            };
            unless(days.iter().any(is_day), "BR-03")
        }
        "ram:URIUniversalCommunication" => {
            let scheme = texts_of_attribute(tree, id, "ram:URIID", "schemeID");
            let has_scheme = scheme.is_some_and(|it| !it.trim().is_empty());
            match around {
                "ram:SellerTradeParty" if !has(tree, id, "ram:URIID") => {
                    unless(has_scheme, "BR-62")
                }
                "ram:BuyerTradeParty" if !has(tree, id, "ram:URIID") => unless(has_scheme, "BR-63"),
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

/// Whether a period ends on the day on which it begins or later, as far as both days are in format 102. CEN
/// does not take other formats, so such a period is not in order.
fn is_in_order(tree: &Tree, period: Id) -> bool {
    let day = |name: &str| -> Option<&str> {
        let days = at(tree, period, &format!("{name}/udt:DateTimeString"));
        let mut days = days.into_iter().filter(|it| tree.attribute(*it, "format") == Some("102"));
        days.next().map(|it| tree.element(it).text.trim())
    };
    let (start, end) = (day("ram:StartDateTime"), day("ram:EndDateTime"));
    !has(tree, period, "ram:StartDateTime")
        || !has(tree, period, "ram:EndDateTime")
        || start.zip(end).is_some_and(|(start, end)| end >= start)
}

/// Whether a total of VAT in UBL is the sum of the VAT of its rows, if it has any.
fn is_sum_of_rows(tree: &Tree, total: Id) -> bool {
    let rows = at(tree, total, "cac:TaxSubtotal/cbc:TaxAmount");
    let figure = |id: &Id| tree.element(*id).text.trim().parse::<Decimal>().ok();
    let sum: Option<Decimal> = rows.iter().map(figure).sum();
    let stated = tree.children(total, "cbc:TaxAmount").next();
    !has(tree, total, "cac:TaxSubtotal")
        || stated.is_some_and(|it| figure(&it) == sum.map(half_up) || figure(&it).is_none())
}

fn unless(holds: bool, rule: &'static str) -> Vec<&'static str> {
    if holds { Vec::new() } else { vec![rule] }
}

/// The rules about a row of the VAT breakdown. Without a rate of VAT, the tax has to be less than a half.
fn of_row(
    has_category: bool,
    has_rate: bool,
    is_not_taxed: bool,
    tax: Option<&str>,
) -> Vec<&'static str> {
    let mut rules = unless(has_category, "BR-47");
    rules.extend(unless(has_rate || is_not_taxed, "BR-48"));
    let half = Decimal::new(5, 1);
    let is_small = |tax: Decimal| tax >= -half && tax < half;
    let is_small = tax.and_then(|it| it.parse().ok()).is_some_and(is_small);
    rules.extend(unless(has_rate || is_small, "BR-CO-17"));
    rules
}

/// Whether exactly one total of VAT is in the currency of the invoice. In CII, CEN asks for none if the totals
/// with and without VAT are equal.
fn has_one_total_of_vat(tree: &Tree, format: XmlFormat) -> bool {
    let settlement = "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement";
    let summation = format!("{settlement}/ram:SpecifiedTradeSettlementHeaderMonetarySummation");
    let (currency, totals) = match format {
        XmlFormat::Ubl => {
            ("cbc:DocumentCurrencyCode".to_owned(), "cac:TaxTotal/cbc:TaxAmount".to_owned())
        }
        XmlFormat::Cii => (
            format!("{settlement}/ram:InvoiceCurrencyCode"),
            format!("{summation}/ram:TaxTotalAmount"),
        ),
    };
    let Some(currency) = at(tree, 0, &currency).into_iter().next() else { return true };
    let currency = tree.element(currency).text.as_str();
    let is_in_it = |id: &Id| tree.attribute(*id, "currencyID") == Some(currency);
    let one = at(tree, 0, &totals).iter().filter(|id| is_in_it(id)).count() == 1;
    let total = |name: &str| -> Option<Decimal> {
        let id = at(tree, 0, &format!("{summation}/{name}")).into_iter().next()?;
        tree.element(id).text.trim().parse().ok()
    };
    let is_same = || {
        let with_vat = total("ram:GrandTotalAmount");
        with_vat.is_some() && with_vat == total("ram:TaxBasisTotalAmount")
    };
    one || (format == XmlFormat::Cii && is_same())
}

fn is_vat(tree: &Tree, id: Id) -> bool {
    let is_vat = |text: &str| text.eq_ignore_ascii_case("VAT");
    texts(tree, id, "ram:TypeCode").any(is_vat)
        || at(tree, id, "cac:TaxScheme/cbc:ID")
            .iter()
            .any(|it| is_vat(tree.element(*it).text.trim()))
}

fn has(tree: &Tree, id: Id, name: &str) -> bool {
    tree.children(id, name).next().is_some()
}

fn texts_of_attribute<'t>(tree: &'t Tree, id: Id, name: &str, attribute: &str) -> Option<&'t str> {
    tree.children(id, name).next().and_then(|it| tree.attribute(it, attribute))
}
