# Wat er staat in e-mails aan contactpersonen zonder Matrix-account en op de pagina om ze af te melden. Toelichting staat in texts/en/mail.ftl.

mail-subject = { $kind } { $number } · { $seller }
mail-words =
    { $count ->
        [one] Een nieuw bericht
       *[other] { $count } nieuwe berichten
    }
mail-earlier =
    { $count ->
        [one] Eén eerder bericht staat op de pagina.
       *[other] { $count } eerdere berichten staan op de pagina.
    }
mail-on-page = Dit bericht kan alleen op de pagina worden getoond.
mail-more = … De rest staat op de pagina.
mail-file = Bestand: { $name }
mail-open = Lezen en antwoorden
mail-answer = U kunt ook op deze e-mail antwoorden: wat u schrijft, verschijnt in het gesprek.
mail-private = De link is alleen voor u: wie hem heeft, kan namens u lezen en schrijven. Stuur hem niet door.
mail-why = U ontvangt deze e-mail omdat { $seller } het adres { $address } als contact voor deze factuur heeft opgegeven.
mail-unsubscribe = E-mails van deze afzender opzeggen

unsubscribe-title = E-mails opzeggen
unsubscribe-text = Dit adres ontvangt dan geen e-mails meer over facturen van deze afzender. Alle berichten blijven op de factuurpagina te lezen.
unsubscribe-send = Afmelden
unsubscribed-title = U bent afgemeld voor deze e-mails
unsubscribed-text = Dit adres ontvangt geen e-mails meer over facturen van deze afzender. Wilt u ze weer ontvangen, neem dan contact op met de afzender van de factuur.

mail-link = Uw link naar de factuurpagina
mail-link-about = Iemand, waarschijnlijk uzelf, heeft erom gevraagd op de factuurpagina. Was u het niet, dan hoeft u niets te doen.
ask-label-or-mail = Uw e-mailadres of Matrix-ID
ask-about-or-mail = Als u contactpersoon voor deze factuur bent, krijgt u uw eigen link per e-mail of in een direct bericht.
asked-by-mail-text = Als { $user } van een contactpersoon voor deze factuur is, is er een e-mail met een link onderweg. Dat duurt hooguit enkele minuten.
asked-by-mail-again = Niets gekregen? Kijk in de map met ongewenste e-mail, controleer het adres en vraag het na tien minuten opnieuw.

mail-invitation = Een document voor u van { $seller }
mail-invitation-about = Op de pagina kunt u het lezen, zien hoe u betaalt en vragen stellen.
mail-owed = Te betalen bedrag: { $amount }.
mail-owed-by = Te betalen bedrag: { $amount }, uiterlijk { $date }.

mail-reminder = Herinnering: te betalen uiterlijk { $date }
mail-reminder-late = Betalingsherinnering: de betaaltermijn is op { $date } verstreken
mail-reminder-about = Hebt u al betaald, dan kunt u deze herinnering als niet verzonden beschouwen. Op de pagina ziet u hoe u betaalt en kunt u vragen stellen.
