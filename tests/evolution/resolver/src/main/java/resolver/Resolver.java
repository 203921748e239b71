package resolver;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.Encoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.message.BinaryMessageDecoder;
import org.apache.avro.message.MessageDecoder;

/**
 * Answers a line for each line that it is asked; schemas are numbered from 0.
 *
 * <pre>
 * S JSON                 the next schema: "known"
 * R                      forgets all schemas
 * M WRITER READER HEX    a framed message: the record as the reader's bytes, in hex
 * B SCHEMA HEX           a body: the same record with arrays in blocks that tell their size
 * F SCHEMA               the fingerprint of the canonical form
 * C READER WRITER        "compatible", or why not
 * </pre>
 *
 * What cannot be done is answered with "! " and the reason. tests/evolution/resolve.c answers the
 * same.
 */
public final class Resolver {
    private static final int BLOCK_BYTES = 64;

    private final List<Schema> schemas = new ArrayList<>();
    private final Map<Long, MessageDecoder<Object>> single = new HashMap<>();
    private final Map<Long, GenericDatumReader<Object>> readers = new HashMap<>();

    public static void main(String[] args) throws IOException {
        Resolver resolver = new Resolver();
        BufferedReader in =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String answer;
            try {
                answer = resolver.answer(line);
            } catch (Exception | StackOverflowError | OutOfMemoryError refused) {
                answer = "! " + refused.toString().replaceAll("\\s+", " ");
            }
            out.print(answer + "\n");
        }
        out.flush();
    }

    private String answer(String line) throws IOException {
        String[] words = line.split(" ", line.startsWith("S") ? 2 : 4);
        switch (words[0]) {
            case "S":
                schemas.add(null); // also one that is refused has a number
                schemas.set(schemas.size() - 1, new Schema.Parser().parse(words[1]));
                return "known";
            case "R":
                schemas.clear();
                single.clear();
                readers.clear();
                return "forgotten";
            case "M":
                return hex(schema(words[2]), read(words, HexFormat.of().parseHex(words[3])));
            case "B":
                return blocks(schema(words[1]), HexFormat.of().parseHex(words[2]));
            case "F":
                return String.format("%016x",
                        SchemaNormalization.parsingFingerprint64(schema(words[1])));
            case "C":
                return compatible(schema(words[1]), schema(words[2]));
            default:
                throw new IOException("asked " + words[0]);
        }
    }

    private Schema schema(String number) {
        return schemas.get(Integer.parseInt(number));
    }

    private static String compatible(Schema reader, Schema writer) {
        var result = SchemaCompatibility.checkReaderWriterCompatibility(reader, writer).getResult();
        List<String> why = new ArrayList<>();
        result.getIncompatibilities().forEach(
                one -> why.add(one.getType() + " " + one.getLocation() + " " + one.getMessage()));
        return why.isEmpty() ? "compatible" : "! " + String.join("; ", why);
    }

    private Object read(String[] words, byte[] message) throws IOException {
        Schema writer = schema(words[1]);
        Schema reader = schema(words[2]);
        long pair = Long.parseLong(words[1]) << 32 | Long.parseLong(words[2]);
        if (message.length > 0 && message[0] == 0) {
            int id = ByteBuffer.wrap(message).getInt(1);
            if (id != Integer.parseInt(words[1])) {
                throw new IOException("the message names schema " + id);
            }
            GenericDatumReader<Object> datum =
                    readers.computeIfAbsent(pair, p -> new GenericDatumReader<>(writer, reader));
            return readBody(datum, message, 5);
        }
        MessageDecoder<Object> decoder = single.get(pair);
        if (decoder == null) {
            BinaryMessageDecoder<Object> made =
                    new BinaryMessageDecoder<>(GenericData.get(), reader);
            made.addSchema(writer);
            decoder = made;
            single.put(pair, decoder);
        }
        return decoder.decode(message);
    }

    private static Object readBody(GenericDatumReader<Object> datum, byte[] bytes, int from)
            throws IOException {
        BinaryDecoder decoder =
                DecoderFactory.get().binaryDecoder(bytes, from, bytes.length - from, null);
        Object read = datum.read(null, decoder);
        if (!decoder.isEnd()) {
            throw new IOException("bytes after the record");
        }
        return read;
    }

    private static String hex(Schema schema, Object value) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        return write(schema, value, out, EncoderFactory.get().directBinaryEncoder(out, null));
    }

    private static String blocks(Schema schema, byte[] body) throws IOException {
        Object value = readBody(new GenericDatumReader<>(schema), body, 0);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        EncoderFactory factory = new EncoderFactory().configureBlockSize(BLOCK_BYTES);
        return write(schema, value, out, factory.blockingBinaryEncoder(out, null));
    }

    private static String write(Schema schema, Object value, ByteArrayOutputStream out, Encoder to)
            throws IOException {
        new GenericDatumWriter<>(schema).write(value, to);
        to.flush();
        return HexFormat.of().formatHex(out.toByteArray());
    }
}
