"""People who write in one note at the same time, over connections that fail: what each of their browsers does.

Every word that they type is one of its kind, so whether it is lost can be counted. Bound to the services and to
PostgreSQL; what a browser keeps (the text, its base, what was sent and not answered) is kept as `editor.js` does.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from uuid import UUID

from django.utils import timezone

from portals.models import Portal
from widget.access.sessions import WidgetSession
from widget.models import Chat, Note
from widget.notebook import editing, history, notes
from widget.notebook.checklists import NoSuchBox

WORD = re.compile(r"w\d+")
SHORT = "Rent w0 is w1 until w2\n- [ ] keys w3"
LONG = """## Plan w0

We meet w1 at nine w2 in the office w3.

- [ ] rent w4
- [ ] keys w5
- [ ] lamp w6

| what | who |
| --- | --- |
| van w7 | Ann w8 |
| food w9 | Bob w10 |

Bring w11 what you have w12."""


@dataclass
class Sent:
    """A request whose answer has not come."""

    text: str
    version: int
    base: str | None
    key: UUID


@dataclass
class Tally:
    """What came of all rounds."""

    rounds: int = 0
    edits: int = 0
    merges: int = 0
    questions: int = 0
    confirmed: int = 0
    lost: list[tuple[int, set[str]]] = field(default_factory=list)


class Writer:
    """One browser with the note open in its editor, or not."""

    def __init__(
        self, session: WidgetSession, note: int, chance: random.Random, words: Iterator[int]
    ) -> None:
        self.session, self.note, self.chance, self.words = session, note, chance, words
        self.text: str | None = None  # of the editor, None while it is closed
        self.version = 0
        self.base: str | None = None
        self.sent: Sent | None = None
        self.question: list[str] = []  # texts that stand side by side until somebody decides
        self.typed: set[str] = set()
        self.removed: set[str] = set()  # by this writer's own hand
        self.confirmed: set[str] = set()

    def act(self, tally: Tally) -> None:
        """Something that people do, or that happens to them."""
        if self.text is None:
            self.chance.choice([self.open, self.open, self.tick, self.restore])()
            return
        act = self.chance.random()
        if act < 0.55:
            self.type()
        elif act < 0.62:
            self.reload()
        else:
            self.save(tally)

    def open(self) -> None:
        note = self._seen()
        self.text, self.version, self.base = note.text, note.version, None

    def type(self) -> None:
        """Adds a line, words to a line, cells; rewrites a word; takes a line away or moves it."""
        assert self.text is not None
        lines = self.text.split("\n")
        place = self.chance.randrange(len(lines))
        new = f"w{next(self.words)}"
        act = self.chance.random()
        if act < 0.3:
            lines.insert(place, self.chance.choice(["- [ ] ", "- ", "", "> ", "| x | "]) + new)
        elif act < 0.5:
            lines[place] += f" {new}" if self.chance.random() < 0.5 else f". And {new}."
        elif act < 0.75:
            words = lines[place].split(" ")
            words[self.chance.randrange(len(words))] = new
            lines[place] = " ".join(words)
        elif act < 0.85:
            lines.insert(self.chance.randrange(len(lines)), lines.pop(place))
        elif act < 0.92 and len(lines) > 1:
            del lines[place]
        else:
            lines[place] = lines[place].replace(" ", f" {new} ", 1)
        before, self.text = self.text, "\n".join(lines).strip() or new
        self.typed |= words_of(self.text) & {new}
        self.removed |= words_of(before) - words_of(self.text)

    def reload(self) -> None:
        """The page is gone; what was typed, its base and what was sent come back from the draft."""

    def save(self, tally: Tally) -> None:
        """What was sent and not answered is asked again first, word by word; then what is in the editor."""
        assert self.text is not None
        tally.edits += 1
        if self.sent is not None and not self._send(self.sent, tally):
            return
        if self.sent is None and self.text is not None:
            key = UUID(int=self.chance.getrandbits(128))
            again = Sent(self.text, self.version, self.base, key)
            if self._send(again, tally) and self.chance.random() < 0.4:
                self.text = None  # the editor is closed

    def _send(self, sent: Sent, tally: Tally) -> bool:
        """Whether an answer came, and settled it."""
        fate = self.chance.random()
        if fate < 0.15:  # cut on the way there
            self.sent = sent
            return False
        try:
            note = editing.edit(
                self.session, self.note, sent.text, sent.version, base=sent.base, key=sent.key
            )
        except notes.StaleNote as stale:
            tally.questions += 1
            self._decide(stale)
            return False
        if fate < 0.3:  # cut on the way back
            self.sent = sent
            return False
        self.sent = None
        self.confirmed |= words_of(sent.text)
        tally.merges += note.text != sent.text
        self.version, self.base = note.version, sent.text if note.text != sent.text else None
        return True

    def _decide(self, stale: notes.StaleNote) -> None:
        """Both stand side by side; what is kept of them is edited, or nobody decides yet."""
        assert self.text is not None
        self.question = [self.text, stale.current.text]
        if self.chance.random() < 0.7:
            kept = [stale.merged or self.text, *(clash.theirs for clash in stale.clashes)]
            # Whoever went on while it was sent has more in the editor than was merged.
            kept += [self.text] if self.sent is not None else []
            self.text, self.version, self.base = "\n".join(kept), stale.current.version, None
            self.sent, self.question = None, []

    def tick(self) -> None:
        note = self._seen()
        boxes = note.text.count("- [ ] ") + note.text.count("- [x] ")
        if not boxes:
            return
        try:
            box = self.chance.randrange(boxes)
            editing.tick(
                self.session, self.note, box, checked=self.chance.random() < 0.7, version=note.version
            )
        except (notes.StaleNote, NoSuchBox):
            return

    def restore(self) -> None:
        """Takes an old version back, as an edit of what is there now."""
        note = self._seen()
        number = self.chance.choice(history.versions(note)).version
        text = history.text_of(note, number)
        assert text is not None, "what is listed is kept"
        editing.edit(self.session, self.note, text, note.version)

    def _seen(self) -> Note:
        return notes.get(self.session.chat, self.note)


def play(portal: Portal, rounds: int, seed: int) -> Tally:
    """Rounds of two to five people in one note each."""
    tally = Tally()
    for number in range(rounds):
        chance = random.Random(f"{seed} {number}")
        chat = Chat.objects.create(portal=portal, chat_id=number + 1)
        sessions = [session_of(portal, chat, viewer) for viewer in range(1, chance.randint(2, 5) + 1)]
        note = notes.add(sessions[0], chance.choice([LONG, SHORT])).pk
        words = count(100)
        writers = [Writer(session, note, chance, words) for session in sessions]
        for _ in range(chance.randint(8, 25)):
            chance.choice(writers).act(tally)
        _count(writers, note, tally)
        tally.rounds += 1
        Chat.objects.filter(pk=chat.pk).delete()
    return tally


def words_of(*texts: str) -> set[str]:
    """The words of their kind that texts have."""
    return set(WORD.findall("\n".join(texts)))


def _count(writers: list[Writer], number: int, tally: Tally) -> None:
    """A word that was confirmed is in the note or in its history, one that was typed there or with its writer."""
    note = Note.objects.get(pk=number)
    stored = words_of(note.text, *note.revisions.values_list("text", flat=True))
    lost = {"w0", "w1", "w2", "w3"} - stored
    for writer in writers:
        here = words_of(*writer.question, writer.text or "", writer.sent.text if writer.sent else "")
        tally.confirmed += len(writer.confirmed)
        lost |= writer.confirmed - stored
        lost |= writer.typed - writer.removed - stored - here
    if lost:
        tally.lost.append((tally.rounds, lost))


def session_of(portal: Portal, chat: Chat, viewer: int) -> WidgetSession:
    return WidgetSession(
        portal=portal.pk,
        portal_epoch=0,
        chat=chat.pk,
        viewer=viewer,
        viewer_name=f"Writer {viewer}",
        can_write=True,
        admin=False,
        extranet=False,
        context="",
        ends=timezone.now().timestamp() + 900,
    )
