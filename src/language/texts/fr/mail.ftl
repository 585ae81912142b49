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
mail-file = Fichier : { $name }
mail-open = Lire et répondre
mail-answer = Vous pouvez aussi répondre à cet e-mail : votre réponse paraîtra dans la conversation.
mail-private = Ce lien vous est personnel : quiconque l’utilise lit et écrit en votre nom. Merci de ne pas le transférer.
mail-why = Vous recevez cet e-mail parce que { $seller } a indiqué { $address } comme contact pour cette facture.
mail-unsubscribe = Ne plus recevoir d’e-mails de cet expéditeur

unsubscribe-title = Ne plus recevoir d’e-mails
unsubscribe-text = Cette adresse ne recevra plus d’e-mails au sujet des factures de cet expéditeur. Les messages restent lisibles sur la page de la facture.
unsubscribe-send = Me désabonner
unsubscribed-title = Les e-mails sont désactivés
unsubscribed-text = Cette adresse ne reçoit plus d’e-mails. Pour en recevoir de nouveau, adressez-vous à l’expéditeur de la facture.
