package peer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * The first half: a user's event against the user's history gives updates of item rows. Co-rating by
 * the min rule, transitions weighted by distance^-0.75 up to 20 actions back, both scaled by event
 * time (half-life 30 days, sums relative to a fixed landmark).
 */
final class Pairs implements Processor<String, String, String, Update> {
    static final String STORE = "histories";
    private static final int TRANSITIONS = 20;
    private static final double LANDMARK_MS = 8e11;
    private static final double HALF_LIFE_MS = 30 * 86_400_000.0;
    private static final double[] NEARNESS = new double[TRANSITIONS + 1];

    static {
        for (int d = 1; d <= TRANSITIONS; d++) {
            NEARNESS[d] = Math.pow(d, -0.75);
        }
    }

    private final boolean combined;
    private final LongAdder events;
    private final LongAdder sent;
    private ProcessorContext<String, Update> context;
    private KeyValueStore<String, History> store;

    /** combined: one update per row and event; else one per neighbour. */
    Pairs(boolean combined, LongAdder events, LongAdder sent) {
        this.combined = combined;
        this.events = events;
        this.sent = sent;
    }

    @Override
    public void init(ProcessorContext<String, Update> context) {
        this.context = context;
        this.store = context.getStateStore(STORE);
    }

    @Override
    public void process(Record<String, String> record) {
        Event event = Event.parse(record.value());
        History history = store.get(record.key());
        boolean first = history == null;
        if (first) {
            history = new History();
        }
        long id = event == null ? 0 : History.hash(event.id());
        if (event != null && !history.has(id)) {
            pair(record, event, history, first);
            history.add(new History.Action(id, event.item(), event.weight(), event.timeMs()));
            store.put(record.key(), history);
        }
        events.increment();
    }

    /* Per other item of the history: [0] its largest weight, [1] transitions from it. */
    private static Map<String, double[]> others(Event event, History history) {
        Map<String, double[]> others = new HashMap<>(2 * History.MAX);
        int distance = 1;
        for (Iterator<History.Action> it = history.actions.descendingIterator(); it.hasNext();) {
            History.Action action = it.next();
            double[] other = others.computeIfAbsent(action.item(), item -> new double[2]);
            other[0] = Math.max(other[0], action.weight());
            if (distance <= TRANSITIONS && action.weight() > 0 && event.weight() > 0) {
                other[1] += NEARNESS[distance];
            }
            distance++;
        }
        return others;
    }

    private void pair(Record<String, String> record, Event event, History history, boolean first) {
        Map<String, double[]> others = others(event, history);
        double[] self = others.remove(event.item());
        double before = self == null ? 0 : self[0];
        double now = Math.max(before, event.weight());
        double scale = Math.pow(2, (event.timeMs() - LANDMARK_MS) / HALF_LIFE_MS);
        List<Update.Neighbour> own = new ArrayList<>(others.size());
        for (Map.Entry<String, double[]> entry : others.entrySet()) {
            double weight = entry.getValue()[0];
            double co = scale * (Math.min(now, weight) - Math.min(before, weight));
            double moves = scale * entry.getValue()[1];
            if (co == 0 && moves == 0) {
                continue;
            }
            own.add(Update.Neighbour.of(entry.getKey(), co, 0, moves));
            send(record, entry.getKey(), Update.of(0, 0, 0,
                    List.of(Update.Neighbour.of(event.item(), co, moves, 0))));
        }
        double mass = scale * (now - before);
        double action = event.weight() > 0 ? scale : 0;
        if (combined) {
            send(record, event.item(), Update.of(mass, action, first ? 1 : 0, own));
            return;
        }
        send(record, event.item(), Update.of(mass, action, first ? 1 : 0, List.of()));
        for (Update.Neighbour n : own) {
            send(record, event.item(), Update.of(0, 0, 0, List.of(n)));
        }
    }

    private void send(Record<String, String> record, String item, Update update) {
        sent.increment();
        context.forward(record.withKey(item).withValue(update));
    }
}
