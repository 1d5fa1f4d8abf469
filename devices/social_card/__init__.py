"""Readers of the social-security card (社保卡) behind PC/SC."""
