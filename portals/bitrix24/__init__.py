"""The Bitrix24 protocol and nothing else: no Django, no settings, no storage; every value is passed in."""
