# Ce qui figure dans les e-mails aux contacts sans compte Matrix et sur la page qui y met fin. Les explications se trouvent dans texts/en/mail.ftl.

mail-subject = { $kind } { $number } · { $seller }
mail-words =
    { $count ->
        [one] Un nouveau message
       *[other] { $count } nouveaux messages
    }
mail-earlier =
    { $count ->
        [one] Un message antérieur se trouve sur la page.
       *[other] { $count } messages antérieurs se trouvent sur la page.
    }
mail-on-page = Ce message ne peut être affiché que sur la page.
mail-more = … La suite se trouve sur la page.
mail-file = Fichier : { $name }
mail-open = Lire et répondre
mail-answer = Vous pouvez aussi répondre à cet e-mail : votre réponse apparaîtra dans la conversation.
mail-private = Ce lien est pour vous seulement : toute personne qui l’a peut lire et écrire en votre nom. Merci de ne pas le transférer.
mail-why = Vous recevez cet e-mail parce que { $seller } a indiqué { $address } comme contact pour cette facture.
mail-unsubscribe = Se désabonner des e-mails de cet expéditeur

unsubscribe-title = Se désabonner
unsubscribe-text = Cette adresse ne recevra plus d’e-mails au sujet des factures de cet expéditeur. Vous pourrez toujours lire les messages sur la page de la facture.
unsubscribe-send = Me désabonner
unsubscribed-title = Votre désabonnement est pris en compte
unsubscribed-text = Cette adresse ne reçoit plus d’e-mails au sujet des factures de cet expéditeur. Pour en recevoir de nouveau, adressez-vous à l’expéditeur de la facture.

mail-link = Votre lien vers la page de la facture
mail-link-about = Quelqu’un, sans doute vous-même, l’a demandé sur la page de la facture. Si ce n’était pas vous, vous n’avez rien à faire.
ask-label-or-mail = Votre adresse e-mail ou identifiant Matrix
ask-about-or-mail = Si vous êtes un contact pour cette facture, vous recevrez votre propre lien par e-mail ou en message direct.
asked-by-mail-text = Si { $user } appartient à un contact pour cette facture, un e-mail avec un lien est en route. Cela prend quelques minutes au plus.
asked-by-mail-again = Rien reçu ? Regardez dans les courriers indésirables, vérifiez l’adresse, puis refaites la demande dans dix minutes.

mail-invitation = Un document pour vous, de la part de { $seller }
mail-invitation-about = Sur sa page, vous pouvez le lire, voir comment payer et poser vos questions.
mail-owed = Montant à payer : { $amount }.
mail-owed-by = Montant à payer : { $amount }, au plus tard le { $date }.

mail-reminder = Rappel : échéance du paiement le { $date }
mail-reminder-late = Rappel : le paiement était attendu le { $date }
mail-reminder-about = Si vous avez déjà payé, veuillez ne pas tenir compte de ce rappel. La page vous permet de voir comment payer et de poser vos questions.
