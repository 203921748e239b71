"""The results of a demo, read only from the topics: figures, checks, and three users."""

from contracts import Contract

SHOWN_USERS, SHOWN_ACTIONS, SHOWN_ITEMS = 3, 5, 8


class Outcome:
    """between: the topics' ends after phase 1 (full speed) and before phase 2 (steady rate)."""

    def __init__(self, topics, between, titles):
        self.topics = topics
        self.between = between
        self.titles = titles
        self.figures = {"items": len(titles)}
        self.histories = self._newest("histories", "user_history")
        self._count_events()
        self.lists = self._measure_lists()
        self._measure_quality()

    def _newest(self, topic, contract):
        contract = Contract(contract)
        return {key.decode(): contract.decode(record.value)
                for key, record in self.topics.newest(topic).items()}

    def _count_events(self):
        dead = [dict(record.headers or []) for record in self.topics.read("dead-letters")]
        at_ingest = sum(headers.get("worker") == b"ingest" for headers in dead)
        self.figures |= {
            "events_in": sum(self.topics.ends("clicks").values()),
            "events_in_phase_1": sum(self.between["clicks"].values()),
            "events_accepted": sum(self.topics.ends("events").values()),
            "dead_letters": at_ingest,
            "dead_letters_later": len(dead) - at_ingest,
            "users": len(self.histories),
            "events_in_histories": sum(one["events_total"] for one in self.histories.values()),
        }

    def _measure_lists(self):
        """Throughput and freshness by the time stamps that Kafka gave; returns each user's list."""
        contract = Contract("recommendation_list")
        newest, freshness, count, last_of_phase_1 = {}, [], 0, 0
        for record in self.topics.read("recommendations"):
            count += 1
            newest[record.key] = record
            if record.offset < self.between["recommendations"][record.partition]:
                last_of_phase_1 = max(last_of_phase_1, record.timestamp)
                continue
            made = contract.decode(record.value)
            if made["cause"] == "ACTION":
                freshness.append(record.timestamp - made["received_ms"])
        lists = {key.decode(): contract.decode(record.value) for key, record in newest.items()}
        freshness.sort()
        first_click = min((record.timestamp for record in self.topics.read("clicks")), default=0)
        seconds = (last_of_phase_1 - first_click) / 1000
        events = self.figures["events_in_phase_1"]
        self.figures |= {
            "lists_published": count,
            "users_covered": sum(bool(one["items"]) for one in lists.values()),
            "items_covered": len({item for one in lists.values() for item in one["items"]}),
            "pipeline_events_per_s": events / seconds if seconds > 0 else float("nan"),
            "freshness_p50_ms": percentile(freshness, 50),
            "freshness_p99_ms": percentile(freshness, 99),
        }
        return lists

    def _measure_quality(self):
        """Hits in phase 2, where lists could follow the events."""
        judged = hits = 0
        for one in self._newest("quality", "list_quality").values():
            if one["from_offset"] >= self.between["histories"].get(one["partition"], 0):
                judged += one["judged"]
                hits += one["hits_at_10"]
        self.figures |= {"judged": judged, "hit_at_10": hits / judged if judged else float("nan")}

    def checks(self):
        """What must hold: (in words, whether it does)."""
        seen = self.figures
        listed = {user for user, one in self.lists.items() if one["items"]}
        return [
            ("events in = accepted + dead letters",
             seen["events_in"] == seen["events_accepted"] + seen["dead_letters"]),
            ("every accepted event is in exactly one history",
             seen["events_accepted"] == seen["events_in_histories"] + seen["dead_letters_later"]),
            ("every user with an event has a list",
             bool(self.histories) and listed == set(self.histories)),
        ]

    def holds(self):
        return all(holds for _, holds in self.checks())

    def show(self):
        print()
        for name, value in self._rows():
            print(f"  {name:28}{value}")
        newest = sorted(self.histories, key=lambda user: (-self.histories[user]["event_time_ms"],
                                                          user))
        for user in newest[:SHOWN_USERS]:
            if user in self.lists:
                self._show_user(user)
        print()
        for words, holds in self.checks():
            print(f"  {'holds' if holds else 'BROKEN':8}{words}")

    def _rows(self):
        seen = self.figures
        yield "events in", f"{seen['events_in']:,}"
        yield "accepted", f"{seen['events_accepted']:,}"
        yield "dead letters", f"{seen['dead_letters'] + seen['dead_letters_later']:,}"
        yield "lists published", f"{seen['lists_published']:,}"
        yield "users with a list", f"{seen['users_covered']:,} of {seen['users']:,}"
        yield "items on lists", f"{seen['items_covered']:,} of {seen['items']:,}"
        yield "full speed, event to list", (f"{seen['pipeline_events_per_s']:,.0f} events/s "
                                            f"({seen['events_in_phase_1']:,} events)")
        yield "freshness p50", (f"{seen['freshness_p50_ms']:.0f} ms, from append of the event to "
                                "append of the list")
        yield "freshness p99", f"{seen['freshness_p99_ms']:.0f} ms"
        yield "hit@10", (f"{seen['hit_at_10']:.4f}, the next action on the list that was published "
                         f"when it came ({seen['judged']:,} evaluated; it varies with the "
                         "machine's load)")
        if "new_film_to_list_ms" in seen:
            yield "new film, to first list", (
                f"{seen['new_film_to_list_ms']:.0f} ms, from append of its record to append of the "
                f"list; now among the first ten of {seen['new_film_lists']:,} lists")
        for name, value in seen.items():
            if name.startswith("peak_memory_mb_"):
                yield f"peak memory, {name.rsplit('_', 1)[1]}", f"{value:.0f} MB"

    def _show_user(self, user):
        history, made = self.histories[user], self.lists[user]
        print(f"\n  User {printable(user)}, {history['events_total']} films, the latest:")
        latest = list(zip(history["items"], history["weights"]))[-SHOWN_ACTIONS:]
        for item, weight in reversed(latest):
            print(f"      {weight:.0f}/5  {self.title(item)}")
        print("    recommended:")
        for at, item in enumerate(made["items"][:SHOWN_ITEMS]):
            print(f"      {at + 1}.  {self.title(item)[:44]:44}  {self.why(made, at)}")

    def why(self, made, at):
        """The reason of a place of a list, in words."""
        reason, because, evidence = (made[name][at] for name in ("reasons", "because", "evidence"))
        if reason == "USERS":
            return f"chosen by {evidence:.0f} users who act alike"
        if reason == "SEGMENT":
            return f"liked by {printable(because)} ({evidence:.0f} users)"
        if reason == "TAGS":
            return f"like {self.title(because)}"
        if not because:
            return f"{reason.lower()} ({evidence:.0f} actions)"
        support = f" (support {evidence:.0f})" if evidence else ""
        return f"because of {self.title(because)}{support}"

    def title(self, item):
        return printable(self.titles.get(item, item))


def printable(text):
    """What comes from outside may hold control characters, which a terminal obeys."""
    return "".join(one if one.isprintable() else "?" for one in text)


def percentile(ordered, percent):
    if not ordered:
        return float("nan")
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
