package peer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** What one event adds to one item's row: the item's own counts and some neighbours, by id bytes. */
record Update(double mass, double actions, double users, Neighbour[] neighbours) {

    record Neighbour(byte[] id, double co, double forward, double backward) {
        static Neighbour of(String item, double co, double forward, double backward) {
            return new Neighbour(item.getBytes(StandardCharsets.UTF_8), co, forward, backward);
        }
    }

    static Update of(double mass, double actions, double users, List<Neighbour> neighbours) {
        Neighbour[] sorted = neighbours.toArray(new Neighbour[0]);
        Arrays.sort(sorted, (a, b) -> Arrays.compareUnsigned(a.id, b.id));
        return new Update(mass, actions, users, sorted);
    }

    static Serde<Update> serde() {
        return Serdes.serdeFrom((topic, update) -> update == null ? null : update.encode(),
                (topic, bytes) -> bytes == null ? null : decode(bytes));
    }

    private byte[] encode() {
        int size = 26;
        for (Neighbour n : neighbours) {
            size += 26 + n.id.length;
        }
        ByteBuffer out = ByteBuffer.allocate(size);
        out.putDouble(mass).putDouble(actions).putDouble(users).putShort((short) neighbours.length);
        for (Neighbour n : neighbours) {
            out.putShort((short) n.id.length).put(n.id);
            out.putDouble(n.co).putDouble(n.forward).putDouble(n.backward);
        }
        return out.array();
    }

    private static Update decode(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        double mass = in.getDouble();
        double actions = in.getDouble();
        double users = in.getDouble();
        Neighbour[] neighbours = new Neighbour[in.getShort()];
        for (int i = 0; i < neighbours.length; i++) {
            byte[] id = new byte[in.getShort()];
            in.get(id);
            neighbours[i] = new Neighbour(id, in.getDouble(), in.getDouble(), in.getDouble());
        }
        return new Update(mass, actions, users, neighbours);
    }
}
