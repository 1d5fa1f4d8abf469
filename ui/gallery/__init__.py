"""Every page in every state, mode, language and size, without anything behind it: to be looked at, and for tests."""
