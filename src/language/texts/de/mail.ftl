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

mail-link = Ihr Link zur Seite
mail-link-about = Jemand, vermutlich Sie selbst, hat ihn auf der Rechnungsseite angefordert. Falls Sie es nicht waren, brauchen Sie nichts zu tun.
ask-label-or-mail = Ihre E-Mail-Adresse oder Matrix-ID
ask-about-or-mail = Wenn Sie Kontakt dieser Rechnung sind, erhalten Sie Ihren eigenen Link per E-Mail oder als Direktnachricht.
asked-by-mail-text = Wenn { $user } zu einem Kontakt dieser Rechnung gehört, ist eine E-Mail mit einem Link dorthin unterwegs. Das dauert höchstens einige Minuten.
asked-by-mail-again = Nichts gekommen? Sehen Sie im Spam-Ordner nach, prüfen Sie die Adresse und versuchen Sie es nach zehn Minuten noch einmal.

mail-invitation = Für Sie, von { $seller }
mail-invitation-about = Auf der Seite lesen Sie alles, sehen, wie Sie bezahlen, und können Fragen stellen.
mail-owed = Zu zahlen: { $amount }.
mail-owed-by = Zu zahlen: { $amount }, bis { $date }.

mail-reminder = Zahlungserinnerung: fällig am { $date }
mail-reminder-late = Zahlungserinnerung: fällig war die Zahlung am { $date }
mail-reminder-about = Falls Sie bereits bezahlt haben, brauchen Sie nichts zu tun. Auf der Seite sehen Sie, wie Sie bezahlen, und können Fragen stellen.
