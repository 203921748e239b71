package peer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** A user's newest actions, oldest first, at most MAX. */
final class History {
    static final int MAX = 50;

    record Action(long idHash, String item, double weight, long timeMs) { }

    final ArrayDeque<Action> actions = new ArrayDeque<>(MAX + 1);

    /** Appends an action and forgets the oldest beyond MAX. */
    void add(Action action) {
        actions.addLast(action);
        if (actions.size() > MAX) {
            actions.removeFirst();
        }
    }

    /** Tells whether an event id is among the retained actions. */
    boolean has(long idHash) {
        for (Action action : actions) {
            if (action.idHash() == idHash) {
                return true;
            }
        }
        return false;
    }

    /** Hashes an event id (FNV-1a, 64 bit). */
    static long hash(String id) {
        long h = 0xcbf29ce484222325L;
        for (int i = 0; i < id.length(); i++) {
            h = (h ^ id.charAt(i)) * 0x100000001b3L;
        }
        return h;
    }

    static Serde<History> serde() {
        return Serdes.serdeFrom((topic, history) -> history == null ? null : history.encode(),
                (topic, bytes) -> bytes == null ? null : decode(bytes));
    }

    private byte[] encode() {
        byte[][] items = new byte[actions.size()][];
        int size = 2;
        int n = 0;
        for (Action action : actions) {
            items[n] = action.item().getBytes(StandardCharsets.UTF_8);
            size += 26 + items[n++].length;
        }
        ByteBuffer out = ByteBuffer.allocate(size).putShort((short) n);
        n = 0;
        for (Action action : actions) {
            out.putLong(action.idHash()).putDouble(action.weight()).putLong(action.timeMs());
            out.putShort((short) items[n].length).put(items[n++]);
        }
        return out.array();
    }

    private static History decode(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        History history = new History();
        for (int left = in.getShort(); left > 0; left--) {
            long id = in.getLong();
            double weight = in.getDouble();
            long time = in.getLong();
            int length = in.getShort();
            history.actions.addLast(new Action(id, new String(bytes, in.position(), length,
                    StandardCharsets.UTF_8), weight, time));
            in.position(in.position() + length);
        }
        return history;
    }
}
