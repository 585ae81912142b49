# Was in E-Mails an Kontakte ohne Matrix-Konto steht und auf der Seite, die sie abbestellt. Erläuterungen stehen in texts/en/mail.ftl.

mail-subject = { $kind } { $number } · { $seller }
mail-words =
    { $count ->
        [one] Eine neue Nachricht
       *[other] { $count } neue Nachrichten
    }
mail-earlier =
    { $count ->
        [one] Eine frühere Nachricht steht auf der Seite.
       *[other] { $count } frühere Nachrichten stehen auf der Seite.
    }
mail-on-page = Diese Nachricht lässt sich nur auf der Seite anzeigen.
mail-more = … Der Rest steht auf der Seite.
mail-file = Datei: { $name }
mail-open = Lesen und antworten
mail-answer = Sie können auch auf diese E-Mail antworten: Was Sie schreiben, erscheint in der Unterhaltung.
mail-private = Der Link ist nur für Sie: Wer ihn hat, liest und schreibt dort in Ihrem Namen. Bitte leiten Sie ihn nicht weiter.
mail-why = Sie erhalten diese E-Mail, weil { $seller } die Adresse { $address } als Kontakt für diese Rechnung angegeben hat.
mail-unsubscribe = Keine E-Mails mehr von diesem Absender

unsubscribe-title = Keine E-Mails mehr
unsubscribe-text = An diese Adresse gehen dann keine E-Mails mehr zu Rechnungen dieses Absenders. Was geschrieben wird, ist weiterhin auf der Rechnungsseite zu lesen.
unsubscribe-send = E-Mails abbestellen
unsubscribed-title = E-Mails sind abbestellt
unsubscribed-text = An diese Adresse gehen keine E-Mails mehr. Wenn Sie wieder welche möchten, wenden Sie sich an den Absender der Rechnung.
