# Texts of the invoice page. Ids are grouped by where they stand.
invoice = Invoice
