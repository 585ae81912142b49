# Teksten van de factuurpagina. Wat ze betekenen en wat er tussen accolades binnenkomt, staat in
# het Engelse bestand.

## The document as such

page-title = { $kind } { $number } · { $seller }
skip-to-invoice = Naar de factuur
skip-to-messages = Naar de berichten
skip-to-compose = Naar het berichtveld
tabs = Onderdelen van deze pagina
tab-invoice = Factuur
tab-messages = Berichten
language = Taal
seen-as = U bekijkt deze pagina als { $name } ({ $role }).
writing-as = U schrijft als { $name } namens { $party }.
writing-for = U schrijft namens { $party }.
leave = Afmelden op dit apparaat
role-buyer = koper
role-seller = verkoper
role-bot = dienst
role-other = gast

## What is to pay, in the page's head

summary = In één oogopslag
amount-due = Te betalen bedrag
amount-credited = Gecrediteerd bedrag
named-with-side = { $name } ({ $side })
you = U
spoiler = Spoiler
spoiler-about = Spoiler: { $reason }
times-differ = Verzonden volgens de server van de afzender: { $sent }; ontvangen: { $received }.
times-differ-history = Verzonden volgens de server van de afzender: { $sent }; uit de geschiedenis van de kamer gelezen: { $received }.
unknown-time = onbekend tijdstip
nothing-due = Niets te betalen
due-on = Te betalen uiterlijk { $date }
due-today = vandaag te betalen
days-left =
    { $days ->
        [one] nog { $days } dag
       *[other] nog { $days } dagen
    }
days-late =
    { $days ->
        [one] { $days } dag te laat
       *[other] { $days } dagen te laat
    }

## Status

status = Status
status-draft = Concept
status-open = Open
status-awaiting-payment = Wacht op betaling
status-partially-paid = Deels betaald
status-paid = Betaald
status-overdue = Achterstallig
status-disputed = Betwist
status-cancelled = Geannuleerd
status-refunded = Terugbetaald
status-partially-refunded = Deels terugbetaald
status-written-off = Afgeboekt
status-issued = Uitgereikt
status-partly-paid = Deels betaald
status-accepted = Geaccepteerd
status-shipped = Verzonden
status-completed = Afgerond
status-credited = Gecrediteerd
steps = Wat u kunt doen
step-accepted = Factuur accepteren
step-disputed = Factuur betwisten
step-shipped = Als verzonden markeren
step-paid = Als betaald markeren
step-other = Op ‘{ $status }’ zetten
step-reason = Reden

side-notes = Interne notities, niet zichtbaar voor de andere partij
notes-older = Oudere notities
note-new = Nieuwe notitie
note-add = Notitie toevoegen
note-removed = Deze notitie is verwijderd.

## The invoice

from = Van
to = Aan
vat-id = Btw-nummer
issued = Factuurdatum
due = Vervaldatum
buyer-reference = Uw referentie
order-reference = Bestelnummer
further = Meer gegevens
attached-files = Bijgevoegde bestanden
also-in-the-file = Overige waarden uit het bestand
also-in-the-file-more = { $count ->
    [one] en nog één waarde
   *[other] en nog { $count } waarden
}
lines = Specificatie
no-lines = Deze factuur vermeldt alleen totalen.
line-description = Omschrijving
line-quantity = Aantal
line-price = Prijs per eenheid
price-per = { $amount } per { $quantity }
line-vat = Btw
line-net = Excl. btw
allowance = Korting
charge = Toeslag
notes = Opmerkingen

## VAT

vat-breakdown = Btw
vat-category = Tarief
vat-taxable = Bedrag excl. btw
vat-tax = Btw
vat-z = Nultarief
vat-e = Vrijgesteld
vat-ae = Btw verlegd
vat-k = Intracommunautaire levering
vat-g = Uitvoer buiten de EU
vat-o = Niet aan btw onderworpen
vat-l = IGIC van de Canarische Eilanden
vat-m = IPSI van Ceuta en Melilla
vat-b = Gesplitste betaling

## Totals

totals = Totalen
total-lines = Som van de regels
total-allowances = Kortingen
total-charges = Toeslagen
total-without-vat = Totaal excl. btw
total-vat = Btw
total-with-vat = Totaal incl. btw
total-paid = Al betaald
total-rounding = Afronding
total-payments = Ontvangen betalingen
total-paid-out = Uitbetaald
total-due = Te betalen bedrag

## How to pay

payment = Betaling
payment-means = Betaalwijze
payment-account-name = Rekeninghouder
payment-iban = IBAN
payment-account = Rekeningnummer
payment-amount = Bedrag
payment-bic = BIC
payment-reference = Betalingskenmerk
payment-discount = Betalingskorting
payment-discount-until = { $percent } korting bij betaling uiterlijk { $date }: { $amount }
payment-terms = Betalingsvoorwaarden
payment-further-account = Andere rekening
pay = Betalen
close = Sluiten
pay-online = Online betalen
pay-by-transfer = Per overschrijving
pay-app = Openen in een bankapp
pay-said = Ik heb betaald
pay-said-label = Uw bericht
pay-said-words = Wij hebben { $amount } betaald voor { $number }.
pay-said-file = Betaalbewijs (optioneel)
pay-said-send = Verkoper informeren
copy = Kopiëren
copied = Gekopieerd
qr-caption = Scan met uw bankapp: begunstigde, rekening, bedrag en kenmerk zijn ingevuld.
qr-label = QR-code voor een SEPA-overschrijving
means-1 = Volgens afspraak
means-10 = Contant
means-20 = Cheque
means-30 = Overschrijving
means-31 = Overschrijving
means-42 = Betaling op een bankrekening
means-48 = Bankpas
means-49 = Automatische incasso
means-54 = Creditcard
means-55 = Betaalpas
means-57 = Volgens bestaande afspraak
means-58 = SEPA-overschrijving
means-59 = SEPA-incasso
means-68 = Onlinebetaling
means-97 = Verrekening tussen de partijen

## Downloads

downloads = Downloads
download-pdf = Pdf downloaden
download-more = Meer downloads
download-conversation = Gesprek met bestanden
download-original = Oorspronkelijk bestand
download-xml = { $kind } als XML
download-ubl = { $kind } als UBL
download-cii = { $kind } als CII

## History

history = Geschiedenis
revision = Versie { $number }
revision-first = Oorspronkelijke versie
revision-no-changes = Aan wat hier te zien is, is niets gewijzigd.
before = eerst:
after = nu:
change-status = Status
change-number = Factuurnummer
change-type = Soort document
change-issue_date = Factuurdatum
change-due_date = Vervaldatum
change-currency = Valuta
change-line = Regel { $which }
change-allowance = Korting { $which }
change-charge = Toeslag { $which }
change-vat = Btw { $which }
change-total = Totaal
change-paid = Al betaald
change-due = Te betalen bedrag
change-payment = Betaalgegevens
change-iban = IBAN
change-bic = BIC
change-reference = Betalingskenmerk
change-terms = Betalingsvoorwaarden
change-note = Opmerking
change-notes = Opmerkingen
change-buyer_reference = Referentie van de koper
change-order_reference = Bestelnummer
change-buyer = Koper
change-seller = Verkoper
change-contact = Contactpersoon { $which }
change-buyer_contact = Contactpersoon van de koper { $which }
change-seller_contact = Contactpersoon van de verkoper { $which }
change-address = Adres { $which }
change-vat_id = Btw-nummer { $which }
change-redactions = Verwijderde berichten

## The conversation

messages-with = Berichten met { $name }
messages = Berichten
no-messages-buyer = Nog geen berichten. Hier kunt u { $name } schrijven: stel gerust uw vragen over de factuur, de levering of iets anders.
no-messages-seller = Nog geen berichten. Hier kunt u { $name } schrijven over de factuur of de levering, en vragen beantwoorden.
questions = Wat u kunt vragen
question-1 = Kan de betaaltermijn worden verlengd?
question-2 = Kunt u een regel van de factuur toelichten?
question-3 = Er klopt iets niet op de factuur. Kunt u die corrigeren?
older-messages = Oudere berichten
search = Zoeken
search-words = Zoeken in de berichten
search-nothing = Geen bericht bevat ‘{ $words }’.
jump-to-latest = Nieuwste berichten
new-messages =
    { $count ->
        [one] { $count } nieuw bericht
       *[other] { $count } nieuwe berichten
    }
new-since = Nieuw sinds uw vorige bezoek
today = Vandaag
yesterday = Gisteren
edited = bewerkt
removed = Dit bericht is verwijderd.
encrypted = Dit bericht is versleuteld en kan hier niet worden getoond.
without-words = Een bericht dat hier niet kan worden getoond.
in-reply-to = Als antwoord aan { $name }:
in-reply-to-you = Als antwoord op uw eigen bericht:
bell-off = Waarschuw mij bij antwoorden
bell-on = Meldingen bij antwoorden zijn aan
bell-refused = Deze browser staat geen meldingen toe voor deze pagina. U kunt ze toestaan in de instellingen.
seen-by = Gelezen door { $name }
typing-one = { $name } is aan het typen…
typing-two = { $first } en { $second } zijn aan het typen…
typing-many = Meerdere mensen zijn aan het typen…

## What can be done to a message

actions = Acties voor het bericht van { $name }
reply = Antwoorden
edit = Bewerken
remove = Verwijderen
remove-question = Voor iedereen verwijderen?
remove-confirm = Ja, verwijderen
react = Emoji toevoegen
react-with = { $key } toevoegen
reacted-by = { $key }: { $names }

## Files

file-download = Downloaden
file-wanted = wordt gedownload
file-refused = is niet geaccepteerd
file-missing = is niet meer beschikbaar
file-expired = is niet meer beschikbaar
file-erased = is gewist
image-without-description = Afbeelding { $name }
first-page-of-file = Eerste pagina van { $name }
picture-close = Afbeelding sluiten

## Polls

poll = Peiling
poll-vote = Stemmen
poll-chosen = uw keuze
poll-most =
    { $count ->
        [one] Kies één antwoord.
       *[other] Kies maximaal { $count } antwoorden.
    }
poll-ended = Deze peiling is beëindigd.
poll-votes =
    { $count ->
        [one] { $count } stem
       *[other] { $count } stemmen
    }

## What is not sent yet

sending = Wordt verzonden…
uploading = Wordt geüpload, { $percent }%
not-sent = Niet verzonden: { $problem }
saved = Opgeslagen: { $problem }
not-sent-offline = Wacht op een verbinding en wordt dan automatisch verzonden.
try-again = Opnieuw proberen
discard = Weggooien
put-back = Opnieuw bewerken
unsent = Nog niet verzonden

## Writing

compose = Een bericht schrijven
compose-label = Bericht
compose-placeholder = Schrijf een bericht…
to-label = Aan
to-everyone = iedereen
compose-closed = Deze transactie is gesloten, daarom kan hier niemand meer schrijven. Het gesprek blijft bewaard.
compose-format = Opmaak
compose-hint = **vet**, _cursief_, `code`. Enter verzendt, Shift+Enter begint een nieuwe regel.
compose-hint-plain = **vet**, _cursief_, `code`, lijsten en links zijn mogelijk.
send = Verzenden
save = Opslaan
cancel = Annuleren
attach = Bestanden bijvoegen
attach-files = Bestanden
attach-description = Beschrijf de afbeelding voor wie die niet kan zien
attach-remove = { $name } verwijderen
drop-here = Zet hier bestanden neer om ze te verzenden
replying-to = Antwoord aan { $name }
replying-to-you = Antwoord op uw eigen bericht
editing = U bewerkt uw bericht

## Connection to the server

connection-busy = Deze pagina is te vaak geopend. Nieuwe berichten verschijnen hier zodra u een andere sluit.
connection-live = Weer verbonden
connection-lost = Verbinding verbroken. Nieuwe poging…
connection-offline = U bent offline. Berichten komen aan zodra u weer verbonden bent.
action-failed = Dat is niet gelukt. Probeer het opnieuw.

## Who to talk to

people = Uw contactpersonen bij { $name }
people-more =
    { $count ->
        [one] nog { $count } contactpersoon
       *[other] nog { $count } contactpersonen
    }
presence-here = bekijkt deze pagina
presence-online = online
presence-away = afwezig
presence-offline = offline
presence-offline-since = laatst actief: { $time }
reach-invited = uitgenodigd
reach-not-in-room = niet in het gesprek
reach-email = via e-mail
reach-no-mails = wil geen e-mails
reach-undeliverable = e-mail komt niet aan
reach-page = alleen op deze pagina
replies-minutes =
    { $count ->
        [one] Antwoordt meestal binnen een minuut
       *[other] Antwoordt meestal binnen ongeveer { $count } minuten
    }
replies-hours =
    { $count ->
        [one] Antwoordt meestal binnen ongeveer een uur
       *[other] Antwoordt meestal binnen ongeveer { $count } uur
    }
replies-days =
    { $count ->
        [one] Antwoordt meestal binnen een dag
       *[other] Antwoordt meestal binnen ongeveer { $count } dagen
    }

## Pages for those who may not see an invoice

closed-wrong-title = Deze link werkt niet
closed-wrong-text = De link is onvolledig of is al gebruikt. Open de link in uw bericht opnieuw of kopieer die helemaal. Helpt dat niet, vraag de afzender dan om een nieuwe.
closed-expired-title = Deze link is verlopen
closed-expired-text = Links zijn beperkte tijd geldig. Vraag de afzender om een nieuwe.
closed-revoked-title = Deze link is niet meer geldig
closed-revoked-text = De afzender heeft de link ingetrokken. Vraag om een nieuwe.
closed-signed-out-title = U bent afgemeld
closed-signed-out-text = Open de link die u hebt ontvangen om de factuur weer te zien.
closed-not-found-title = Hier is niets
closed-not-found-text = Controleer het adres of open de link die u hebt ontvangen opnieuw.
closed-other-speaker-title = In deze browser is nu iemand anders aangemeld
closed-other-speaker-text = Deze pagina is voor een ander geopend. Daarom is er niets gedaan: het zou op de verkeerde naam zijn gedaan. Open uw eigen link opnieuw om verder te gaan.
closed-nameless-title = Deze pagina is verouderd
closed-nameless-text = De factuurpagina is bijgewerkt nadat u die had geopend. Daarom is er niets gedaan. Open uw link opnieuw om verder te gaan.
closed-sign-in = Opent u de factuur gewoonlijk vanuit een winkel of vanuit Matrix, meld u dan daar aan en open de factuur opnieuw.
ask-label = Uw Matrix-ID
ask-send = Stuur mij mijn link
ask-about = Als u contactpersoon voor deze factuur bent, krijgt u uw eigen link in een direct bericht.
asked-title = Kijk in uw berichten
asked-text = Als { $user } van een contactpersoon voor deze factuur is, stuurt { $bot } daar een link naartoe in een direct bericht. Dat duurt hooguit een minuut.
asked-again = Niets gekregen? Controleer de Matrix-ID en vraag het na tien minuten opnieuw.
preview-text = Open de factuur om te zien wat u moet betalen en om de andere partij te schrijven.

## Inside a Matrix client

widget-title = Factuur
widget-waiting = Uw Matrix-client wordt gevraagd wie u bent…
widget-refused = Uw Matrix-client heeft niet laten weten wie u bent; daarom kan de factuur niet worden getoond.
widget-not-a-party = Dit Matrix-account is geen contactpersoon van de koper of de verkoper van deze factuur.
widget-open = Pagina openen

## Business terms of EN 16931

bt-6 = Valuta van de btw-boekhouding
bt-7 = Datum van verschuldigdheid van de btw
bt-8 = Code voor de datum van verschuldigdheid
bt-11 = Project
bt-12 = Contract
bt-14 = Verkooporder
bt-15 = Ontvangstbevestiging
bt-16 = Verzendadvies
bt-17 = Aanbesteding of perceel
bt-18 = Gefactureerd object
bt-19 = Boekhoudreferentie van de koper
bt-21 = Onderwerp van de opmerking
bt-23 = Bedrijfsproces
bt-24 = Specificatie
bt-25 = Voorgaande factuur
bt-26 = Datum van de voorgaande factuur
bt-28 = Handelsnaam van de verkoper
bt-29 = Identificatie van de verkoper
bt-30 = Registratienummer van de verkoper
bt-32 = Fiscaal nummer van de verkoper
bt-33 = Juridische gegevens van de verkoper
bt-34 = Elektronisch adres van de verkoper
bt-41 = Contactpersoon van de verkoper
bt-42 = Telefoon van de verkoper
bt-43 = E-mail van de verkoper
bt-45 = Handelsnaam van de koper
bt-46 = Identificatie van de koper
bt-47 = Registratienummer van de koper
bt-49 = Elektronisch adres van de koper
bt-56 = Contactpersoon van de koper
bt-57 = Telefoon van de koper
bt-58 = E-mail van de koper
bt-59 = Begunstigde
bt-60 = Identificatie van de begunstigde
bt-61 = Registratienummer van de begunstigde
bt-62 = Fiscaal vertegenwoordiger van de verkoper
bt-63 = Btw-nummer van de fiscaal vertegenwoordiger
bt-64 = Adres van de fiscaal vertegenwoordiger
bt-65 = Adres van de fiscaal vertegenwoordiger
bt-66 = Plaats van de fiscaal vertegenwoordiger
bt-67 = Postcode van de fiscaal vertegenwoordiger
bt-68 = Regio van de fiscaal vertegenwoordiger
bt-69 = Land van de fiscaal vertegenwoordiger
bt-70 = Geleverd aan
bt-71 = Plaats van levering
bt-72 = Leverdatum
bt-73 = Factuurperiode van
bt-74 = Factuurperiode tot en met
bt-75 = Leveringsadres
bt-76 = Leveringsadres
bt-77 = Plaats van het leveringsadres
bt-78 = Postcode van het leveringsadres
bt-79 = Regio van het leveringsadres
bt-80 = Land van het leveringsadres
bt-82 = Betaalwijze
bt-87 = Kaartnummer
bt-88 = Kaarthouder
bt-89 = Machtigingskenmerk
bt-90 = Incassant-ID
bt-91 = Gedebiteerde rekening
bt-93 = Grondslag van de korting
bt-94 = Kortingspercentage
bt-98 = Code voor de reden van de korting
bt-100 = Grondslag van de toeslag
bt-101 = Toeslagpercentage
bt-105 = Code voor de reden van de toeslag
bt-111 = Btw in de valuta van de boekhouding
bt-120 = Reden van de btw-vrijstelling
bt-121 = Code van de btw-vrijstelling
bt-122 = Bijlage
bt-123 = Omschrijving van de bijlage
bt-124 = Vindplaats van de bijlage
bt-125 = Bijgevoegd document
bt-127 = Opmerking
bt-128 = Object
bt-132 = Bestelregel
bt-133 = Boekhoudreferentie
bt-134 = Periode van
bt-135 = Periode tot en met
bt-136 = Korting
bt-137 = Grondslag van de korting
bt-138 = Kortingspercentage
bt-139 = Reden van de korting
bt-140 = Code voor de reden van de korting
bt-141 = Toeslag
bt-142 = Grondslag van de toeslag
bt-143 = Toeslagpercentage
bt-144 = Reden van de toeslag
bt-145 = Code voor de reden van de toeslag
bt-147 = Prijskorting
bt-148 = Brutoprijs
bt-154 = Omschrijving
bt-155 = Artikelnummer van de verkoper
bt-156 = Artikelnummer van de koper
bt-157 = Standaardartikelnummer
bt-158 = Classificatie
bt-159 = Land van oorsprong
bt-160 = Eigenschap
bt-161 = Waarde van de eigenschap
bt-162 = Adres van de verkoper
bt-163 = Adres van de koper
bt-164 = Adres van de fiscaal vertegenwoordiger
bt-165 = Leveringsadres

## The page between a link and the invoice

entrance-open = Factuur openen
entrance-open-text = De factuur wordt zo geopend. Druk op de knop als er niets gebeurt.
entrance-download = Het gesprek downloaden
entrance-download-text = De download begint zo. Gebeurt er niets, druk dan op de knop.
