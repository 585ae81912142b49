# Wat in de Matrix-kamer staat: de naam, het onderwerp, de vastgezette samenvatting en het bericht dat
# een wijziging meldt. De toelichting staat in texts/en/room.ftl.

room-name = { $kind } { $number } · { $parties }
room-parties = { $seller } → { $buyer }
amount-with-code = { $currency } { $amount }
labelled = { $label }: { $text }

summary-credited = { $amount } gecrediteerd
summary-due = Uiterlijk { $date }
summary-introduction = { $kind } van { $date }, { $parties }
summary-line = { $description }, { $quantity } × { $price }
summary-vat = Btw ({ $rate }) over { $taxable }
summary-more-lines =
    { $count ->
        [one] … en nog { $count } regel
       *[other] … en nog { $count } regels
    }

announcement = { $kind } { $number } is gewijzigd
announced-change = { $label }: { $before } → { $after }
no-value = geen
announcement-more = … en nog { $count }
account-warning = Let op: de rekening waarop u betaalt, is gewijzigd.
account-advice = Bel { $seller } voordat u betaalt op een telefoonnummer dat u al kent, en laat de nieuwe rekening bevestigen. Gebruik nooit een telefoonnummer, een e-mailadres of een link uit een bericht over deze wijziging: valse rekeningen zijn een veelvoorkomende vorm van fraude.

notice-encrypted = Deze kamer is versleuteld. Tallyroom kan de berichten niet lezen, dus wat hier vanaf nu wordt geschreven, wordt niet vastgelegd.
notice-room-replaced = Het gesprek over deze transactie gaat verder in een andere kamer.
notice-removed-contact = Niet langer contactpersoon voor deze transactie
guest-name = { $name } (factuurpagina)
