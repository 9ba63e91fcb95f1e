//! The command line's words: help, and the errors of flags and variables.

use super::binary::{command, output, stderr};

/// The help of a command.
fn help(arguments: &[&str]) -> String {
    let helped = output(arguments);
    assert_eq!(helped.status.code(), Some(0), "{arguments:?}");
    // Clap fills empty lines with blanks.
    let text = String::from_utf8(helped.stdout).unwrap();
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    lines.join("\n")
}

#[test]
fn the_short_help_is_a_line_or_two_a_flag() {
    insta::assert_snapshot!(help(&["-h"]), @"
    Serve the API (what happens without a command)

    Usage: tallyfy-mock [serve] [OPTIONS]

    Options:
      -h, --help  Print help (see more with '--help')

    Serving:
          --host <HOST>            The host: an address, or a name that resolves to one; `localhost` is
                                   `127.0.0.1` and `::1` [default: localhost]
          --port <PORT>            The port; 0 takes a free one [default: 8255, or the variable PORT]
          --trust-proxy            Make links as a proxy's `Forwarded` or `X-Forwarded-*` say
          --allow-host <HOST>      Host by which the control endpoints may be called, beside this
                                   machine's own names; repeatable
          --control-token <TOKEN>  Token that the control endpoints demand
          --workers <N>            Threads that serve [default: one a core]
          --exit-with-stdin        Stop when standard input ends: for a test runner that may be killed

    What is served:
          --fixtures <PATH>    Fixture to load: a file, or a folder of `*.json`; repeatable [default:
                               the folder /fixtures, else the built-in demo]
          --watch              Load the fixtures again when they change on disk
          --edition <EDITION>  Edition of Tallyfy's documentation to follow: `2026-03` or `2025-08`
                               [default: the fixture's, else 2026-03]
          --set <KEY=VALUE>    Set one switch of the contract; repeatable
          --strict             Close what the fixture leaves open; needs a fixture that declares tokens
          --seed <N>           Seed of ids, drawn delays and probabilities: the same at every run
                               [default: none, they are random]
          --clock <TIME>       Time at which the clock stands still, such as `2026-01-01T00:00:00Z`
                               [default: the machine's time]

    Misbehaviour:
          --rate-limit <N/DURATION>  Requests that a token may send to an organization, such as
                                     `600/60s` [default: any number]
          --no-steering              Ignore headers and parameters that ask for a failure, such as
                                     `Prefer: code=503`

    Journal and log:
          --journal-entries <N>  Requests remembered for each organization; 0 remembers none [default:
                                 1000]
          --drift-report <FILE>  Report that `tallyfy-mock drift` wrote, for `/_mock/coverage` to tell
                                 of; repeatable
          --no-reasons           Leave out the header `X-Tallyfy-Mock-Reason`, which says on each
                                 refusal why
          --log-format <FORMAT>  Form of the log: for a person, or one JSON object a line [default:
                                 text] [possible values: text, json]
          --log-level <LEVEL>    What is logged; `warn` leaves out requests, `off` everything [default:
                                 info] [possible values: off, error, warn, info, debug]

    Limits:
          --max-connections <N>        Connections served at a time; more wait [default: 1024, or what
                                       the open-file limit leaves]
          --max-streams <N>            Streams of events open at a time; more are refused [default: 64,
                                       or what the open-file limit leaves]
          --max-body <SIZE>            Longest body of a request [default: 1MiB]
          --max-answer-memory <SIZE>   Memory for all answers together; where it is used up, an answer
                                       waits 10 s for it, and is then 503 [default: 256MiB]
          --max-body-memory <SIZE>     Memory for the bodies of all requests together while they are
                                       read; likewise [default: 512MiB]
          --max-control-body <SIZE>    Longest body of a control request [default: 256MiB]
          --max-organizations <N>      Organizations stored at most [default: 10000]
          --max-stored <SIZE>          Memory for the rows of all organizations; a create beyond it is
                                       503, a seed 507
          --header-timeout <DURATION>  Time for the head of a request; also how long an idle connection
                                       is kept [default: 30s]
          --body-timeout <DURATION>    Time for the body of a request [default: 30s]

    TLS in Tallyfy's place:
          --tls              Speak TLS too, in the place of go.tallyfy.com and its sisters: to clients
                             that take the mock for their proxy, or for that host
          --tls-host <HOST>  Host whose place the mock takes, beside Tallyfy's own; repeatable; with
                             `--tls`
          --tls-dir <DIR>    Folder where certificate and key outlive the mock, for those who can trust
                             them once only; with `--tls`
          --ca-file <PATH>   File that the certificate is written to which clients have to trust; with
                             `--tls`

    Other commands: `exec`, `env`, `ca`, `healthcheck`, `openapi`, `pull`, `drift`, `validate`;
    `tallyfy-mock help` lists them.
    ");
    assert_eq!(help(&["serve", "-h"]), help(&["-h"]));
}

#[test]
#[expect(clippy::too_many_lines, reason = "the snapshot is long")]
fn the_long_help_says_what_each_flag_is_good_for() {
    insta::assert_snapshot!(help(&["--help"]), @"
    Serve the API (what happens without a command)

    Usage: tallyfy-mock [serve] [OPTIONS]

    Options:
      -h, --help
              Print help (see a summary with '-h')

    Serving:
          --host <HOST>
              The host: an address, or a name that resolves to one; `localhost` is `127.0.0.1` and `::1`

              `0.0.0.0` lets containers and other machines in.

              [env: TALLYFY_MOCK_HOST=]
              [default: localhost]

          --port <PORT>
              The port; 0 takes a free one [default: 8255, or the variable PORT]

              The ready line on stdout has the real one, so that tests that run at once need not agree
              on any.

              [env: TALLYFY_MOCK_PORT=]

          --trust-proxy
              Make links as a proxy's `Forwarded` or `X-Forwarded-*` say

              For a mock behind a proxy: the links to other pages then lead back through the proxy.

              [env: TALLYFY_MOCK_TRUST_PROXY=]

          --allow-host <HOST>
              Host by which the control endpoints may be called, beside this machine's own names;
              repeatable

              For a mock that is called by a name with a dot. Other names are refused, as a web page
              could be behind them.

              [env: TALLYFY_MOCK_ALLOW_HOST=]

          --control-token <TOKEN>
              Token that the control endpoints demand

              As `Authorization: Bearer`. For a mock on a network that others use too.

              [env: TALLYFY_MOCK_CONTROL_TOKEN]

          --workers <N>
              Threads that serve [default: one a core]

              Fewer leave cores to the tests that run beside it.

              [env: TALLYFY_MOCK_WORKERS=]

          --exit-with-stdin
              Stop when standard input ends: for a test runner that may be killed

              A pipe from the runner then ends the mock, however the runner ends.

              [env: TALLYFY_MOCK_EXIT_WITH_STDIN=]

    What is served:
          --fixtures <PATH>
              Fixture to load: a file, or a folder of `*.json`; repeatable [default: the folder
              /fixtures, else the built-in demo]

              Several are read as one. `tallyfy-mock validate` checks them, and `GET /_mock/state`
              writes one of what a mock holds.

              [env: TALLYFY_MOCK_FIXTURES=]

          --watch
              Load the fixtures again when they change on disk

              So an edit is served within a second. A file with mistakes is reported, and the old state
              stays.

              [env: TALLYFY_MOCK_WATCH=]

          --edition <EDITION>
              Edition of Tallyfy's documentation to follow: `2026-03` or `2025-08` [default: the
              fixture's, else 2026-03]

              The editions differ in statuses and in names of fields; choose the one that your client
              was written for.

              [env: TALLYFY_MOCK_EDITION=]

          --set <KEY=VALUE>
              Set one switch of the contract; repeatable

              For a point on which the documentation disagrees with itself, such as
              `delete_reply=deleted_group`. A wrong switch is refused with the list of all.

              [env: TALLYFY_MOCK_SET=]

          --strict
              Close what the fixture leaves open; needs a fixture that declares tokens

              Then only declared tokens, organizations and members exist, so that a test notices a wrong
              one.

              [env: TALLYFY_MOCK_STRICT=]

          --seed <N>
              Seed of ids, drawn delays and probabilities: the same at every run [default: none, they
              are random]

              For tests that compare ids, or that draw faults at random and have to repeat.

              [env: TALLYFY_MOCK_SEED=]

          --clock <TIME>
              Time at which the clock stands still, such as `2026-01-01T00:00:00Z` [default: the
              machine's time]

              With `--seed`, the same requests then get the same bytes. `/_mock/clock` moves it on, for
              tokens that expire.

              [env: TALLYFY_MOCK_CLOCK=]

    Misbehaviour:
          --rate-limit <N/DURATION>
              Requests that a token may send to an organization, such as `600/60s` [default: any number]

              Further ones are 429 with `Retry-After`, which shows whether a client waits as long as it
              is told.

              [env: TALLYFY_MOCK_RATE_LIMIT=]

          --no-steering
              Ignore headers and parameters that ask for a failure, such as `Prefer: code=503`

              For clients that send `Prefer` for reasons of their own. Rules at `/_mock/faults` still
              apply.

              [env: TALLYFY_MOCK_NO_STEERING=]

    Journal and log:
          --journal-entries <N>
              Requests remembered for each organization; 0 remembers none

              `/_mock/requests` shows them, and `verify` asserts on them.

              [env: TALLYFY_MOCK_JOURNAL_ENTRIES=]
              [default: 1000]

          --drift-report <FILE>
              Report that `tallyfy-mock drift` wrote, for `/_mock/coverage` to tell of; repeatable

              Then the page says, of each operation, when and with which host it last agreed.

              [env: TALLYFY_MOCK_DRIFT_REPORT=]

          --no-reasons
              Leave out the header `X-Tallyfy-Mock-Reason`, which says on each refusal why

              For tests that compare all headers. The log has the reason all the same.

              [env: TALLYFY_MOCK_NO_REASONS=]

          --log-format <FORMAT>
              Form of the log: for a person, or one JSON object a line

              `text` has colours on a terminal, unless `NO_COLOR` is set.

              [env: TALLYFY_MOCK_LOG_FORMAT=]
              [default: text]
              [possible values: text, json]

          --log-level <LEVEL>
              What is logged; `warn` leaves out requests, `off` everything

              [env: TALLYFY_MOCK_LOG_LEVEL=]
              [default: info]
              [possible values: off, error, warn, info, debug]

    Limits:
          --max-connections <N>
              Connections served at a time; more wait [default: 1024, or what the open-file limit
              leaves]

              A low one shows how a client fares when it has to wait.

              [env: TALLYFY_MOCK_MAX_CONNECTIONS=]

          --max-streams <N>
              Streams of events open at a time; more are refused [default: 64, or what the open-file
              limit leaves]

              They take no place of `--max-connections`, so that watchers keep nobody out.

              [env: TALLYFY_MOCK_MAX_STREAMS=]

          --max-body <SIZE>
              Longest body of a request

              A longer one is 413.

              [env: TALLYFY_MOCK_MAX_BODY=]
              [default: 1MiB]

          --max-answer-memory <SIZE>
              Memory for all answers together; where it is used up, an answer waits 10 s for it, and is
              then 503

              Clients that read slowly then cannot fill the memory.

              [env: TALLYFY_MOCK_MAX_ANSWER_MEMORY=]
              [default: 256MiB]

          --max-body-memory <SIZE>
              Memory for the bodies of all requests together while they are read; likewise

              Many large bodies at once then cannot fill the memory.

              [env: TALLYFY_MOCK_MAX_BODY_MEMORY=]
              [default: 512MiB]

          --max-control-body <SIZE>
              Longest body of a control request

              As long as the largest fixture that is put in while the mock runs.

              [env: TALLYFY_MOCK_MAX_CONTROL_BODY=]
              [default: 256MiB]

          --max-organizations <N>
              Organizations stored at most

              A write to one more is 503, so that made-up ids do not fill the memory.

              [env: TALLYFY_MOCK_MAX_ORGANIZATIONS=]
              [default: 10000]

          --max-stored <SIZE>
              Memory for the rows of all organizations; a create beyond it is 503, a seed 507

              A loop that creates without end is then noticed before the machine is.

              [env: TALLYFY_MOCK_MAX_STORED=]

          --header-timeout <DURATION>
              Time for the head of a request; also how long an idle connection is kept

              A short one shows whether a client copes with connections that are closed while idle.

              [env: TALLYFY_MOCK_HEADER_TIMEOUT=]
              [default: 30s]

          --body-timeout <DURATION>
              Time for the body of a request

              A slower one is 408.

              [env: TALLYFY_MOCK_BODY_TIMEOUT=]
              [default: 30s]

    TLS in Tallyfy's place:
          --tls
              Speak TLS too, in the place of go.tallyfy.com and its sisters: to clients that take the
              mock for their proxy, or for that host

              [env: TALLYFY_MOCK_TLS=]

          --tls-host <HOST>
              Host whose place the mock takes, beside Tallyfy's own; repeatable; with `--tls`

              [env: TALLYFY_MOCK_TLS_HOST=]

          --tls-dir <DIR>
              Folder where certificate and key outlive the mock, for those who can trust them once only;
              with `--tls`

              [env: TALLYFY_MOCK_TLS_DIR=]

          --ca-file <PATH>
              File that the certificate is written to which clients have to trust; with `--tls`

              [env: TALLYFY_MOCK_CA_FILE=]

    Examples:
      tallyfy-mock --fixtures fixtures --watch
              your own data, loaded again whenever a file of the folder changes
      tallyfy-mock --port 0 --seed 1 --clock 2026-01-01T00:00:00Z
              on a free port, with the same answers at every run

    Other commands: `tallyfy-mock help` lists them. What a test can do while the mock runs:
    docs/README.md.
    ");
    assert_eq!(help(&["serve", "--help"]), help(&["--help"]));
    assert_eq!(help(&["help", "serve"]), help(&["--help"]));
}

#[test]
fn help_lists_the_commands() {
    insta::assert_snapshot!(help(&["help"]), @"
    A local server that answers like the groups API of Tallyfy, for tests and development

    Usage: tallyfy-mock <COMMAND>

    Commands:
      serve        Serve the API (what happens without a command)
      exec         Start a mock, run a command that finds it, stop the mock
      healthcheck  Ask a running mock whether it is ready; exit 0 if it is
      env          Print the variables by which clients find a running mock
      ca           Print the certificate by which clients trust a running mock
      validate     Check fixtures and print every problem, one a line
      pull         Read an organization of Tallyfy's and write it as a fixture, redacted
      openapi      Print what is served under a contract, as OpenAPI
      drift        Compare a host, such as the real Tallyfy, with the mock
      completions  Print the completion script of a shell
      man          Print the man page
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version
    ");
    assert_eq!(
        help(&["--version"]),
        concat!("tallyfy-mock ", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn healthcheck_has_its_help() {
    insta::assert_snapshot!(help(&["healthcheck", "--help"]), @"
    Ask a running mock whether it is ready; exit 0 if it is

    Usage: tallyfy-mock healthcheck [OPTIONS]

    Options:
          --host <HOST>
              The host: an address, or a name that resolves to one; `localhost` is `127.0.0.1` and `::1`

              `0.0.0.0` lets containers and other machines in.

              [env: TALLYFY_MOCK_HOST=]
              [default: localhost]

          --port <PORT>
              The port; 0 takes a free one [default: 8255, or the variable PORT]

              The ready line on stdout has the real one, so that tests that run at once need not agree
              on any.

              [env: TALLYFY_MOCK_PORT=]

          --wait
              Keep asking until the mock is ready or the time is over

              For a script that has just started one.

          --timeout <DURATION>
              How long to try, such as `500ms` or `10s`

              [default: 5s]

      -h, --help
              Print help (see a summary with '-h')

    Examples:
      tallyfy-mock healthcheck --wait --timeout 10s
              wait for a mock that was just started
      tallyfy-mock healthcheck --host localhost
              ask once, as a container's health check does
    ");
}

#[test]
fn env_has_its_help() {
    insta::assert_snapshot!(help(&["env", "--help"]), @r#"
    Print the variables by which clients find a running mock

    Usage: tallyfy-mock env [OPTIONS]

    Options:
          --host <HOST>
              The host: an address, or a name that resolves to one; `localhost` is `127.0.0.1` and `::1`

              `0.0.0.0` lets containers and other machines in.

              [env: TALLYFY_MOCK_HOST=]
              [default: localhost]

          --port <PORT>
              The port; 0 takes a free one [default: 8255, or the variable PORT]

              The ready line on stdout has the real one, so that tests that run at once need not agree
              on any.

              [env: TALLYFY_MOCK_PORT=]

          --shell <SHELL>
              The shell, or the form, that the variables are written for

              `dotenv` is for files that many frameworks read, `json` for programs.

              [default: sh]
              [possible values: sh, fish, powershell, dotenv, json]

          --token <TOKEN>
              The token to give to clients [default: one that the mock takes, an admin's if it can be]

          --org <ORG>
              The organization to give to clients [default: the first one that the token is good for]

          --control-token <CONTROL_TOKEN>
              Token that the mock's control endpoints demand

              [env: TALLYFY_MOCK_CONTROL_TOKEN]

          --trust <DIR>
              Also the variables by which clients have the mock for their proxy and trust it, and what
              these name: files, written into that folder; for a mock with `--tls`

          --timeout <DURATION>
              How long to try, such as `500ms` or `10s`

              [default: 5s]

      -h, --help
              Print help (see a summary with '-h')

    Examples:
      eval "$(tallyfy-mock env)"
              point clients that are started from this shell at the mock
      tallyfy-mock env --org acme --shell dotenv >.env
              the same for one organization, as a file
    "#);
}

#[cfg(feature = "remote")]
#[test]
fn drift_has_its_help() {
    insta::assert_snapshot!(help(&["drift", "--help"]), @"
    Compare a host, such as the real Tallyfy, with the mock

    Usage: tallyfy-mock drift [OPTIONS] --org <ID>

    Options:
          --org <ID>
              The organization to read, by its id

          --base <URL>
              The base URL of the API; http only where it is this machine

              [default: https://go.tallyfy.com/api]

          --token-env <NAME>
              The variable that has the token; without this flag `TALLYFY_ACCESS_TOKEN`, or else
              `TALLYFY_API_TOKEN`

          --token-stdin
              Read the token from standard input

              A token is never an argument: the list of processes and the shell's history would have it.

          --cacert <PATH>
              A file of certificates in PEM to trust beside the system's, such as a mock's or a company
              proxy's

          --timeout <DURATION>
              How long one request may take, such as `500ms` or `30s`

              [default: 30s]

          --edition <EDITION>
              Edition that the host is compared with: `2026-03` or `2025-08` [default: the fixture's,
              else 2026-03]

          --set <KEY=VALUE>
              Switch of the contract that the host is compared with; repeatable

          --fixtures <PATH>
              Fixture whose contract the host is compared with: a file, or a folder of `*.json`;
              repeatable

          --foreign-org <ID>
              Organization that is not the token's: it is asked for, to see how that is refused

          --probe-refusals
              Send requests that have to be refused, to see how; asks first

          --sandbox-org <ID>
              Organization in which groups may be created; needs `--writes`

          --writes
              Create, update and delete a group in the sandbox, to see how that is answered; asks first

          --yes
              Do not ask before sending what does not only read

          --json <FILE>
              File that the report is written to, as JSON

          --force
              Replace the file of `--json`

          --fail-on <WHAT>
              What exit 3 is for

              Possible values:
              - different: Something differs
              - unknown:   Something differs, or was seen only as null or in an empty list

              [default: different]

      -h, --help
              Print help (see a summary with '-h')

    Exit code: 0 the same, 3 something differs, 1 could not look or nothing was compared.

    Examples:
      TALLYFY_API_TOKEN=any tallyfy-mock drift --org northwind --base http://127.0.0.1:8255/api
              compare a mock that runs here; without `--base`, the real Tallyfy
      TALLYFY_API_TOKEN=any tallyfy-mock drift --org acme --base http://127.0.0.1:8255/api --json d.json
              and write the report as JSON
    ");
}

#[test]
fn validate_has_its_help() {
    insta::assert_snapshot!(help(&["validate", "--help"]), @"
    Check fixtures and print every problem, one a line

    Usage: tallyfy-mock validate <PATH>...

    Arguments:
      <PATH>...
              Files, and folders of `*.json`; several are read as one fixture

    Options:
      -h, --help
              Print help (see a summary with '-h')

    Examples:
      tallyfy-mock validate fixtures
              check a folder as `--fixtures` would load it
      tallyfy-mock validate fixtures/demo.json
              check one file
    ");
}

/// What asks Tallyfy itself.
#[cfg(feature = "remote")]
#[test]
fn pull_has_its_help() {
    insta::assert_snapshot!(help(&["pull", "--help"]), @"
    Read an organization of Tallyfy's and write it as a fixture, redacted

    Usage: tallyfy-mock pull [OPTIONS] --org <ID> --out <PATH>

    Options:
          --org <ID>
              The organization to read, by its id

          --base <URL>
              The base URL of the API; http only where it is this machine

              [default: https://go.tallyfy.com/api]

          --token-env <NAME>
              The variable that has the token; without this flag `TALLYFY_ACCESS_TOKEN`, or else
              `TALLYFY_API_TOKEN`

          --token-stdin
              Read the token from standard input

              A token is never an argument: the list of processes and the shell's history would have it.

          --cacert <PATH>
              A file of certificates in PEM to trust beside the system's, such as a mock's or a company
              proxy's

          --timeout <DURATION>
              How long one request may take, such as `500ms` or `30s`

              [default: 30s]

      -o, --out <PATH>
              The fixture to write: a new file

          --force
              Replace the file if it exists

          --keep-names
              Leave the names of groups, people and the organization as they are; the file then says so

              Ids, addresses, descriptions, URLs and telephone numbers are replaced all the same.

      -h, --help
              Print help (see a summary with '-h')

    Examples:
      TALLYFY_API_TOKEN=x tallyfy-mock pull --org globex --base http://127.0.0.1:8255/api -o org.json
              read a mock as the real Tallyfy is read, which takes no `--base`
      echo x | tallyfy-mock pull --org globex --base http://127.0.0.1:8255/api --token-stdin -o a.json
              the same with the token on standard input
    ");
}

#[test]
#[expect(clippy::too_many_lines, reason = "the snapshot is long")]
fn exec_has_its_help() {
    insta::assert_snapshot!(help(&["exec", "--help"]), @"
    Start a mock, run a command that finds it, stop the mock

    Usage: tallyfy-mock exec [OPTIONS] -- COMMAND...

    Arguments:
      <COMMAND>...
              The command, and its arguments

    Options:
          --isolate
              Run the command where there is no network but the mock's, which is go.tallyfy.com there
              (Linux); implies `--tls`

          --require-faults-spent
              Exit with 3 where a rule by which requests fail is not used up

          --fail-on-unread
              Exit with 3 where a field or a parameter was sent that the mock does not read

          --fail-on-unmatched
              Exit with 3 where a request was for no route of the API's, or for another host

          --report <FILE>
              File that the totals and the journal are written to at the end, as JSON

      -h, --help
              Print help (see a summary with '-h')

    What is served:
          --fixtures <PATH>
              Fixture to load: a file, or a folder of `*.json`; repeatable [default: the folder
              /fixtures, else the built-in demo]

              Several are read as one. `tallyfy-mock validate` checks them, and `GET /_mock/state`
              writes one of what a mock holds.

              [env: TALLYFY_MOCK_FIXTURES=]

          --watch
              Load the fixtures again when they change on disk

              So an edit is served within a second. A file with mistakes is reported, and the old state
              stays.

              [env: TALLYFY_MOCK_WATCH=]

          --edition <EDITION>
              Edition of Tallyfy's documentation to follow: `2026-03` or `2025-08` [default: the
              fixture's, else 2026-03]

              The editions differ in statuses and in names of fields; choose the one that your client
              was written for.

              [env: TALLYFY_MOCK_EDITION=]

          --set <KEY=VALUE>
              Set one switch of the contract; repeatable

              For a point on which the documentation disagrees with itself, such as
              `delete_reply=deleted_group`. A wrong switch is refused with the list of all.

              [env: TALLYFY_MOCK_SET=]

          --strict
              Close what the fixture leaves open; needs a fixture that declares tokens

              Then only declared tokens, organizations and members exist, so that a test notices a wrong
              one.

              [env: TALLYFY_MOCK_STRICT=]

          --seed <N>
              Seed of ids, drawn delays and probabilities: the same at every run [default: none, they
              are random]

              For tests that compare ids, or that draw faults at random and have to repeat.

              [env: TALLYFY_MOCK_SEED=]

          --clock <TIME>
              Time at which the clock stands still, such as `2026-01-01T00:00:00Z` [default: the
              machine's time]

              With `--seed`, the same requests then get the same bytes. `/_mock/clock` moves it on, for
              tokens that expire.

              [env: TALLYFY_MOCK_CLOCK=]

    Misbehaviour:
          --rate-limit <N/DURATION>
              Requests that a token may send to an organization, such as `600/60s` [default: any number]

              Further ones are 429 with `Retry-After`, which shows whether a client waits as long as it
              is told.

              [env: TALLYFY_MOCK_RATE_LIMIT=]

          --no-steering
              Ignore headers and parameters that ask for a failure, such as `Prefer: code=503`

              For clients that send `Prefer` for reasons of their own. Rules at `/_mock/faults` still
              apply.

              [env: TALLYFY_MOCK_NO_STEERING=]

    Serving:
          --trust-proxy
              Make links as a proxy's `Forwarded` or `X-Forwarded-*` say

              For a mock behind a proxy: the links to other pages then lead back through the proxy.

              [env: TALLYFY_MOCK_TRUST_PROXY=]

          --allow-host <HOST>
              Host by which the control endpoints may be called, beside this machine's own names;
              repeatable

              For a mock that is called by a name with a dot. Other names are refused, as a web page
              could be behind them.

              [env: TALLYFY_MOCK_ALLOW_HOST=]

          --control-token <TOKEN>
              Token that the control endpoints demand

              As `Authorization: Bearer`. For a mock on a network that others use too.

              [env: TALLYFY_MOCK_CONTROL_TOKEN]

          --workers <N>
              Threads that serve [default: one a core]

              Fewer leave cores to the tests that run beside it.

              [env: TALLYFY_MOCK_WORKERS=]

    Journal and log:
          --journal-entries <N>
              Requests remembered for each organization; 0 remembers none

              `/_mock/requests` shows them, and `verify` asserts on them.

              [env: TALLYFY_MOCK_JOURNAL_ENTRIES=]
              [default: 1000]

          --drift-report <FILE>
              Report that `tallyfy-mock drift` wrote, for `/_mock/coverage` to tell of; repeatable

              Then the page says, of each operation, when and with which host it last agreed.

              [env: TALLYFY_MOCK_DRIFT_REPORT=]

          --no-reasons
              Leave out the header `X-Tallyfy-Mock-Reason`, which says on each refusal why

              For tests that compare all headers. The log has the reason all the same.

              [env: TALLYFY_MOCK_NO_REASONS=]

          --log-format <FORMAT>
              Form of the log: for a person, or one JSON object a line

              `text` has colours on a terminal, unless `NO_COLOR` is set.

              [env: TALLYFY_MOCK_LOG_FORMAT=]
              [default: text]
              [possible values: text, json]

          --log-level <LEVEL>
              What is logged; `warn` leaves out requests, `off` everything

              [env: TALLYFY_MOCK_LOG_LEVEL=]
              [default: warn]
              [possible values: off, error, warn, info, debug]

    Limits:
          --max-connections <N>
              Connections served at a time; more wait [default: 1024, or what the open-file limit
              leaves]

              A low one shows how a client fares when it has to wait.

              [env: TALLYFY_MOCK_MAX_CONNECTIONS=]

          --max-streams <N>
              Streams of events open at a time; more are refused [default: 64, or what the open-file
              limit leaves]

              They take no place of `--max-connections`, so that watchers keep nobody out.

              [env: TALLYFY_MOCK_MAX_STREAMS=]

          --max-body <SIZE>
              Longest body of a request

              A longer one is 413.

              [env: TALLYFY_MOCK_MAX_BODY=]
              [default: 1MiB]

          --max-answer-memory <SIZE>
              Memory for all answers together; where it is used up, an answer waits 10 s for it, and is
              then 503

              Clients that read slowly then cannot fill the memory.

              [env: TALLYFY_MOCK_MAX_ANSWER_MEMORY=]
              [default: 256MiB]

          --max-body-memory <SIZE>
              Memory for the bodies of all requests together while they are read; likewise

              Many large bodies at once then cannot fill the memory.

              [env: TALLYFY_MOCK_MAX_BODY_MEMORY=]
              [default: 512MiB]

          --max-control-body <SIZE>
              Longest body of a control request

              As long as the largest fixture that is put in while the mock runs.

              [env: TALLYFY_MOCK_MAX_CONTROL_BODY=]
              [default: 256MiB]

          --max-organizations <N>
              Organizations stored at most

              A write to one more is 503, so that made-up ids do not fill the memory.

              [env: TALLYFY_MOCK_MAX_ORGANIZATIONS=]
              [default: 10000]

          --max-stored <SIZE>
              Memory for the rows of all organizations; a create beyond it is 503, a seed 507

              A loop that creates without end is then noticed before the machine is.

              [env: TALLYFY_MOCK_MAX_STORED=]

          --header-timeout <DURATION>
              Time for the head of a request; also how long an idle connection is kept

              A short one shows whether a client copes with connections that are closed while idle.

              [env: TALLYFY_MOCK_HEADER_TIMEOUT=]
              [default: 30s]

          --body-timeout <DURATION>
              Time for the body of a request

              A slower one is 408.

              [env: TALLYFY_MOCK_BODY_TIMEOUT=]
              [default: 30s]

    TLS in Tallyfy's place:
          --tls
              Speak TLS too, in the place of go.tallyfy.com and its sisters: to clients that take the
              mock for their proxy, or for that host

              [env: TALLYFY_MOCK_TLS=]

          --tls-host <HOST>
              Host whose place the mock takes, beside Tallyfy's own; repeatable; with `--tls`

              [env: TALLYFY_MOCK_TLS_HOST=]

          --tls-dir <DIR>
              Folder where certificate and key outlive the mock, for those who can trust them once only;
              with `--tls`

              [env: TALLYFY_MOCK_TLS_DIR=]

          --ca-file <PATH>
              File that the certificate is written to which clients have to trust; with `--tls`

              [env: TALLYFY_MOCK_CA_FILE=]

    Examples:
      tallyfy-mock exec -- sh -c 'curl -sf $TALLYFY_BASE_URL/_mock/health'
              run a command, such as a test suite, that finds its mock by variables
      tallyfy-mock exec --fixtures fixtures --fail-on-unmatched -- env
              with your own data, and a failure where a request was for no route
    ");
}

#[test]
fn ca_has_its_help() {
    insta::assert_snapshot!(help(&["ca", "--help"]), @"
    Print the certificate by which clients trust a running mock

    Usage: tallyfy-mock ca [OPTIONS]

    Options:
          --host <HOST>
              The host: an address, or a name that resolves to one; `localhost` is `127.0.0.1` and `::1`

              `0.0.0.0` lets containers and other machines in.

              [env: TALLYFY_MOCK_HOST=]
              [default: localhost]

          --port <PORT>
              The port; 0 takes a free one [default: 8255, or the variable PORT]

              The ready line on stdout has the real one, so that tests that run at once need not agree
              on any.

              [env: TALLYFY_MOCK_PORT=]

          --bundle
              The system's roots as well, for variables that replace them, such as `SSL_CERT_FILE`

          --jks
              As a Java keystore, which Java takes without a password

      -o, --out <PATH>
              Write it to a file [default: to standard output]

          --control-token <CONTROL_TOKEN>
              Token that the mock's control endpoints demand

              [env: TALLYFY_MOCK_CONTROL_TOKEN]

          --timeout <DURATION>
              How long to try, such as `500ms` or `10s`

              [default: 5s]

      -h, --help
              Print help (see a summary with '-h')

    Examples:
      tallyfy-mock ca --out ca.pem
              for a client that takes a file of authorities
      tallyfy-mock ca --bundle >bundle.pem
              for a variable that replaces the system's, such as SSL_CERT_FILE
    ");
}

#[test]
fn openapi_has_its_help() {
    insta::assert_snapshot!(help(&["openapi", "--help"]), @"
    Print what is served under a contract, as OpenAPI

    Usage: tallyfy-mock openapi [OPTIONS]

    Options:
          --of <OF>
              What the document is of

              Possible values:
              - tallyfy: Tallyfy's API
              - control: The control endpoints

              [default: tallyfy]

          --fixtures <PATH>
              Fixture whose contract counts: a file, or a folder of `*.json`; repeatable

              [env: TALLYFY_MOCK_FIXTURES=]

          --edition <EDITION>
              Edition of Tallyfy's documentation to follow: `2026-03` or `2025-08` [default: the
              fixture's, else 2026-03]

              [env: TALLYFY_MOCK_EDITION=]

          --set <KEY=VALUE>
              Set one switch of the contract; repeatable

              [env: TALLYFY_MOCK_SET=]

          --rate-limit <N/DURATION>
              Requests that a token may send to an organization, such as `600/60s`: 429 is in the
              document [default: any number]

              [env: TALLYFY_MOCK_RATE_LIMIT=]

          --url <URL>
              URL at which the mock is to be found, without a path

              [default: http://127.0.0.1:8255]

      -h, --help
              Print help (see a summary with '-h')

    Examples:
      tallyfy-mock openapi >openapi.json
              for a generator of clients, or for a validator
      tallyfy-mock openapi --edition 2025-08 --url http://localhost:8255
              the other edition, with the URL of your mock
    ");
}

/// The one line that a command line is refused with.
fn refused(arguments: &[&str]) -> String {
    let refused = output(arguments);
    assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
    assert!(refused.stdout.is_empty(), "{arguments:?}");
    let said = stderr(&refused);
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

#[test]
fn an_error_names_the_flag_what_was_found_and_what_is_accepted_in_one_line() {
    let lines = [
        &["--port", "http"][..],
        &["--port"],
        &["--port", "1", "--port", "2"],
        &["--host="],
        &["--edition", "2024-01"],
        &["--set", "update_status=204"],
        &["--seed=-1"],
        &["--clock", "noon"],
        &["--rate-limit", "600"],
        &["--max-connections", "0"],
        &["--max-body", "much"],
        &["--header-timeout", "soon"],
        &["--log-level", "loud"],
        &["--log-level"],
        &["--watch=yes"],
        &["--prot", "1"],
        &["--shoe-size", "44"],
        &["healthchek"],
        &["sing"],
        &["help", "sing"],
        &["validate"],
        &["env", "--shell", "csh"],
        &["healthcheck", "--timeout"],
        &["--port", "a\nb\u{1b}[2J"],
    ]
    .map(refused);
    insta::assert_snapshot!(lines.concat(), @"
    error: invalid value 'http' for '--port <PORT>': expected a number from 0 to 65535
    error: a value is required for '--port <PORT>' but none was supplied: expected a number from 0 to 65535
    error: the argument '--port <PORT>' cannot be used multiple times
    error: invalid value '' for '--host <HOST>': expected an address such as `127.0.0.1`, or a name such as `localhost`
    error: invalid value '2024-01' for '--edition <EDITION>': there is no edition `2024-01`; the editions are `2026-03`, `2025-08`
    error: invalid value 'update_status=204' for '--set <KEY=VALUE>': the contract switch `update_status` does not take `204`; it takes `201`, `200`
    error: invalid value '-1' for '--seed <N>': expected a whole number from 0 to 18446744073709551615
    error: invalid value 'noon' for '--clock <TIME>': expected a time such as `2026-01-01T00:00:00Z`
    error: invalid value '600' for '--rate-limit <N/DURATION>': expected a number of requests, `/` and a duration, such as `600/60s`
    error: invalid value '0' for '--max-connections <N>': expected a whole number of at least 1
    error: invalid value 'much' for '--max-body <SIZE>': expected a size such as `500kB` or `1MiB`
    error: invalid value 'soon' for '--header-timeout <DURATION>': expected a duration such as `500ms`, `30s` or `2m`
    error: invalid value 'loud' for '--log-level <LEVEL>' [possible values: off, error, warn, info, debug]
    error: a value is required for '--log-level <LEVEL>' but none was supplied [possible values: off, error, warn, info, debug]
    error: unexpected value 'yes' for '--watch' found; no more were expected
    error: unexpected argument '--prot' found; tip: a similar argument exists: '--port'
    error: unexpected argument '--shoe-size' found; `--help` lists what there is
    error: unrecognized subcommand 'healthchek'; tip: a similar subcommand exists: 'healthcheck'
    error: unrecognized subcommand 'sing'; the commands are `serve`, `exec`, `healthcheck`, `env`, `ca`, `validate`, `pull`, `openapi`, `drift`, `completions`, `man`
    error: unrecognized subcommand 'sing'; the commands are `serve`, `exec`, `healthcheck`, `env`, `ca`, `validate`, `pull`, `openapi`, `drift`, `completions`, `man`
    error: the following required arguments were not provided: <PATH>...
    error: invalid value 'csh' for '--shell <SHELL>' [possible values: sh, fish, powershell, dotenv, json]; tip: a similar value exists: 'fish'
    error: a value is required for '--timeout <DURATION>' but none was supplied: expected a duration such as `500ms`, `30s` or `2m`
    error: invalid value 'a b' for '--port <PORT>': expected a number from 0 to 65535
    ");
}

#[test]
fn a_variable_is_named_likewise() {
    let lines = [
        ("PORT", "http"),
        ("TALLYFY_MOCK_EDITION", "2024-01"),
        ("TALLYFY_MOCK_LOG_LEVEL", "loud"),
        ("TALLYFY_MOCK_WATCH", "perhaps"),
        ("TALLYFY_MOCK_MAX_BODY", "much\nmore"),
        ("TALLYFY_MOCK_SET", "update_status=204"),
    ]
    .map(|(name, value)| {
        // Should the variable be taken, the mock ends all the same.
        let refused = command(&["--fixtures", "/nowhere"])
            .env(name, value)
            .output();
        let refused = refused.unwrap();
        assert_eq!(refused.status.code(), Some(2), "{name}");
        stderr(&refused)
    });
    insta::assert_snapshot!(lines.concat(), @"
    error: invalid value 'http' for the variable PORT: expected a number from 0 to 65535
    error: invalid value '2024-01' for the variable TALLYFY_MOCK_EDITION: there is no edition `2024-01`; the editions are `2026-03`, `2025-08`
    error: invalid value 'loud' for the variable TALLYFY_MOCK_LOG_LEVEL: expected one of `off`, `error`, `warn`, `info`, `debug`, in any case
    error: invalid value 'perhaps' for the variable TALLYFY_MOCK_WATCH: expected one of `1`, `0`, `true`, `false`, `yes`, `no`, `on`, `off`, in any case
    error: invalid value 'much more' for the variable TALLYFY_MOCK_MAX_BODY: expected a size such as `500kB` or `1MiB`
    error: invalid value 'update_status=204' for the variable TALLYFY_MOCK_SET: the contract switch `update_status` does not take `204`; it takes `201`, `200`
    ");
}
