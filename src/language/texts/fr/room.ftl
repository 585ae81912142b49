# Ce qui figure dans le salon Matrix : son nom, son sujet, le résumé épinglé et le message qui annonce
# une modification. Les explications sont dans texts/en/room.ftl.

room-name = { $kind } { $number } · { $parties }
room-parties = { $seller } → { $buyer }
amount-with-code = { $amount } { $currency }
labelled = { $label } : { $text }

summary-credited = Avoir de { $amount }
summary-due = Échéance le { $date }
summary-introduction = { $kind } du { $date }, { $parties }
summary-line = { $description }, { $quantity } × { $price }
summary-vat = TVA ({ $rate }) sur { $taxable }
summary-more-lines =
    { $count ->
        [one] … et { $count } autre ligne
       *[other] … et { $count } autres lignes
    }

announcement = { $kind } { $number } : modification
announced-change = { $label } : { $before } → { $after }
no-value = non indiqué
announcement-more = … et { $count } de plus
account-warning = Attention : le compte sur lequel payer a changé.
account-advice = Avant de payer, appelez { $seller } à un numéro de téléphone que vous connaissez déjà et faites confirmer le nouveau compte. N’utilisez jamais un numéro de téléphone, une adresse e-mail ou un lien provenant d’un message au sujet de ce changement : les faux comptes sont une fraude courante.

notice-encrypted = Ce salon est chiffré. Tallyroom ne peut pas en lire les messages : rien de ce qui est écrit ici à partir de maintenant n’est donc enregistré.
notice-room-replaced = La conversation sur cette transaction se poursuit dans un autre salon.
notice-removed-contact = N’est plus un contact pour cette transaction
notice-payment = Paiement reçu : { $amount } le { $date }.
notice-paid-out = Remboursement effectué : { $amount } le { $date }.
notice-payment-taken-back = Le paiement de { $amount } du { $date } avait été signalé par erreur et n’est plus pris en compte.
notice-payment-left = Reste à payer : { $amount }.
notice-payment-all = Il ne reste rien à payer.
guest-name = { $name } (page de la facture)

## Commandes dans le salon, par exemple !tally statut

command-help = aide
command-status = statut
command-invoice = facture
command-who = qui
command-link = lien
command-export = exporter, export
command-accept = accepter
command-dispute = contester
command-paid = payé, payée, paye
command-shipped = expédié, expédiée, expedie
command-help-about = affiche cette liste
command-status-about = affiche ce qui est à payer et l’échéance
command-invoice-about = affiche un résumé de la facture
command-who-about = affiche qui est ici, et de quel côté
command-link-about = vous envoie votre propre lien vers la page de la facture, en message direct
command-export-about = vous envoie votre propre lien pour télécharger la conversation, en message direct
command-accept-about = accepte la facture
command-dispute-about = conteste la facture ; écrivez le motif à la suite
command-paid-about = marque la facture comme payée
command-shipped-about = marque la marchandise comme expédiée
answer-help = Voici ce que je comprends :
answer-unknown = Je ne connais pas cette commande. { $help } affiche ce que je comprends.
answer-nearest = Je ne connais pas cette commande. Vouliez-vous dire { $nearest } ?
answer-not-a-party = Seuls les contacts de l’acheteur et du vendeur peuvent utiliser cette commande.
answer-status = Le statut est maintenant : { $status }.
answer-not-now = Ce n’est pas possible maintenant : le statut est { $status }. Ce que vous pouvez faire : { $commands }.
answer-nothing-now = Ce n’est pas possible maintenant : le statut est { $status }.
answer-reason = Écrivez le motif après la commande : { $command } …
answer-no-page = Cette boutique n’a pas de page de facture.
answer-link-sent = Je vous ai envoyé votre lien en message direct.
answer-link-on-page = Vous êtes déjà sur la page de la facture.
answer-export-on-page = Vous êtes déjà sur la page de la facture. Vous pouvez y télécharger la conversation.
answer-link-refused = Je ne peux pas vous écrire directement : votre serveur a refusé mon invitation. Autorisez mes invitations, puis refaites la demande.
direct-link = { $kind } { $number } de { $seller } : voici votre propre lien vers sa page. Toute personne qui l’a peut y lire et y écrire en votre nom ; gardez-le pour vous. Il est valable jusqu’au { $date }.
direct-export = { $kind } { $number } de { $seller } : avec ce lien, vous téléchargez la conversation et ses fichiers. Il ouvre aussi la page en votre nom ; gardez-le pour vous. Il est valable jusqu’au { $date }.
direct-room-name = Factures
who-here = dans le salon
who-invited = invitation envoyée
who-left = pas dans le salon
who-page = sur la page de la facture uniquement
