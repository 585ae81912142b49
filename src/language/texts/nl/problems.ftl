## Why something that was asked for was not done

problem-title = Dat is niet gelukt
problem-empty = Er is niets te verzenden. Schrijf iets of kies een bestand.
problem-form = De gegevens zijn onvolledig aangekomen. Laad de pagina opnieuw en probeer het nog eens.
problem-go-back = Ga terug naar de vorige pagina; wat u daar hebt geschreven, staat misschien nog in het veld.
problem-large-file = Een bestand is te groot om hier te worden verzonden.
problem-long = De tekst is te lang. Verzend hem in delen of als bestand.
problem-many-files = Dat zijn te veel bestanden tegelijk. Verzend ze in meerdere berichten.
problem-matrix-id = Dit is geen Matrix-ID. Die ziet er zo uit: @naam:example.org.
problem-matrix-or-mail = Dit is geen e-mailadres en geen Matrix-ID. Een Matrix-ID ziet er zo uit: @naam:example.org.
problem-method = Deze pagina kan zo niet worden geopend.
problem-many-notes = Het maximale aantal notities is bereikt.
problem-no-contact = Dit account is geen contactpersoon van de koper of de verkoper van deze factuur.
problem-no-file = Dit bestand bestaat niet of is niet meer beschikbaar.
problem-not-yours = U kunt alleen uw eigen berichten bewerken of verwijderen.
problem-openid = Uw Matrix-server heeft niet bevestigd wie u bent.
problem-openid-form = Uw Matrix-client heeft geen geldig bewijs gestuurd van wie u bent.
problem-other-site = Dit is vanaf een andere website verstuurd. Daarom is er niets gedaan.
problem-too-fast = Veel van uw berichten wachten nog op verzending. Probeer het straks nog eens.
problem-too-many = Dat was te veel in korte tijd. Wacht even en probeer het dan opnieuw.
problem-try-again = Dit kan nu niet. Er is niets verloren; probeer het zo nog eens.
problem-encrypted = Deze kamer is versleuteld. Wat u hier schrijft, kan niet worden vastgelegd en wordt daarom niet verzonden.
problem-closed = Deze transactie is gesloten, daarom wordt er niets verzonden.
problem-addressee = Deze contactpersoon is niet meer beschikbaar. Laad de pagina opnieuw en kies iemand anders.
problem-poll = Deze stem past niet bij de peiling, of de peiling is beëindigd. Laad de pagina opnieuw en kijk nog eens.
problem-step = Deze status kan nu niet worden gekozen. Laad de pagina opnieuw om te zien wat mogelijk is.
problem-reason = Geef een reden op.

## Why something that was written here did not get into the conversation

unsent-file = het bestand is niet meer beschikbaar
unsent-later = het gesprek is nu niet bereikbaar; we blijven het proberen
unsent-not-in-room = u kunt nu niet aan dit gesprek deelnemen
unsent-refused = het gesprek heeft het niet geaccepteerd
unsent-too-large = het bestand is te groot voor het gesprek
