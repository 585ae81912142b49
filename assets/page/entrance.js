// Signs the reader in without a press of the button.

const form = document.getElementById("entrance");
// The token leaves the address bar and the history, whatever happens next.
history.replaceState(null, "", new URL(form.action).pathname.replace(/\/sign-in\/.*/, ""));
form.submit();
