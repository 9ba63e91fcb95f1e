import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The five operations as the documentation's Java samples do them: HttpClient, statuses checked, queries in no order. */
public class Groups {
    static final String GROUPS = System.getenv("TALLYFY_BASE_URL") + "/organizations/" + System.getenv("TALLYFY_ORG_ID") + "/groups";
    static final HttpClient CLIENT = HttpClient.newHttpClient();

    public static void main(String[] args) throws Exception {
        String fields = "\"name\":\"Onboarding Specialists\",\"description\":\"Team responsible for new client onboarding.\"";
        String created = call("create", "POST", GROUPS, System.getenv("CREATE_STATUS"),
                "{" + fields + ",\"members\":[1001,1005,1008]}",
                fields + ",\"logo\":null,\"members\":[1001,1005,1008],\"guests\":[]");
        var id = Pattern.compile("\"id\":\"([0-9a-f]{32})\"").matcher(created);
        if (!id.find()) fail("create", "no data.id", created);
        String group = GROUPS + "/" + id.group(1);

        String query = Map.of("with", "assets", "per_page", "10", "page", "1").entrySet().stream()
                .map(one -> one.getKey() + "=" + URLEncoder.encode(one.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
        call("list", "GET", GROUPS + "?" + query, "200", null, id.group(), fields, "\"assets\":{\"data\":[]}", "\"pagination\":{\"total\":1,");

        call("get", "GET", group + "?with=assets", "200", null, "{\"data\":{" + id.group(), fields, "\"assets\":{\"data\":[]}");

        String changes = "\"name\":\"Senior Specialists\",\"description\":\"Handles Tier 1 support.\"";
        call("update", "PUT", group, System.getenv("UPDATE_STATUS"), "{" + changes + "}",
                id.group() + "," + changes + ",\"logo\":null,\"members\":[1001,1005,1008],\"guests\":[]");

        call("delete", "DELETE", group, System.getenv("DELETE_STATUS"), null);
    }

    /** Sends one request; checks the status, and that a body that is not empty holds these parts. */
    static String call(String operation, String method, String url, String statuses, String json, String... parts) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(10))
                .headers("Authorization", "Bearer " + System.getenv("TALLYFY_ACCESS_TOKEN"), "Accept", "application/json", "X-Tallyfy-Client", "APIClient");
        if (json == null) {
            request.method(method, HttpRequest.BodyPublishers.noBody());
        } else {
            request.header("Content-Type", "application/json").method(method, HttpRequest.BodyPublishers.ofString(json));
        }
        HttpResponse<String> response = CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
        if (!List.of(statuses.split(" ")).contains("" + response.statusCode())) {
            fail(operation, "expected status " + statuses + ", got " + response.statusCode(), response.body());
        }
        for (String part : parts) {
            if (!response.body().contains(part)) fail(operation, "no " + part, response.body());
        }
        if (response.statusCode() == 204 && !response.body().isEmpty()) fail(operation, "a body with 204", response.body());
        System.out.println("ok " + operation + " (" + response.statusCode() + ")");
        return response.body();
    }

    static void fail(String operation, String message, String body) {
        System.out.println("FAILED " + operation + ": " + message + ": " + body);
        System.exit(1);
    }
}
