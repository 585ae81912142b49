# The conversation as a file to read and print, which a visitor of the invoice page downloads.

transcript-title = Record of the conversation
transcript-transaction = Transaction
transcript-entries = Entries
transcript-exported = Exported
# The value by which anybody can see later that nothing was changed.
transcript-head = Hash of the last entry
transcript-key = Public key
transcript-about = All times are UTC. The numbers in the margin are those of the entries in the record, which the shop can export with its proof. This is what the invoice page shows, without what was removed.
transcript-unknown-sender = Unknown sender
# Beside the name of a file.
transcript-file-missing = not included
transcript-file-encrypted = sent encrypted, decrypted here
# $time: of the last edit.
transcript-edited = Edited by its author, last on { $time }.
# Label of what the record says about a message.
transcript-remark = Remark
