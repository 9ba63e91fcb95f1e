package com.example;

import org.junit.jupiter.api.BeforeAll;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.junit.jupiter.Container;
import org.testcontainers.junit.jupiter.Testcontainers;
import org.testcontainers.utility.DockerImageName;

/** A mock in a container for the tests of this class, by Testcontainers for Java. */
@Testcontainers
class GroupsIT {
    @Container
    static final GenericContainer<?> MOCK = new GenericContainer<>(DockerImageName.parse("tallyfy-mock"))
            .withExposedPorts(8255)
            .waitingFor(Wait.forHttp("/_mock/ready"));

    /** {@code TallyfyMockExtension} takes it from here on. */
    @BeforeAll
    static void tellWhereItIs() {
        System.setProperty("tallyfy.mock.url", "http://" + MOCK.getHost() + ":" + MOCK.getMappedPort(8255));
    }
}
