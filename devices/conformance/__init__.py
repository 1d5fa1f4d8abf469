"""The conformance kit: any driver, simulated or real, put through the whole contract of its class."""
