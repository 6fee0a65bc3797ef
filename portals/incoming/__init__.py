"""Everything that Bitrix24 posts to us."""
