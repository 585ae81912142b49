# Was im Matrix-Raum steht: sein Name, sein Thema, die angeheftete Zusammenfassung und die Nachricht,
# die eine Änderung mitteilt. Erläuterungen stehen in texts/en/room.ftl.

room-name = { $kind } { $number } · { $parties }
room-parties = { $seller } → { $buyer }
amount-with-code = { $amount } { $currency }
labelled = { $label }: { $text }

summary-credited = { $amount } gutgeschrieben
summary-due = Fällig am { $date }
summary-introduction = { $kind } vom { $date }, { $parties }
summary-line = { $description }, { $quantity } × { $price }
summary-vat = USt. ({ $rate }) auf { $taxable }
summary-more-lines =
    { $count ->
        [one] … und { $count } weitere Position
       *[other] … und { $count } weitere Positionen
    }

announcement = { $kind } { $number } wurde geändert
announced-change = { $label }: { $before } → { $after }
no-value = keine Angabe
announcement-more = … und { $count } weitere
account-warning = Achtung: Das Konto, auf das zu zahlen ist, hat sich geändert.
account-advice = Rufen Sie { $seller } vor der Zahlung unter einer Telefonnummer an, die Sie bereits kennen, und lassen Sie sich das neue Konto bestätigen. Verwenden Sie nie eine Telefonnummer, eine E-Mail-Adresse oder einen Link aus einer Nachricht über diese Änderung: Falsche Konten sind ein häufiger Betrug.

notice-encrypted = Dieser Raum ist verschlüsselt. Tallyroom kann seine Nachrichten nicht lesen. Was ab jetzt hier geschrieben wird, wird deshalb nicht aufgezeichnet.
notice-room-replaced = Das Gespräch über diesen Vorgang wird in einem anderen Raum fortgesetzt.
notice-removed-contact = Nicht mehr Ansprechpartner für diesen Vorgang
guest-name = { $name } (Rechnungsseite)
