//! How to pay.

use rust_decimal::Decimal;

use super::group::group;
use super::term::Kind;
use crate::invoice::card;
use crate::invoice::money::figure;

group! {
    /// How to pay (BG-16).
    Payment {
        means: (Option<String>),
            "BT-81", Kind::Code, "cac:PaymentMeans/cbc:PaymentMeansCode",
            "Settlement/ram:SpecifiedTradeSettlementPaymentMeans/ram:TypeCode";
        means_text: (Option<String>),
            "BT-82", Kind::Text, "cac:PaymentMeans/cbc:PaymentMeansCode/@name",
            "Settlement/ram:SpecifiedTradeSettlementPaymentMeans/ram:Information";
        iban: (Option<String>),
            "BT-84", Kind::Code, "cac:PaymentMeans[first cac:PayeeFinancialAccount]/cac:PayeeFinancialAccount/cbc:ID",
            "Settlement/ram:SpecifiedTradeSettlementPaymentMeans[first ram:PayeePartyCreditorFinancialAccount]/ram:PayeePartyCreditorFinancialAccount/ram:IBANID|Settlement/ram:SpecifiedTradeSettlementPaymentMeans[first ram:PayeePartyCreditorFinancialAccount]/ram:PayeePartyCreditorFinancialAccount/ram:ProprietaryID";
        account_name: (Option<String>),
            "BT-85", Kind::Text, "cac:PaymentMeans[first cac:PayeeFinancialAccount]/cac:PayeeFinancialAccount/cbc:Name",
            "Settlement/ram:SpecifiedTradeSettlementPaymentMeans[first ram:PayeePartyCreditorFinancialAccount]/ram:PayeePartyCreditorFinancialAccount/ram:AccountName";
        bic: (Option<String>),
            "BT-86", Kind::Code, "cac:PaymentMeans[first cac:PayeeFinancialAccount]/cac:PayeeFinancialAccount/cac:FinancialInstitutionBranch/cbc:ID",
            "Settlement/ram:SpecifiedTradeSettlementPaymentMeans[first ram:PayeePartyCreditorFinancialAccount]/ram:PayeeSpecifiedCreditorFinancialInstitution/ram:BICID";
        reference: (Option<String>),
            "BT-83", Kind::Prose, "cac:PaymentMeans/cbc:PaymentID", "Settlement/ram:PaymentReference";
        terms: (Option<String>),
            "BT-20", Kind::Prose, "cac:PaymentTerms/cbc:Note",
            "Settlement/ram:SpecifiedTradePaymentTerms/ram:Description";
        discounts: (Vec<Discount>),
            "BT-20", Kind::Groups(Discount::TERMS, 0), "",
            "Settlement/ram:SpecifiedTradePaymentTerms/ram:ApplicableTradePaymentDiscountTerms";
        further_accounts: (Vec<Account>),
            "BG-17", Kind::Groups(Account::TERMS, 0), "cac:PaymentMeans[further cac:PayeeFinancialAccount]",
            "Settlement/ram:SpecifiedTradeSettlementPaymentMeans[further ram:PayeePartyCreditorFinancialAccount]";
        card: (Option<Card>),
            "BG-18", Kind::Group(Card::TERMS, 0), "cac:PaymentMeans/cac:CardAccount",
            "Settlement/ram:SpecifiedTradeSettlementPaymentMeans/ram:ApplicableTradeSettlementFinancialCard";
        direct_debit: (Option<DirectDebit>),
            "BG-19", Kind::Group(DirectDebit::TERMS, 0), "", "";
    }
}

impl Payment {
    /// Cuts the number of the card (BT-87) to the part that may be shown (BR-51).
    pub(in crate::invoice) fn cut_card_number(&mut self) {
        if let Some(card) = &mut self.card {
            card.number = card.number.take().and_then(card::cut);
        }
    }
}

group! {
    /// A discount for early payment (Skonto). Within EN 16931, it is a line of the terms of payment (BT-20), as
    /// XRechnung writes it.
    Discount {
        #[serde(with = "figure")]
        days: (Option<Decimal>),
            "BT-20", Kind::Figure, "", "ram:BasisPeriodMeasure[@unitCode=DAY]";
        #[serde(with = "figure")]
        percent: (Option<Decimal>),
            "BT-20", Kind::Figure, "", "ram:CalculationPercent";
        #[serde(with = "figure")]
        base_amount: (Option<Decimal>),
            "BT-20", Kind::Amount, "", "ram:BasisAmount";
    }
}

group! {
    /// A further account that may be paid to (BG-17 may repeat).
    Account {
        iban: (String),
            "BT-84", Kind::Code, "cac:PayeeFinancialAccount/cbc:ID",
            "ram:PayeePartyCreditorFinancialAccount/ram:IBANID|ram:PayeePartyCreditorFinancialAccount/ram:ProprietaryID";
        account_name: (Option<String>),
            "BT-85", Kind::Text, "cac:PayeeFinancialAccount/cbc:Name",
            "ram:PayeePartyCreditorFinancialAccount/ram:AccountName";
        bic: (Option<String>),
            "BT-86", Kind::Code, "cac:PayeeFinancialAccount/cac:FinancialInstitutionBranch/cbc:ID",
            "ram:PayeeSpecifiedCreditorFinancialInstitution/ram:BICID";
    }
}

group! {
    /// The card that was paid with (BG-18).
    Card {
        number: (Option<String>),
            "BT-87", Kind::Text, "cbc:PrimaryAccountNumberID", "ram:ID";
        holder: (Option<String>),
            "BT-88", Kind::Text, "cbc:HolderName", "ram:CardholderName";
    }
}

group! {
    /// What the seller collects by itself (BG-19).
    DirectDebit {
        mandate: (Option<String>),
            "BT-89", Kind::Text, "cac:PaymentMeans/cac:PaymentMandate/cbc:ID",
            "Settlement/ram:SpecifiedTradePaymentTerms/ram:DirectDebitMandateID";
        creditor: (Option<String>),
            "BT-90", Kind::Text,
            "cac:AccountingSupplierParty/cac:Party/cac:PartyIdentification/cbc:ID[@schemeID=SEPA]|cac:PayeeParty/cac:PartyIdentification/cbc:ID[@schemeID=SEPA]",
            "Settlement/ram:CreditorReferenceID";
        account: (Option<String>),
            "BT-91", Kind::Text,
            "cac:PaymentMeans/cac:PaymentMandate/cac:PayerFinancialAccount/cbc:ID",
            "Settlement/ram:SpecifiedTradeSettlementPaymentMeans/ram:PayerPartyDebtorFinancialAccount/ram:IBANID";
    }
}
