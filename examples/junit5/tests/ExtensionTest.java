package com.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import com.example.TallyfyMockExtension.Fault;
import com.example.TallyfyMockExtension.TallyfyOrg;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs suites that use the extension, those that fail included, and looks at what JUnit tells of them. */
class ExtensionTest {
    /** Sends one request as a client of Tallyfy's would; gives back the status. */
    static int send(TallyfyOrg org, String method, String path, String json) {
        var request = HttpRequest.newBuilder(URI.create(org.url(path))).timeout(Duration.ofSeconds(10));
        org.headers().forEach(request::header);
        if (json != null) request.header("Content-Type", "application/json");
        request.method(method, json == null ? BodyPublishers.noBody() : BodyPublishers.ofString(json));
        try {
            return HttpClient.newHttpClient().send(request.build(), BodyHandlers.discarding()).statusCode();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Each ended test's result, by the name of its method; a class that could not begin, by its own. */
    static Map<String, TestExecutionResult> run(Class<?> suite, String... parameters) {
        var results = Collections.synchronizedMap(new java.util.TreeMap<String, TestExecutionResult>());
        var request = LauncherDiscoveryRequestBuilder.request().selectors(selectClass(suite))
                .configurationParameter("junit.jupiter.conditions.deactivate", "org.junit.*DisabledCondition");
        for (int i = 0; i < parameters.length; i += 2) request.configurationParameter(parameters[i], parameters[i + 1]);
        LauncherDiscoveryRequest built = request.build();
        LauncherFactory.create().execute(built, new TestExecutionListener() {
            @Override
            public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                results.put(test.getDisplayName().replaceAll("\\(.*", ""), result);
            }
        });
        return results;
    }

    static Throwable failure(Class<?> suite, String test, String... parameters) {
        var result = run(suite, parameters).get(test);
        assertEquals(TestExecutionResult.Status.FAILED, result.getStatus(), test);
        return result.getThrowable().orElseThrow();
    }

    /** All that a stack trace of it shows, which is what every runner prints. */
    static String printed(Throwable failure) {
        var written = new java.io.StringWriter();
        failure.printStackTrace(new java.io.PrintWriter(written));
        return written.toString();
    }

    static void contains(String part, String text) {
        assertTrue(text.contains(part), () -> "`" + part + "` is not in\n" + text);
    }

    @ExtendWith(TallyfyMockExtension.class)
    static class Failing {
        @Test
        void inTheTest(TallyfyOrg org) {
            String sales = org.group("Sales");
            send(org, "PUT", "groups/" + sales, "{\"desciption\":\"typo\"}");
            send(org, "GET", "groups/gone", null);
            org.fault("busy", "{\"steps\":[{\"status\":429}]}");
            assertEquals(200, send(org, "GET", "groups", null));
        }

        @Test
        void withoutAnOrganization() {
            throw new AssertionError("of itself");
        }

        @Test
        void byAnAssumption(TallyfyOrg org) {
            Assumptions.assumeTrue(false);
        }

        @Test
        void afterManyRequests(TallyfyOrg org) {
            for (int i = 0; i < 12; i++) send(org, "GET", "groups?page=" + i, null);
            throw new AssertionError("of itself");
        }
    }

    @Test
    void aFailureIsToldWithRequestsRefusalsAndUnreadFields() throws IOException {
        var printed = printed(failure(Failing.class, "inTheTest"));

        contains("expected: <200> but was: <429>", printed);
        // As docs/java.md shows it.
        var report = Files.readString(Path.of(System.getProperty("report")));
        contains("\tSuppressed: " + report, printed.replaceAll("(?<=java-)[0-9a-f-]{36}|[0-9a-f]{32}", "…"));
    }

    @Test
    void onlyTheLastRequestsAreTold() {
        contains("tallyfy-mock: 10 of 12 requests", printed(failure(Failing.class, "afterManyRequests")));
    }

    @Test
    void aFailureWithoutAnOrganizationAndASkippedTestAreLeftAlone() {
        assertEquals(0, failure(Failing.class, "withoutAnOrganization").getSuppressed().length);
        var skipped = run(Failing.class).get("byAnAssumption");
        assertEquals(TestExecutionResult.Status.ABORTED, skipped.getStatus());
        assertEquals(0, skipped.getThrowable().orElseThrow().getSuppressed().length);
    }

    @ExtendWith(TallyfyMockExtension.class)
    static class FailingBeside {
        @BeforeEach
        void before(TallyfyOrg org, org.junit.jupiter.api.TestInfo test) {
            assertEquals(test.getDisplayName().startsWith("before") ? 201 : 200, send(org, "GET", "groups", null));
        }

        @AfterEach
        void after(TallyfyOrg org, org.junit.jupiter.api.TestInfo test) {
            assertEquals(test.getDisplayName().startsWith("after") ? 201 : 200, send(org, "GET", "groups", null));
        }

        @Test
        void before() {}

        @Test
        void after() {}
    }

    @Test
    void aFailureBeforeOrAfterTheTestIsToldAsWell() {
        contains("tallyfy-mock: 1 of 1 requests", printed(failure(FailingBeside.class, "before")));
        contains("tallyfy-mock: 2 of 2 requests", printed(failure(FailingBeside.class, "after")));
    }

    @ExtendWith(TallyfyMockExtension.class)
    static class LeavingThingsBehind {
        static final List<String> IDS = Collections.synchronizedList(new ArrayList<>());
        TallyfyOrg before;

        @BeforeEach
        void before(TallyfyOrg org) {
            before = org;
        }

        @RepeatedTest(3)
        void eachBeginsAnew(TallyfyOrg org) {
            assertEquals(before.id(), org.id(), "a test has one organization");
            IDS.add(org.id());
            assertEquals(List.of(), org.groups());
            assertEquals(List.of(), org.requests());
            assertEquals(200, send(org, "GET", "groups", null));
            org.group("Left behind");
            org.freezeClock(Instant.parse("2031-05-06T07:08:09Z"));
            org.fault(Fault.onAny().status(500).always());
        }

        @Nested
        class Inside {
            @Test
            void too(TallyfyOrg org) {
                eachBeginsAnew(org);
            }
        }
    }

    @Test
    void whatATestLeavesBehindTouchesNoOther() {
        var results = run(LeavingThingsBehind.class);
        results.forEach((name, result) -> assertEquals(TestExecutionResult.successful().getStatus(), result.getStatus(),
                () -> name + ": " + result));
        assertEquals(4, new HashSet<>(LeavingThingsBehind.IDS).size());
    }

    @ExtendWith(TallyfyMockExtension.class)
    static class Everything {
        @Test
        void verbs(TallyfyOrg org) {
            org.seed("{\"groups\":[{\"id\":\"sales\",\"name\":\"Sales \\\"A\\\" \u00e9\u2028x\",\"description\":null}]}");
            var sales = org.groups().get(0);
            assertEquals("sales", sales.get("id"));
            assertEquals("Sales \"A\" \u00e9\u2028x", sales.get("name"));
            assertEquals(200, send(org, "GET", "groups/" + org.group("More \"sales\""), null));
            var unknown = assertThrows(IllegalStateException.class, () -> org.verify("\"\\\n\u0000 \ud83d\ude00 x", 1));
            contains("`\\\"\\\\\\n\\u0000 \ud83d\ude00 x`", unknown.getMessage());

            org.fault(Fault.on("groups.list").status(429).retryAfter(Duration.ofSeconds(2)).times(2));
            assertEquals(429, send(org, "GET", "groups", null));
            assertEquals(429, send(org, "GET", "groups", null));
            assertEquals(200, send(org, "GET", "groups", null));
            org.fault(Fault.on("groups.list").delay(Duration.ofMillis(1)));
            assertEquals(200, send(org, "GET", "groups", null));
            org.fault(Fault.onAny().connection("empty_response"));
            // Not by GET: the client asks that again by itself.
            assertThrows(AssertionError.class, () -> send(org, "POST", "groups", "{}"));

            org.freezeClock(Instant.parse("2031-05-06T07:08:09Z"));
            org.advanceClock(Duration.ofMillis(1500));
            assertEquals(201, send(org, "POST", "groups", "{\"name\":\"New\",\"description\":\"x\"}"));
            assertTrue(org.groups().toString().contains("2031-05-06T07:08:10"), () -> org.groups().toString());

            org.verify("groups.list", 4);
            org.verify("{\"operation\":\"groups.create\",\"body\":{\"name\":\"New\"}}");
            var wrong = assertThrows(AssertionError.class, () -> org.verify("groups.delete", 1));
            contains("expected exactly 1 request for `groups.delete`", wrong.getMessage());
            assertEquals("New", ((Map<?, ?>) org.requests().get(org.requests().size() - 1).get("body")).get("name"));
            var refused = assertThrows(IllegalStateException.class, () -> org.seed("{\"gruops\":[]}"));
            contains("did you mean `groups`?", refused.getMessage());

            org.reset();
            assertEquals(List.of(), org.groups());
            assertEquals(List.of(), org.requests());
            assertEquals(org.baseUrl(), org.environment().get("TALLYFY_BASE_URL"));
            assertEquals(org.id(), org.environment().get("TALLYFY_ORG_ID"));
        }
    }

    @Test
    void everyVerbDoesWhatItSays() {
        var result = run(Everything.class).get("verbs");
        result.getThrowable().ifPresent(it -> { throw new AssertionError(it); });
    }

    static class InTheWrongPlace {
        @ExtendWith(TallyfyMockExtension.class)
        static class BeforeAllTests {
            @BeforeAll
            static void before(TallyfyOrg org) {}

            @Test
            void test() {}
        }

        @ExtendWith(TallyfyMockExtension.class)
        static class InTheConstructor {
            InTheConstructor(TallyfyOrg org) {}

            @Test
            void test() {}
        }
    }

    @Test
    void whatBelongsToATestIsGivenToNothingElse() {
        var text = "a TallyfyOrg belongs to one test";
        contains(text, printed(failure(InTheWrongPlace.BeforeAllTests.class, "ExtensionTest$InTheWrongPlace$BeforeAllTests")));
        contains(text, printed(failure(InTheWrongPlace.InTheConstructor.class, "test")));
    }

    static class OfTheEdition2025 {
        @RegisterExtension
        static final TallyfyMockExtension TALLYFY = TallyfyMockExtension.with("--edition", "2025-08");

        @Test
        void deletesWithABody(TallyfyOrg org) {
            // 204 in 2026-03
            assertEquals(200, send(org, "DELETE", "groups/" + org.group("Sales"), null));
        }
    }

    @Test
    void flagsMakeAMockOfTheirOwn() {
        var result = run(OfTheEdition2025.class).get("deletesWithABody");
        result.getThrowable().ifPresent(it -> { throw new AssertionError(it); });
    }

    static class WithABadFlag {
        @RegisterExtension
        static final TallyfyMockExtension TALLYFY = TallyfyMockExtension.with("--edition", "1999-01");

        @Test
        void test(TallyfyOrg org) {}
    }

    @Test
    void whatTheMockSaysWhenItDoesNotStartIsTold() {
        var printed = printed(failure(WithABadFlag.class, "test"));
        contains("did not start: error: invalid value '1999-01' for '--edition", printed);
    }

    @Test
    void aBinaryThatIsMissingOrNoProgramIsToldInASentence(@TempDir Path folder) throws IOException {
        var noProgram = Files.writeString(folder.resolve("not-executable"), "x").toString();
        for (String binary : List.of("/nowhere/tallyfy-mock", noProgram)) {
            var printed = printed(failure(Everything.class, "verbs", "tallyfy.mock.bin", binary));
            contains("cannot start the mock", printed);
            contains(binary, printed);
            contains("name its binary by TALLYFY_MOCK_BIN, or have tallyfy-mock on the PATH", printed);
        }
        var other = printed(failure(Everything.class, "verbs", "tallyfy.mock.bin", "/bin/true"));
        contains("/bin/true did not start", other);
    }

    static String fixture(String json) {
        try {
            var file = Files.createTempFile("fixture", ".json");
            file.toFile().deleteOnExit();
            return Files.writeString(file, json).toString();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    static class OfAClosedWorld {
        @RegisterExtension
        static final TallyfyMockExtension TALLYFY =
                TallyfyMockExtension.with("--fixtures", fixture("{\"version\":1,\"organizations\":[{\"id\":\"acme\"}]}"));

        @Test
        void test(TallyfyOrg org) {}
    }

    static class WithDeclaredTokens {
        @RegisterExtension
        static final TallyfyMockExtension TALLYFY = TallyfyMockExtension.with("--fixtures", fixture("{\"version\":1,"
                + "\"tokens\":[{\"token\":\"only-me\",\"organizations\":[\"acme\"]}],"
                + "\"organizations\":[{\"id\":\"acme\"}],\"template\":{}}"));

        @Test
        void test(TallyfyOrg org) {}
    }

    static class WithATemplate {
        @RegisterExtension
        static final TallyfyMockExtension TALLYFY = TallyfyMockExtension.with("--fixtures",
                fixture("{\"version\":1,\"organizations\":[{\"id\":\"acme\"}],\"template\":{\"groups\":[{\"name\":\"Staff\"}]}}"));

        @Test
        void test(TallyfyOrg org) {
            assertEquals("Staff", org.groups().get(0).get("name"));
        }
    }

    @Test
    void fixturesWithoutRoomForNewOrganizationsSayWhatTheyNeed() {
        contains("`\"template\": {}`", printed(failure(OfAClosedWorld.class, "test")));
        contains("needs fixtures without `tokens`", printed(failure(WithDeclaredTokens.class, "test")));
        var result = run(WithATemplate.class).get("test");
        result.getThrowable().ifPresent(it -> { throw new AssertionError(it); });
    }

    /** A server that is no mock of today's, for as long as the test runs. */
    static void withServer(String health, java.util.function.Consumer<String> test) throws IOException {
        var server = com.sun.net.httpserver.HttpServer.create(new java.net.InetSocketAddress("127.0.0.1", 0), 0);
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, health.length());
            exchange.getResponseBody().write(health.getBytes());
            exchange.close();
        });
        server.start();
        try {
            test.accept("http://127.0.0.1:" + server.getAddress().getPort() + "/");
        } finally {
            server.stop(0);
        }
    }

    @Test
    void aUrlOfSomethingElseIsToldAsThat() throws IOException {
        withServer("{\"name\":\"tallyfy-mock\",\"version\":\"0.0.9\"}", url -> contains(
                "is of version 0.0.9, and this TallyfyMockExtension needs " + TallyfyMockExtension.VERSION,
                printed(failure(Everything.class, "verbs", "tallyfy.mock.url", url))));
        withServer("{}", url -> contains("is no tallyfy-mock",
                printed(failure(Everything.class, "verbs", "tallyfy.mock.url", url))));
        withServer("<html>", url -> contains("is no tallyfy-mock",
                printed(failure(Everything.class, "verbs", "tallyfy.mock.url", url))));
        contains("the mock at http://127.0.0.1:9 does not answer",
                printed(failure(Everything.class, "verbs", "tallyfy.mock.url", "http://127.0.0.1:9")));
    }

    @Test
    void aMockThatRunsTakesNoFlags() {
        var printed = printed(failure(OfTheEdition2025.class, "deletesWithABody", "tallyfy.mock.url", "http://127.0.0.1:9"));
        contains("runs already, so it cannot be started with --edition 2025-08", printed);
    }
}
