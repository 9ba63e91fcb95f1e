package com.example;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.lang.module.ModuleDescriptor;
import java.lang.reflect.Constructor;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.Store;
import org.junit.jupiter.api.extension.LifecycleMethodExecutionExceptionHandler;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.opentest4j.TestAbortedException;

/**
 * Gives each test that has a parameter {@link TallyfyOrg} an organization of its own in a tallyfy-mock, which is started
 * once for all tests and ends with them. A test that fails is told what its organization was asked.
 *
 * <p>Copy this file and change its package. It needs Java 17 or later and JUnit 5, and nothing else; tested with JUnit 5.9.
 *
 * <p>Each setting is a configuration parameter of JUnit's (a system property, or a line of
 * {@code junit-platform.properties}), else an environment variable: {@code tallyfy.mock.url} or {@code TALLYFY_MOCK_URL},
 * a mock that runs already; {@code tallyfy.mock.bin} or {@code TALLYFY_MOCK_BIN}, the binary to start, else
 * {@code tallyfy-mock} on the path; and {@code TALLYFY_MOCK_CONTROL_TOKEN}.
 */
public final class TallyfyMockExtension implements ParameterResolver, AfterEachCallback, TestExecutionExceptionHandler,
        LifecycleMethodExecutionExceptionHandler {
    /** The mock's version that this file was written for; an older one may lack what it asks for. */
    static final String VERSION = "0.1.0";

    private static final Namespace NAMESPACE = Namespace.create(TallyfyMockExtension.class);
    private final List<String> flags;

    /** For {@code @ExtendWith(TallyfyMockExtension.class)}. */
    public TallyfyMockExtension() {
        this(List.of());
    }

    private TallyfyMockExtension(List<String> flags) {
        this.flags = flags;
    }

    /**
     * A mock with flags of {@code tallyfy-mock serve}, such as {@code "--edition", "2025-08"}, for a static field with
     * {@code @RegisterExtension}. Equal flags share one mock.
     */
    public static TallyfyMockExtension with(String... flags) {
        return new TallyfyMockExtension(List.of(flags));
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == TallyfyOrg.class;
    }

    @Override
    public TallyfyOrg resolveParameter(ParameterContext parameter, ExtensionContext context) {
        if (context.getTestMethod().isEmpty() || parameter.getDeclaringExecutable() instanceof Constructor) {
            throw new ParameterResolutionException("a TallyfyOrg belongs to one test: take it as a parameter of the test,"
                    + " of @BeforeEach or of @AfterEach");
        }
        return context.getStore(NAMESPACE).getOrComputeIfAbsent(TallyfyOrg.class, key -> mock(context).org(),
                TallyfyOrg.class);
    }

    /** The mock of these flags, which all tests of the run share. */
    private Mock mock(ExtensionContext context) {
        var shared = context.getRoot().getStore(NAMESPACE);
        return shared.getOrComputeIfAbsent(flags, key -> {
            Optional<String> url = setting(context, "url");
            if (url.isEmpty()) return Mock.start(setting(context, "bin").orElse("tallyfy-mock"), flags);
            if (flags.isEmpty()) return new Mock(url.get().replaceAll("/+$", ""), null);
            throw new IllegalStateException("the mock at TALLYFY_MOCK_URL runs already, so it cannot be started with "
                    + String.join(" ", flags) + ": leave out either");
        }, Mock.class);
    }

    private static Optional<String> setting(ExtensionContext context, String name) {
        return context.getConfigurationParameter("tallyfy.mock." + name)
                .or(() -> Optional.ofNullable(System.getenv("TALLYFY_MOCK_" + name.toUpperCase(Locale.ROOT))))
                .filter(value -> !value.isBlank());
    }

    private static Optional<TallyfyOrg> org(ExtensionContext context) {
        return Optional.ofNullable(context.getStore(NAMESPACE).get(TallyfyOrg.class, TallyfyOrg.class));
    }

    /** Gives back what the organization took of a mock that goes on; what it was asked stays to be looked at. */
    @Override
    public void afterEach(ExtensionContext context) {
        org(context).ifPresent(org -> org.control("POST", "reset", "&scope=state,faults,clock,limits", null));
    }

    @Override
    public void handleTestExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        throw explained(context, failure);
    }

    @Override
    public void handleBeforeEachMethodExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        throw explained(context, failure);
    }

    @Override
    public void handleAfterEachMethodExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        throw explained(context, failure);
    }

    /** The failure with the organization's last requests beside it: every runner and report prints what is suppressed. */
    private static Throwable explained(ExtensionContext context, Throwable failure) {
        if (failure instanceof TestAbortedException) return failure; // skipped by an assumption
        org(context).ifPresent(org -> {
            try {
                failure.addSuppressed(new Asked(org.report()));
            } catch (RuntimeException noReport) {
                failure.addSuppressed(noReport);
            }
        });
        return failure;
    }

    /** What an organization was asked, as a throwable without a stack. */
    private static final class Asked extends Throwable {
        private static final long serialVersionUID = 1;

        Asked(String report) {
            super(report, null, false, false);
        }

        @Override
        public String toString() {
            return getMessage();
        }
    }

    /** An organization that nobody else uses. */
    public static final class TallyfyOrg {
        private final Mock mock;
        private final String id;

        private TallyfyOrg(Mock mock, String id) {
            this.mock = mock;
            this.id = id;
        }

        public String id() {
            return id;
        }

        /** Where clients find the mock, without {@code /api}. */
        public String baseUrl() {
            return mock.url;
        }

        /** A path of this organization's, such as {@code groups}, as a URL. */
        public String url(String path) {
            return mock.url + "/api/organizations/" + id + "/" + path.replaceFirst("^/", "");
        }

        public String token() {
            return "any-token";
        }

        /** What Tallyfy demands of each request. */
        public Map<String, String> headers() {
            return Map.of("Authorization", "Bearer " + token(), "X-Tallyfy-Client", "APIClient");
        }

        /** The variables that clients in other processes read. */
        public Map<String, String> environment() {
            return Map.of("TALLYFY_BASE_URL", mock.url, "TALLYFY_API_BASE_URL", mock.url, "TALLYFY_ORG_ID", id,
                    "TALLYFY_API_TOKEN", token(), "TALLYFY_ACCESS_TOKEN", token());
        }

        /** Adds an organization's part of a fixture: {@code {"groups":[{"name":"Sales"}]}}. */
        public void seed(String json) {
            control("POST", "seed", "", json);
        }

        /** Adds a group, and gives back its id. */
        public String group(String name) {
            String group = UUID.randomUUID().toString().replace("-", "");
            seed("{\"groups\":[{\"id\":\"" + group + "\",\"name\":" + Json.quoted(name) + "}]}");
            return group;
        }

        /** The groups that are stored now. */
        public List<Map<String, Object>> groups() {
            return Json.objects(control("GET", "state", "", null), "groups");
        }

        /** Makes requests fail as the rule says. */
        public void fault(Fault fault) {
            fault("rule-" + UUID.randomUUID(), fault.json());
        }

        /** The same with all that a rule can say: {@code {"match":{…},"steps":[…]}}. */
        public void fault(String rule, String json) {
            control("PUT", "faults/" + rule, "", json);
        }

        /** The journal, newest last: {@code operation}, {@code status}, {@code body}, {@code unread}, {@code reason}… */
        public List<Map<String, Object>> requests() {
            return Json.objects(control("GET", "requests", "", null), "requests");
        }

        /** Fails with what was asked instead, unless the operation was asked so many times. */
        public void verify(String operation, int times) {
            verify("{\"operation\":" + Json.quoted(operation) + ",\"times\":{\"exactly\":" + times + "}}");
        }

        /** The same with all that an expectation can say. */
        public void verify(String json) {
            var answer = mock.call("POST", "requests/verify?org=" + id, json);
            if (answer.statusCode() == 409) throw new AssertionError(Json.object(answer.body()).get("detail"));
            Mock.body(answer);
        }

        /** Sets the organization's clock, which then stands still. */
        public void freezeClock(Instant now) {
            control("PUT", "clock", "", "{\"now\":\"" + now + "\",\"frozen\":true}");
        }

        public void advanceClock(Duration by) {
            control("POST", "clock/advance", "", "{\"seconds\":" + by.toMillis() / 1000.0 + "}");
        }

        /** Back to how the organization began: groups, rules, clock and journal. */
        public void reset() {
            control("POST", "reset", "", null);
        }

        private String control(String method, String path, String query, String json) {
            return Mock.body(mock.call(method, path + "?org=" + id + query, json));
        }

        /** The last requests, with the reason of each refusal and what the mock did not read. */
        String report() {
            var all = requests();
            var last = all.subList(Math.max(0, all.size() - 10), all.size());
            var text = new StringBuilder("tallyfy-mock: ").append(last.size()).append(" of ").append(all.size())
                    .append(" requests of the organization ").append(id);
            for (var request : last) {
                var status = request.get("status") == null ? "---" : request.get("status");
                text.append("\n  ").append(status).append(' ').append(request.get("method")).append(' ')
                        .append(request.get("path"));
                if (request.get("reason") instanceof String reason) text.append("\n      ").append(reason);
                var meant = request.get("did_you_mean") instanceof Map<?, ?> names ? names : Map.of();
                for (Object field : request.get("unread") instanceof List<?> unread ? unread : List.of()) {
                    text.append("\n      not read: ").append(field);
                    if (meant.containsKey(field)) text.append(", perhaps meant: ").append(meant.get(field));
                }
            }
            return text.toString().replaceAll("[\\p{Cntrl}&&[^\n]]", "\uFFFD");
        }
    }

    /** A rule: {@code Fault.on("groups.delete").status(503).afterWrite().times(2)}. */
    public static final class Fault {
        private final Map<String, String> step = new LinkedHashMap<>();
        private final String match;

        private Fault(String match) {
            this.match = match;
        }

        /** Requests for an operation, such as {@code groups.list}. */
        public static Fault on(String operation) {
            return new Fault("{\"operation\":" + Json.quoted(operation) + "}");
        }

        public static Fault onAny() {
            return new Fault("{}");
        }

        public Fault status(int status) {
            return say("status", Integer.toString(status));
        }

        /** The change is made, and only its answer is lost. */
        public Fault afterWrite() {
            return say("write", "\"after\"");
        }

        /** What happens to the connection, such as {@code connection_reset}. */
        public Fault connection(String fault) {
            return say("fault", Json.quoted(fault));
        }

        public Fault delay(Duration delay) {
            return say("delay", "{\"fixed_ms\":" + delay.toMillis() + "}");
        }

        public Fault retryAfter(Duration wait) {
            return say("retry_after", Long.toString(wait.toSeconds()));
        }

        /** How many requests are struck; one, where it is not said. */
        public Fault times(int times) {
            return say("times", Integer.toString(times));
        }

        public Fault always() {
            return say("times", "\"always\"");
        }

        private Fault say(String key, String json) {
            step.put(key, "\"" + key + "\":" + json);
            return this;
        }

        private String json() {
            return "{\"match\":" + match + ",\"steps\":[{" + String.join(",", step.values()) + "}]}";
        }
    }

    /** A mock that is asked over HTTP; with a process, if it is our own. */
    private static final class Mock implements Store.CloseableResource {
        private static final String READY = "tallyfy-mock is ready on ";
        private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
                .proxy(HttpClient.Builder.NO_PROXY).connectTimeout(Duration.ofSeconds(10)).build();
        private final String url;
        private final Process process;

        Mock(String url, Process process) {
            this.url = url;
            this.process = process;
            var health = call("GET", "health", null);
            if (!health.body().contains("\"name\":\"tallyfy-mock\"")) {
                throw new IllegalStateException("what answers at " + url + " is no tallyfy-mock");
            }
            var version = ModuleDescriptor.Version.parse(String.valueOf(Json.object(health.body()).get("version")));
            if (version.compareTo(ModuleDescriptor.Version.parse(VERSION)) < 0) {
                throw new IllegalStateException("the mock at " + url + " is of version " + version
                        + ", and this TallyfyMockExtension needs " + VERSION + " or later");
            }
        }

        /** Starts the binary on a free port; it ends with this process, however that ends. */
        static Mock start(String binary, List<String> flags) {
            var command = new ArrayList<>(List.of(binary, "--port", "0", "--exit-with-stdin", "--log-level", "warn"));
            command.addAll(flags);
            Process process;
            try {
                process = new ProcessBuilder(command).start();
            } catch (IOException e) {
                throw new IllegalStateException("cannot start the mock (" + e.getMessage() + "): name its binary by"
                        + " TALLYFY_MOCK_BIN, or have tallyfy-mock on the PATH", e);
            }
            var log = CompletableFuture.supplyAsync(() -> end(process));
            try {
                var out = new BufferedReader(new InputStreamReader(process.getInputStream()));
                String line = CompletableFuture.supplyAsync(() -> line(out)).get(30, TimeUnit.SECONDS);
                if (line.startsWith(READY)) return new Mock(line.substring(READY.length()), process);
                throw new IllegalStateException(binary + " did not start: " + log.get(5, TimeUnit.SECONDS));
            } catch (InterruptedException | ExecutionException | TimeoutException e) {
                process.destroyForcibly();
                throw new IllegalStateException(binary + " did not say that it is ready: " + e, e);
            }
        }

        private static String line(BufferedReader out) {
            try {
                return Objects.requireNonNullElse(out.readLine(), "");
            } catch (IOException e) {
                return "";
            }
        }

        /** The end of the mock's log, once it ends; it is read all the while, so that the mock never waits for it. */
        private static String end(Process process) {
            var end = new ArrayDeque<String>();
            try (var log = new BufferedReader(new InputStreamReader(process.getErrorStream()))) {
                for (String line = log.readLine(); line != null; line = log.readLine()) {
                    if (end.size() == 50) end.removeFirst();
                    end.addLast(line);
                }
            } catch (IOException e) {
                end.addLast(e.toString());
            }
            return String.join("\n", end);
        }

        /** An organization with an id that nobody has; says why, if this mock has no such organizations. */
        TallyfyOrg org() {
            var contract = Json.object(body(call("GET", "contract", null)));
            if (contract.get("tokens") instanceof List<?> tokens && !tokens.isEmpty()) {
                throw new IllegalStateException("the mock's fixtures declare tokens, which are good for their own"
                        + " organizations only: a test's own organization needs fixtures without `tokens`");
            }
            var org = new TallyfyOrg(this, "java-" + UUID.randomUUID());
            if (call("GET", "state?org=" + org.id, null).statusCode() == 404) {
                throw new IllegalStateException("the mock's fixtures declare organizations, so that there are no others:"
                        + " a test's own organization needs fixtures with `\"template\": {}`");
            }
            return org;
        }

        HttpResponse<String> call(String method, String path, String json) {
            var request = HttpRequest.newBuilder(URI.create(url + "/_mock/" + path)).timeout(Duration.ofSeconds(30));
            String token = System.getenv("TALLYFY_MOCK_CONTROL_TOKEN");
            if (token != null && !token.isEmpty()) request.header("Authorization", "Bearer " + token);
            if (json != null) request.header("Content-Type", "application/json");
            request.method(method, json == null ? BodyPublishers.noBody() : BodyPublishers.ofString(json));
            try {
                return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
            } catch (IOException e) {
                throw new UncheckedIOException("the mock at " + url + " does not answer", e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while the mock was asked", e);
            }
        }

        /** The body of an answer, unless the mock refuses: then what it says. */
        static String body(HttpResponse<String> answer) {
            if (answer.statusCode() < 400) return answer.body();
            var path = answer.request().method() + " " + answer.request().uri().getPath();
            throw new IllegalStateException(path + ": " + answer.statusCode() + " " + answer.body());
        }

        @Override
        public void close() throws InterruptedException, IOException {
            if (process == null) return;
            process.getOutputStream().close(); // the mock ends with its standard input
            if (!process.waitFor(10, TimeUnit.SECONDS)) process.destroyForcibly();
        }
    }

    /** As much of JSON as the mock's own answers need: the JDK has none. */
    private static final class Json {
        private final String text;
        private int at;

        private Json(String text) {
            this.text = text;
        }

        @SuppressWarnings("unchecked")
        static Map<String, Object> object(String text) {
            return (Map<String, Object>) new Json(text).value();
        }

        @SuppressWarnings("unchecked")
        static List<Map<String, Object>> objects(String text, String key) {
            return (List<Map<String, Object>>) object(text).getOrDefault(key, List.of());
        }

        static String quoted(String text) {
            var quoted = new StringBuilder("\"");
            for (char c : text.toCharArray()) {
                if (c == '"' || c == '\\') quoted.append('\\').append(c);
                else if (c < ' ' || Character.isSurrogate(c)) quoted.append(String.format("\\u%04x", (int) c));
                else quoted.append(c);
            }
            return quoted.append('"').toString();
        }

        private Object value() {
            switch (next()) {
                case '{':
                    var object = new LinkedHashMap<String, Object>();
                    for (at++; next() != '}'; skip(',')) {
                        String key = string();
                        skip(':');
                        object.put(key, value());
                    }
                    at++;
                    return object;
                case '[':
                    var list = new ArrayList<>();
                    for (at++; next() != ']'; skip(',')) list.add(value());
                    at++;
                    return list;
                case '"':
                    return string();
                default:
                    int from = at;
                    while (at < text.length() && ",]} \n".indexOf(text.charAt(at)) < 0) at++;
                    return word(text.substring(from, at));
            }
        }

        private static Object word(String word) {
            return switch (word) {
                case "null" -> null;
                case "true" -> true;
                case "false" -> false;
                default -> word.matches("-?\\d{1,18}") ? (Object) Long.valueOf(word) : (Object) Double.valueOf(word);
            };
        }

        private String string() {
            var string = new StringBuilder();
            next();
            for (at++; text.charAt(at) != '"'; at++) {
                char c = text.charAt(at);
                if (c == '\\') {
                    c = text.charAt(++at);
                    if (c == 'u') {
                        c = (char) Integer.parseInt(text.substring(at + 1, at + 5), 16);
                        at += 4;
                    } else if ("bfnrt".indexOf(c) >= 0) {
                        c = "\b\f\n\r\t".charAt("bfnrt".indexOf(c));
                    }
                }
                string.append(c);
            }
            at++;
            return string.toString();
        }

        private char next() {
            while (Character.isWhitespace(text.charAt(at))) at++;
            return text.charAt(at);
        }

        private void skip(char separator) {
            if (next() == separator) at++;
        }
    }
}
