package groups

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Where the mock is: the one that TALLYFY_MOCK_URL names, or our own.
var mockURL = os.Getenv("TALLYFY_MOCK_URL")

// TestMain starts the mock for all tests of the package. Its standard input is a pipe, so it ends with this process.
func TestMain(m *testing.M) {
	if mockURL == "" {
		binary := os.Getenv("TALLYFY_MOCK_BIN")
		if binary == "" {
			binary = "tallyfy-mock"
		}
		mock := exec.Command(binary, "--port", "0", "--exit-with-stdin", "--log-level", "warn")
		mock.Stderr = os.Stderr
		out, _ := mock.StdoutPipe()
		if _, err := mock.StdinPipe(); err != nil {
			panic(err)
		}
		if err := mock.Start(); err != nil {
			panic(fmt.Sprintf("cannot start the mock: %v; TALLYFY_MOCK_BIN names its binary", err))
		}
		ready, _ := bufio.NewReader(out).ReadString('\n')
		mockURL = strings.TrimSpace(strings.TrimPrefix(ready, "tallyfy-mock is ready on "))
		if !strings.HasPrefix(mockURL, "http://") {
			panic("the mock did not start")
		}
	}
	os.Exit(m.Run())
}

// Org is an organization that nobody else uses.
type Org struct {
	t  *testing.T
	ID string
}

// NewOrg gives the test an organization of its own. If the test fails, it tells what the organization was asked.
func NewOrg(t *testing.T) Org {
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		t.Fatal(err)
	}
	org := Org{t, "go-" + hex.EncodeToString(id)}
	t.Cleanup(func() {
		if t.Failed() {
			for _, request := range org.Requests() {
				t.Logf("%v %s %s %v, not read: %v", request.Status, request.Method, request.Path, request.Reason, request.Unread)
			}
		}
		org.Control("POST", "reset", "&scope=state,faults,clock,limits", nil)
	})
	return org
}

// URL is that of a path of the organization's, such as "groups".
func (o Org) URL(path string) string {
	return mockURL + "/api/organizations/" + o.ID + "/" + path
}

// Seed adds an organization's part of a fixture.
func (o Org) Seed(fixture any) { o.Control("POST", "seed", "", fixture) }

// Fault makes requests fail as the rule says.
func (o Org) Fault(id string, rule any) { o.Control("PUT", "faults/"+id, "", rule) }

// Request is an entry of the journal.
type Request struct {
	Method, Path, Operation string
	Status, Reason          any
	Unread                  []string
}

// Requests is the journal, newest last.
func (o Org) Requests() []Request {
	var journal struct{ Requests []Request }
	if err := json.Unmarshal(o.Control("GET", "requests", "", nil), &journal); err != nil {
		o.t.Fatal(err)
	}
	return journal.Requests
}

// Verify fails the test with what was asked instead.
func (o Org) Verify(expectation any) { o.Control("POST", "requests/verify", "", expectation) }

// Freeze sets the organization's clock, which then stands still.
func (o Org) Freeze(now time.Time) {
	o.Control("PUT", "clock", "", map[string]any{"now": now.Format(time.RFC3339), "frozen": true})
}

// Advance moves it.
func (o Org) Advance(by time.Duration) {
	o.Control("POST", "clock/advance", "", map[string]any{"seconds": by.Seconds()})
}

// Reset brings back how the organization began.
func (o Org) Reset() { o.Control("POST", "reset", "", nil) }

// Control asks a control endpoint about this organization; what it refuses fails the test.
func (o Org) Control(method, path, query string, body any) []byte {
	o.t.Helper()
	var sent io.Reader
	if body != nil {
		written, err := json.Marshal(body)
		if err != nil {
			o.t.Fatal(err)
		}
		sent = bytes.NewReader(written)
	}
	request, err := http.NewRequest(method, mockURL+"/_mock/"+path+"?org="+o.ID+query, sent)
	if err != nil {
		o.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if token := os.Getenv("TALLYFY_MOCK_CONTROL_TOKEN"); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		o.t.Fatal(err)
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= 400 {
		o.t.Fatalf("%s /_mock/%s: %d %s %v", method, path, answer.StatusCode, read, err)
	}
	return read
}
