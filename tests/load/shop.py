"""The page that is ingested, and what customers ask about it: each question its own words, each with its own answer.

A customer who asks the same thing twice is handed to a person, which is right, and ends the answering.
"""

PAGE = """
How long does delivery take? | Standard delivery takes 2 to 4 business days in Belgium.
Where can I park a bicycle? | Bicycles fit the rack behind our north entrance.
Who repairs broken zippers? | Our tailor repairs broken zippers every Thursday.
Are the lamps dimmable? | All desk lamps are dimmable with the supplied knob.
Which wood is the table made of? | The table is made of oiled oak.
Can dogs visit your showroom? | Dogs may visit the showroom on a leash.
How heavy is the big kettle? | The big kettle weighs 3 kilograms when empty.
What colour is the velvet sofa? | The velvet sofa comes in moss green.
Do you engrave fountain pens? | We engrave fountain pens within 5 days.
When does the summer sale begin? | The summer sale begins on 1 July.
Is the umbrella windproof? | The umbrella is windproof up to 80 kilometres per hour.
How do I descale the coffee machine? | Descale the coffee machine with citric acid each month.
Does the backpack hold a laptop? | The backpack holds a laptop of 15 inches.
What batteries fit the torch? | The torch runs on two AA batteries.
Are gift cards valid abroad? | Gift cards are valid in every one of our countries.
Can I wash the wool blanket? | Wash the wool blanket by hand at 30 degrees.
How many puzzles come in a crate? | A crate holds 12 puzzles.
Which paint covers rust? | Anchor enamel covers rust in one coat.
Do skates come with a helmet? | Skates come without a helmet.
How tall is the ladder? | The ladder is 240 centimetres tall.
""".strip()
ENTRIES = [tuple(part.strip() for part in line.split("|")) for line in PAGE.splitlines()]
QUESTIONS = [question for question, _ in ENTRIES]
FAQ = "# Help\n\n" + "\n".join(f"## {question}\n\n{answer}\n" for question, answer in ENTRIES)
ANSWERS = dict(ENTRIES)
