# La conversation sous forme de fichier à lire et à imprimer. Les explications sont dans texts/en/transcript.ftl.

transcript-title = Relevé de la conversation
transcript-transaction = Transaction
transcript-entries = Entrées
transcript-exported = Exporté
transcript-head = Empreinte de la dernière entrée
transcript-key = Clé publique
transcript-about = Toutes les heures sont en UTC. Les numéros en marge sont ceux des entrées du relevé, que la boutique peut exporter avec sa preuve. Ce fichier montre la même chose que la page de la facture, sans ce qui a été supprimé.
transcript-unknown-sender = Expéditeur inconnu
transcript-file-missing = non inclus
transcript-file-encrypted = envoyé chiffré, déchiffré ici
transcript-edited = Modifié par l’auteur, dernière modification : { $time }.
transcript-remark = Remarque
