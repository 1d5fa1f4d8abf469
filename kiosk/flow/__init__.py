"""The resident's way through a service, as pure state machines: no screen, no device, no disk."""
