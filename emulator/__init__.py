"""An emulated Bitrix24: an authorization server and portals with a messenger, for development and tests.

It follows the REST documentation of August 2026 and the behaviour of the official SDKs; it knows nothing of
the application it is used with and shares no code with it.
"""
