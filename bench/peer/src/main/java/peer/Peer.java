package peer;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * The work of features + trainer as a Kafka Streams program. Arguments are key=value; see README.md.
 * Ends when all events and all the updates they made are processed.
 */
public final class Peer {
    private final Map<String, String> options = new HashMap<>();
    private final LongAdder events = new LongAdder();
    private final LongAdder sent = new LongAdder();
    private final LongAdder applied = new LongAdder();

    public static void main(String[] args) throws Exception {
        System.exit(new Peer(args).run());
    }

    private Peer(String[] args) {
        for (String arg : args) {
            int equals = arg.indexOf('=');
            if (equals < 0) {
                throw new IllegalArgumentException("expected key=value, got " + arg);
            }
            options.put(arg.substring(0, equals), arg.substring(equals + 1));
        }
    }

    private String option(String key, String fallback) {
        return options.getOrDefault(key, fallback);
    }

    private int run() throws Exception {
        long want = Long.parseLong(option("events", "100000"));
        KafkaStreams streams = new KafkaStreams(topology().build(), properties());
        CountDownLatch failed = new CountDownLatch(1);
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            failed.countDown();
            return org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler
                    .StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
        return watch(want, failed);
    }

    /* Prints a line a second and the figures at the end. */
    private int watch(long want, CountDownLatch failed) throws Exception {
        long started = 0;
        long startCpu = 0;
        long spoken = System.nanoTime();
        while (events.sum() < want || applied.sum() < sent.sum()) {
            Thread.sleep(5);
            if (failed.getCount() == 0) {
                return 1;
            }
            long now = System.nanoTime();
            if (started == 0 && events.sum() > 0) {
                started = now;
                startCpu = cpuNanos();
            }
            if (now - spoken >= 1_000_000_000L) {
                spoken = now;
                System.err.printf("peer: %d of %d events, %d of %d row updates%n", events.sum(), want,
                        applied.sum(), sent.sum());
            }
        }
        double seconds = (System.nanoTime() - started) / 1e9;
        double cpu = (cpuNanos() - startCpu) / 1e9;
        print("events", want);
        print("seconds", seconds);
        print("events_per_s", want / seconds);
        print("row_updates_per_event", (double) sent.sum() / want);
        print("cpu_s", cpu);
        print("cpu_us_per_event", cpu * 1e6 / want);
        print("rss_mb", peakKb() / 1024.0);
        return 0;
    }

    private static void print(String name, double value) {
        System.out.printf(Locale.ROOT, "%s %.6g%n", name, value);
    }

    private static long cpuNanos() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }

    private static long peakKb() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmHWM:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", ""))).findFirst().orElse(0);
    }

    private Properties properties() {
        Properties p = new Properties();
        p.put(StreamsConfig.APPLICATION_ID_CONFIG, option("app", "peer"));
        p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, option("brokers", "127.0.0.1:9092"));
        p.put(StreamsConfig.STATE_DIR_CONFIG, option("state", "peer-state"));
        p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, option("threads", "2"));
        p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, option("commit_ms", "1000"));
        p.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG,
                Long.parseLong(option("cache_mb", "256")) << 20);
        p.put(StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG, StreamsConfig.OPTIMIZE);
        p.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
        for (Map.Entry<String, String> entry : options.entrySet()) {
            if (entry.getKey().startsWith("kafka.")) {
                p.put(entry.getKey().substring(6), entry.getValue());
            }
        }
        return p;
    }

    private StreamsBuilder topology() {
        boolean combined = option("updates", "combined").equals("combined");
        int bound = Integer.parseInt(option("neighbours_max", "512"));
        StreamsBuilder builder = new StreamsBuilder();
        builder.addStateStore(Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(Pairs.STORE),
                Serdes.String(), History.serde()).withCachingEnabled());
        KGroupedStream<String, Update> updates = builder
                .stream(option("input", "events"), Consumed.with(Serdes.String(), Serdes.String()))
                .process(() -> new Pairs(combined, events, sent), Pairs.STORE)
                .groupByKey(Grouped.with("updates", Serdes.String(), Update.serde()));
        String output = option("output", "neighbours");
        if (option("row", "bytes").equals("map")) {
            rows(updates, output, MapRow.serde(), new MapRowing(bound));
        } else {
            rows(updates, output, Row.serde(), new ByteRowing(bound));
        }
        return builder;
    }

    /** How a kind of row begins and takes an update. */
    private interface Rowing<R> {
        R empty();
        R add(R row, Update update);
    }

    private record ByteRowing(int bound) implements Rowing<Row> {
        public Row empty() {
            return Row.empty();
        }

        public Row add(Row row, Update update) {
            return row.add(update, bound);
        }
    }

    private record MapRowing(int bound) implements Rowing<MapRow> {
        public MapRow empty() {
            return new MapRow();
        }

        public MapRow add(MapRow row, Update update) {
            return row.add(update, bound);
        }
    }

    private <R> void rows(KGroupedStream<String, Update> updates, String output, Serde<R> serde,
                          Rowing<R> rowing) {
        Materialized<String, R, KeyValueStore<Bytes, byte[]>> store =
                Materialized.<String, R, KeyValueStore<Bytes, byte[]>>as("rows")
                        .withKeySerde(Serdes.String()).withValueSerde(serde).withCachingEnabled();
        updates.aggregate(rowing::empty, (item, update, row) -> {
            applied.increment();
            return rowing.add(row, update);
        }, store).toStream().to(output, Produced.with(Serdes.String(), serde));
    }
}
