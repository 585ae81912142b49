## Why something that was asked for was not done

problem-title = That did not work
problem-empty = There is nothing to send. Write something or choose a file.
problem-form = What arrived is not complete. Reload the page and try again.
problem-large-file = A file is too large to be sent here.
problem-long = The text is too long. Send it in parts or as a file.
problem-many-files = These are too many files at once. Send them in several messages.
problem-no-contact = This account is not a contact of the invoice's buyer or seller.
problem-no-file = This file is not here, or no longer.
problem-not-yours = Only messages of your own can be changed or removed.
problem-openid = Your Matrix server did not confirm who you are.
problem-openid-form = Your Matrix client sent something else than a proof of who you are.
problem-too-fast = Much of what you wrote is still waiting to be sent. Try again in a while.
problem-encrypted = This room is encrypted. What you write here could not be recorded, so it is not sent.

## Why something that was written here did not get into the conversation

unsent-file = the file is not here any more
unsent-later = the conversation can not be reached right now; it is tried again
unsent-not-in-room = you can not take part in this conversation now
unsent-refused = the conversation did not take it
unsent-too-large = the file is too large for the conversation
