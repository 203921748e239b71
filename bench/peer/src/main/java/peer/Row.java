package peer;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Comparator;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/**
 * One item's counts and neighbours, kept as the bytes that the store holds: the neighbours are
 * sorted by id, and an update (sorted too) is merged in one pass. The state store hands out and
 * takes bytes at every access, so a row that were a map would be built and taken apart each time.
 *
 *   mass, actions, users: double | count: int | count x { length: short, id, co, forward, backward }
 */
final class Row {
    private static final int HEAD = 28;

    private final byte[] bytes;

    Row(byte[] bytes) {
        this.bytes = bytes;
    }

    static Row empty() {
        return new Row(new byte[HEAD]);
    }

    int count() {
        return ByteBuffer.wrap(bytes).getInt(24);
    }

    static Serde<Row> serde() {
        return Serdes.serdeFrom((topic, row) -> row == null ? null : row.bytes,
                (topic, bytes) -> bytes == null ? null : new Row(bytes));
    }

    /** Makes the row with the update in it, pruned to `bound` when it is 1.5 times that (0: never). */
    Row add(Update update, int bound) {
        int size = bytes.length;
        for (Update.Neighbour n : update.neighbours()) {
            size += 26 + n.id().length;
        }
        ByteBuffer in = ByteBuffer.wrap(bytes);
        ByteBuffer out = ByteBuffer.allocate(size);
        out.putDouble(in.getDouble() + update.mass());
        out.putDouble(in.getDouble() + update.actions());
        out.putDouble(in.getDouble() + update.users());
        in.getInt();
        out.putInt(0);
        int count = merge(in, update.neighbours(), out);
        out.putInt(24, count);
        Row row = new Row(Arrays.copyOf(out.array(), out.position()));
        return bound > 0 && count > bound + bound / 2 ? row.prune(bound) : row;
    }

    private static int merge(ByteBuffer in, Update.Neighbour[] add, ByteBuffer out) {
        byte[] old = in.array();
        int count = 0;
        int next = 0;
        int copied = in.position(); /* all of `old` before this is in `out` */
        int at = copied;
        while (at < old.length && next < add.length) {
            int length = in.getShort(at);
            Update.Neighbour n = add[next];
            int order = Arrays.compareUnsigned(old, at + 2, at + 2 + length, n.id(), 0, n.id().length);
            if (order < 0) {
                at += 26 + length;
                count++;
                continue;
            }
            out.put(old, copied, at - copied);
            copied = at;
            out.putShort((short) n.id().length).put(n.id());
            if (order > 0) {
                out.putDouble(n.co()).putDouble(n.forward()).putDouble(n.backward());
            } else {
                int values = at + 2 + length;
                out.putDouble(in.getDouble(values) + n.co());
                out.putDouble(in.getDouble(values + 8) + n.forward());
                out.putDouble(in.getDouble(values + 16) + n.backward());
                at = values + 24;
                copied = at;
            }
            count++;
            next++;
        }
        for (; at < old.length; at += 26 + in.getShort(at)) {
            count++;
        }
        out.put(old, copied, old.length - copied);
        for (; next < add.length; next++, count++) {
            Update.Neighbour n = add[next];
            out.putShort((short) n.id().length).put(n.id());
            out.putDouble(n.co()).putDouble(n.forward()).putDouble(n.backward());
        }
        return count;
    }

    private Row prune(int bound) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        int[] places = new int[count()];
        int at = HEAD;
        for (int i = 0; i < places.length; i++) {
            places[i] = at;
            at += 26 + in.getShort(at);
        }
        int[] kept = Arrays.stream(places).boxed()
                .sorted(Comparator.comparingDouble((Integer p) -> -in.getDouble(p + 2 + in.getShort(p)))
                        .thenComparingInt(p -> p))
                .limit(bound).mapToInt(p -> p).sorted().toArray();
        ByteBuffer out = ByteBuffer.allocate(bytes.length);
        out.put(bytes, 0, HEAD).putInt(24, bound);
        for (int p : kept) {
            out.put(bytes, p, 26 + in.getShort(p));
        }
        return new Row(Arrays.copyOf(out.array(), out.position()));
    }
}
