import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.stream.Collectors;

/** The documentation's Java samples for groups, written anew: {@code Groups OPERATION}. Exits 1 where a sample says that it failed. */
public class Groups {
    static final String TOKEN = System.getenv().getOrDefault("TALLYFY_ACCESS_TOKEN", "YOUR_PERSONAL_ACCESS_TOKEN");
    static final String ORG_ID = System.getenv().getOrDefault("TALLYFY_ORG_ID", "YOUR_ORGANIZATION_ID");

    public static void main(String[] args) throws Exception {
        switch (args[0]) {
            case "list" -> list();
            case "get" -> get();
            case "create" -> create();
            case "update" -> update();
            case "delete" -> delete();
            default -> throw new IllegalArgumentException(args[0]);
        }
    }

    static void list() throws Exception {
        Map<String, String> parameters = Map.of("with", "assets", "per_page", "10", "page", "1");
        String query = parameters.entrySet().stream()
                .map(entry -> URLEncoder.encode(entry.getKey(), StandardCharsets.UTF_8) + "=" + URLEncoder.encode(entry.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
        HttpRequest request = request("https://go.tallyfy.com/api/organizations/" + ORG_ID + "/groups?" + query).GET().build();
        expect(200, send(request));
    }

    static void get() throws Exception {
        HttpRequest request = request("https://go.tallyfy.com/api/organizations/" + ORG_ID + "/groups/GROUP_ID_TO_GET?with=assets").GET().build();
        expect(200, send(request));
    }

    static void create() throws Exception {
        String fields = "{\"name\":\"Night Shift\",\"description\":\"Answers while others sleep.\",\"members\":[1001,1005]}";
        HttpRequest request = request("https://go.tallyfy.com/api/organizations/" + ORG_ID + "/groups")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(fields)).build();
        HttpResponse<String> response = send(request);
        System.out.println(response.statusCode() + " " + response.body());
    }

    static void update() throws Exception {
        String fields = "{\"name\":\"Tier 2\",\"description\":\"Second line.\"}";
        HttpRequest request = request("https://go.tallyfy.com/api/organizations/" + ORG_ID + "/groups/GROUP_ID_TO_UPDATE")
                .header("Content-Type", "application/json")
                .PUT(HttpRequest.BodyPublishers.ofString(fields)).build();
        expect(201, send(request));
    }

    static void delete() throws Exception {
        HttpRequest request = request("https://go.tallyfy.com/api/organizations/" + ORG_ID + "/groups/GROUP_ID_TO_DELETE").DELETE().build();
        expect(204, send(request));
    }

    static HttpRequest.Builder request(String url) {
        return HttpRequest.newBuilder(URI.create(url))
                .header("Authorization", "Bearer " + TOKEN)
                .header("Accept", "application/json")
                .header("X-Tallyfy-Client", "APIClient");
    }

    static HttpResponse<String> send(HttpRequest request) throws Exception {
        return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    }

    static void expect(int status, HttpResponse<String> response) {
        if (response.statusCode() == status) {
            System.out.println(response.body());
        } else {
            System.err.println("failed: " + response.statusCode() + " " + response.body());
            System.exit(1);
        }
    }
}
