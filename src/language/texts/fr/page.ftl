# Textes de la page de facture. Leur sens et ce qui vient entre accolades sont expliqués dans le
# fichier anglais.

## The document as such

page-title = { $kind } { $number } · { $seller }
skip-to-invoice = Aller à la facture
skip-to-messages = Aller aux messages
skip-to-compose = Aller au champ de message
tabs = Parties de cette page
tab-invoice = Facture
tab-messages = Messages
language = Langue
seen-as = Vous voyez cette page en tant que { $name } ({ $role }).
writing-as = Vous écrivez en tant que { $name } pour { $party }.
writing-for = Vous écrivez pour { $party }.
leave = Se déconnecter sur cet appareil
role-buyer = acheteur
role-seller = vendeur
role-bot = service
role-other = invité(e)

## What is to pay, in the page's head

summary = En bref
amount-due = Montant à payer
amount-credited = Montant de l’avoir
named-with-side = { $name } ({ $side })
you = Vous
spoiler = Spoiler
spoiler-about = Spoiler : { $reason }
times-differ = Envoyé selon le serveur de l’expéditeur : { $sent } ; reçu : { $received }.
times-differ-history = Envoyé selon le serveur de l’expéditeur : { $sent } ; lu dans l’historique du salon : { $received }.
unknown-time = heure inconnue
nothing-due = Rien à payer
due-on = Échéance le { $date }
due-today = échéance aujourd’hui
days-left =
    { $days ->
        [one] encore { $days } jour
       *[other] encore { $days } jours
    }
days-late =
    { $days ->
        [one] { $days } jour de retard
       *[other] { $days } jours de retard
    }

## Status

status = Statut
status-draft = Brouillon
status-open = Ouverte
status-awaiting-payment = En attente de paiement
status-partially-paid = Payée en partie
status-paid = Payée
status-overdue = En retard de paiement
status-disputed = Contestée
status-cancelled = Annulée
status-refunded = Remboursée
status-partially-refunded = Remboursée en partie
status-written-off = Passée en pertes
status-issued = Émise
status-partly-paid = Payée en partie
status-accepted = Acceptée
status-shipped = Expédiée
status-completed = Terminée
status-credited = Avoir émis
steps = Ce que vous pouvez faire
step-accepted = Accepter la facture
step-disputed = Contester la facture
step-shipped = Marquer comme expédiée
step-paid = Marquer comme payée
step-other = Passer à « { $status } »
step-reason = Motif

side-notes = Notes internes, invisibles pour l’autre partie
notes-older = Notes plus anciennes
note-new = Nouvelle note
note-add = Ajouter la note
note-removed = Cette note a été supprimée.

## The invoice

from = De
to = À
vat-id = N° de TVA
issued = Date d’émission
due = Échéance
buyer-reference = Votre référence
order-reference = N° de commande
further = Autres informations
attached-files = Fichiers joints
also-in-the-file = Autres valeurs du fichier
also-in-the-file-more = { $count ->
    [one] et une autre valeur
   *[other] et { $count } autres valeurs
}
lines = Détail
no-lines = Cette facture n’indique que des totaux.
line-description = Désignation
line-quantity = Quantité
line-price = Prix unitaire
price-per = { $amount } pour { $quantity }
line-vat = TVA
line-net = HT
allowance = Remise
charge = Frais
notes = Remarques

## VAT

vat-breakdown = TVA
vat-category = Taux
vat-taxable = Base HT
vat-tax = TVA
vat-z = Taux zéro
vat-e = Exonéré
vat-ae = Autoliquidation
vat-k = Livraison intracommunautaire
vat-g = Exportation hors de l’UE
vat-o = Hors champ de la TVA
vat-l = IGIC des îles Canaries
vat-m = IPSI de Ceuta et Melilla
vat-b = Paiement scindé

## Totals

totals = Totaux
total-lines = Total des lignes
total-allowances = Remises
total-charges = Frais
total-without-vat = Total HT
total-vat = TVA
total-with-vat = Total TTC
total-paid = Déjà payé
total-rounding = Arrondi
total-payments = Paiements reçus
total-paid-out = Déjà remboursé
total-due = Montant à payer

## How to pay

payment = Paiement
payment-means = Moyen de paiement
payment-account-name = Titulaire du compte
payment-iban = IBAN
payment-account = Numéro de compte
payment-amount = Montant
payment-bic = BIC
payment-reference = Référence du paiement
payment-discount = Escompte
payment-discount-until = { $percent } d’escompte pour un paiement au plus tard le { $date } : { $amount }
payment-terms = Conditions de paiement
payment-further-account = Autre compte
pay = Payer
close = Fermer
pay-online = Payer en ligne
pay-by-transfer = Par virement
pay-app = Ouvrir dans l’appli bancaire
pay-said = J’ai payé
pay-said-label = Votre message
pay-said-words = Nous avons payé { $amount } pour { $number }.
pay-said-file = Justificatif de paiement (facultatif)
pay-said-send = Prévenir le vendeur
copy = Copier
copied = Copié
qr-caption = Scannez avec votre application bancaire : bénéficiaire, compte, montant et référence sont déjà remplis.
qr-label = Code QR pour un virement SEPA
means-1 = Selon accord
means-10 = Espèces
means-20 = Chèque
means-30 = Virement
means-31 = Virement
means-42 = Versement sur un compte
means-48 = Carte bancaire
means-49 = Prélèvement
means-54 = Carte de crédit
means-55 = Carte de débit
means-57 = Selon l’accord en vigueur
means-58 = Virement SEPA
means-59 = Prélèvement SEPA
means-68 = Paiement en ligne
means-97 = Compensation entre les parties

## Downloads

downloads = Téléchargements
download-pdf = Télécharger le PDF
download-more = Autres téléchargements
download-conversation = Conversation avec ses fichiers
download-original = Fichier d’origine
download-xml = { $kind } en XML
download-ubl = { $kind } en UBL
download-cii = { $kind } en CII

## History

history = Historique
revision = Version { $number }
revision-first = Version d’origine
revision-no-changes = Aucune des informations affichées ici n’a changé.
before = avant :
after = maintenant :
change-status = Statut
change-number = Numéro de facture
change-type = Type de document
change-issue_date = Date d’émission
change-due_date = Date d’échéance
change-currency = Devise
change-line = Ligne { $which }
change-allowance = Remise { $which }
change-charge = Frais { $which }
change-vat = TVA { $which }
change-total = Total TTC
change-paid = Déjà payé
change-due = Montant à payer
change-payment = Informations de paiement
change-iban = IBAN
change-bic = BIC
change-reference = Référence du paiement
change-terms = Conditions de paiement
change-note = Remarque
change-notes = Remarques
change-buyer_reference = Référence de l’acheteur
change-order_reference = N° de commande
change-buyer = Acheteur
change-seller = Vendeur
change-contact = Contact { $which }
change-buyer_contact = Contact de l’acheteur { $which }
change-seller_contact = Contact du vendeur { $which }
change-address = Adresse { $which }
change-vat_id = N° de TVA { $which }
change-redactions = Messages supprimés

## The conversation

messages-with = Messages avec { $name }
messages = Messages
no-messages-buyer = Aucun message pour l’instant. Écrivez ici à { $name } pour toute question sur la facture, la livraison ou autre chose.
no-messages-seller = Aucun message pour l’instant. Écrivez ici à { $name } au sujet de la facture ou de la livraison, et répondez aux questions.
questions = Ce que vous pouvez demander
question-1 = Pourriez-vous prolonger le délai de paiement ?
question-2 = Pourriez-vous m’expliquer une ligne de la facture ?
question-3 = Il y a une erreur sur la facture. Pourriez-vous la corriger ?
older-messages = Messages plus anciens
search = Rechercher
search-words = Rechercher dans les messages
search-nothing = Aucun message ne contient « { $words } ».
jump-to-latest = Derniers messages
new-messages =
    { $count ->
        [one] { $count } nouveau message
       *[other] { $count } nouveaux messages
    }
new-since = Nouveau depuis votre dernière visite
today = Aujourd’hui
yesterday = Hier
edited = modifié
removed = Ce message a été supprimé.
encrypted = Ce message est chiffré et ne peut pas être affiché ici.
without-words = Un message qui ne peut pas être affiché ici.
in-reply-to = En réponse à { $name } :
in-reply-to-you = En réponse à votre propre message :
bell-off = M’avertir des réponses
bell-on = Les réponses vous sont signalées
bell-refused = Ce navigateur n’autorise pas les notifications pour cette page. Vous pouvez les autoriser dans ses réglages.
seen-by = Lu par { $name }
typing-one = { $name } écrit…
typing-two = { $first } et { $second } écrivent…
typing-many = Plusieurs personnes écrivent…

## What can be done to a message

actions = Actions pour le message de { $name }
reply = Répondre
edit = Modifier
remove = Supprimer
remove-question = Le supprimer pour tout le monde ?
remove-confirm = Oui, supprimer
react = Réagir
react-with = Réagir avec { $key }
reacted-by = { $key } : { $names }

## Files

file-download = Télécharger
file-wanted = en cours de téléchargement
file-refused = n’a pas été accepté
file-missing = n’est plus disponible
file-expired = n’est plus disponible
file-erased = a été effacé
image-without-description = Image { $name }
first-page-of-file = Première page de { $name }
picture-close = Fermer l’image

## Polls

poll = Sondage
poll-vote = Voter
poll-chosen = votre choix
poll-most =
    { $count ->
        [one] Choisissez une réponse.
       *[other] Choisissez jusqu’à { $count } réponses.
    }
poll-ended = Ce sondage est terminé.
poll-votes =
    { $count ->
        [one] { $count } vote
       *[other] { $count } votes
    }

## What is not sent yet

sending = Envoi…
uploading = Envoi du fichier, { $percent } %
not-sent = Non envoyé : { $problem }
saved = Enregistré : { $problem }
not-sent-offline = En attente de connexion ; l’envoi se fera ensuite automatiquement.
try-again = Réessayer
discard = Supprimer
put-back = Modifier à nouveau
unsent = Pas encore envoyé

## Writing

compose = Écrire un message
compose-label = Message
compose-placeholder = Écrivez un message…
to-label = À
to-everyone = tout le monde
compose-closed = Cette transaction est close : plus personne ne peut écrire ici. La conversation est conservée.
compose-format = Mise en forme
compose-hint = **gras**, _italique_, `code`. Entrée envoie, Maj+Entrée commence une nouvelle ligne.
compose-hint-plain = **gras**, _italique_, `code`, listes et liens sont possibles.
send = Envoyer
save = Enregistrer
cancel = Annuler
attach = Joindre des fichiers
attach-files = Fichiers
attach-description = Décrivez l’image pour les personnes qui ne peuvent pas la voir
attach-remove = Retirer { $name }
drop-here = Déposez ici les fichiers à envoyer
replying-to = Réponse à { $name }
replying-to-you = Réponse à votre propre message
editing = Vous modifiez votre message

## Connection to the server

connection-busy = Cette page est ouverte trop de fois. Les nouveaux messages apparaîtront ici dès que vous en fermerez une autre.
connection-live = Connexion rétablie
connection-lost = Connexion perdue. Nouvelle tentative…
connection-offline = Vous êtes hors ligne. Les messages arriveront à votre retour.
action-failed = Cela n’a pas fonctionné. Veuillez réessayer.

## Who to talk to

people = Vos interlocuteurs chez { $name }
people-more =
    { $count ->
        [one] { $count } autre contact
       *[other] { $count } autres contacts
    }
presence-here = consulte cette page
presence-online = en ligne
presence-away = absent(e)
presence-offline = hors ligne
presence-offline-since = dernière activité : { $time }
reach-invited = invitation envoyée
reach-not-in-room = hors de la conversation
reach-email = par e-mail
reach-no-mails = ne souhaite pas d’e-mails
reach-undeliverable = e-mail non distribuable
reach-page = uniquement sur cette page
replies-minutes =
    { $count ->
        [one] Répond en général en moins d’une minute
       *[other] Répond en général en { $count } minutes environ
    }
replies-hours =
    { $count ->
        [one] Répond en général en une heure environ
       *[other] Répond en général en { $count } heures environ
    }
replies-days =
    { $count ->
        [one] Répond en général en moins d’un jour
       *[other] Répond en général en { $count } jours environ
    }

## Pages for those who may not see an invoice

closed-wrong-title = Ce lien ne fonctionne pas
closed-wrong-text = Il est incomplet ou a déjà été utilisé. Ouvrez de nouveau le lien dans votre message ou copiez-le en entier. Si cela ne suffit pas, demandez un nouveau lien à la personne qui vous l’a envoyé.
closed-expired-title = Ce lien a expiré
closed-expired-text = Les liens ne sont valables qu’un certain temps. Demandez-en un nouveau à la personne qui vous l’a envoyé.
closed-revoked-title = Ce lien n’est plus valable
closed-revoked-text = La personne qui l’a envoyé l’a retiré. Demandez-lui un nouveau lien.
closed-signed-out-title = Votre session est fermée
closed-signed-out-text = Pour revoir la facture, ouvrez le lien que vous avez reçu.
closed-not-found-title = Il n’y a rien ici
closed-not-found-text = Vérifiez l’adresse ou ouvrez de nouveau le lien que vous avez reçu.
closed-other-speaker-title = Une autre personne est maintenant connectée dans ce navigateur
closed-other-speaker-text = Cette page a été ouverte pour quelqu’un d’autre. Rien n’a donc été fait : cela aurait été fait au mauvais nom. Ouvrez de nouveau votre propre lien pour continuer.
closed-nameless-title = Cette page n’est plus à jour
closed-nameless-text = La page de la facture a été mise à jour après son ouverture. Rien n’a donc été fait. Ouvrez de nouveau votre lien pour continuer.
closed-sign-in = Si vous ouvrez d’habitude la facture depuis une boutique ou depuis Matrix, connectez-vous là-bas et ouvrez-la de nouveau.
ask-label = Votre identifiant Matrix
ask-send = M’envoyer mon lien
ask-about = Si vous êtes un contact pour cette facture, vous recevrez votre propre lien en message direct.
asked-title = Consultez vos messages
asked-text = Si { $user } appartient à un contact pour cette facture, { $bot } lui envoie un lien en message direct. Cela prend une minute au plus.
asked-again = Rien reçu ? Vérifiez l’identifiant Matrix, puis refaites la demande dans dix minutes.
preview-text = Ouvrez-la pour voir ce qui est dû et écrire à l’autre partie.

## Inside a Matrix client

widget-title = Facture
widget-waiting = Nous demandons à votre client Matrix qui vous êtes…
widget-refused = Votre client Matrix n’a pas indiqué qui vous êtes ; la facture ne peut donc pas être affichée.
widget-not-a-party = Ce compte Matrix n’est pas un contact de l’acheteur ni du vendeur de cette facture.
widget-open = Ouvrir la page

## Business terms of EN 16931

bt-6 = Devise de comptabilisation de la TVA
bt-7 = Date d’exigibilité de la TVA
bt-8 = Code de la date d’exigibilité de la TVA
bt-11 = Projet
bt-12 = Contrat
bt-14 = Ordre de vente
bt-15 = Avis de réception
bt-16 = Avis d’expédition
bt-17 = Appel d’offres ou lot
bt-18 = Objet facturé
bt-19 = Référence comptable de l’acheteur
bt-21 = Sujet de la remarque
bt-23 = Processus métier
bt-24 = Spécification
bt-25 = Facture précédente
bt-26 = Date de la facture précédente
bt-28 = Nom commercial du vendeur
bt-29 = Identifiant du vendeur
bt-30 = Numéro d’immatriculation du vendeur
bt-32 = Numéro fiscal du vendeur
bt-33 = Mentions légales du vendeur
bt-34 = Adresse électronique du vendeur
bt-41 = Contact du vendeur
bt-42 = Téléphone du vendeur
bt-43 = E-mail du vendeur
bt-45 = Nom commercial de l’acheteur
bt-46 = Identifiant de l’acheteur
bt-47 = Numéro d’immatriculation de l’acheteur
bt-49 = Adresse électronique de l’acheteur
bt-56 = Contact de l’acheteur
bt-57 = Téléphone de l’acheteur
bt-58 = E-mail de l’acheteur
bt-59 = Bénéficiaire
bt-60 = Identifiant du bénéficiaire
bt-61 = Numéro d’immatriculation du bénéficiaire
bt-62 = Représentant fiscal du vendeur
bt-63 = N° de TVA du représentant fiscal
bt-64 = Adresse du représentant fiscal
bt-65 = Adresse du représentant fiscal
bt-66 = Ville du représentant fiscal
bt-67 = Code postal du représentant fiscal
bt-68 = Région du représentant fiscal
bt-69 = Pays du représentant fiscal
bt-70 = Livré à
bt-71 = Lieu de livraison
bt-72 = Date de livraison
bt-73 = Début de la période de facturation
bt-74 = Fin de la période de facturation
bt-75 = Adresse de livraison
bt-76 = Adresse de livraison
bt-77 = Ville de livraison
bt-78 = Code postal de livraison
bt-79 = Région de livraison
bt-80 = Pays de livraison
bt-82 = Moyen de paiement
bt-87 = Numéro de carte
bt-88 = Titulaire de la carte
bt-89 = Référence du mandat
bt-90 = Identifiant du créancier
bt-91 = Compte débité
bt-93 = Assiette de la remise
bt-94 = Pourcentage de remise
bt-98 = Code du motif de la remise
bt-100 = Assiette des frais
bt-101 = Pourcentage de frais
bt-105 = Code du motif des frais
bt-111 = TVA en devise de comptabilisation
bt-120 = Motif d’exonération de TVA
bt-121 = Code d’exonération de TVA
bt-122 = Pièce justificative
bt-123 = Description de la pièce justificative
bt-124 = Emplacement de la pièce justificative
bt-125 = Document joint
bt-127 = Remarque
bt-128 = Objet
bt-132 = Ligne de commande
bt-133 = Référence comptable
bt-134 = Début de période
bt-135 = Fin de période
bt-136 = Remise
bt-137 = Assiette de la remise
bt-138 = Pourcentage de remise
bt-139 = Motif de la remise
bt-140 = Code du motif de la remise
bt-141 = Frais
bt-142 = Assiette des frais
bt-143 = Pourcentage de frais
bt-144 = Motif des frais
bt-145 = Code du motif des frais
bt-147 = Rabais sur le prix
bt-148 = Prix brut
bt-154 = Description
bt-155 = Référence article du vendeur
bt-156 = Référence article de l’acheteur
bt-157 = Numéro d’article standard
bt-158 = Classification
bt-159 = Pays d’origine
bt-160 = Attribut
bt-161 = Valeur de l’attribut
bt-162 = Adresse du vendeur
bt-163 = Adresse de l’acheteur
bt-164 = Adresse du représentant fiscal
bt-165 = Adresse de livraison

## The page between a link and the invoice

entrance-open = Ouvrir la facture
entrance-open-text = La facture va s’ouvrir dans un instant. Si rien ne se passe, appuyez sur le bouton.
entrance-download = Télécharger la conversation
entrance-download-text = Le téléchargement va commencer dans un instant. Si rien ne se passe, appuyez sur le bouton.
