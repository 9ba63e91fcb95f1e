package com.example;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.example.TallyfyMockExtension.Fault;
import com.example.TallyfyMockExtension.TallyfyOrg;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(TallyfyMockExtension.class)
class GroupsTest {
    @Test
    void aDeleteWhoseAnswerWasLostIsDoneAllTheSame(TallyfyOrg org) throws Exception {
        String sales = org.group("Sales");
        org.fault(Fault.on("groups.delete").status(503).afterWrite());

        int status = deleteWithRetry(org, sales);

        assertEquals(404, status); // the first delete was done, so the second finds nothing
        org.verify("groups.delete", 2);
        assertEquals(0, org.groups().size());
    }

    /** Stands for the client under test. */
    static int deleteWithRetry(TallyfyOrg org, String group) throws IOException, InterruptedException {
        var delete = HttpRequest.newBuilder(URI.create(org.url("groups/" + group))).DELETE();
        org.headers().forEach(delete::header);
        while (true) {
            int status = HttpClient.newHttpClient().send(delete.build(), BodyHandlers.discarding()).statusCode();
            if (status != 503) return status;
        }
    }
}
