## Groups of business terms of EN 16931, and terms that page.ftl lacks

bt-85 = Titulaire d’un autre compte
bt-106 = Total des lignes
bt-107 = Total des remises
bt-108 = Total des frais
bt-116 = Base d’imposition
bt-117 = Montant de la TVA
bg-12 = Adresse du représentant fiscal
bg-15 = Adresse de livraison
bg-32 = Attribut

## What a revision changed. $which: which line, by its number

change-account_name = Titulaire du compte
change-account = Autre compte
change-payment_means = Moyen de paiement
change-payment_reference = Référence du paiement
change-payment_terms = Conditions de paiement
change-with_vat = Total TTC
change-without_vat = Total HT
change-rounding = Arrondi
change-line_description = Ligne { $which }, désignation
change-line_quantity = Ligne { $which }, quantité
change-line_unit = Ligne { $which }, unité
change-line_price = Ligne { $which }, prix
change-line_base_quantity = Ligne { $which }, quantité à laquelle le prix se rapporte
change-line_net = Ligne { $which }, montant HT
change-line_vat = Ligne { $which }, TVA
change-allowance_vat = Remise { $which }, TVA
change-charge_vat = Frais { $which }, TVA
change-buyer_name = Nom de l’acheteur
change-buyer_address = Adresse de l’acheteur
change-buyer_vat_id = N° de TVA de l’acheteur
change-seller_name = Nom du vendeur
change-seller_address = Adresse du vendeur
change-seller_vat_id = N° de TVA du vendeur
change-more = Autres modifications

## The invoice as PDF

# Heading of the column with the lines' numbers.
pdf-line = N°
pdf-page = Page { $page } sur { $pages }
bt-x-304 = Rattachée à la ligne
bt-x-8 = Type de ligne
bg-dex-09 = Encaissé pour un tiers
line-role-group = Titre d’un groupe, non additionné
line-role-information = Pour information, non additionné
