"""What a run tells: a line a fault, a table at the end, build/chaos.json."""

import json
import time
from collections import Counter

REQUIRED = {"rebalances": "freshet_rebalances_total", "restores": "freshet_restored_records_total",
            "aborts": "freshet_aborts_total"}


class Report:
    def __init__(self, seed):
        self.seed = seed
        self.began = time.monotonic()
        self.faults = []

    def say(self, text):
        print(f"{time.monotonic() - self.began:6.1f} s  {text}", flush=True)

    def fault(self, one, seconds, outcome):
        self.faults.append({"lane": one.lane, "kind": one.kind, "about": one.about,
                            "seconds": round(seconds, 1), "outcome": outcome})
        where = one.about.get("worker", "")
        self.say(f"{len(self.faults):4}  {one.kind:16} {where:9} {seconds:5.1f} s  {outcome}")

    def kinds(self):
        return Counter(one["kind"] for one in self.faults if "SKIPPED" not in one["outcome"])

    def _rows(self):
        for kind, times in sorted(self.kinds().items()):
            outcomes = Counter(self._plain(one["outcome"]) for one in self.faults
                               if one["kind"] == kind)
            yield kind, times, ", ".join(f"{count}x {text}" if count > 1 else text
                                         for text, count in outcomes.most_common(3))

    @staticmethod
    def _plain(outcome):
        """Without the numbers, so that like outcomes add up."""
        return outcome.partition(",")[0].partition(":")[0]

    def table(self):
        print("\n  fault             times  outcomes")
        for kind, times, outcomes in self._rows():
            print(f"  {kind:16} {times:6}  {outcomes[:80]}")

    def happened(self, counters, fenced):
        """What the workers' own counters say of what they went through."""
        sums = {name: sum(value for metric, value in counters.items() if metric.endswith(suffix))
                for name, suffix in REQUIRED.items()}
        return {**sums, "fencings": fenced}

    def write(self, path, verdict, workers, happened, complaints):
        counters = workers.counters()
        told = {
            "seed": self.seed,
            "faults": len([one for one in self.faults if "SKIPPED" not in one["outcome"]]),
            "differences": verdict.differences if verdict else None,
            "unaccounted": verdict.unaccounted if verdict else None,
            "complaints": complaints,
            "kinds": dict(sorted(self.kinds().items())),
            "happened": happened,
            "compared": dict(verdict.counts) if verdict else {},
            "exits": {f"{worker} {code}": times
                      for (worker, code), times in sorted(workers.ends.items(), key=str)},
            "counters": counters,
            "seconds": round(time.monotonic() - self.began),
            "words": verdict.words if verdict else [],
            "history": self.faults,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(told, indent=1) + "\n")
        return told
