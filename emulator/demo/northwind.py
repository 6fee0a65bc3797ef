"""Portal "alpha": Northwind Trading, wholesaler of garden furniture."""

from emulator.demo.script import ChatScript, File, PortalScript
from emulator.state import User

PEOPLE = [
    User(1, "Helena", "Brandt", admin=True, position="Managing director", gender="F", color="#8474c8"),
    User(2, "Omar", "Haddad", admin=True, position="IT", gender="M", color="#3a8ef6"),
    User(3, "Priya", "Nair", position="Head of sales", gender="F", color="#e57697"),
    User(4, "Tomas", "Novak", position="Logistics", gender="M", color="#4ba984"),
    User(5, "Lucia", "Ferri", position="Accounting", gender="F", color="#df9a1c"),
    User(6, "Jonas", "Weber", position="Warehouse", gender="M", color="#7b8691"),
    User(7, "Mei", "Tanaka", position="Customer care", gender="F", color="#1eb4aa"),
    User(
        8,
        "Pavel",
        "Orlov",
        kind="extranet",
        position="Dispatcher, Orlov Haulage",
        gender="M",
        color="#b47153",
    ),
    User(9, "Ruth", "Adler", kind="dismissed", position="Sales", gender="F", color="#a0a7b1"),
    User(10, "Dispatch", "Bot", kind="bot", position="Delivery alerts", color="#5864c9"),
]

SPRING_FAIR = """
3: Morning! The fair office confirmed our stand: hall 4, number B17. Corner place.
1: Great news. Same size as last year?
3: A bit larger, 6 by 5 metres. The old back wall will not fill it.
7: Could we hang the fabric banners from the showroom? They are 2.8 m high.
3: Good idea. I will ask for the rigging points.
4: Truck is booked for the 11th, loading at 7:00. I need the list of pieces by the 6th.
3: You get it on Friday, I promise.
1: Please take the new folding chairs. Harrington asked for them twice.
7: And a bowl of those lemon sweets. People remember the sweets.
4: Sweets are not on my loading list yet :)
3: Now they are. Who is at the stand on Saturday?
7: I can do Saturday, but I need to leave at four.
1: I will be there from two. So we are covered.
3: Perfect. Hotel is booked for all of us, two nights, breakfast included.
"""
WAREHOUSE = """
6: Shelves in aisle C are empty now. We can take them down on Monday.
4: Then the Lisbon pallets go to D for two weeks.
2: The scanner coverage in D is poor. I will put a second access point above the gate.
6: Thanks. Yesterday I had to walk back to the office for every third pallet.
2: Ordered, arrives Thursday.
4: Fire inspection is on the 20th. Until then nothing may stand in front of gate 3.
6: Clear. I will tape the floor so that nobody forgets.
4: Who has the key for the mezzanine?
6: In the box at my desk, the blue tag.
2: Access point is up. Please test with scanner 4.
6: Full bars down to the last row. Excellent.
"""
IDEAS = """
7: The plant by the window gave up. May I replace it with something that survives us?
5: Please, and nothing that needs water more than once a week.
3: A cactus, then.
7: Second idea: a shared shelf for samples, so that we stop digging through boxes.
3: Yes! With labels by season.
5: Budget for small things is 300 this quarter, 120 left.
7: Shelf is 79. Ordering it.
3: You are a hero.
"""
HARRINGTON = """
0: Chat for the deal "Harrington: 240 folding chairs" was created
3: Harrington wants 240 chairs, delivery in two parts: 140 in April, 100 in May.
5: Their limit is 18 000. The whole order is 21 600.
1: They have paid on time for six years. Raise it to 25 000.
5: Done. I still need the signed framework contract, ours is from 2022.
3: Their buyer signs on Wednesday. I will bring it along.
1: What about the price for the second part? Steel goes up.
3: Agreed on a fixed price if they confirm both parts now.
5: Then please put that sentence into the offer, not only into a mail.
3: It is in version 3 of the offer, in the files of this chat.
"""
WEBSITE = """
0: A visitor opened a conversation on the website
7: Good afternoon, this is Mei. How can I help?
0: Visitor: Hello, is the teak table from the catalogue available in 220 cm?
7: Yes, we have it in 180 and 220. The longer one takes three weeks.
0: Visitor: And can it be delivered to the third floor?
7: It can, the carrier charges 60 for it. Shall I send you an offer?
0: Visitor: Yes please, to the address I left in the form.
3: Mei, mention the oil set, it is free this month.
7: Good point, I have added it.
"""
CARRIER = """
4: Welcome to the project chat, Pavel. Here we plan the weekly tours.
8: Thank you. From Monday we have two trucks with tail lifts for you.
6: Do they fit under the 3.9 m gate?
8: 3.75 m, no problem.
4: Tours on Tuesday and Thursday, loading from 6:30. List on the evening before, by 17:00.
8: Works for us. Please put fragile pieces last on the list.
6: We mark them with an orange label.
3: Customers like a two-hour window. Can your drivers call half an hour before?
8: They can, if the phone number is on the sheet.
4: It will be. I have put the template into the files.
8: Looks good. One request: weight per stop, not only the total.
4: Added a column.
"""
PRIYA_MEI = """
3: Do you have a minute for the Delgado complaint?
7: Sure. Two chairs with scratches, photos are clear. I would replace them.
3: Agreed, and a voucher? They were very polite.
7: 30, as a thank you.
3: Perfect. Please note it, so that accounting does not ask.
7: Will do.
"""
TOMAS_MEI = """
4: The Lindqvist delivery slips to Friday, driver is ill.
7: They have guests on Saturday, Friday is the last possible day.
4: I will put them first on the tour, before nine.
7: Thank you! I call them right away.
4: Driver's name is Emil, he knows the house.
7: They are relieved. Thanks again.
"""
GENERAL = """
1: Welcome to our portal, everybody. This chat reaches all of us.
2: Tonight between 20:00 and 21:00 the mail server restarts.
5: Please hand in travel expenses by the 25th.
6: The forklift is back from repair.
1: We closed the best first quarter in our history. Cake in the kitchen at three!
7: On my way :)
"""
BOT_TALK = """
10: Good morning, Priya. Three deliveries today: Harrington 9:30, Lindqvist 11:00, Okafor 14:00.
3: late?
10: No delays known. I write when something changes.
3: thanks
10: Harrington has signed for 12 parcels at 9:41.
"""

SCRIPT = PortalScript(
    key="alpha",
    title="Northwind Trading",
    member_id="7d1f0c2ab94e4c5f8a6b3e2d10c95f41",
    generation="new",
    licence="en_ent250",
    bucket=(250, 5),
    people=PEOPLE,
    chats=[
        ChatScript(21, "O", "General chat", [1, 2, 3, 4, 5, 6, 7], GENERAL, owner=1, entity=("GENERAL", "")),
        ChatScript(
            22,
            "C",
            "Spring fair stand",
            [1, 3, 4, 7],
            SPRING_FAIR,
            owner=3,
            managers=[1],
            color="#e57697",
            files=[
                File("Stand plan B17.txt", "Hall 4, B17: 6 x 5 m, corner."),
                File("Loading list.txt", "12 sets"),
            ],
        ),
        ChatScript(
            23,
            "C",
            "Warehouse move",
            [2, 4, 6],
            WAREHOUSE,
            owner=4,
            color="#3a8ef6",
            files=[File("Aisles.txt", "C empty, D full.")],
        ),
        ChatScript(24, "O", "Ideas for the office", [3, 5, 7], IDEAS, owner=7, color="#df9a1c"),
        ChatScript(
            25,
            "C",
            "Deal: Harrington order",
            [1, 3, 5],
            HARRINGTON,
            owner=3,
            entity=("CRM", "DEAL|15"),
            files=[File("Offer v3.txt", "240 folding chairs, 21 600, fixed price for both parts.")],
        ),
        ChatScript(
            26, "L", "Website: teak table", [3, 7], WEBSITE, owner=7, may_join=[5], entity=("LINES", "site|1")
        ),
        ChatScript(
            27,
            "C",
            "Weekly tours with Orlov",
            [3, 4, 6, 8],
            CARRIER,
            owner=4,
            managers=[6],
            color="#b47153",
            entity=("SONET_GROUP", "5"),
            files=[File("Tour template.txt", "stop; phone; weight; remarks")],
        ),
        ChatScript(28, "P", "", [3, 7], PRIYA_MEI),
        ChatScript(29, "P", "", [4, 7], TOMAS_MEI),
        ChatScript(30, "P", "", [3, 10], BOT_TALK),
    ],
)
