"""Short stories of people whose things are moved about, for the demo model: nothing is downloaded.

Each of four people owns a thing that lies in some room. Things are carried from room to room, people swap what they
own, other things happen in between, and at the end somebody comes with one of the things: whose it is has been said,
which one it is by then only the story reveals. The last word is that thing.
"""
from dataclasses import dataclass
from random import Random

PEOPLE = ["Anna", "Emma", "Lily", "Mia", "Nora", "Rosa", "Sara", "Zoe", "Ben", "Dan", "Finn", "Jack", "Leo", "Max", "Sam", "Tom"]
THINGS = ["ball", "bell", "boat", "book", "coin", "cup", "doll", "drum", "flute", "hat", "key", "kite", "lamp", "map", "ring", "scarf"]
ROOMS = ["attic", "barn", "bedroom", "cave", "cellar", "garage", "garden", "hall", "kitchen", "library", "park", "school", "shed", "shop",
         "stable", "tower"]

OPENINGS = ["It was a sunny day.", "It was a cold morning.", "One day there was a party.", "It was the first day of spring."]
# {owner} of the {thing}; {actor}, whoever acts; {room}, where the thing is by then.
BEGINNINGS = ["{owner}'s {thing} lay in the {room}.", "In the {room} there was {owner}'s {thing}.", "{owner}'s {thing} was in the {room}.",
              "{actor} had put {owner}'s {thing} in the {room}."]
MOVES = ["{actor} took the {thing} to the {room}.", "{actor} carried the {thing} to the {room}.", "{actor} hid the {thing} in the {room}.",
         "{actor} found the {thing} and put it in the {room}."]
SWAPS = ["{one} and {other} made a swap, so now there was {one}'s {thing} and {other}'s {gift}.",
         "{one} and {other} made a deal, and now there was {one}'s {thing} and {other}'s {gift}."]
WHEN = ["Then", "Later", "Soon", "After that", "After lunch", "In the afternoon"]
ASIDES = ["{actor} sang a song.", "The cat slept by the door.", "{actor} ate an apple.", "It began to rain.", "A bird sang.", "Everyone laughed.",
          "The dog ran up the hill."]
CLOSINGS = ["In the evening {actor} went to the {room} and came back with {owner}'s {thing}.", "At night {actor} looked around the {room} for {owner}'s {thing}.",
            "In the end {actor} ran to the {room} and saw {owner}'s {thing}.", "At night {actor} asked everyone in the {room} about {owner}'s {thing}."]


@dataclass
class Story:
    """sentences: the story. closings: what is said at the end. answers: the word that each closing ends in. swapped: how
    often the first closing's thing changed hands."""
    sentences: list[str]
    closings: list[str]
    answers: list[str]
    swapped: int

    def text(self) -> str:
        return " ".join([*self.sentences, *self.closings])

    def passage(self) -> str:
        """As in LAMBADA: the text up to and including the word to be guessed, which is the last one."""
        return " ".join([*self.sentences, self.closings[0]])[:-1]


def tell(random: Random, moves: tuple[int, int] = (1, 3), swaps: tuple[int, int] = (1, 2), closings: int = 1) -> Story:
    """A story with so many moves and swaps (each at least, at most), that ends in so many closing sentences."""
    people, things, rooms = random.sample(PEOPLE, 5), random.sample(THINGS, 4), random.sample(ROOMS, 7)  # four owners and a guest
    owner, place, swapped = dict(zip(things, people)), dict(zip(things, rooms)), dict.fromkeys(things, 0)
    sentences = [random.choice(OPENINGS)] if random.random() < 0.3 else []
    for thing in random.sample(things, 4):
        sentences.append(random.choice(BEGINNINGS).format(owner=owner[thing], thing=thing, room=place[thing], actor=people[-1]))
    events = ["move"] * random.randint(*moves) + ["swap"] * random.randint(*swaps)
    for event in random.sample(events, len(events)):
        if random.random() < 0.3:
            sentences.append(random.choice(ASIDES).format(actor=random.choice(people)))
        if event == "move":
            thing = random.choice(things)
            place[thing] = random.choice([room for room in rooms if room not in place.values()])
            told = random.choice(MOVES).format(actor=random.choice(people), thing=thing, room=place[thing])
        else:
            thing, gift = random.sample(things, 2)
            owner[thing], owner[gift] = owner[gift], owner[thing]
            swapped[thing] += 1
            swapped[gift] += 1
            told = random.choice(SWAPS).format(one=owner[thing], other=owner[gift], thing=thing, gift=gift)
        sentences.append(f"{random.choice(WHEN)} {told}" if random.random() < 0.4 else told)
    asked = [random.choice(things) for _ in range(closings)]
    ends = [random.choice(CLOSINGS).format(actor=random.choice(people), thing=t, owner=owner[t], room=place[t]) for t in asked]
    return Story(sentences, ends, asked, swapped[asked[0]])
