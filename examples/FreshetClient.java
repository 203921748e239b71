import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;

/**
 * A client of freshet-serve, of the JDK alone (11 or later): copy it into your own program.
 *
 *     java examples/FreshetClient.java http://127.0.0.1:8080 user 259
 *     java examples/FreshetClient.java http://127.0.0.1:8080 user 259 home
 *     java examples/FreshetClient.java http://127.0.0.1:8080 session 288 300
 *
 * Answers are JSON, which docs/serve.md explains: read them with the library that you have. One
 * object for all threads; connections are kept open.
 */
public class FreshetClient {
    /** The server answered with an error, which is the message. */
    public static class Refused extends IOException {
        public final int status;

        Refused(int status, String body) {
            super(status + " " + body.strip());
            this.status = status;
        }
    }

    private final HttpClient http;
    private final String address;
    private final String token;
    private final Duration patience;

    /** token: null without http.tokens. patience: for an answer; a page can go on without a list. */
    public FreshetClient(String address, String token, Duration patience) {
        this.address = address;
        this.token = token;
        this.patience = patience;
        this.http = HttpClient.newBuilder().connectTimeout(patience)
                .version(HttpClient.Version.HTTP_1_1).build();
    }

    /** The stored list of a user, of a placement (null: the list itself); null: there is none. */
    public String user(String user, String placement) throws IOException, InterruptedException {
        String of = placement == null ? "" : "?placement=" + escape(placement);
        try {
            return ask(request("/v1/users/" + escape(user) + "/recommendations" + of).GET());
        } catch (Refused refused) {
            if (refused.status == 404) { return null; }
            throw refused;
        }
    }

    /** A list that is made now for a visitor who acted on these items, the newest last. */
    public String session(List<String> items) throws IOException, InterruptedException {
        StringBuilder body = new StringBuilder("{\"actions\":[");
        for (String item : items) {
            body.append(body.charAt(body.length() - 1) == '[' ? "" : ",");
            body.append("{\"item\":").append(quote(item)).append('}');
        }
        body.append("]}");
        return ask(request("/v1/recommendations").header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body.toString())));
    }

    private HttpRequest.Builder request(String path) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(address + path)).timeout(patience);
        return token == null ? request : request.header("Authorization", "Bearer " + token);
    }

    private String ask(HttpRequest.Builder request) throws IOException, InterruptedException {
        HttpResponse<String> answer =
                http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) { throw new Refused(answer.statusCode(), answer.body()); }
        return answer.body();
    }

    private static String escape(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private static String quote(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') { quoted.append('\\').append(c); }
            else if (c < ' ') { quoted.append(String.format("\\u%04x", (int) c)); }
            else { quoted.append(c); }
        }
        return quoted.append('"').toString();
    }

    public static void main(String[] words) throws IOException, InterruptedException {
        if (words.length < 3 || !List.of("user", "session").contains(words[1])) {
            System.err.println("Usage: java FreshetClient.java ADDRESS user ID [PLACEMENT]\n"
                    + "       java FreshetClient.java ADDRESS session ITEM...");
            System.exit(64);
        }
        FreshetClient client = new FreshetClient(words[0], System.getenv("FRESHET_TOKEN"),
                Duration.ofSeconds(60));
        String answer = words[1].equals("user")
                ? client.user(words[2], words.length > 3 ? words[3] : null)
                : client.session(List.of(words).subList(2, words.length));
        System.out.println(answer == null ? "no list" : answer.strip());
    }
}
