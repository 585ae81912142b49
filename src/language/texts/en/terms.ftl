## Groups of business terms of EN 16931, and terms that page.ftl lacks

bt-85 = Name of a further account
bt-106 = Sum of the lines
bt-107 = Sum of the allowances
bt-108 = Sum of the charges
bt-116 = Taxable amount
bt-117 = Amount of VAT
bg-12 = Tax representative’s address
bg-15 = Address of delivery
bg-32 = Property

## What a revision changed. $which: which line, by its number

change-account_name = Name of the account
change-account = Further account to pay to
change-payment_means = Means of payment
change-payment_reference = Payment reference
change-payment_terms = Payment terms
change-with_vat = Total with VAT
change-without_vat = Total without VAT
change-rounding = Rounding
change-line_description = Line { $which }, description
change-line_quantity = Line { $which }, quantity
change-line_unit = Line { $which }, unit
change-line_price = Line { $which }, price
change-line_base_quantity = Line { $which }, quantity that the price is for
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
bt-x-8 = Kind of line
bg-dex-09 = Collected for somebody else
line-role-group = Heading of a group, not added
line-role-information = For information, not added
