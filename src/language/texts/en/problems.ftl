## Why something that was asked for was not done

problem-title = That did not work
problem-empty = There is nothing to send. Write something or choose a file.
problem-form = What was sent is not complete. Reload the page and try again.
problem-go-back = Go back to the previous page; what you wrote may still be in its field.
problem-large-file = A file is too large to be sent here.
problem-long = The text is too long. Send it in parts or as a file.
problem-many-files = These are too many files at once. Send them in several messages.
problem-matrix-id = This is not a Matrix ID. A Matrix ID looks like @name:example.org.
problem-matrix-or-mail = This is neither an e-mail address nor a Matrix ID. A Matrix ID looks like @name:example.org.
problem-method = This page cannot be opened in this way.
problem-many-notes = No more notes can be added: the limit is reached.
problem-no-contact = This account is not a contact of the invoice’s buyer or seller.
problem-no-file = This file does not exist or is no longer available.
problem-not-yours = You can only edit or remove your own messages.
problem-openid = Your Matrix server did not confirm who you are.
problem-openid-form = Your Matrix client did not send a valid proof of who you are.
problem-other-site = This was sent from another website, so nothing was done.
problem-too-fast = Many of your messages are still waiting to be sent. Try again in a while.
problem-too-many = That was too much in a short time. Wait a moment, then try again.
problem-try-again = This cannot be done right now. Nothing was lost; try again in a moment.
problem-encrypted = This room is encrypted. What you write here could not be recorded, so it is not sent.
problem-closed = This transaction is closed, so nothing is sent.
problem-addressee = Messages can no longer be addressed to this contact. Reload the page and choose someone else.
problem-poll = This vote does not fit the poll, or the poll has ended. Reload the page and look at it again.
problem-step = This status cannot be set now. Reload the page to see what is possible.
problem-reason = Please give a reason.

## Why something that was written here did not get into the conversation

unsent-file = the file is no longer available
unsent-later = the conversation cannot be reached right now; we keep trying
unsent-not-in-room = you cannot take part in this conversation at the moment
unsent-refused = the conversation did not accept it
unsent-too-large = the file is too large for the conversation
