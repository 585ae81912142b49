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
account-advice = Rufen Sie { $seller } vor der Zahlung unter einer Telefonnummer an, die Sie bereits kennen, und lassen Sie sich das neue Konto bestätigen. Verwenden Sie nie eine Telefonnummer, eine E-Mail-Adresse oder einen Link aus einer Nachricht über diese Änderung: Gefälschte Kontodaten sind eine häufige Betrugsmasche.

notice-encrypted = Dieser Raum ist verschlüsselt. Tallyroom kann die Nachrichten nicht lesen. Was ab jetzt hier geschrieben wird, wird deshalb nicht aufgezeichnet.
notice-room-replaced = Die Unterhaltung über diesen Vorgang wird in einem anderen Raum fortgesetzt.
notice-removed-contact = Nicht mehr Ansprechpartner für diesen Vorgang
notice-payment = Zahlung eingegangen: { $amount } am { $date }.
notice-paid-out = Ausgezahlt: { $amount } am { $date }.
notice-payment-taken-back = Die Zahlung von { $amount } am { $date } wurde irrtümlich gemeldet und zählt nicht mehr.
notice-payment-left = Noch zu zahlen: { $amount }.
notice-payment-all = Es ist nichts mehr zu zahlen.
guest-name = { $name } (Rechnungsseite)

## Befehle im Raum, etwa !tally status

command-help = hilfe
command-status = status, stand
command-invoice = rechnung
command-who = wer
command-link = link
command-export = export, exportieren
command-accept = anerkennen, annehmen, akzeptieren
command-dispute = beanstanden, bestreiten
command-paid = bezahlt
command-shipped = versandt, versendet
command-help-about = zeigt diese Liste
command-status-about = zeigt, was bis wann zu zahlen ist
command-invoice-about = zeigt die Rechnung in Kürze
command-who-about = zeigt, wer hier ist und für welche Seite
command-link-about = schickt Ihnen Ihren eigenen Link zur Rechnungsseite, als Direktnachricht
command-export-about = schickt Ihnen Ihren eigenen Link zum Herunterladen der Unterhaltung, als Direktnachricht
command-accept-about = erkennt die Rechnung an
command-dispute-about = beanstandet die Rechnung; schreiben Sie den Grund dahinter
command-paid-about = markiert die Rechnung als bezahlt
command-shipped-about = markiert die Ware als versandt
answer-help = Das verstehe ich:
answer-unknown = Diesen Befehl kenne ich nicht. { $help } zeigt, was ich verstehe.
answer-nearest = Diesen Befehl kenne ich nicht. Meinten Sie { $nearest }?
answer-not-a-party = Diesen Befehl können nur die Ansprechpartner von Käufer und Verkäufer nutzen.
answer-status = Der Status ist jetzt: { $status }.
answer-not-now = Das geht jetzt nicht: Der Status ist { $status }. Was Sie tun können: { $commands }.
answer-nothing-now = Das geht jetzt nicht: Der Status ist { $status }.
answer-reason = Schreiben Sie den Grund hinter den Befehl: { $command } …
answer-no-page = Dieser Shop hat keine Rechnungsseite.
answer-link-sent = Ich habe Ihnen Ihren Link als Direktnachricht geschickt.
answer-link-on-page = Sie sind bereits auf der Rechnungsseite.
answer-export-on-page = Sie sind bereits auf der Rechnungsseite. Dort können Sie die Unterhaltung herunterladen.
answer-link-refused = Ich kann Ihnen nicht direkt schreiben: Ihr Homeserver hat meine Einladung abgelehnt. Erlauben Sie Einladungen von mir und fragen Sie noch einmal.
direct-link = { $kind } { $number } von { $seller }: Das ist Ihr eigener Link zur Seite. Wer ihn hat, kann dort in Ihrem Namen lesen und schreiben; geben Sie ihn nicht weiter. Er gilt bis { $date }.
direct-export = { $kind } { $number } von { $seller }: Mit diesem Link laden Sie die Unterhaltung und ihre Dateien herunter. Er öffnet auch die Seite in Ihrem Namen; geben Sie ihn nicht weiter. Er gilt bis { $date }.
direct-room-name = Rechnungen
who-here = im Raum
who-invited = eingeladen
who-left = nicht im Raum
who-page = nur auf der Rechnungsseite
