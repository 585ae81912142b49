//! What XRechnung and Peppol ask of a file itself: empty elements, how often something stands, the codes in it, and
//! what the model does not hold.

use rust_decimal::Decimal;

use super::codes::AMOUNTS;
use super::{at, is_within, text, texts};
use crate::invoice::problem::Problem;
use crate::invoice::profile_rules::{
    Claims, broken, entry, has_scheme, is_address_scheme, is_media_type,
};
use crate::invoice::rules::{Form, List};
use crate::invoice::xml::XmlFormat;
use crate::invoice::xml::tree::{Id, Tree};

/// The days of UBL.
const DAYS: [&str; 6] = [
    "cbc:IssueDate",
    "cbc:DueDate",
    "cbc:TaxPointDate",
    "cbc:StartDate",
    "cbc:EndDate",
    "cbc:ActualDeliveryDate",
];
/// The lines of UBL.
const LINES: [&str; 2] = ["cac:InvoiceLine", "cac:CreditNoteLine"];
/// The invoiced object and the project (UNTDID 1001).
const OBJECT: &str = "130";
const PROJECT: &str = "50";
/// CII asks for this element also if there is nothing to say of the delivery.
const DELIVERY: &str = "ram:ApplicableHeaderTradeDelivery";

/// Returns a finding for each violation of the profiles that the invoice claims.
pub(super) fn violations(tree: &Tree, format: XmlFormat, claims: Claims) -> Vec<Problem> {
    if claims.is_empty() {
        return Vec::new();
    }
    let mut file = File { tree, format, claims, currency: String::new(), found: Vec::new() };
    let path = match format {
        XmlFormat::Ubl => "cbc:DocumentCurrencyCode",
        XmlFormat::Cii => {
            "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement/ram:InvoiceCurrencyCode"
        }
    };
    if let Some(id) = at(tree, 0, path).first() {
        file.currency.clone_from(&tree.element(*id).text);
    }
    for id in tree.ids() {
        file.any(id);
        match format {
            XmlFormat::Ubl => file.in_ubl(id),
            XmlFormat::Cii => file.in_cii(id),
        }
    }
    file.found
}

struct File<'t> {
    tree: &'t Tree,
    format: XmlFormat,
    claims: Claims,
    /// The currency of the invoice (BT-5).
    currency: String,
    found: Vec<Problem>,
}

impl File<'_> {
    fn must(&mut self, holds: bool, rule: &str, id: Id) {
        if !holds && let Some(entry) = entry(rule, self.claims) {
            self.found.push(broken(&entry, "").in_xml(self.tree.xpath(id)));
        }
    }

    fn count(&self, of: Id, name: &str) -> usize {
        self.tree.children(of, name).count()
    }

    fn has(&self, of: Id, name: &str) -> bool {
        self.count(of, name) > 0
    }

    /// How many documents in an element have this type.
    fn count_of_type(&self, of: Id, name: &str, kind_in: &str, kind: &str) -> usize {
        let of_kind = |id: &Id| texts(self.tree, *id, kind_in).any(|it| it == kind);
        self.tree.children(of, name).filter(of_kind).count()
    }

    fn any(&mut self, id: Id) {
        let element = self.tree.element(id);
        let is_empty = element.children.is_empty() && element.text.trim().is_empty();
        let is_asked = match self.format {
            XmlFormat::Ubl => true,
            // Peppol has no such rule for CII.
            XmlFormat::Cii => self.claims.xrechnung && &*element.name != DELIVERY,
        };
        self.must(!is_empty || !is_asked, "PEPPOL-EN16931-R008", id);
    }

    fn in_ubl(&mut self, id: Id) {
        let tree = self.tree;
        let element = tree.element(id);
        let around = &*tree.element(element.parent).name;
        let name = &*element.name;
        if id == 0 {
            self.root_of_ubl();
        }
        match name {
            "cac:AllowanceCharge" => self.adjustment_of_ubl(id, around),
            "cac:AccountingSupplierParty" => self.must(self.has(id, "cac:Party"), "BR-DE-2", id),
            "cbc:AllowanceChargeReasonCode" => {
                self.reason(id, texts(tree, element.parent, "cbc:ChargeIndicator").next())
            }
            "cbc:EmbeddedDocumentBinaryObject" => self.attachment(id),
            "cbc:DescriptionCode" if around == "cac:InvoicePeriod" => {
                self.must(List::VatPoints.has(text(tree, id)), "PEPPOL-EN16931-CL006", id);
            }
            "cbc:EndpointID" => {
                if let Some(scheme) = tree.attribute(id, "schemeID") {
                    let holds = is_address_scheme(scheme, Form::Ubl);
                    self.must(holds, "PEPPOL-EN16931-CL008", id);
                }
                self.scheme(id, List::AddressSchemes, "BR-DEX-07");
            }
            "cbc:ID" if around == "cac:PartyIdentification" => {
                let is_paid = is_within(tree, id, "cac:AccountingSupplierParty")
                    || is_within(tree, id, "cac:PayeeParty");
                let list = if is_paid { List::SchemesAndSepa } else { List::Schemes };
                self.scheme(id, list, "BR-DEX-04");
            }
            "cbc:CompanyID" if around == "cac:PartyLegalEntity" => {
                self.scheme(id, List::Schemes, "BR-DEX-05");
            }
            "cbc:ID" if around == "cac:StandardItemIdentification" => {
                self.scheme(id, List::Schemes, "BR-DEX-06");
            }
            "cbc:ID" if around == "cac:DeliveryLocation" => {
                self.scheme(id, List::Schemes, "BR-DEX-08");
            }
            "cac:PrepaidPayment" if around == "ubl:Invoice" => {
                let currency = |it: Id| tree.attribute(it, "currencyID");
                let mut amounts = tree.children(id, "cbc:PaidAmount");
                let holds = amounts.any(|it| currency(it) == Some(self.currency.as_str()));
                self.must(holds, "BR-DEX-14", id);
            }
            "cac:SubInvoiceLine" => {
                let vat = "cac:ClassifiedTaxCategory";
                let holds = tree.children(id, "cac:Item").all(|it| self.count(it, vat) == 1);
                self.must(holds, "BR-DEX-03", id);
                self.sum_of_sub_lines(id);
            }
            _ if LINES.contains(&name) => {
                self.documents_of_line(id, "cac:DocumentReference", "cbc:DocumentTypeCode");
                self.sum_of_sub_lines(id);
            }
            _ if DAYS.contains(&name) => {
                let holds =
                    element.text.len() == 10 && element.text.parse::<jiff::civil::Date>().is_ok();
                self.must(holds, "PEPPOL-EN16931-F001", id);
            }
            _ if AMOUNTS.contains(&name) => self.amount(id, around),
            _ => {}
        }
    }

    fn root_of_ubl(&mut self) {
        let tree = self.tree;
        let name = "cac:AdditionalDocumentReference";
        let projects = self.count_of_type(0, name, "cbc:DocumentTypeCode", PROJECT);
        let is_credit_note = &*tree.root().name == "ubl:CreditNote";
        self.must(projects <= 1 || !is_credit_note, "PEPPOL-EN16931-R080", 0);
        let totals: Vec<Id> = tree.children(0, "cac:TaxTotal").collect();
        let with_rows = totals.iter().filter(|id| self.has(**id, "cac:TaxSubtotal")).count();
        self.must(with_rows == 1, "PEPPOL-EN16931-R053", 0);
        let vat_currency = texts(tree, 0, "cbc:TaxCurrencyCode").next();
        let expected = usize::from(vat_currency.is_some());
        self.must(totals.len() - with_rows == expected, "PEPPOL-EN16931-R054", 0);
        let Some(vat_currency) = vat_currency else { return };
        let amounts = at(tree, 0, "cac:TaxTotal/cbc:TaxAmount");
        let holds = self.have_same_sign(&amounts, vat_currency, self.currency.trim(), true);
        self.must(holds, "PEPPOL-EN16931-R055", 0);
    }

    /// Whether there are totals in both currencies that are both above or both below zero.
    fn have_same_sign(
        &self,
        totals: &[Id],
        vat_currency: &str,
        currency: &str,
        zero_is_below: bool,
    ) -> bool {
        let figures = |of: &str| -> Vec<Decimal> {
            let in_it = |id: &&Id| self.tree.attribute(**id, "currencyID") == Some(of);
            let all = totals.iter().filter(in_it);
            all.filter_map(|id| text(self.tree, *id).parse().ok()).collect()
        };
        let (other, own) = (figures(vat_currency), figures(currency));
        let is_below = |it: &Decimal| *it < Decimal::ZERO || (zero_is_below && it.is_zero());
        let is_above = |it: &Decimal| *it >= Decimal::ZERO;
        (other.iter().any(is_below) && own.iter().any(is_below))
            || (other.iter().any(is_above) && own.iter().any(is_above))
    }

    fn adjustment_of_ubl(&mut self, id: Id, around: &str) {
        let indicator = texts(self.tree, id, "cbc:ChargeIndicator").next();
        if around == "cac:Price" {
            self.must(indicator == Some("false"), "PEPPOL-EN16931-R044", id);
            return;
        }
        if matches!(around, "ubl:Invoice" | "ubl:CreditNote") || LINES.contains(&around) {
            let parts =
                ["cbc:MultiplierFactorNumeric", "cbc:BaseAmount"].map(|it| self.has(id, it));
            self.indicator(id, indicator, parts);
        }
    }

    /// An allowance with only one of base and percentage is reported for that, and not for this as well.
    fn indicator(&mut self, id: Id, indicator: Option<&str>, [percent, base]: [bool; 2]) {
        let holds = matches!(indicator, Some("true" | "false")) || percent != base;
        self.must(holds, "PEPPOL-EN16931-R043", id);
    }

    fn reason(&mut self, id: Id, indicator: Option<&str>) {
        let code = text(self.tree, id);
        match indicator {
            Some("false") => self.must(List::Allowances.has(code), "PEPPOL-EN16931-CL002", id),
            Some("true") => self.must(List::Charges.has(code), "PEPPOL-EN16931-CL003", id),
            _ => {}
        }
    }

    fn attachment(&mut self, id: Id) {
        let mime = self.tree.attribute(id, "mimeCode");
        self.must(mime.is_none_or(|it| List::Files.has(it)), "PEPPOL-EN16931-CL001", id);
        self.must(mime.is_some_and(is_media_type), "BR-DEX-01", id);
    }

    fn scheme(&mut self, id: Id, list: List, rule: &str) {
        let scheme = self.tree.attribute(id, "schemeID").map(str::trim);
        self.must(scheme.is_none_or(|it| has_scheme(list, it)), rule, id);
    }

    fn amount(&mut self, id: Id, around: &str) {
        let tree = self.tree;
        let currency = tree.attribute(id, "currencyID");
        let is_listed = currency.is_some_and(|it| self.is_currency(it));
        self.must(is_listed, "PEPPOL-EN16931-CL007", id);
        let is_asked = match &*tree.element(id).name {
            "cbc:TaxAmount" => {
                let around_it = tree.element(id).parent;
                around == "cac:TaxSubtotal"
                    || (around == "cac:TaxTotal" && self.has(around_it, "cac:TaxSubtotal"))
            }
            _ => true,
        };
        let holds = currency == Some(self.currency.as_str()) && !self.currency.is_empty();
        self.must(holds || !is_asked, "PEPPOL-EN16931-R051", id);
    }

    /// Whether a currency is in the list of Peppol, which differs a little from that of CEN.
    fn is_currency(&self, code: &str) -> bool {
        match (self.format, code) {
            (_, "STN") | (XmlFormat::Cii, "ANG" | "BGN") => true,
            (_, "STD") | (XmlFormat::Cii, "CNH" | "XCG") => false,
            _ => List::Currencies.has(code),
        }
    }

    fn documents_of_line(&mut self, id: Id, name: &str, kind: &str) {
        let all = self.count(id, name);
        let objects = self.count_of_type(id, name, kind, OBJECT);
        let counted = if self.format == XmlFormat::Ubl { all } else { objects };
        self.must(counted <= 1, "PEPPOL-EN16931-R100", id);
        self.must(all == 0 || objects > 0, "PEPPOL-EN16931-R101", id);
    }

    fn sum_of_sub_lines(&mut self, id: Id) {
        let amount = |id: Id| -> Option<Decimal> {
            texts(self.tree, id, "cbc:LineExtensionAmount").next()?.parse().ok()
        };
        let inner: Vec<Id> = self.tree.children(id, "cac:SubInvoiceLine").collect();
        let sum: Decimal = inner.iter().filter_map(|it| amount(*it)).sum();
        let holds = inner.is_empty() || amount(id) == Some(sum);
        self.must(holds, "BR-DEX-02", id);
    }

    fn in_cii(&mut self, id: Id) {
        let tree = self.tree;
        let element = tree.element(id);
        let around = &*tree.element(element.parent).name;
        match &*element.name {
            "ram:ApplicableHeaderTradeAgreement" => {
                let name = "ram:AdditionalReferencedDocument";
                let objects = self.count_of_type(id, name, "ram:TypeCode", OBJECT);
                self.must(objects <= 1, "PEPPOL-EN16931-R006", id);
                let projects = self.count_of_type(id, name, "ram:TypeCode", PROJECT);
                self.must(projects <= 1, "PEPPOL-EN16931-R080", id);
                let order = "ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID";
                let has_order = !at(tree, id, order).is_empty();
                let holds = has_order || self.has(id, "ram:BuyerReference");
                self.must(holds, "PEPPOL-EN16931-R003", id);
            }
            "ram:ApplicableHeaderTradeSettlement" => self.totals_of_cii(id),
            "rsm:ExchangedDocument" => {
                let notes = self.count(id, "ram:IncludedNote");
                let has_subject = !at(tree, id, "ram:IncludedNote/ram:SubjectCode").is_empty();
                self.must(notes <= 1 && !has_subject, "PEPPOL-EN16931-R002", id);
            }
            "ram:SpecifiedTradeAllowanceCharge" => {
                let indicator = indicator_of_cii(tree, id);
                let parts =
                    ["ram:CalculationPercent", "ram:BasisAmount"].map(|it| self.has(id, it));
                self.indicator(id, indicator, parts);
            }
            "ram:AppliedTradeAllowanceCharge" => {
                self.indicator(id, indicator_of_cii(tree, id), [false, false]);
            }
            "ram:GrossPriceProductTradePrice" if self.claims.xrechnung => {
                let discounts: Vec<Id> =
                    tree.children(id, "ram:AppliedTradeAllowanceCharge").collect();
                let is_asked = discounts.iter().any(|it| self.has(*it, "ram:ActualAmount"));
                let is_discount = |it: &Id| indicator_of_cii(tree, *it) == Some("false");
                let holds = !is_asked || discounts.iter().any(is_discount);
                self.must(holds, "PEPPOL-EN16931-R044", id);
            }
            "ram:SpecifiedLineTradeAgreement" => self.base_quantities(id),
            "ram:SpecifiedLineTradeSettlement" => {
                self.documents_of_line(id, "ram:AdditionalReferencedDocument", "ram:TypeCode");
            }
            "ram:ReasonCode" if around == "ram:SpecifiedTradeAllowanceCharge" => {
                self.reason(id, indicator_of_cii(tree, element.parent));
            }
            "ram:AttachmentBinaryObject" => self.attachment(id),
            "ram:TaxTotalAmount" => {
                let holds = tree.attribute(id, "currencyID").is_none_or(|it| self.is_currency(it));
                self.must(holds, "PEPPOL-EN16931-CL007", id);
            }
            "udt:DateTimeString" => {
                let is_day = element.text.len() == 8
                    && element.text.starts_with("20")
                    && element.text.bytes().all(|it| it.is_ascii_digit());
                let format = tree.attribute(id, "format").map(str::trim);
                self.must(format == Some("102") && is_day, "PEPPOL-EN16931-F001", id);
            }
            "ram:AssociatedDocumentLineDocument" => {
                self.must(!self.has(id, "ram:ParentLineID"), "BR-DEX-15", id);
            }
            "ram:URIID" if around == "ram:URIUniversalCommunication" => self.address_of_cii(id),
            "ram:GlobalID" if around == "ram:SpecifiedTradeProduct" => {
                self.scheme(id, List::Schemes, "BR-DEX-06");
            }
            "ram:GlobalID" if around == "ram:ShipToTradeParty" => {
                self.scheme(id, List::Schemes, "BR-DEX-08");
            }
            "ram:GlobalID" if !is_within(tree, id, "ram:SpecifiedTradeProduct") => {
                self.scheme(id, List::Schemes, "BR-DEX-04");
            }
            "ram:ID" if !is_within(tree, id, "ram:SpecifiedTaxRegistration") => {
                self.scheme(id, List::Schemes, "BR-DEX-05");
            }
            _ => {}
        }
    }

    fn address_of_cii(&mut self, id: Id) {
        self.scheme(id, List::AddressSchemes, "BR-DEX-07");
        let party = self.tree.element(self.tree.element(id).parent).parent;
        let is_asked = matches!(
            &*self.tree.element(party).name,
            "ram:SellerTradeParty" | "ram:BuyerTradeParty"
        );
        let scheme = self.tree.attribute(id, "schemeID").unwrap_or_default();
        let holds = !is_asked || is_address_scheme(scheme, Form::Cii);
        self.must(holds, "PEPPOL-EN16931-CL008", id);
    }

    fn totals_of_cii(&mut self, id: Id) {
        let tree = self.tree;
        let path = "ram:SpecifiedTradeSettlementHeaderMonetarySummation/ram:TaxTotalAmount";
        let totals = at(tree, id, path);
        let currency = self.currency.as_str();
        let named = |id: &Id| tree.attribute(*id, "currencyID");
        let own = totals.iter().filter(|it| named(it) == Some(currency)).count();
        let is_other =
            |id: &&Id| named(id).is_some_and(|it| it != currency) && !currency.is_empty();
        let others = totals.iter().filter(is_other).count();
        // XRechnung lets the total of VAT be missing.
        let may_miss = self.claims.xrechnung && !self.claims.peppol;
        let vat_currency = tree.children(id, "ram:TaxCurrencyCode").next();
        let vat_currency = vat_currency.map(|it| tree.element(it).text.as_str());
        let expected = usize::from(vat_currency.is_some());
        let is_asked = vat_currency.filter(|_| own > 0 || !may_miss);
        let has_sign = |it: &str| self.have_same_sign(&totals, it, currency, false);
        let same_sign = is_asked.is_none_or(has_sign);
        self.must(own == 1 || (own == 0 && may_miss), "PEPPOL-EN16931-R053", id);
        self.must(others == expected, "PEPPOL-EN16931-R054", id);
        self.must(same_sign, "PEPPOL-EN16931-R055", id);
    }

    fn base_quantities(&mut self, id: Id) {
        let tree = self.tree;
        let of =
            |price: &str| at(tree, id, &format!("{price}/ram:BasisQuantity")).into_iter().next();
        let both = of("ram:GrossPriceProductTradePrice").zip(of("ram:NetPriceProductTradePrice"));
        let Some((gross, net)) = both else { return };
        let units = [gross, net].map(|it| tree.attribute(it, "unitCode"));
        let is_same_unit = units.contains(&None) || units[0] == units[1];
        let holds = tree.element(gross).text == tree.element(net).text && is_same_unit;
        self.must(holds, "BR-TMP-3", id);
    }
}

fn indicator_of_cii(tree: &Tree, id: Id) -> Option<&str> {
    let indicator = at(tree, id, "ram:ChargeIndicator/udt:Indicator").into_iter().next()?;
    Some(text(tree, indicator))
}

#[cfg(test)]
mod tests;
