# The summary of a job, in Markdown, from the journal as `/_mock/requests` and `exec --report` give it.

# What a client sent is shown as itself, whatever it is: each sign that Markdown or HTML could take for its own is an entity.
def text: tostring | explode | map(if (. >= 48 and . <= 57) or (. >= 65 and . <= 90) or (. >= 97 and . <= 122) or . == 32 or . == 47 or . == 45
    then [.] | implode else "&#\(.);" end) | join("");

def most: 50;

# Rows that are alike are one, with how many there are.
def rows(columns): map([columns | text]) | group_by(.) | map(. as $same | $same[0] + ["\($same | length)"]) | sort_by(-(.[-1] | tonumber))
    | (.[:most][] | "| " + join(" | ") + " |"), (if length > most then "\n… and \(length - most) more" else empty end);

def refused: select(.fault == null and .status != null and .status >= 400);

.requests as $requests
| [$requests[] | refused] as $refusals
| [$requests[] | . as $request | (.unread // [])[] | {operation: ($request.operation // $request.path), field: ., meant: ($request.did_you_mean[.] // "")}] as $unread
| (.totals // {requests: ($requests | length), refused: ($refusals | length), unread: ($unread | length)}) as $totals
| "## tallyfy-mock: \($totals.requests) requests, \($totals.refused) refused, \($totals.unread) fields not read\n",
  (if .dropped > 0 then "The journal has no longer \(.dropped) of the requests: the tables show the others.\n" else empty end),
  (if $refusals == [] then empty else
    "### Refused\n\n| status | request | why | times |\n|---|---|---|---|",
    ($refusals | rows(.status, "\(.method) \(.path)", .reason // "")), "" end),
  (if $unread == [] then empty else
    "### Not read\n\n| operation | field | perhaps meant | times |\n|---|---|---|---|",
    ($unread | rows(.operation, .field, .meant)), "" end)
