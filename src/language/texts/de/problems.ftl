## Why something that was asked for was not done

problem-title = Das hat nicht funktioniert
problem-empty = Es gibt nichts zu senden. Schreiben Sie etwas oder wählen Sie eine Datei.
problem-form = Die Angaben sind unvollständig angekommen. Laden Sie die Seite neu und versuchen Sie es noch einmal.
problem-go-back = Gehen Sie zurück zur vorigen Seite; was Sie dort geschrieben haben, steht vielleicht noch im Feld.
problem-large-file = Eine Datei ist zu groß, um hier gesendet zu werden.
problem-long = Der Text ist zu lang. Senden Sie ihn in Teilen oder als Datei.
problem-many-files = Das sind zu viele Dateien auf einmal. Senden Sie sie in mehreren Nachrichten.
problem-matrix-id = Das ist keine Matrix-ID. Sie sieht so aus: @name:example.org.
problem-matrix-or-mail = Das ist weder eine E-Mail-Adresse noch eine Matrix-ID. Eine Matrix-ID sieht so aus: @name:example.org.
problem-many-notes = Die Höchstzahl der Notizen ist erreicht.
problem-method = Diese Seite kann so nicht geöffnet werden.
problem-no-contact = Dieses Konto gehört zu keinem Ansprechpartner des Käufers oder des Verkäufers dieser Rechnung.
problem-no-file = Diese Datei ist nicht oder nicht mehr vorhanden.
problem-not-yours = Nur eigene Nachrichten können geändert oder entfernt werden.
problem-openid = Ihr Matrix-Server hat nicht bestätigt, wer Sie sind.
problem-openid-form = Ihr Matrix-Client hat keinen gültigen Nachweis gesendet, wer Sie sind.
problem-other-site = Das wurde von einer anderen Website gesendet. Deshalb wurde nichts ausgeführt.
problem-too-fast = Viele Ihrer Nachrichten warten noch auf den Versand. Versuchen Sie es etwas später noch einmal.
problem-too-many = Das war zu viel in kurzer Zeit. Warten Sie einen Moment und versuchen Sie es dann noch einmal.
problem-try-again = Das geht im Moment nicht. Es ist nichts verloren; versuchen Sie es gleich noch einmal.
problem-encrypted = Dieser Raum ist verschlüsselt. Was Sie hier schreiben, könnte nicht aufgezeichnet werden und wird deshalb nicht gesendet.
problem-closed = Dieser Vorgang ist abgeschlossen, deshalb wird nichts gesendet.
problem-addressee = Diese Person ist nicht mehr Ansprechpartner. Laden Sie die Seite neu und wählen Sie jemand anderen.
problem-poll = Diese Stimme passt nicht zur Umfrage, oder die Umfrage ist beendet. Laden Sie die Seite neu und sehen Sie noch einmal nach.
problem-step = Dieser Status lässt sich jetzt nicht setzen. Laden Sie die Seite neu, um zu sehen, was möglich ist.
problem-reason = Bitte nennen Sie einen Grund.

## Why something that was written here did not get into the conversation

unsent-file = die Datei ist nicht mehr vorhanden
unsent-later = die Unterhaltung ist gerade nicht erreichbar; wir versuchen es weiter
unsent-not-in-room = Sie können an dieser Unterhaltung zurzeit nicht teilnehmen
unsent-refused = die Unterhaltung hat die Nachricht nicht angenommen
unsent-too-large = die Datei ist für die Unterhaltung zu groß
