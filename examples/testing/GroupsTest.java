import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.reflect.InvocationTargetException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * A mock for the whole suite and an organization for each test: {@code java GroupsTest.java} (JDK 17 or later).
 * With JUnit, its {@code @Test} takes the place of the one below, {@code start} and {@code stop} become
 * {@code @BeforeAll} and {@code @AfterAll}, and {@code main} goes.
 */
public class GroupsTest {
    static final String READY = "tallyfy-mock is ready on ";
    static final HttpClient CLIENT = HttpClient.newHttpClient();
    static Process server;
    static String url;

    final String org = "java-" + UUID.randomUUID(); // a new GroupsTest for each test, as JUnit does it

    @Test
    void aSeededGroupIsListed() throws Exception {
        seedSales();

        var listed = api("GET", "", null);

        equal(200, listed.statusCode());
        contains("\"name\":\"Sales\",\"description\":\"Sells\"", listed.body());
        contains("\"total\":1,", listed.body());
    }

    @Test
    void aDeleteThatWasAppliedButAnswered503IsRetriedIntoA404() throws Exception {
        String sales = seedSales();
        String rule = "{\"match\":{\"operation\":\"groups.delete\"},\"steps\":[{\"status\":503,\"write\":\"after\"}]}";
        equal(200, control("PUT", "faults/flaky", "", rule).statusCode());

        equal(List.of(503, 404), deleteWithRetry(sales));

        contains("\"data\":[]", api("GET", "", null).body());
    }

    @Test
    void theJournalTellsOfAFieldThatNobodyRead() throws Exception {
        String sales = seedSales();

        api("PUT", sales, "{\"desciption\":\"typo\"}");

        String journal = control("GET", "requests", "&operation=groups.update", null).body();
        contains("\"dropped\":0}", journal);
        contains("\"body\":{\"desciption\":\"typo\"}", journal);
        contains("\"status\":201", journal);
        contains("\"unread\":[\"body.desciption\"]", journal);

        String once = "{\"operation\":\"groups.update\",\"times\":{\"exactly\":1}}";
        var verified = control("POST", "requests/verify", "", once);
        equal(200, verified.statusCode());
    }

    /** Stands for the client under test: tries again after a 5xx. Gives back the statuses that it met. */
    List<Integer> deleteWithRetry(String path) throws Exception {
        var met = new ArrayList<Integer>();
        do {
            met.add(api("DELETE", path, null).statusCode());
        } while (met.get(met.size() - 1) >= 500 && met.size() < 3);
        return met;
    }

    /** Seeds one group and gives back its path. */
    String seedSales() throws Exception {
        var seeded = control("POST", "seed", "", "{\"groups\":[{\"name\":\"Sales\",\"description\":\"Sells\"}]}");
        equal(204, seeded.statusCode());
        String listed = api("GET", "", null).body();
        var id = Pattern.compile("\"id\":\"([0-9a-f]{32})\"").matcher(listed);
        if (!id.find()) throw new AssertionError("expected a group, got " + listed);
        return "/" + id.group(1);
    }

    /** Tallyfy's side of the organization. */
    HttpResponse<String> api(String method, String path, String json) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(url + "/api/organizations/" + org + "/groups" + path))
                .headers("Authorization", "Bearer any-token", "X-Tallyfy-Client", "APIClient");
        return send(request, method, json);
    }

    /** The mock's own side of it. */
    HttpResponse<String> control(String method, String path, String query, String json) throws Exception {
        return send(HttpRequest.newBuilder(URI.create(url + "/_mock/" + path + "?org=" + org + query)), method, json);
    }

    static HttpResponse<String> send(HttpRequest.Builder request, String method, String json) throws Exception {
        var body = json == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(json);
        if (json != null) request.header("Content-Type", "application/json");
        request.method(method, body).timeout(Duration.ofSeconds(10));
        return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    /** Starts the binary and waits for its ready line. */
    static void start() throws IOException {
        String named = System.getenv("TALLYFY_MOCK_BIN");
        String binary = named == null || named.isEmpty() ? "target/debug/tallyfy-mock" : named;
        server = new ProcessBuilder(binary, "--port", "0", "--log-level", "warn")
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        Runtime.getRuntime().addShutdownHook(new Thread(server::destroy)); // should the suite be interrupted
        String line = new BufferedReader(new InputStreamReader(server.getInputStream())).readLine();
        if (line == null || !line.startsWith(READY + "http://")) {
            throw new IllegalStateException("expected the ready line, got " + line);
        }
        url = line.substring(READY.length());
    }

    static void stop() throws InterruptedException {
        server.destroy();
        if (!server.waitFor(30, TimeUnit.SECONDS)) throw new IllegalStateException("the mock did not stop");
    }

    static void equal(Object expected, Object actual) {
        if (!expected.equals(actual)) throw new AssertionError("expected " + expected + ", got " + actual);
    }

    static void contains(String expected, String actual) {
        if (!actual.contains(expected)) throw new AssertionError("expected " + expected + " in " + actual);
    }

    @Retention(RetentionPolicy.RUNTIME)
    @interface Test {}

    public static void main(String[] args) throws Exception {
        start();
        int failed = 0;
        for (var method : GroupsTest.class.getDeclaredMethods()) {
            if (!method.isAnnotationPresent(Test.class)) continue;
            try {
                method.invoke(new GroupsTest());
                System.out.println("ok " + method.getName());
            } catch (InvocationTargetException e) {
                failed++;
                System.out.println("FAILED " + method.getName() + ": " + e.getCause());
            }
        }
        stop();
        System.exit(failed == 0 ? 0 : 1);
    }
}
