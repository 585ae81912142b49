//! Seller, buyer, payee, tax representative, and where and when the goods or services were delivered.

use jiff::civil::Date;

use super::address::Address;
use super::group::group;
use super::term::Kind;
use super::values::Identifier;
use crate::invoice::date;

group! {
    /// The party to which the amount is owed (BG-4).
    Seller {
        name: (Option<String>),
            "BT-27", Kind::Text, "cac:PartyLegalEntity/cbc:RegistrationName", "ram:Name";
        trading_name: (Option<String>),
            "BT-28", Kind::Text, "cac:PartyName/cbc:Name",
            "ram:SpecifiedLegalOrganization/ram:TradingBusinessName";
        identifiers: (Vec<Identifier>),
            "BT-29", Kind::Identifiers, "cac:PartyIdentification/cbc:ID[@schemeID!=SEPA]",
            "ram:GlobalID|ram:ID";
        registration: (Option<Identifier>),
            "BT-30", Kind::Identifier, "cac:PartyLegalEntity/cbc:CompanyID",
            "ram:SpecifiedLegalOrganization/ram:ID";
        vat_id: (Option<String>),
            "BT-31", Kind::Text, "cac:PartyTaxScheme[cac:TaxScheme/cbc:ID=VAT]/cbc:CompanyID",
            "ram:SpecifiedTaxRegistration/ram:ID[@schemeID=VA]";
        tax_number: (Option<String>),
            "BT-32", Kind::Text, "cac:PartyTaxScheme[cac:TaxScheme/cbc:ID!=VAT]/cbc:CompanyID",
            "ram:SpecifiedTaxRegistration/ram:ID[@schemeID=FC]";
        legal_information: (Option<String>),
            "BT-33", Kind::Prose, "cac:PartyLegalEntity/cbc:CompanyLegalForm", "ram:Description";
        electronic_address: (Option<Identifier>),
            "BT-34", Kind::Identifier, "cbc:EndpointID", "ram:URIUniversalCommunication/ram:URIID";
        address: (Option<Address>),
            "BG-5", Kind::Group(Address::TERMS, 0), "cac:PostalAddress", "ram:PostalTradeAddress";
        contact: (Option<Contact>),
            "BG-6", Kind::Group(Contact::TERMS, 0), "cac:Contact", "ram:DefinedTradeContact";
    }
}

group! {
    /// The party that owes the amount (BG-7).
    Buyer {
        name: (Option<String>),
            "BT-44", Kind::Text, "cac:PartyLegalEntity/cbc:RegistrationName", "ram:Name";
        trading_name: (Option<String>),
            "BT-45", Kind::Text, "cac:PartyName/cbc:Name",
            "ram:SpecifiedLegalOrganization/ram:TradingBusinessName";
        identifier: (Option<Identifier>),
            "BT-46", Kind::Identifier, "cac:PartyIdentification/cbc:ID", "ram:GlobalID|ram:ID";
        registration: (Option<Identifier>),
            "BT-47", Kind::Identifier, "cac:PartyLegalEntity/cbc:CompanyID",
            "ram:SpecifiedLegalOrganization/ram:ID";
        vat_id: (Option<String>),
            "BT-48", Kind::Text, "cac:PartyTaxScheme[cac:TaxScheme/cbc:ID=VAT]/cbc:CompanyID",
            "ram:SpecifiedTaxRegistration/ram:ID[@schemeID=VA]";
        electronic_address: (Option<Identifier>),
            "BT-49", Kind::Identifier, "cbc:EndpointID", "ram:URIUniversalCommunication/ram:URIID";
        address: (Option<Address>),
            "BG-8", Kind::Group(Address::TERMS, 1), "cac:PostalAddress", "ram:PostalTradeAddress";
        contact: (Option<Contact>),
            "BG-9", Kind::Group(Contact::TERMS, 1), "cac:Contact", "ram:DefinedTradeContact";
    }
}

group! {
    /// Whom to ask at the seller (BG-6) or at the buyer (BG-9).
    Contact {
        name: (Option<String>),
            "BT-41 BT-56", Kind::Text, "cbc:Name", "ram:PersonName|ram:DepartmentName";
        phone: (Option<String>),
            "BT-42 BT-57", Kind::Text, "cbc:Telephone",
            "ram:TelephoneUniversalCommunication/ram:CompleteNumber";
        email: (Option<String>),
            "BT-43 BT-58", Kind::Text, "cbc:ElectronicMail",
            "ram:EmailURIUniversalCommunication/ram:URIID";
    }
}

group! {
    /// The party that is to be paid, if it is not the seller (BG-10).
    Payee {
        name: (Option<String>),
            "BT-59", Kind::Text, "cac:PartyName/cbc:Name", "ram:Name";
        identifier: (Option<Identifier>),
            "BT-60", Kind::Identifier, "cac:PartyIdentification/cbc:ID[@schemeID!=SEPA]",
            "ram:GlobalID|ram:ID";
        registration: (Option<Identifier>),
            "BT-61", Kind::Identifier, "cac:PartyLegalEntity/cbc:CompanyID",
            "ram:SpecifiedLegalOrganization/ram:ID";
    }
}

group! {
    /// The seller's tax representative (BG-11).
    TaxRepresentative {
        name: (Option<String>),
            "BT-62", Kind::Text, "cac:PartyName/cbc:Name", "ram:Name";
        vat_id: (Option<String>),
            "BT-63", Kind::Text, "cac:PartyTaxScheme[cac:TaxScheme/cbc:ID=VAT]/cbc:CompanyID",
            "ram:SpecifiedTaxRegistration/ram:ID[@schemeID=VA]";
        address: (Option<Address>),
            "BG-12", Kind::Group(Address::TERMS, 2), "cac:PostalAddress", "ram:PostalTradeAddress";
    }
}

group! {
    /// Where and when the goods or services were delivered (BG-13).
    Delivery {
        name: (Option<String>),
            "BT-70", Kind::Text, "cac:DeliveryParty/cac:PartyName/cbc:Name",
            "ram:ShipToTradeParty/ram:Name";
        location: (Option<Identifier>),
            "BT-71", Kind::Identifier, "cac:DeliveryLocation/cbc:ID",
            "ram:ShipToTradeParty/ram:GlobalID|ram:ShipToTradeParty/ram:ID";
        #[serde(deserialize_with = "date::optional")]
        date: (Option<Date>),
            "BT-72", Kind::Date, "cbc:ActualDeliveryDate",
            "ram:ActualDeliverySupplyChainEvent/ram:OccurrenceDateTime";
        address: (Option<Address>),
            "BG-15", Kind::Group(Address::TERMS, 3), "cac:DeliveryLocation/cac:Address",
            "ram:ShipToTradeParty/ram:PostalTradeAddress";
    }
}

group! {
    /// The first and the last day that the invoice (BG-14) or a line (BG-26) is about.
    Period {
        #[serde(deserialize_with = "date::optional")]
        start: (Option<Date>),
            "BT-73 BT-134", Kind::Date, "cbc:StartDate", "ram:StartDateTime";
        #[serde(deserialize_with = "date::optional")]
        end: (Option<Date>),
            "BT-74 BT-135", Kind::Date, "cbc:EndDate", "ram:EndDateTime";
    }
}
