# Die Unterhaltung als Datei zum Lesen und Drucken. Erläuterungen stehen in texts/en/transcript.ftl.

transcript-title = Aufzeichnung der Unterhaltung
transcript-transaction = Vorgang
transcript-entries = Einträge
transcript-exported = Exportiert
transcript-head = Hash des letzten Eintrags
transcript-key = Öffentlicher Schlüssel
transcript-about = Alle Zeiten sind in UTC. Die Nummern am Rand sind die der Einträge in der Aufzeichnung, die der Shop mit ihrem Nachweis exportieren kann. Gezeigt wird dasselbe wie auf der Rechnungsseite, ohne das, was entfernt wurde.
transcript-unknown-sender = Unbekannter Absender
transcript-file-missing = nicht enthalten
transcript-file-encrypted = verschlüsselt gesendet, hier entschlüsselt
transcript-edited = Vom Verfasser bearbeitet, zuletzt: { $time }.
transcript-remark = Hinweis
