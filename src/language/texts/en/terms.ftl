## Groups of business terms of EN 16931, and terms that page.ftl lacks

bt-85 = Holder of another account
bt-106 = Sum of lines
bt-107 = Sum of allowances
bt-108 = Sum of charges
bt-116 = Taxable amount
bt-117 = VAT amount
bg-12 = Tax representative address
bg-15 = Delivery address
bg-32 = Attribute

## What a revision changed. $which: which line, by its number

change-account_name = Account holder
change-account = Another account
change-payment_means = Payment method
change-payment_reference = Payment reference
change-payment_terms = Payment terms
change-with_vat = Total with VAT
change-without_vat = Total without VAT
change-rounding = Rounding
change-line_description = Line { $which }, description
change-line_quantity = Line { $which }, quantity
change-line_unit = Line { $which }, unit
change-line_price = Line { $which }, price
change-line_base_quantity = Line { $which }, quantity to which the price applies
change-line_net = Line { $which }, net amount
change-line_vat = Line { $which }, VAT
change-allowance_vat = Allowance { $which }, VAT
change-charge_vat = Charge { $which }, VAT
change-buyer_name = Buyer’s name
change-buyer_address = Buyer’s address
change-buyer_vat_id = Buyer’s VAT ID
change-seller_name = Seller’s name
change-seller_address = Seller’s address
change-seller_vat_id = Seller’s VAT ID
change-more = Further changes

## The invoice as PDF

# Heading of the column with the lines' numbers.
pdf-line = No.
pdf-page = Page { $page } of { $pages }
bt-x-304 = Part of line
bt-x-8 = Type of line
bg-dex-09 = Collected for a third party
line-role-group = Group heading, not added up
line-role-information = For information, not added up
