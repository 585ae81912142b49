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
mail-private = Der Link ist nur für Sie bestimmt: Wer ihn hat, kann in Ihrem Namen lesen und schreiben. Bitte leiten Sie ihn nicht weiter.
mail-why = Sie erhalten diese E-Mail, weil { $seller } die Adresse { $address } als Kontakt für diese Rechnung hinterlegt hat.
mail-unsubscribe = E-Mails dieses Absenders abbestellen

unsubscribe-title = E-Mails abbestellen
unsubscribe-text = An diese Adresse gehen dann keine E-Mails mehr zu Rechnungen dieses Absenders. Alle Nachrichten können Sie weiterhin auf der Rechnungsseite lesen.
unsubscribe-send = E-Mails abbestellen
unsubscribed-title = Die E-Mails sind abbestellt
unsubscribed-text = An diese Adresse gehen keine E-Mails mehr zu Rechnungen dieses Absenders. Wenn Sie wieder welche möchten, wenden Sie sich an den Absender der Rechnung.

mail-link = Ihr Link zur Rechnungsseite
mail-link-about = Jemand, vermutlich Sie selbst, hat ihn auf der Rechnungsseite angefordert. Falls Sie es nicht waren, brauchen Sie nichts zu tun.
ask-label-or-mail = Ihre E-Mail-Adresse oder Matrix-ID
ask-about-or-mail = Wenn Sie als Ansprechpartner für diese Rechnung hinterlegt sind, erhalten Sie Ihren eigenen Link per E-Mail oder als Direktnachricht.
asked-by-mail-text = Wenn { $user } zu einem Ansprechpartner für diese Rechnung gehört, ist eine E-Mail mit einem Link dorthin unterwegs. Das dauert höchstens einige Minuten.
asked-by-mail-again = Nichts gekommen? Sehen Sie im Spam-Ordner nach, prüfen Sie die Adresse und versuchen Sie es nach zehn Minuten noch einmal.

mail-invitation = Ein Dokument für Sie von { $seller }
mail-invitation-about = Auf der Seite können Sie es lesen, sehen, wie Sie bezahlen, und Fragen stellen.
mail-owed = Offener Betrag: { $amount }.
mail-owed-by = Offener Betrag: { $amount }, fällig am { $date }.

mail-reminder = Zur Erinnerung: Die Zahlung ist am { $date } fällig
mail-reminder-late = Zahlungserinnerung: Die Zahlung war am { $date } fällig
mail-reminder-about = Falls Sie bereits bezahlt haben, betrachten Sie diese Erinnerung bitte als gegenstandslos. Auf der Seite sehen Sie, wie Sie bezahlen, und können Fragen stellen.
