## Groups of business terms of EN 16931, and terms that page.ftl lacks

bt-85 = Houder van een andere rekening
bt-106 = Som van de regels
bt-107 = Som van de kortingen
bt-108 = Som van de toeslagen
bt-116 = Maatstaf van heffing
bt-117 = Btw-bedrag
bg-12 = Adres van de fiscaal vertegenwoordiger
bg-15 = Leveringsadres
bg-32 = Eigenschap

## What a revision changed. $which: which line, by its number

change-account_name = Rekeninghouder
change-account = Andere rekening
change-payment_means = Betaalwijze
change-payment_reference = Betalingskenmerk
change-payment_terms = Betalingsvoorwaarden
change-with_vat = Totaal incl. btw
change-without_vat = Totaal excl. btw
change-rounding = Afronding
change-line_description = Regel { $which }, omschrijving
change-line_quantity = Regel { $which }, aantal
change-line_unit = Regel { $which }, eenheid
change-line_price = Regel { $which }, prijs
change-line_base_quantity = Regel { $which }, aantal waarvoor de prijs geldt
change-line_net = Regel { $which }, bedrag excl. btw
change-line_vat = Regel { $which }, btw
change-allowance_vat = Korting { $which }, btw
change-charge_vat = Toeslag { $which }, btw
change-buyer_name = Naam van de koper
change-buyer_address = Adres van de koper
change-buyer_vat_id = Btw-nummer van de koper
change-seller_name = Naam van de verkoper
change-seller_address = Adres van de verkoper
change-seller_vat_id = Btw-nummer van de verkoper
change-more = Verdere wijzigingen

## The invoice as PDF

# Heading of the column with the lines' numbers.
pdf-line = Nr.
pdf-page = Pagina { $page } van { $pages }
bt-x-304 = Onderdeel van regel
bt-x-8 = Soort regel
bg-dex-09 = Geïnd voor een derde
line-role-group = Kop van een groep, niet opgeteld
line-role-information = Ter informatie, niet opgeteld
