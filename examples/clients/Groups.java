import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.regex.Pattern;

/** Create, list, get, update and delete a group with java.net.http: {@code java Groups.java} (JDK 17 or later). */
public class Groups {
    static final String GROUPS = env("TALLYFY_BASE_URL", "http://127.0.0.1:8255/api")
            + "/organizations/" + env("TALLYFY_ORG_ID", "clients-java") + "/groups";
    static final String TOKEN = env("TALLYFY_ACCESS_TOKEN", "any-token");
    static final String NAME = "Launch-team-java-" + System.nanoTime(); // needs no escaping in JSON or in a URL
    static final HttpClient CLIENT = HttpClient.newHttpClient();

    public static void main(String[] args) throws InterruptedException {
        try {
            walk();
            System.out.println("Groups.java: ok");
        } catch (IOException | IllegalStateException | IllegalArgumentException e) {
            System.err.println("Groups.java: " + (e.getMessage() != null ? e.getMessage() : e + " from " + GROUPS));
            System.exit(1);
        }
    }

    static void walk() throws IOException, InterruptedException {
        String fields = "{\"name\":\"" + NAME + "\",\"description\":\"Before\"}";
        String created = call("create", "POST", "", fields, 201);
        var id = Pattern.compile("\"id\":\"([0-9a-f]{32})\"").matcher(created);
        check(id.find(), "create: no usable data.id", created);
        String path = "/" + id.group(1);
        has("create", created, "\"name\":\"" + NAME + "\",\"description\":\"Before\",\"logo\":null,\"members\":[],\"guests\":[]");
        for (var key : new String[] {"created_at", "last_updated"}) has("create", created, "\"" + key + "\":\"");

        String refused = call("create again", "POST", "", fields, 422);
        has("create again", refused, "\"errors\":{\"name\":[\"The name has already been taken.\"]}");

        String list = call("list", "GET", "?q=" + NAME, null, 200);
        String group = created.substring("{\"data\":".length(), created.length() - 1);
        has("list", list, "{\"data\":[" + group + "],\"meta\":{\"pagination\":{\"total\":1,");

        String got = call("get", "GET", path, null, 200);
        check(got.equals(created), "get: not the group we created", got);

        String updated = call("update", "PUT", path, "{\"description\":\"After\"}", 201);
        has("update", updated, "{\"data\":{\"id\":\"" + id.group(1) + "\",\"name\":\"" + NAME + "\",\"description\":\"After\",");

        String nothing = call("delete", "DELETE", path, null, 204);
        check(nothing.isEmpty(), "delete: expected an empty body", nothing);

        String gone = call("get afterwards", "GET", path, null, 404);
        has("get afterwards", gone, "\"code\":\"RESOURCE_NOT_FOUND\"");
    }

    /** Sends one request, checks the status and gives back the body. */
    static String call(String step, String method, String path, String json, int expected) throws IOException, InterruptedException {
        var body = json == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(json);
        var request = HttpRequest.newBuilder(URI.create(GROUPS + path)).timeout(Duration.ofSeconds(10)).method(method, body)
                .headers("Authorization", "Bearer " + TOKEN, "Accept", "application/json", "X-Tallyfy-Client", "APIClient");
        if (json != null) request.header("Content-Type", "application/json");
        HttpResponse<String> response = CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
        check(response.statusCode() == expected, step + ": expected status " + expected + ", got " + response.statusCode(), response.body());
        System.out.println(step + ": " + expected);
        return response.body();
    }

    static void has(String step, String body, String part) {
        check(body.contains(part), step + ": no " + part, body);
    }

    static void check(boolean condition, String message, String body) {
        if (!condition) throw new IllegalStateException(message + ": " + body);
    }

    static String env(String key, String fallback) {
        String value = System.getenv(key);
        return value == null || value.isEmpty() ? fallback : value;
    }
}
