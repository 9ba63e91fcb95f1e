package groups

import (
	"context"
	"os"
	"testing"

	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"
)

// TestMain has a mock in a container for the tests of the package, by Testcontainers for Go.
func TestMain(m *testing.M) {
	ctx := context.Background()
	mock, err := testcontainers.GenericContainer(ctx, testcontainers.GenericContainerRequest{
		ContainerRequest: testcontainers.ContainerRequest{
			Image:        "tallyfy-mock",
			ExposedPorts: []string{"8255/tcp"},
			WaitingFor:   wait.ForHTTP("/_mock/ready").WithPort("8255/tcp"),
		},
		Started: true,
	})
	if err != nil {
		panic(err)
	}
	if mockURL, err = mock.PortEndpoint(ctx, "8255/tcp", "http"); err != nil {
		panic(err)
	}
	status := m.Run()
	_ = testcontainers.TerminateContainer(mock)
	os.Exit(status)
}
