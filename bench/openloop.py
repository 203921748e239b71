"""A load generator that does not wait for the system it loads (open loop), and what it brought.

Each event has an intended send time, start + n / rate, and is stamped with it: when the generator
is late, the lateness is part of the freshness that is measured.
"""

import bisect
import io
import json
import time

import checkout


def offer(producer, topic, messages, rate, beside=()):
    """Sends (key, value) pairs at a steady rate, to further topics as well; returns (start in ms,
    latenesses in ms)."""
    late = []
    start_ms = time.time() * 1000 + 100
    step_ms = 1000 / rate
    for number, (key, value) in enumerate(messages):
        intended_ms = start_ms + number * step_ms
        while True:
            ahead_ms = intended_ms - time.time() * 1000
            if ahead_ms <= 0:
                break
            producer.poll(0)
            time.sleep(max(ahead_ms, 1) / 1000)
        late.append(-ahead_ms)
        for each in (topic, *beside):
            producer.produce(each, key=key, value=value, timestamp=int(intended_ms))
    producer.flush(60)
    return int(start_ms), late


def decoder(contract):
    """Makes a function that decodes a contract's single-object encoding."""
    import fastavro
    from ratings import single_object_header
    text = (checkout.ROOT / "schemas" / contract).read_text()
    schema = fastavro.parse_schema(json.loads(text, object_hook=plain))
    header = single_object_header(schema)

    def decode(value):
        if value[:len(header)] != header:
            raise ValueError(f"{contract}: another schema's fingerprint")
        return fastavro.schemaless_reader(io.BytesIO(value[len(header):]), schema, None)
    return decode


def plain(node):
    """Leaves the logical types out: times stay milliseconds."""
    return {key: value for key, value in node.items() if key != "logicalType"}


def list_freshness(lists):
    """Per list: its append minus the Kafka time of the newest source record that it reflects.

    lists: (appended_ms, decoded list) pairs in the order of their partition. Lists that were made
    again without an action of their user are left out.
    """
    return [appended_ms - one["received_ms"] for appended_ms, one in lists
            if one.get("cause", "ACTION") == "ACTION"]


def event_freshness(events, lists):
    """Per event: the append of the first list that reflects it, minus its source record's time.

    Stricter than list_freshness: where one list answers several events, the oldest counts too.
    events: (partition, offset, user, received_ms). Returns (ages, events that no list reflects).
    """
    by_user = {}
    for appended_ms, one in lists:
        offsets, times = by_user.setdefault((one["user_id"], one["input_partition"]), ([], []))
        offsets.append(one["input_offset"])
        times.append(appended_ms)
    ages, missing = [], 0
    for partition, offset, user, received_ms in events:
        offsets, times = by_user.get((user, partition), ([], []))
        at = bisect.bisect_left(offsets, offset)
        if at == len(offsets):
            missing += 1
        else:
            ages.append(times[at] - received_ms)
    return ages, missing


def quantile(values, q):
    """The value below or at which a share q of all values lies (nearest rank)."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * q // 1).__int__() - 1)]
