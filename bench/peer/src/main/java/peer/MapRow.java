package peer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** One item's counts and neighbours as a plain map: the first version that one writes. */
final class MapRow {
    private double mass;
    private double actions;
    private double users;
    private final Map<String, double[]> neighbours = new HashMap<>();

    MapRow add(Update update, int bound) {
        mass += update.mass();
        actions += update.actions();
        users += update.users();
        for (Update.Neighbour n : update.neighbours()) {
            double[] sums = neighbours.computeIfAbsent(new String(n.id(), StandardCharsets.UTF_8),
                    id -> new double[3]);
            sums[0] += n.co();
            sums[1] += n.forward();
            sums[2] += n.backward();
        }
        if (bound > 0 && neighbours.size() > bound + bound / 2) {
            double least = neighbours.values().stream().mapToDouble(sums -> -sums[0]).sorted()
                    .skip(bound - 1).findFirst().orElseThrow();
            neighbours.values().removeIf(sums -> -sums[0] > least);
        }
        return this;
    }

    static Serde<MapRow> serde() {
        return Serdes.serdeFrom((topic, row) -> row == null ? null : row.encode(),
                (topic, bytes) -> bytes == null ? null : decode(bytes));
    }

    private byte[] encode() {
        byte[][] ids = new byte[neighbours.size()][];
        int size = 28;
        int n = 0;
        for (String id : neighbours.keySet()) {
            ids[n] = id.getBytes(StandardCharsets.UTF_8);
            size += 26 + ids[n++].length;
        }
        ByteBuffer out = ByteBuffer.allocate(size);
        out.putDouble(mass).putDouble(actions).putDouble(users).putInt(n);
        n = 0;
        for (double[] sums : neighbours.values()) {
            out.putShort((short) ids[n].length).put(ids[n++]);
            out.putDouble(sums[0]).putDouble(sums[1]).putDouble(sums[2]);
        }
        return out.array();
    }

    private static MapRow decode(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        MapRow row = new MapRow();
        row.mass = in.getDouble();
        row.actions = in.getDouble();
        row.users = in.getDouble();
        for (int left = in.getInt(); left > 0; left--) {
            int length = in.getShort();
            String id = new String(bytes, in.position(), length, StandardCharsets.UTF_8);
            in.position(in.position() + length);
            row.neighbours.put(id, new double[] {in.getDouble(), in.getDouble(), in.getDouble()});
        }
        return row;
    }
}
