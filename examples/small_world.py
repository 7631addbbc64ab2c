"""A small world of generated texts, for the example notebooks and the committed reports.

Two training sets (``web``, ``books``) and three test sets with a known story: ``trivia`` leaked in part (whole
questions stand on web pages), ``reading`` has passages from the books, ``arithmetic`` is fresh but written by a
template, so that it shares phrases only. Some examples are too short to judge. ``scores.jsonl`` has a model's score
for every example of ``trivia``; it did better on what leaked. The same seed writes the same bytes.

Usage: python examples/small_world.py FOLDER
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

SEED = 7
_SYLLABLES = [
    "ba",
    "be",
    "bri",
    "ca",
    "cor",
    "da",
    "del",
    "dun",
    "el",
    "far",
    "fen",
    "gal",
    "gar",
    "hal",
    "har",
    "il",
    "ka",
    "kel",
    "lan",
    "lin",
    "lor",
    "mar",
    "mel",
    "mor",
    "nar",
    "nor",
    "or",
    "pel",
]
_SYLLABLES += [
    "ra",
    "rin",
    "ros",
    "sal",
    "sel",
    "sor",
    "tal",
    "tam",
    "tel",
    "tor",
    "ul",
    "va",
    "vel",
    "vin",
    "wen",
    "wil",
    "yar",
    "yel",
    "zan",
]
_NOUNS = [
    "bridge",
    "river",
    "market",
    "harbour",
    "library",
    "mill",
    "tower",
    "orchard",
    "lighthouse",
    "quarry",
    "theatre",
    "station",
    "garden",
    "canal",
]
_NOUNS += ["museum", "chapel", "forest", "valley", "workshop", "school", "observatory", "ferry"]
_TRADES = [
    "miller",
    "painter",
    "surveyor",
    "baker",
    "astronomer",
    "printer",
    "carpenter",
    "weaver",
    "doctor",
    "teacher",
    "mason",
    "captain",
]
_VERBS = [
    "built",
    "painted",
    "measured",
    "bought",
    "described",
    "repaired",
    "lost",
    "drew",
    "sold",
    "crossed",
    "opened",
    "closed",
]
_ADJECTIVES = [
    "old",
    "narrow",
    "famous",
    "quiet",
    "wooden",
    "northern",
    "broken",
    "round",
    "empty",
    "stone",
    "green",
    "distant",
]
_TIMES = ["in the spring", "after the flood", "one winter", "before the war", "in a single night", "that same year"]
_BOILERPLATE = (
    "All rights reserved. No part of this page may be copied or stored in any form without the written permission of "
    "the owner."
)


class World:
    """Sentences about people and places that do not exist."""

    def __init__(self, seed: int = SEED):
        self.random = random.Random(seed)

    def name(self) -> str:
        """An invented name."""
        return "".join(self.random.choice(_SYLLABLES) for _ in range(self.random.choice((2, 3)))).capitalize()

    def year(self) -> int:
        """A year long ago."""
        return self.random.randrange(1500, 1900)

    def sentence(self) -> str:
        """A plain sentence of ten to twenty words."""
        pick = self.random.choice
        start = f"{pick(_TIMES).capitalize()} the {pick(_TRADES)} {self.name()} {pick(_VERBS)} the {pick(_ADJECTIVES)} "
        ends = [
            f"{pick(_NOUNS)} near {self.name()}, and {self.name()} {pick(_VERBS)} another {pick(_NOUNS)}.",
            f"{pick(_NOUNS)} of {self.name()} for {self.random.randrange(20, 900)} silver coins.",
            f"{pick(_NOUNS)}, which nobody in {self.name()} had {pick(_VERBS)} since {self.year()}.",
            f"{pick(_NOUNS)} between {self.name()} and {self.name()}.",
        ]
        return start + pick(ends)

    def text(self, least: int, most: int) -> str:
        """Some sentences."""
        return " ".join(self.sentence() for _ in range(self.random.randint(least, most)))

    def question(self) -> dict[str, str]:
        """A question with its answer."""
        pick, number = self.random.choice, self.random.randrange(1500, 1900)
        person, place, noun = self.name(), self.name(), pick(_NOUNS)
        body = f"{self.sentence()} In which year did the {pick(_TRADES)} {person} {pick(_VERBS)} the {noun} of {place}?"
        return {"question": body, "answer": f"{person} did so in {number}."}

    def sum(self) -> dict[str, str]:
        """A sum by one template, as such test sets are."""
        a, b, who = self.random.randrange(12, 99), self.random.randrange(3, 12), self.name()
        body = (
            f"{who} has {a} apples and gives {b} of them to each of two friends. How many apples are left in the end?"
        )
        return {"question": body, "answer": str(a - 2 * b)}


def write_world(folder: Path | str, seed: int = SEED) -> Path:
    """Write training sets, test sets and scores under ``folder``."""
    world, folder = World(seed), Path(folder)
    books = [world.text(25, 40) for _ in range(40)]
    trivia = [{"id": f"q{i}", **world.question()} for i in range(300)]
    reading = [{"id": f"r{i}", "question": _passage(world, books, i)} for i in range(120)]
    arithmetic = [{"id": f"a{i}", **world.sum()} for i in range(80)]
    leaked = set(world.random.sample(range(300), 45))
    web = [_web_page(world, i) for i in range(400)]
    for number in sorted(leaked):
        page = web[world.random.randrange(len(web))]
        page["text"] += f" Quiz: {trivia[number]['question']} {trivia[number]['answer']}"
    for item in (world.sum() for _ in range(30)):
        web[world.random.randrange(len(web))]["text"] += f" {item['question']} {item['answer']}."
    trivia += [{"id": f"q{300 + i}", "question": f"Who was {world.name()}?", "answer": "A baker."} for i in range(12)]
    scores = [
        {"id": f"q{i}", "correct": int(world.random.random() < (0.85 if i in leaked else 0.55))} for i in range(312)
    ]
    _lines(folder / "train" / "web.jsonl", web)
    _lines(folder / "train" / "books.jsonl", [{"url": f"book-{i}", "text": text} for i, text in enumerate(books)])
    _lines(folder / "test" / "trivia.jsonl", trivia)
    _lines(folder / "test" / "reading.jsonl", reading)
    _lines(folder / "test" / "arithmetic.jsonl", arithmetic)
    _lines(folder / "scores.jsonl", scores)
    return folder


def _web_page(world: World, number: int) -> dict[str, str]:
    ending = f" {_BOILERPLATE}" if number % 4 == 0 else ""
    return {"url": f"https://example.org/{world.name().lower()}/{number}", "text": world.text(3, 9) + ending}


def _passage(world: World, books: list[str], number: int) -> str:
    """Every fifth question quotes some sentences of a book; every eighth the notice that many web pages have."""
    asked = f"What did the {world.random.choice(_TRADES)} do according to the text?"
    if number % 5 == 0:
        sentences = world.random.choice(books).split(". ")
        at = world.random.randrange(len(sentences) - 3)
        return f"{'. '.join(sentences[at : at + world.random.randint(1, 3)])}. {world.text(1, 3)} {asked}"
    notice = f" {_BOILERPLATE}" if number % 8 == 1 else ""
    return f"{world.text(2, 4)}{notice} {asked}"


def _lines(path: Path, records: list[dict[str, object]] | list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


if __name__ == "__main__":
    print(write_world(sys.argv[1]))
