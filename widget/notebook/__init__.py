"""The notes of a chat: their rules, history and text. Every caller has proved that it may."""
