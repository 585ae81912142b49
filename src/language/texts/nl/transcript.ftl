# Het gesprek als bestand om te lezen en af te drukken. De toelichting staat in texts/en/transcript.ftl.

transcript-title = Verslag van het gesprek
transcript-transaction = Transactie
transcript-entries = Vermeldingen
transcript-exported = Geëxporteerd
transcript-head = Hash van de laatste vermelding
transcript-key = Publieke sleutel
transcript-about = Alle tijden zijn in UTC. De nummers in de kantlijn zijn die van de vermeldingen in het verslag, dat de winkel met het bewijs kan exporteren. Dit is wat de factuurpagina toont, zonder wat is verwijderd.
transcript-unknown-sender = Onbekende afzender
transcript-file-missing = niet bijgevoegd
transcript-file-encrypted = versleuteld verzonden, hier ontsleuteld
transcript-edited = Bewerkt door de auteur, laatst: { $time }.
transcript-remark = Opmerking
