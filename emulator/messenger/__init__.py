"""The page for people: Bitrix24's messenger and Market, with the parent side of an application's frame."""
