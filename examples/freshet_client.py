#!/usr/bin/env python3
"""A client of freshet-serve, of the standard library only: copy it into your own program.

    python3 examples/freshet_client.py http://127.0.0.1:8080 user 259
    python3 examples/freshet_client.py http://127.0.0.1:8080 user 259 home
    python3 examples/freshet_client.py http://127.0.0.1:8080 session 288 300
    python3 examples/freshet_client.py http://127.0.0.1:8080 similar 288
    python3 examples/freshet_client.py http://127.0.0.1:8080 users 288
    python3 examples/freshet_client.py http://127.0.0.1:8080 popular comedy
    python3 examples/freshet_client.py http://127.0.0.1:8080 cluster 7

docs/serve.md says what the answers hold.
"""

import http.client
import json
import sys
import urllib.parse


NOBODY = ("no_list", "no_item", "no_user", "no_group")


class Refused(Exception):
    """The server answered with an error: its status, a word and a sentence."""

    def __init__(self, status, word, message):
        super().__init__(f"{status} {word}: {message}")
        self.status, self.word = status, word


class Freshet:
    """One connection, kept open; one thread at a time. A request that finds it closed is sent
    again: asking changes nothing."""

    def __init__(self, address="http://127.0.0.1:8080", token=None, timeout=1.0):
        at = urllib.parse.urlsplit(address)
        self._connection = http.client.HTTPConnection(at.hostname, at.port or 80, timeout=timeout)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def user(self, user, **page):
        """The stored list of a user. page: placement, limit, offset, exclude=[ids], and for rules
        device, channel, country, hour. None: there is none. Its list_id belongs into your events of
        what was shown and done (docs/outcomes.md)."""
        return self._list(f"/v1/users/{quote(user)}/recommendations", page)

    def recommend(self, user=None, actions=(), candidates=(), **page):
        """A list that is made now, by the rules of placement= (main). actions: item ids, or dicts
        with item, kind, weight, time_ms. context=: a dict with device, channel, country, hour.
        profile=: of somebody new: a dict with country, birth_year, tags."""
        actions = [one if isinstance(one, dict) else {"item": one} for one in actions]
        body = {"user": user, "actions": actions, "candidates": list(candidates), **page}
        body = {name: value for name, value in body.items() if value}
        return self._ask("POST", "/v1/recommendations", json.dumps(body))

    def similar(self, item, **page):
        return self._list(f"/v1/items/{quote(item)}/similar", page)

    def together(self, item, **page):
        return self._list(f"/v1/items/{quote(item)}/together", page)

    def users(self, item, **page):
        """Users who would want an item, the likeliest first; exclude: users."""
        return self._list(f"/v1/items/{quote(item)}/users", page)

    def profile(self, user, **page):
        """Cluster and segments of a user, and similar users; None: nothing is known of the user."""
        return self._list(f"/v1/users/{quote(user)}/profile", page)

    def similar_users(self, user, **page):
        """Users who act like a user, the likest first; exclude: users. None: as above."""
        return self._list(f"/v1/users/{quote(user)}/similar", page)

    def group(self, kind, name, **page):
        """What a segment or a cluster (kind) acts on; page: as of a user. None: there is none."""
        return self._list(f"/v1/{quote(kind)}s/{quote(name)}/recommendations", page)

    def items(self, order, tag=None, **page):
        """order: popular, trending or new."""
        return self._list(f"/v1/items/{quote(order)}", {"tag": tag, **page})

    def ready(self):
        try:
            return self._ask("GET", "/ready")["ready"]
        except (Refused, OSError):
            return False

    def close(self):
        self._connection.close()

    def _list(self, path, page):
        words = [f"{name}={quote(str(value))}" for name, value in page.items()
                 if name != "exclude" and value is not None]
        if page.get("exclude"):  # in one argument: there may be 64, and 1,000 ids
            words.append("exclude=" + ",".join(map(quote, page["exclude"])))
        try:
            return self._ask("GET", path + "?" * bool(words) + "&".join(words))
        except Refused as refused:
            if refused.status == 404 and refused.word in NOBODY:
                return None
            raise

    def _ask(self, method, path, body=None):
        for last in (False, True):
            try:
                self._connection.request(method, path, body, self._headers)
                answer = self._connection.getresponse()
                text = answer.read()
                break
            except TimeoutError:
                self._connection.close()
                raise
            except (OSError, http.client.HTTPException):
                self._connection.close()
                if last:
                    raise
        try:
            told = json.loads(text)
        except ValueError:
            told = {"error": "", "message": text.decode(errors="replace").strip()}
        if answer.status != 200:
            raise Refused(answer.status, told.get("error", ""), told.get("message", ""))
        return told


def quote(text):
    return urllib.parse.quote(text, safe="")


def main(address, what, *words):
    freshet = Freshet(address)
    if what == "user":
        told = freshet.user(words[0], limit=10, placement=words[1] if len(words) > 1 else None)
    elif what == "session":
        told = freshet.recommend(actions=words, limit=10)
    elif what == "users":
        told = freshet.users(words[0], limit=10) or {"users": []}
        told["items"] = [{**one, "item": one["user"]} for one in told["users"]]
    elif what in ("segment", "cluster"):
        told = freshet.group(what, words[0], limit=10)
    elif what in ("similar", "together"):
        told = getattr(freshet, what)(words[0], limit=10)
    else:
        told = freshet.items(what, *words, limit=10)
    for one in told["items"] if told else ():
        print(f"{one['item']}\t{one['score']:.4g}\t{one['reason']} {one['because']}")
    return 0 if told else 1


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
