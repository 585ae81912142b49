## Groups of business terms of EN 16931, and terms that page.ftl lacks

bt-85 = Inhaber eines weiteren Kontos
bt-106 = Summe der Positionen
bt-107 = Summe der Nachlässe
bt-108 = Summe der Zuschläge
bt-116 = Bemessungsgrundlage
bt-117 = Umsatzsteuerbetrag
bg-12 = Anschrift des Steuervertreters
bg-15 = Lieferanschrift
bg-32 = Eigenschaft

## What a revision changed. $which: which line, by its number

change-account_name = Kontoinhaber
change-account = Weiteres Konto
change-payment_means = Zahlungsart
change-payment_reference = Verwendungszweck
change-payment_terms = Zahlungsbedingungen
change-with_vat = Gesamtbetrag mit USt.
change-without_vat = Gesamtbetrag ohne USt.
change-rounding = Rundung
change-line_description = Position { $which }, Bezeichnung
change-line_quantity = Position { $which }, Menge
change-line_unit = Position { $which }, Einheit
change-line_price = Position { $which }, Preis
change-line_base_quantity = Position { $which }, Menge, für die der Preis gilt
change-line_net = Position { $which }, Nettobetrag
change-line_vat = Position { $which }, USt.
change-allowance_vat = Nachlass { $which }, USt.
change-charge_vat = Zuschlag { $which }, USt.
change-buyer_name = Name des Käufers
change-buyer_address = Anschrift des Käufers
change-buyer_vat_id = USt-IdNr. des Käufers
change-seller_name = Name des Verkäufers
change-seller_address = Anschrift des Verkäufers
change-seller_vat_id = USt-IdNr. des Verkäufers
change-more = Weitere Änderungen

## The invoice as PDF

# Heading of the column with the lines' numbers.
pdf-line = Pos.
pdf-page = Seite { $page } von { $pages }
bt-x-304 = Teil der Position
bt-x-8 = Art der Position
bg-dex-09 = Für Dritte eingezogen
line-role-group = Überschrift einer Gruppe, nicht summiert
line-role-information = Zur Information, nicht summiert
