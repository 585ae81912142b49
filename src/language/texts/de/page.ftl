# Texte der Rechnungsseite. Was sie bedeuten und was in geschweiften Klammern hereinkommt, steht in
# der englischen Datei.

## The document as such

page-title = { $kind } { $number } · { $seller }
skip-to-invoice = Zur Rechnung springen
skip-to-messages = Zu den Nachrichten springen
skip-to-compose = Zum Nachrichtenfeld springen
tabs = Teile dieser Seite
tab-invoice = Rechnung
tab-messages = Nachrichten
language = Sprache
seen-as = Sie sehen diese Seite als { $name } ({ $role }).
writing-as = Sie schreiben als { $name } für { $party }.
writing-for = Sie schreiben für { $party }.
leave = Auf diesem Gerät abmelden
role-buyer = Käufer
role-seller = Verkäufer
role-bot = Dienst
role-other = Gast

## What is to pay, in the page's head

summary = Auf einen Blick
amount-due = Offener Betrag
amount-credited = Gutgeschriebener Betrag
named-with-side = { $name } ({ $side })
you = Sie
spoiler = Spoiler
spoiler-about = Spoiler: { $reason }
times-differ = Laut Server des Absenders gesendet: { $sent }; eingegangen: { $received }.
times-differ-history = Laut Server des Absenders gesendet: { $sent }; aus dem Verlauf des Raums gelesen: { $received }.
unknown-time = unbekannt
nothing-due = Nichts zu zahlen
due-on = Fällig am { $date }
due-today = heute fällig
days-left =
    { $days ->
        [one] noch { $days } Tag
       *[other] noch { $days } Tage
    }
days-late =
    { $days ->
        [one] seit { $days } Tag überfällig
       *[other] seit { $days } Tagen überfällig
    }

## Status

status = Status
status-draft = Entwurf
status-open = Offen
status-awaiting-payment = Zahlung ausstehend
status-partially-paid = Teilweise bezahlt
status-paid = Bezahlt
status-overdue = Überfällig
status-disputed = Beanstandet
status-cancelled = Storniert
status-refunded = Erstattet
status-partially-refunded = Teilweise erstattet
status-written-off = Ausgebucht
status-issued = Ausgestellt
status-partly-paid = Teilweise bezahlt
status-accepted = Anerkannt
status-shipped = Versandt
status-completed = Abgeschlossen
status-credited = Gutgeschrieben
steps = Was Sie tun können
step-accepted = Rechnung anerkennen
step-disputed = Rechnung beanstanden
step-shipped = Als versandt markieren
step-paid = Als bezahlt markieren
step-other = Auf „{ $status }“ setzen
step-reason = Grund

side-notes = Interne Notizen, für die andere Seite nicht sichtbar
notes-older = Ältere Notizen
note-new = Neue Notiz
note-add = Notiz hinzufügen
note-removed = Diese Notiz wurde entfernt.

## The invoice

from = Von
to = An
vat-id = USt-IdNr.
issued = Rechnungsdatum
due = Fällig am
buyer-reference = Ihr Zeichen
order-reference = Bestellnummer
further = Weitere Angaben
attached-files = Angehängte Dateien
also-in-the-file = Weitere Werte aus der Datei
also-in-the-file-more = { $count ->
    [one] und ein weiterer Wert
   *[other] und { $count } weitere Werte
}
lines = Positionen
no-lines = Diese Rechnung weist nur Summen aus.
line-description = Bezeichnung
line-quantity = Menge
line-price = Einzelpreis
price-per = { $amount } je { $quantity }
line-vat = USt.
line-net = Netto
allowance = Nachlass
charge = Zuschlag
notes = Anmerkungen

## VAT

vat-breakdown = Umsatzsteuer
vat-category = Steuersatz
vat-taxable = Nettobetrag
vat-tax = USt.
vat-z = Nullsteuersatz
vat-e = Umsatzsteuerfrei
vat-ae = Steuerschuldnerschaft des Leistungsempfängers
vat-k = Innergemeinschaftliche Lieferung
vat-g = Ausfuhr aus der EU
vat-o = Nicht steuerbar
vat-l = IGIC der Kanarischen Inseln
vat-m = IPSI von Ceuta und Melilla
vat-b = Split Payment

## Totals

totals = Summen
total-lines = Summe der Positionen
total-allowances = Nachlässe
total-charges = Zuschläge
total-without-vat = Gesamtbetrag ohne USt.
total-vat = USt.
total-with-vat = Gesamtbetrag
total-paid = Bereits gezahlt
total-rounding = Rundung
total-payments = Eingegangene Zahlungen
total-paid-out = Ausgezahlt
total-due = Offener Betrag

## How to pay

payment = Zahlung
payment-means = Zahlungsart
payment-account-name = Kontoinhaber
payment-iban = IBAN
payment-account = Kontonummer
payment-amount = Betrag
payment-bic = BIC
payment-reference = Verwendungszweck
payment-discount = Skonto
payment-discount-until = { $percent } Skonto bei Zahlung bis { $date }: { $amount }
payment-terms = Zahlungsbedingungen
payment-further-account = Weiteres Konto
pay = Bezahlen
close = Schließen
pay-online = Online bezahlen
pay-by-transfer = Per Überweisung
pay-app = In einer Banking-App öffnen
pay-said = Ich habe bezahlt
pay-said-label = Ihre Nachricht
pay-said-words = Wir haben { $amount } für { $number } bezahlt.
pay-said-file = Zahlungsbeleg (optional)
pay-said-send = Verkäufer informieren
copy = Kopieren
copied = Kopiert
qr-caption = Mit der Banking-App scannen: Empfänger, Konto, Betrag und Verwendungszweck sind ausgefüllt.
qr-label = QR-Code für eine SEPA-Überweisung
means-1 = Nach Vereinbarung
means-10 = Bar
means-20 = Scheck
means-30 = Überweisung
means-31 = Überweisung
means-42 = Zahlung auf ein Bankkonto
means-48 = Bankkarte
means-49 = Lastschrift
means-54 = Kreditkarte
means-55 = Debitkarte
means-57 = Nach bestehender Vereinbarung
means-58 = SEPA-Überweisung
means-59 = SEPA-Lastschrift
means-68 = Online-Zahlung
means-97 = Verrechnung

## Downloads

downloads = Downloads
download-pdf = PDF herunterladen
download-more = Weitere Downloads
download-conversation = Unterhaltung mit Dateien
download-original = Originaldatei
download-xml = { $kind } als XML
download-ubl = { $kind } als UBL
download-cii = { $kind } als CII

## History

history = Verlauf
revision = Fassung { $number }
revision-first = Ursprüngliche Fassung
revision-no-changes = An den hier gezeigten Angaben hat sich nichts geändert.
before = vorher:
after = jetzt:
change-status = Status
change-number = Rechnungsnummer
change-type = Art des Belegs
change-issue_date = Rechnungsdatum
change-due_date = Fälligkeitsdatum
change-currency = Währung
change-line = Position { $which }
change-allowance = Nachlass { $which }
change-charge = Zuschlag { $which }
change-vat = USt. { $which }
change-total = Gesamtbetrag
change-paid = Bereits gezahlt
change-due = Offener Betrag
change-payment = Zahlungsangaben
change-iban = IBAN
change-bic = BIC
change-reference = Verwendungszweck
change-terms = Zahlungsbedingungen
change-note = Anmerkung
change-notes = Anmerkungen
change-buyer_reference = Zeichen des Käufers
change-order_reference = Bestellnummer
change-buyer = Käufer
change-seller = Verkäufer
change-contact = Ansprechpartner { $which }
change-buyer_contact = Ansprechpartner des Käufers { $which }
change-seller_contact = Ansprechpartner des Verkäufers { $which }
change-address = Anschrift { $which }
change-vat_id = USt-IdNr. { $which }
change-redactions = Entfernte Nachrichten

## The conversation

messages-with = Nachrichten mit { $name }
messages = Nachrichten
no-messages-buyer = Noch keine Nachrichten. Schreiben Sie { $name } hier, wenn Sie Fragen zur Rechnung, zur Lieferung oder zu etwas anderem haben.
no-messages-seller = Noch keine Nachrichten. Schreiben Sie { $name } hier, was zur Rechnung oder zur Lieferung wichtig ist, und beantworten Sie Fragen.
questions = Was Sie fragen können
question-1 = Können Sie das Zahlungsziel verlängern?
question-2 = Können Sie mir eine Position der Rechnung erklären?
question-3 = Auf der Rechnung stimmt etwas nicht. Können Sie sie berichtigen?
older-messages = Ältere Nachrichten
search = Suchen
search-words = Nachrichten durchsuchen
search-nothing = Keine Nachricht enthält „{ $words }“.
jump-to-latest = Neueste Nachrichten
new-messages =
    { $count ->
        [one] { $count } neue Nachricht
       *[other] { $count } neue Nachrichten
    }
new-since = Neu seit Ihrem letzten Besuch
today = Heute
yesterday = Gestern
edited = bearbeitet
removed = Diese Nachricht wurde entfernt.
encrypted = Diese Nachricht ist verschlüsselt und kann hier nicht angezeigt werden.
without-words = Eine Nachricht, die hier nicht angezeigt werden kann.
in-reply-to = Antwort an { $name }:
in-reply-to-you = Antwort auf Ihre eigene Nachricht:
bell-off = Über Antworten benachrichtigen
bell-on = Benachrichtigungen bei Antworten sind an
bell-refused = Dieser Browser erlaubt für diese Seite keine Benachrichtigungen. Sie können sie in seinen Einstellungen erlauben.
seen-by = Gelesen von { $name }
typing-one = { $name } schreibt …
typing-two = { $first } und { $second } schreiben …
typing-many = Mehrere Personen schreiben …

## What can be done to a message

actions = Aktionen für die Nachricht von { $name }
reply = Antworten
edit = Bearbeiten
remove = Entfernen
remove-question = Für alle entfernen?
remove-confirm = Ja, entfernen
react = Reagieren
react-with = Mit { $key } reagieren
reacted-by = { $key }: { $names }

## Files

file-download = Herunterladen
file-wanted = wird heruntergeladen
file-refused = wurde nicht angenommen
file-missing = ist nicht mehr vorhanden
file-expired = ist nicht mehr vorhanden
file-erased = wurde gelöscht
image-without-description = Bild { $name }
first-page-of-file = Erste Seite von { $name }
picture-close = Bild schließen

## Polls

poll = Umfrage
poll-vote = Abstimmen
poll-chosen = Ihre Wahl
poll-most =
    { $count ->
        [one] Wählen Sie eine Antwort.
       *[other] Wählen Sie bis zu { $count } Antworten.
    }
poll-ended = Diese Umfrage ist beendet.
poll-votes =
    { $count ->
        [one] { $count } Stimme
       *[other] { $count } Stimmen
    }

## What is not sent yet

sending = Wird gesendet …
uploading = Wird hochgeladen, { $percent } %
not-sent = Nicht gesendet: { $problem }
saved = Gespeichert: { $problem }
not-sent-offline = Wartet auf eine Verbindung und wird dann automatisch gesendet.
try-again = Erneut versuchen
discard = Verwerfen
put-back = Erneut bearbeiten
unsent = Noch nicht gesendet

## Writing

compose = Nachricht schreiben
compose-label = Nachricht
compose-placeholder = Nachricht schreiben …
to-label = An
to-everyone = alle
compose-closed = Dieser Vorgang ist abgeschlossen, deshalb kann hier niemand mehr schreiben. Die Unterhaltung bleibt erhalten.
compose-format = Formatierung
compose-hint = **fett**, _kursiv_, `Code`. Die Eingabetaste sendet, Umschalt+Eingabe beginnt eine neue Zeile.
compose-hint-plain = **fett**, _kursiv_, `Code`, Listen und Links sind möglich.
send = Senden
save = Speichern
cancel = Abbrechen
attach = Dateien anhängen
attach-files = Dateien
attach-description = Beschreiben Sie das Bild für alle, die es nicht sehen können
attach-remove = { $name } entfernen
drop-here = Dateien zum Senden hier ablegen
replying-to = Antwort an { $name }
replying-to-you = Antwort auf Ihre eigene Nachricht
editing = Sie bearbeiten Ihre Nachricht

## Connection to the server

connection-busy = Diese Seite ist zu oft geöffnet. Neue Nachrichten erscheinen hier, sobald Sie eine andere schließen.
connection-live = Wieder verbunden
connection-lost = Verbindung unterbrochen. Neuer Versuch …
connection-offline = Sie sind offline. Nachrichten kommen an, sobald Sie wieder verbunden sind.
action-failed = Das hat nicht funktioniert. Bitte versuchen Sie es noch einmal.

## Who to talk to

people = Ansprechpartner bei { $name }
people-more =
    { $count ->
        [one] { $count } weiterer Ansprechpartner
       *[other] { $count } weitere Ansprechpartner
    }
presence-here = gerade auf dieser Seite
presence-online = online
presence-away = abwesend
presence-offline = offline
presence-offline-since = zuletzt aktiv: { $time }
reach-invited = eingeladen
reach-not-in-room = nicht in der Unterhaltung
reach-email = per E-Mail
reach-no-mails = wünscht keine E-Mails
reach-undeliverable = E-Mail nicht zustellbar
reach-page = nur auf dieser Seite
replies-minutes =
    { $count ->
        [one] Antwortet meist innerhalb einer Minute
       *[other] Antwortet meist innerhalb von etwa { $count } Minuten
    }
replies-hours =
    { $count ->
        [one] Antwortet meist innerhalb von etwa einer Stunde
       *[other] Antwortet meist innerhalb von etwa { $count } Stunden
    }
replies-days =
    { $count ->
        [one] Antwortet meist innerhalb eines Tages
       *[other] Antwortet meist innerhalb von etwa { $count } Tagen
    }

## Pages for those who may not see an invoice

closed-wrong-title = Dieser Link funktioniert nicht
closed-wrong-text = Er ist unvollständig oder wurde bereits verwendet. Öffnen Sie den Link in Ihrer Nachricht noch einmal oder kopieren Sie ihn ganz. Wenn das nicht hilft, bitten Sie den Absender um einen neuen.
closed-expired-title = Dieser Link ist abgelaufen
closed-expired-text = Links gelten nur eine begrenzte Zeit. Bitten Sie den Absender um einen neuen.
closed-revoked-title = Dieser Link gilt nicht mehr
closed-revoked-text = Der Absender hat ihn zurückgezogen. Bitten Sie ihn um einen neuen.
closed-signed-out-title = Sie sind abgemeldet
closed-signed-out-text = Um die Rechnung wieder zu sehen, öffnen Sie den Link, den Sie erhalten haben.
closed-not-found-title = Hier ist nichts
closed-not-found-text = Prüfen Sie die Adresse oder öffnen Sie den Link, den Sie erhalten haben, noch einmal.
closed-other-speaker-title = In diesem Browser ist jetzt jemand anderes angemeldet
closed-other-speaker-text = Diese Seite wurde für eine andere Person geöffnet. Deshalb wurde nichts ausgeführt: Es wäre im falschen Namen geschehen. Öffnen Sie Ihren eigenen Link noch einmal, um fortzufahren.
closed-nameless-title = Diese Seite ist veraltet
closed-nameless-text = Die Rechnungsseite wurde aktualisiert, nachdem Sie sie geöffnet hatten. Deshalb wurde nichts ausgeführt. Öffnen Sie Ihren Link noch einmal, um fortzufahren.
closed-sign-in = Wenn Sie die Rechnung sonst über einen Shop oder über Matrix öffnen, melden Sie sich dort an und öffnen Sie sie noch einmal.
ask-label = Ihre Matrix-ID
ask-send = Link zusenden
ask-about = Wenn Sie als Ansprechpartner für diese Rechnung hinterlegt sind, erhalten Sie Ihren eigenen Link als Direktnachricht.
asked-title = Sehen Sie in Ihren Nachrichten nach
asked-text = Wenn { $user } zu einem Ansprechpartner für diese Rechnung gehört, sendet { $bot } dorthin einen Link als Direktnachricht. Das dauert höchstens eine Minute.
asked-again = Nichts gekommen? Prüfen Sie die Matrix-ID und versuchen Sie es nach zehn Minuten noch einmal.
preview-text = Hier sehen Sie den offenen Betrag und können der anderen Seite schreiben.

## Inside a Matrix client

widget-title = Rechnung
widget-waiting = Ihr Matrix-Client wird gefragt, wer Sie sind …
widget-refused = Ihr Matrix-Client hat nicht mitgeteilt, wer Sie sind; deshalb kann die Rechnung nicht angezeigt werden.
widget-not-a-party = Dieses Matrix-Konto gehört zu keinem Ansprechpartner des Käufers oder des Verkäufers dieser Rechnung.
widget-open = Seite öffnen

## Business terms of EN 16931

bt-6 = Abrechnungswährung der USt.
bt-7 = Datum der Steuerfälligkeit
bt-8 = Code für das Datum der Steuerfälligkeit
bt-11 = Projekt
bt-12 = Vertrag
bt-14 = Auftrag
bt-15 = Wareneingangsmeldung
bt-16 = Lieferavis
bt-17 = Vergabe oder Los
bt-18 = Abgerechnetes Objekt
bt-19 = Buchungsreferenz des Käufers
bt-21 = Betreff der Anmerkung
bt-23 = Geschäftsprozess
bt-24 = Spezifikation
bt-25 = Vorausgegangene Rechnung
bt-26 = Datum der vorausgegangenen Rechnung
bt-28 = Handelsname des Verkäufers
bt-29 = Kennung des Verkäufers
bt-30 = Registernummer des Verkäufers
bt-32 = Steuernummer des Verkäufers
bt-33 = Rechtliche Angaben zum Verkäufer
bt-34 = Elektronische Adresse des Verkäufers
bt-41 = Ansprechpartner des Verkäufers
bt-42 = Telefon des Verkäufers
bt-43 = E-Mail des Verkäufers
bt-45 = Handelsname des Käufers
bt-46 = Kennung des Käufers
bt-47 = Registernummer des Käufers
bt-49 = Elektronische Adresse des Käufers
bt-56 = Ansprechpartner des Käufers
bt-57 = Telefon des Käufers
bt-58 = E-Mail des Käufers
bt-59 = Zahlungsempfänger
bt-60 = Kennung des Zahlungsempfängers
bt-61 = Registernummer des Zahlungsempfängers
bt-62 = Steuervertreter des Verkäufers
bt-63 = USt-IdNr. des Steuervertreters
bt-64 = Anschrift des Steuervertreters
bt-65 = Anschrift des Steuervertreters
bt-66 = Ort des Steuervertreters
bt-67 = Postleitzahl des Steuervertreters
bt-68 = Region des Steuervertreters
bt-69 = Land des Steuervertreters
bt-70 = Geliefert an
bt-71 = Lieferort
bt-72 = Lieferdatum
bt-73 = Abrechnungszeitraum von
bt-74 = Abrechnungszeitraum bis
bt-75 = Lieferanschrift
bt-76 = Lieferanschrift
bt-77 = Ort der Lieferung
bt-78 = Postleitzahl der Lieferung
bt-79 = Region der Lieferung
bt-80 = Land der Lieferung
bt-82 = Zahlungsart
bt-87 = Kartennummer
bt-88 = Karteninhaber
bt-89 = Mandatsreferenz
bt-90 = Gläubiger-Identifikationsnummer
bt-91 = Belastetes Konto
bt-93 = Grundbetrag des Nachlasses
bt-94 = Prozentsatz des Nachlasses
bt-98 = Code für den Grund des Nachlasses
bt-100 = Grundbetrag des Zuschlags
bt-101 = Prozentsatz des Zuschlags
bt-105 = Code für den Grund des Zuschlags
bt-111 = USt. in der Abrechnungswährung
bt-120 = Grund der Steuerbefreiung
bt-121 = Code der Steuerbefreiung
bt-122 = Rechnungsbegründende Unterlage
bt-123 = Beschreibung der Unterlage
bt-124 = Fundort der Unterlage
bt-125 = Angehängtes Dokument
bt-127 = Anmerkung
bt-128 = Objekt
bt-132 = Bestellposition
bt-133 = Buchungsreferenz
bt-134 = Zeitraum von
bt-135 = Zeitraum bis
bt-136 = Nachlass
bt-137 = Grundbetrag des Nachlasses
bt-138 = Prozentsatz des Nachlasses
bt-139 = Grund des Nachlasses
bt-140 = Code für den Grund des Nachlasses
bt-141 = Zuschlag
bt-142 = Grundbetrag des Zuschlags
bt-143 = Prozentsatz des Zuschlags
bt-144 = Grund des Zuschlags
bt-145 = Code für den Grund des Zuschlags
bt-147 = Preisnachlass
bt-148 = Bruttopreis
bt-154 = Beschreibung
bt-155 = Artikelnummer des Verkäufers
bt-156 = Artikelnummer des Käufers
bt-157 = Standard-Artikelnummer
bt-158 = Klassifizierung
bt-159 = Ursprungsland
bt-160 = Eigenschaft
bt-161 = Wert der Eigenschaft
bt-162 = Anschrift des Verkäufers
bt-163 = Anschrift des Käufers
bt-164 = Anschrift des Steuervertreters
bt-165 = Lieferanschrift

## The page between a link and the invoice

entrance-open = Rechnung öffnen
entrance-open-text = Die Rechnung wird gleich geöffnet. Wenn nichts geschieht, drücken Sie auf die Schaltfläche.
entrance-download = Unterhaltung herunterladen
entrance-download-text = Der Download beginnt gleich. Wenn nichts geschieht, drücken Sie auf die Schaltfläche.
