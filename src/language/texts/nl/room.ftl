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
account-warning = Let op: de rekening waarop u moet betalen, is gewijzigd.
account-advice = Bel { $seller } voordat u betaalt op een telefoonnummer dat u al kent, en laat de nieuwe rekening bevestigen. Gebruik nooit een telefoonnummer, een e-mailadres of een link uit een bericht over deze wijziging: valse rekeningen zijn een veelvoorkomende vorm van fraude.

notice-encrypted = Deze kamer is versleuteld. Tallyroom kan de berichten niet lezen, dus wat hier vanaf nu wordt geschreven, wordt niet vastgelegd.
notice-room-replaced = Het gesprek over deze transactie gaat verder in een andere kamer.
notice-removed-contact = Niet langer contactpersoon voor deze transactie
notice-payment = Betaling ontvangen: { $amount } op { $date }.
notice-paid-out = Uitbetaald: { $amount } op { $date }.
notice-payment-taken-back = De betaling van { $amount } op { $date } was per vergissing gemeld en telt niet meer mee.
notice-payment-left = Nog te betalen: { $amount }.
notice-payment-all = Er hoeft niets meer te worden betaald.
guest-name = { $name } (factuurpagina)

## Opdrachten in de kamer, zoals !tally status

command-help = help, hulp
command-status = status
command-invoice = factuur
command-who = wie
command-link = link
command-export = exporteren, exporteer
command-accept = accepteren
command-dispute = betwisten
command-paid = betaald
command-shipped = verzonden
command-help-about = toont deze lijst
command-status-about = toont wat er betaald moet worden, en voor wanneer
command-invoice-about = toont een samenvatting van de factuur
command-who-about = toont wie hier is, en voor welke kant
command-link-about = stuurt u uw eigen link naar de factuurpagina, in een direct bericht
command-export-about = stuurt u uw eigen link om het gesprek te downloaden, in een direct bericht
command-accept-about = accepteert de factuur
command-dispute-about = betwist de factuur; schrijf de reden erachter
command-paid-about = markeert de factuur als betaald
command-shipped-about = markeert de goederen als verzonden
answer-help = Dit begrijp ik:
answer-unknown = Deze opdracht ken ik niet. { $help } toont wat ik begrijp.
answer-nearest = Deze opdracht ken ik niet. Bedoelde u { $nearest }?
answer-not-a-party = Alleen de contactpersonen van koper en verkoper kunnen deze opdracht gebruiken.
answer-status = De status is nu: { $status }.
answer-not-now = Dat kan nu niet: de status is { $status }. Wat u kunt doen: { $commands }.
answer-nothing-now = Dat kan nu niet: de status is { $status }.
answer-reason = Schrijf de reden achter de opdracht: { $command } …
answer-no-page = Deze winkel heeft geen factuurpagina.
answer-link-sent = Ik heb u uw link in een direct bericht gestuurd.
answer-link-on-page = U bent al op de factuurpagina.
answer-export-on-page = U bent al op de factuurpagina. Daar kunt u het gesprek downloaden.
answer-link-refused = Ik kan u niet rechtstreeks schrijven: uw homeserver heeft mijn uitnodiging geweigerd. Sta uitnodigingen van mij toe en vraag het opnieuw.
direct-link = { $kind } { $number } van { $seller }: dit is uw eigen link naar de pagina. Wie hem heeft, kan daar namens u lezen en schrijven; houd hem dus voor uzelf. Hij is geldig tot { $date }.
direct-export = { $kind } { $number } van { $seller }: met deze link downloadt u het gesprek en de bestanden. Hij opent ook de pagina op uw naam; houd hem dus voor uzelf. Hij is geldig tot { $date }.
direct-room-name = Facturen
who-here = in de kamer
who-invited = uitgenodigd
who-left = niet in de kamer
who-page = alleen op de factuurpagina
