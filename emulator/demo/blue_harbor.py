"""Portal "beta": Blue Harbor Studio, a design office. Its numbers overlap those of "alpha" on purpose."""

from emulator.demo.script import ChatScript, File, PortalScript
from emulator.state import User

PEOPLE = [
    User(1, "Daniel", "Okafor", admin=True, position="Studio lead", gender="M", color="#3a8ef6"),
    User(2, "Sofia", "Lindqvist", position="Art director", gender="F", color="#e57697"),
    User(3, "Marek", "Zielinski", position="Web developer", gender="M", color="#4ba984"),
    User(4, "Aisha", "Rahman", position="Copywriter", gender="F", color="#df9a1c"),
    User(5, "Bruno", "Costa", position="Motion designer", gender="M", color="#8474c8"),
    User(6, "Ingrid", "Solberg", position="Project manager", gender="F", color="#1eb4aa"),
    User(
        7,
        "Claire",
        "Dubois",
        kind="extranet",
        position="Marketing, Petit Jardin",
        gender="F",
        color="#b47153",
    ),
    User(8, "Leo", "Fischer", kind="dismissed", position="Illustrator", gender="M", color="#a0a7b1"),
    User(9, "Deploy", "Bot", kind="bot", position="Build notices", color="#5864c9"),
]

REBRAND = """
6: Kick-off for Petit Jardin is done. Three weeks to the first presentation.
2: I see two directions: botanical drawings, or bold type with one leaf.
4: The second one talks louder on a shelf.
2: True, and it prints well on kraft paper.
5: For the film I would animate the leaf growing out of the letter J.
2: Love it. Keep it under three seconds.
6: Client wants to see both directions anyway, on the 14th.
4: I will write three taglines per direction.
2: Mood boards are in the files. Comments until tomorrow evening, please.
1: Looks strong. I would drop the third colour.
2: Dropped.
"""
WEBSITE = """
3: Staging is up with the new navigation.
4: Headings jump on my phone when the font arrives.
3: I reserve the space now, look again in ten minutes.
4: Calm as a lake. Thank you.
6: When do we freeze the texts?
4: Thursday noon, the case studies need one more pass.
3: Then I build on Thursday evening and we go live on Friday morning.
1: Not on a Friday, please. Monday at nine.
3: Monday it is.
"""
COFFEE = """
5: Who is in for the lunch walk along the pier today?
2: Me, if we leave before one.
4: It rains at two, so yes, before one.
2: The new bakery has cardamom buns.
5: Settled then.
4: Meet at the door at 12:40.
"""
DEAL = """
0: Chat for the deal "Harbour festival identity" was created
6: The festival asks for an offer: logo, posters, signs on the quay.
1: Last year they paid 9 000 for less. I would start at 14 000.
6: Signs need a permit, I count two extra days for it.
2: And a reserve for the second round of posters.
1: Good. Offer goes out on Tuesday.
"""
LINE = """
0: A visitor wrote through the contact form
6: Hello, Ingrid from Blue Harbor here. What are you planning?
0: Visitor: A small brand for a bicycle repair shop. Do you take small jobs?
6: We do. Roughly which budget, and when do you open?
0: Visitor: Around 3 000, and we open in May.
6: That fits. May I propose a call on Wednesday at ten?
0: Visitor: Perfect.
"""
CLIENT_GROUP = """
6: Welcome, Claire. Here you find drafts, dates and all of us.
7: Thank you! Happy to be here.
2: First drafts of the labels are in the files.
7: The leaf is lovely. Our grower asks whether it could look a bit more like a lemon tree.
2: Of course, I will draw the real leaf from your photo.
7: I upload three photos tonight.
5: Photos work wonderfully, thank you.
6: Next round on the 21st, 10:00.
7: Noted.
"""
SOFIA_INGRID = """
2: Can we move my review to the afternoon?
6: To three? Then Marek can join.
2: Three is fine.
6: I change the invitation.
2: Thanks, I owe you a bun.
6: Cardamom, please.
"""
MAREK_INGRID = """
3: I need two more hours for the contact form.
6: Take them, the estimate had a reserve.
3: Great. The spam filter was the hard part.
6: Does it still let the bicycle man through?
3: He was my test case :)
6: Good work.
"""
GENERAL = """
1: Good morning, studio!
6: Holidays for the summer into the calendar by Friday, please.
3: The printer on the first floor speaks again.
2: Our poster made the shortlist of the harbour award.
1: Fantastic, congratulations to the whole team.
5: Party on the pier?
1: Party on the pier.
"""

SCRIPT = PortalScript(
    key="beta",
    title="Blue Harbor Studio",
    member_id="c04a9e77d1b84f3a9e52f6081b7dd3ce",
    generation="old",
    licence="en_std",
    bucket=(50, 2),
    people=PEOPLE,
    chats=[
        ChatScript(21, "O", "General chat", [1, 2, 3, 4, 5, 6], GENERAL, owner=1, entity=("GENERAL", "")),
        ChatScript(
            22,
            "C",
            "Petit Jardin rebrand",
            [1, 2, 4, 5, 6],
            REBRAND,
            owner=6,
            managers=[2],
            color="#1eb4aa",
            files=[File("Mood boards.txt", "Direction one and two."), File("Taglines.txt", "Grown slowly.")],
        ),
        ChatScript(23, "C", "Our own website", [1, 3, 4, 6], WEBSITE, owner=3, color="#4ba984"),
        ChatScript(24, "O", "Coffee and buns", [2, 4, 5], COFFEE, owner=5, color="#df9a1c"),
        ChatScript(25, "C", "Deal: Harbour festival", [1, 2, 6], DEAL, owner=6, entity=("CRM", "DEAL|15")),
        ChatScript(
            26,
            "L",
            "Contact form: bicycle shop",
            [1, 6],
            LINE,
            owner=6,
            may_join=[4],
            entity=("LINES", "form|2"),
        ),
        ChatScript(
            27,
            "C",
            "Petit Jardin and us",
            [2, 5, 6, 7],
            CLIENT_GROUP,
            owner=6,
            color="#b47153",
            entity=("SONET_GROUP", "5"),
            files=[File("Labels round one.txt", "Front, back, cap.")],
        ),
        ChatScript(28, "P", "", [2, 6], SOFIA_INGRID),
        ChatScript(29, "P", "", [3, 6], MAREK_INGRID),
    ],
)
