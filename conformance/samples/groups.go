// The documentation's Go samples for groups, written anew: `groups OPERATION`. Exits 1 where a sample says that it failed.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
)

func fromEnvironment(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

var (
	accessToken = fromEnvironment("TALLYFY_ACCESS_TOKEN", "YOUR_PERSONAL_ACCESS_TOKEN")
	orgID       = fromEnvironment("TALLYFY_ORG_ID", "YOUR_ORGANIZATION_ID")
)

type group struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Members     []int    `json:"members"`
	Guests      []string `json:"guests"`
}

// send sends one request and returns the status and the body of its answer.
func send(method, address string, fields *group) (int, []byte) {
	var body io.Reader
	if fields != nil {
		text, err := json.Marshal(fields)
		if err != nil {
			log.Fatal(err)
		}
		body = bytes.NewBuffer(text)
	}
	request, err := http.NewRequest(method, address, body)
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+accessToken)
	request.Header.Set("Accept", "application/json")
	request.Header.Set("X-Tallyfy-Client", "APIClient")
	if fields != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		log.Fatal(err)
	}
	return response.StatusCode, text
}

func expect(wanted, status int, body []byte) {
	if status != wanted {
		log.Fatalf("failed: %d %s", status, body)
	}
	fmt.Println(string(body))
}

func main() {
	switch os.Args[1] {
	case "list":
		query := url.Values{"with": {"assets"}, "per_page": {"10"}, "page": {"1"}}
		status, body := send(http.MethodGet, fmt.Sprintf("https://go.tallyfy.com/api/organizations/%s/groups?%s", orgID, query.Encode()), nil)
		expect(http.StatusOK, status, body)
	case "get":
		status, body := send(http.MethodGet, fmt.Sprintf("https://go.tallyfy.com/api/organizations/%s/groups/%s?with=assets", orgID, "GROUP_ID_TO_GET"), nil)
		expect(http.StatusOK, status, body)
	case "create":
		fields := group{"Night Shift", "Answers while others sleep.", []int{1001, 1005}, []string{"client@partner.com"}}
		status, body := send(http.MethodPost, fmt.Sprintf("https://go.tallyfy.com/api/organizations/%s/groups", orgID), &fields)
		fmt.Println(status, string(body))
	case "update":
		fields := group{"Tier 2", "Second line.", []int{1001}, []string{}}
		status, body := send(http.MethodPut, fmt.Sprintf("https://go.tallyfy.com/api/organizations/%s/groups/%s", orgID, "GROUP_ID_TO_UPDATE"), &fields)
		expect(http.StatusCreated, status, body)
	case "delete":
		status, body := send(http.MethodDelete, fmt.Sprintf("https://go.tallyfy.com/api/organizations/%s/groups/%s", orgID, "GROUP_ID_TO_DELETE"), nil)
		expect(http.StatusNoContent, status, body)
	default:
		log.Fatal("no such operation")
	}
}
