## Why something that was asked for was not done

problem-title = Cela n’a pas fonctionné
problem-empty = Il n’y a rien à envoyer. Écrivez quelque chose ou choisissez un fichier.
problem-form = Les données reçues sont incomplètes. Rechargez la page et réessayez.
problem-go-back = Revenez à la page précédente ; ce que vous y avez écrit est peut-être encore dans le champ.
problem-large-file = Un fichier est trop volumineux pour être envoyé ici.
problem-long = Le texte est trop long. Envoyez-le en plusieurs parties ou comme fichier.
problem-many-files = Il y a trop de fichiers à la fois. Envoyez-les en plusieurs messages.
problem-matrix-id = Ce n’est pas un identifiant Matrix. Il ressemble à @nom:example.org.
problem-matrix-or-mail = Ce n’est ni une adresse e-mail ni un identifiant Matrix. Un identifiant Matrix ressemble à @nom:example.org.
problem-method = Cette page ne peut pas être ouverte de cette manière.
problem-many-notes = Le nombre maximal de notes est atteint.
problem-no-contact = Ce compte n’est pas un contact de l’acheteur ni du vendeur de cette facture.
problem-no-file = Ce fichier n’existe pas ou n’est plus disponible.
problem-not-yours = Vous ne pouvez modifier ou supprimer que vos propres messages.
problem-openid = Votre serveur Matrix n’a pas confirmé qui vous êtes.
problem-openid-form = Votre client Matrix n’a pas envoyé de preuve valable de votre identité.
problem-other-site = Cela a été envoyé depuis un autre site. Rien n’a donc été fait.
problem-too-fast = Beaucoup de vos messages attendent encore d’être envoyés. Réessayez un peu plus tard.
problem-too-many = C’était trop en peu de temps. Attendez un instant, puis réessayez.
problem-try-again = Ce n’est pas possible pour le moment. Rien n’est perdu ; réessayez dans un instant.
problem-encrypted = Ce salon est chiffré. Ce que vous écrivez ici ne pourrait pas être enregistré ; ce n’est donc pas envoyé.
problem-closed = Cette transaction est close : rien n’est envoyé.
problem-addressee = Il n’est plus possible de s’adresser à ce contact. Rechargez la page et choisissez quelqu’un d’autre.
problem-poll = Ce vote ne correspond pas au sondage, ou le sondage est terminé. Rechargez la page et vérifiez.
problem-step = Ce statut ne peut pas être choisi maintenant. Rechargez la page pour voir ce qui est possible.
problem-reason = Veuillez indiquer un motif.

## Why something that was written here did not get into the conversation

unsent-file = le fichier n’est plus disponible
unsent-later = la conversation est injoignable pour le moment ; nous continuons d’essayer
unsent-not-in-room = vous ne pouvez pas participer à cette conversation pour le moment
unsent-refused = la conversation ne l’a pas accepté
unsent-too-large = le fichier est trop volumineux pour la conversation
