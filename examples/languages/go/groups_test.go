package groups

import (
	"net/http"
	"testing"
	"time"
)

// deleteWithRetry stands for the client under test.
func deleteWithRetry(t *testing.T, url string) int {
	for {
		request, _ := http.NewRequest("DELETE", url, nil)
		request.Header.Set("Authorization", "Bearer any-token")
		request.Header.Set("X-Tallyfy-Client", "APIClient")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != 503 {
			return answer.StatusCode
		}
	}
}

func TestADeleteWhoseAnswerWasLostIsDoneAllTheSame(t *testing.T) {
	t.Parallel()
	org := NewOrg(t)
	org.Seed(map[string]any{"groups": []any{map[string]any{"id": "sales", "name": "Sales"}}})
	org.Fault("flaky", map[string]any{
		"match": map[string]any{"operation": "groups.delete"},
		"steps": []any{map[string]any{"status": 503, "write": "after"}},
	})

	if status := deleteWithRetry(t, org.URL("groups/sales")); status != 404 {
		t.Errorf("expected 404, since the first delete was done, got %d", status)
	}

	org.Verify(map[string]any{"operation": "groups.delete", "times": map[string]any{"exactly": 2}})
}

func TestAnOrganizationHasItsOwnClockAndJournal(t *testing.T) {
	t.Parallel()
	org := NewOrg(t)
	org.Freeze(time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC))
	org.Advance(time.Hour)
	if status := deleteWithRetry(t, org.URL("groups/none")); status != 404 {
		t.Errorf("expected 404, got %d", status)
	}
	requests := org.Requests()
	if len(requests) != 1 || requests[0].Status != 404.0 || requests[0].Reason != "the organization has no such group" {
		t.Errorf("expected one refusal, got %+v", requests)
	}
	org.Reset()
	if requests := org.Requests(); len(requests) != 0 {
		t.Errorf("expected an empty journal, got %+v", requests)
	}
}
