"""The words of the example setting. Everybody in it is invented."""

from __future__ import annotations

STUDENTS = (
    "Ash Heron", "Bracken Lark", "Clover Finch", "Dale Wren", "Ember Swift", "Fern Kestrel", "Gale Plover",
    "Heath Dunlin",
    "Isle Marten", "Jet Linnet", "Kit Otter", "Lake Pipit", "Moss Siskin", "Nettle Brant", "Onyx Teal", "Poppy Knot",
    "Quill Stint", "Rowan Vole", "Sky Godwit", "Teasel Coot", "Umber Crake", "Vale Merlin", "Willow Rook",
    "Zephyr Tern",
)  # fmt: skip
MENTORS = ("Hazel (mentor)", "Linden (mentor)", "Maple (mentor)")
STAFF = ("Birch (teacher)", "Cedar (assistant)", "Alder (lead)")
OTHERS = (
    ("Juniper (head)", "leader"), ("Larch (safeguarding lead)", "dsl"), ("Yew (deputy)", "deputy-dsl"),
    ("Elder (county council)", "commissioner"),
    ("Rosemary (carer)", "family"), ("Thyme (office)", "administrator"), ("Sorrel (university)", "researcher"),
)  # fmt: skip
"""Somebody for every role that is neither mentor nor AP staff."""

RUNG_NOTES = {
    "no-contact": ("Knocked twice, no answer. Left a card.", "Curtains shut. Tried the phone, went to voicemail.",
    "Nobody in. Will try later in the week."),
    "carer-only": ("Spoke with mum on the step. Bad night, asleep now.",
    "Gran says awake since four. She will pass on the card."),
    "hostile-contact": ("Shouted from the landing to leave. Said we heard, and when we are back.",
    "Told to f*** off through the letterbox. Stayed calm, left the comic."),
    "through-door": ("Ten minutes through the bedroom door about the dog.",
    "Texted back three times while we stood outside. First reply this month.",
    "Answered questions about the game, door shut."),
    "face-to-face": ("Came to the door in a hood. Took the magazine.", "Two minutes on the step. Eye contact once."),
    "shares-space": ("Sat on the sofa and played one round of cards.", "Made toast together. Talked about trainers."),
    "goes-out": ("Walked to the shop and back with the dog.", "Drive round the park. Chose the music."),
    "reaches-site": ("Got to the car park. Stayed in the car, watched people go in.",
    "Came as far as the gate. Turned round, which was the plan."),
    "on-site-one-to-one": ("Forty minutes in the workshop with me. Sanded a board.",
    "Sat in the small room and did the reading check."),
    "part-session": ("Joined cooking for the last half hour.", "Stayed for art until it got loud."),
    "whole-session-supported": ("Whole morning with me close by.", "Stayed for it all. Needed two short breaks."),
    "whole-session-independent": ("Did it all without me. Waved.", "Came in, worked, went home happy."),
}  # fmt: skip
WORDS = (
    "it was alright",
    "dont want to go back there",
    "the toast was good",
    "can we do cards again",
    "it was too loud",
    "i did the whole thing",
    "you came back then",
    "not today",
)
CONTEXTS = (
    ("moved-home", "Moved to temporary flat on the other side of town. Two buses now."),
    ("bereavement", "Grandad died on Sunday. Funeral next week."),
    ("medication", "New tablets, makes mornings hard for a fortnight."),
    ("placement-breakdown", "Foster placement ended at short notice. With aunt for now."),
    ("police", "Stopped by police at the weekend. No charge. Very shaken."),
    ("new-baby", "Baby sister born. House is full and tired."),
)  # fmt: skip
INCIDENTS = (
    ("left-site", "Walked out of the gate after lunch. Followed at a distance, back after ten minutes."),
    ("threw-object", "Threw a chair towards the wall. Nobody near. Helped put it back later."),
    ("argument", "Shouting in the corridor about a phone. Both had time apart."),
)
EVIDENCE = (
    "Did it twice without asking.",
    "Needed the first step shown.",
    "Photo in the folder.",
    "Did it at home too, mum says.",
    "Forgot after the holiday.",
)
REASONS = ("Wrong box tapped", "Wrong time", "Mixed up two people in the group", "Scored before it was over")
WORRY = "Said there is nobody at home at night this week. Wants this kept quiet. Please ring me."
GROUPS = ("willow", "alder", "hazel")
NEEDS: tuple[tuple[str, ...], ...] = (
    ("SEMH",),
    ("ASD", "SEMH"),
    ("SLCN",),
    ("SEMH", "SPLD"),
    (),
    ("ASD",),
    ("MLD", "SLCN"),
)
GOALS = (
    "Go to the shop with my brother", "Stay for the whole of lunch", "Read the drone manual myself",
    "Sleep before midnight", "Get the bus without Mum",
    "Cook tea for my nan", "Join in with football once", "Finish the bike",
)  # fmt: skip
OWN_STEPS = {
    "through-door.1": "Knocks back from behind the door",
    "through-door.2": "Laughs at something through the door",
    "through-door.3": "Opens the door a hand wide",
    "face-to-face.1": "Stays in the room for one song",
}
