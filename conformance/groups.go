// The five operations as the documentation's Go samples do them: net/http, statuses checked, updates with every field.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"
	"time"
)

type fields struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Members     []int    `json:"members"`
	Guests      []string `json:"guests"`
}

type group struct {
	ID string `json:"id"`
	fields
	Assets *struct {
		Data []any `json:"data"`
	} `json:"assets"`
}

var (
	groups = os.Getenv("TALLYFY_BASE_URL") + "/organizations/" + os.Getenv("TALLYFY_ORG_ID") + "/groups"
	client = &http.Client{Timeout: 10 * time.Second}
)

// call sends one request, checks the status and reads what the body says into answer, unless it is empty.
func call(operation, method, address, statuses string, send, answer any) func(condition bool) {
	var body io.Reader
	if send != nil {
		text, err := json.Marshal(send)
		must(operation, err)
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, address, body)
	must(operation, err)
	request.Header.Set("Authorization", "Bearer "+os.Getenv("TALLYFY_ACCESS_TOKEN"))
	request.Header.Set("Accept", "application/json")
	request.Header.Set("X-Tallyfy-Client", "APIClient")
	if send != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := client.Do(request)
	must(operation, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	must(operation, err)
	if !strings.Contains(" "+statuses+" ", fmt.Sprintf(" %d ", response.StatusCode)) {
		fail(operation, fmt.Sprintf("expected status %s, got %d: %s", statuses, response.StatusCode, text))
	}
	if len(text) > 0 {
		must(operation, json.Unmarshal(text, answer))
	}
	// The caller says whether the answer is what it expects.
	return func(condition bool) {
		if !condition {
			fail(operation, fmt.Sprintf("unexpected answer %d: %s", response.StatusCode, text))
		}
		fmt.Printf("ok %s (%d)\n", operation, response.StatusCode)
	}
}

func must(operation string, err error) {
	if err != nil {
		fail(operation, err.Error())
	}
}

func fail(operation, message string) {
	fmt.Printf("FAILED %s: %s\n", operation, message)
	os.Exit(1)
}

func main() {
	wanted := fields{
		Name:        "Onboarding Specialists",
		Description: "Team responsible for new client onboarding.",
		Members:     []int{1001, 1005, 1008},
		Guests:      []string{"client.liaison@partner.com"},
	}
	var created struct{ Data group }
	expect := call("create", "POST", groups, os.Getenv("CREATE_STATUS"), wanted, &created)
	expect(created.Data.ID != "" && reflect.DeepEqual(created.Data.fields, wanted))

	query := url.Values{"with": {"assets"}, "per_page": {"10"}, "page": {"1"}}
	var list struct {
		Data []group
		Meta struct{ Pagination struct{ Total int } }
	}
	expect = call("list", "GET", groups+"?"+query.Encode(), "200", nil, &list)
	expect(len(list.Data) == 1 && list.Data[0].ID == created.Data.ID && list.Data[0].Assets != nil && list.Meta.Pagination.Total == 1)

	one := groups + "/" + created.Data.ID
	var got struct{ Data group }
	expect = call("get", "GET", one+"?with=assets", "200", nil, &got)
	expect(reflect.DeepEqual(got.Data.fields, wanted) && got.Data.Assets != nil)

	changed := fields{Name: "Senior Specialists", Description: "Handles Tier 1 support.", Members: []int{1001, 1002}, Guests: []string{}}
	var updated struct{ Data group }
	expect = call("update", "PUT", one, os.Getenv("UPDATE_STATUS"), changed, &updated)
	expect(updated.Data.ID == created.Data.ID && reflect.DeepEqual(updated.Data.fields, changed))

	deleted := got // stays so where the body is empty
	expect = call("delete", "DELETE", one, os.Getenv("DELETE_STATUS"), nil, &deleted)
	expect(deleted.Data.ID == created.Data.ID)
}
