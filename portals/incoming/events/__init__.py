"""Events of Bitrix24: one file of `kinds` an event, the inbox that stores them, the work they cause."""
