"""New films of the demo, on which nobody has acted: they come into the catalogue while lists stand.
This tells how soon they are on lists, on which, and why."""

import json
import time

from contracts import Contract

FIRST = 10  # places of a list
FILMS = {"new-1": {"title": "The Saturn Convoy (1998)", "tags": ["Action", "Adventure", "Sci-Fi"]},
         "new-2": {"title": "Letters from Lisbon (1998)", "tags": ["Drama", "Romance"]}}
# One place in ten is for what is new, if nothing else brings it there.
RULES = "main.length=20\nmain.share.new=10% if age < 14d\n"


def write(path):
    """Writes the films' records of the catalogue, as of now."""
    now_ms = int(time.time() * 1000)
    path.write_text("".join(json.dumps({"item_id": film, **told, "created_ms": now_ms}) + "\n"
                            for film, told in FILMS.items()))


class NewFilms:
    """outcome: of the replay. start: the ends of `recommendations` before the films came."""

    def __init__(self, topics, outcome, start):
        self.outcome = outcome
        self.lists = dict(outcome.lists)
        self.waits_ms = {}  # by film, from its record to the first list that has it
        contract = Contract("recommendation_list")
        written = {record.key.decode(): record.timestamp for record in topics.read("items")}
        for record in topics.read("recommendations", start):
            made = self.lists[record.key.decode()] = contract.decode(record.value)
            for film in set(made["items"]) & set(FILMS):
                wait_ms = record.timestamp - written[film]
                self.waits_ms[film] = min(wait_ms, self.waits_ms.get(film, wait_ms))

    def are_listed(self):
        return set(self.waits_ms) == set(FILMS)

    def users(self, film):
        """Those who have it among the first places, whoever acted last first."""
        histories = self.outcome.histories
        found = [user for user in histories if film in self.lists[user]["items"][:FIRST]]
        return sorted(found, key=lambda user: (-histories[user]["event_time_ms"], user))

    def figures(self):
        film = next(iter(FILMS))
        return {"new_film_to_list_ms": self.waits_ms[film],
                "new_film_lists": len(self.users(film))}

    def lines(self):
        """What is to be said of them."""
        for film, told in FILMS.items():
            yield (f"{told['title']}, {', '.join(told['tags'])}: on a list "
                   f"{self.waits_ms[film]:.0f} ms after its record in the catalogue; now among the "
                   f"first {FIRST} of {len(self.users(film)):,} of {len(self.lists):,} lists")
        film = next(iter(FILMS))
        user = max(self.users(film), key=lambda one: self._rating(one, film))
        made = self.lists[user]
        yield f"the list of user {user}:"
        for at, item in enumerate(made["items"][:FIRST]):
            why = self.outcome.why(made, at)
            if item in FILMS:
                why = f"new; {why}, rated {self._rating(user, item):.0f}/5"
            yield f"  {at + 1:2}.  {self._title(item)[:44]:44}  {why}"

    def _rating(self, user, film):
        """How the user rated what the film is like; 0: it is on the list for another reason."""
        history, made = self.outcome.histories[user], self.lists[user]
        because = made["because"][made["items"].index(film)]
        return max((weight for item, weight in zip(history["items"], history["weights"])
                    if item == because), default=0)

    def _title(self, item):
        return FILMS[item]["title"] if item in FILMS else self.outcome.title(item)
