"""One module for each format; `vstash.text.read` imports a module when a source first needs it."""
