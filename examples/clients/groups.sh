#!/usr/bin/env bash
# Create, list, get, update and delete a group with curl.
set -euo pipefail

base=${TALLYFY_BASE_URL:-http://127.0.0.1:8255/api}
token=${TALLYFY_ACCESS_TOKEN:-any-token}
org=${TALLYFY_ORG_ID:-clients-curl}
groups=$base/organizations/$org/groups
name="Launch-team-curl-$$-$RANDOM" # nothing in it needs escaping in JSON or in a URL

fail() {
    echo "groups.sh: $*" >&2
    exit 1
}

# call METHOD URL [JSON]: leaves the answer in $status and $body.
call() {
    local options=(-sS --max-time 10 -X "$1" -w '\n%{http_code}'
        -H "Authorization: Bearer $token" -H 'Accept: application/json' -H 'X-Tallyfy-Client: APIClient')
    if [[ $# -gt 2 ]]; then
        options+=(-H 'Content-Type: application/json' --data "$3")
    fi
    local answer
    answer=$(curl "${options[@]}" "$2") || fail "$1 $2: no answer"
    status=${answer##*$'\n'}
    body=${answer%$'\n'*}
}

# expect STEP STATUS REGEX: the answer has this status, and all of its body matches.
expect() {
    [[ $status == "$2" ]] || fail "$1: expected status $2, got $status: $body"
    [[ $body =~ ^$3$ ]] || fail "$1: unexpected body: $body (expected: $3)"
    echo "$1: $status"
}

# group ID DESCRIPTION: what a group of our name looks like, as a regex.
group() {
    local time='"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z"'
    echo "\{\"id\":\"$1\",\"name\":\"$name\",\"description\":\"$2\",\"logo\":null,\"members\":\[],\"guests\":\[],\"created_at\":$time,\"last_updated\":$time\}"
}

new="{\"name\":\"$name\",\"description\":\"Before\"}"
call POST "$groups" "$new"
expect create 201 "\{\"data\":$(group '([0-9a-f]{32})' Before)\}"
id=${BASH_REMATCH[1]}

call POST "$groups" "$new"
expect 'create again' 422 '\{.*"errors":\{"name":\["The name has already been taken\."]\}\}'

call GET "$groups?q=$name"
expect list 200 "\{\"data\":\[$(group "$id" Before)],\"meta\":\{\"pagination\":\{\"total\":1,.*\}\}\}"

call GET "$groups/$id"
expect get 200 "\{\"data\":$(group "$id" Before)\}"

call PUT "$groups/$id" '{"description":"After"}'
expect update 201 "\{\"data\":$(group "$id" After)\}"

call DELETE "$groups/$id"
expect delete 204 ''

call GET "$groups/$id"
expect 'get afterwards' 404 '\{.*"code":"RESOURCE_NOT_FOUND"\}'

echo 'groups.sh: ok'
