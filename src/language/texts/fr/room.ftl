# Ce qui figure dans le salon Matrix : son nom, son sujet, le résumé épinglé et le message qui annonce
# une modification. Les explications sont dans texts/en/room.ftl.

room-name = { $kind } { $number } · { $parties }
room-parties = { $seller } → { $buyer }
amount-with-code = { $amount } { $currency }
labelled = { $label } : { $text }

summary-credited = { $amount } crédités
summary-due = Échéance le { $date }
summary-introduction = { $kind } du { $date }, { $parties }
summary-line = { $description }, { $quantity } × { $price }
summary-vat = TVA ({ $rate }) sur { $taxable }
summary-more-lines =
    { $count ->
        [one] … et { $count } autre ligne
       *[other] … et { $count } autres lignes
    }

announcement = { $kind } { $number } : modification
announced-change = { $label } : { $before } → { $after }
no-value = non indiqué
announcement-more = … et { $count } de plus
account-warning = Attention : le compte sur lequel payer a changé.
account-advice = Avant de payer, appelez { $seller } à un numéro de téléphone que vous connaissez déjà et faites confirmer le nouveau compte. N’utilisez jamais un numéro de téléphone, une adresse électronique ou un lien provenant d’un message au sujet de ce changement : les faux comptes sont une fraude courante.

notice-encrypted = Ce salon est chiffré. Tallyroom ne peut pas en lire les messages : rien de ce qui est écrit ici à partir de maintenant n’est donc enregistré.
notice-room-replaced = La conversation sur cette transaction se poursuit dans un autre salon.
notice-removed-contact = N’est plus un contact pour cette transaction
guest-name = { $name } (page de la facture)
