package reader;

import io.apicurio.registry.serde.avro.AvroKafkaDeserializer;
import java.io.FileInputStream;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Prints a topic up to its ends, a line a record: key, a tab, the record as JSON. */
public final class Reader {
    private Reader() {}

    /** Arguments: a file of consumer properties, and the topic. */
    public static void main(String[] args) throws Exception {
        Properties properties = new Properties();
        try (FileInputStream file = new FileInputStream(args[0])) {
            properties.load(file);
        }
        properties.put("key.deserializer", StringDeserializer.class.getName());
        properties.put("value.deserializer", AvroKafkaDeserializer.class.getName());
        properties.put("auto.offset.reset", "earliest");
        properties.put("isolation.level", "read_committed");
        try (KafkaConsumer<String, Object> consumer = new KafkaConsumer<>(properties)) {
            List<TopicPartition> all = consumer.partitionsFor(args[1]).stream()
                    .map(one -> new TopicPartition(args[1], one.partition())).toList();
            consumer.assign(all);
            consumer.seekToBeginning(all);
            var ends = consumer.endOffsets(all);
            while (all.stream().anyMatch(one -> consumer.position(one) < ends.get(one))) {
                for (ConsumerRecord<String, Object> record : consumer.poll(Duration.ofMillis(200))) {
                    System.out.println(record.key() + "\t" + record.value());
                }
            }
        }
    }
}
