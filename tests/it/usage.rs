//! What the command line says of itself: help, and the errors of flags and variables.

use super::binary::{command, output, stderr};

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
    error: unrecognized subcommand 'sing'; the commands are `serve`, `exec`, `healthcheck`, `env`, `ca`, `validate`, `openapi`, `completions`, `man`
    error: unrecognized subcommand 'sing'; the commands are `serve`, `exec`, `healthcheck`, `env`, `ca`, `validate`, `openapi`, `completions`, `man`
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
