//! The table of limits has those that hold, and names a test for each.

use std::{fs, path::Path};

use tallyfy_mock::{
    config::{Config, Limits},
    tenant::{Tokens, journal::JournalLimits},
};

use super::{pages::Page, tables::help};

#[test]
fn the_table_of_limits_has_those_that_hold() {
    let Limits {
        max_connections,
        max_streams,
        max_body,
        max_control_body,
        max_answer_memory,
        max_body_memory,
        header_timeout,
        body_timeout,
        // With the rows on what is stored.
        max_organizations: _,
        max_stored: _,
    } = Limits::default();
    let mib = |bytes: usize| format!("{} MiB", bytes / 1024 / 1024);
    let seconds = |time: std::time::Duration| format!("{} s", time.as_secs());
    // Each limit, and the test that goes up to it and beyond.
    let limits = [
        (
            "65534 bytes of target".into(),
            "a_head_is_served_up_to_its_limits_and_not_beyond",
        ),
        (
            "100".into(),
            "a_head_is_served_up_to_its_limits_and_not_beyond",
        ),
        (
            "between 408 KiB and 1 MiB, as they come".into(),
            "a_head_is_served_up_to_its_limits_and_not_beyond",
        ),
        (
            seconds(header_timeout),
            "five_hundred_heads_that_never_end_are_given_up",
        ),
        (
            mib(max_body),
            "a_long_body_is_too_large_and_one_of_the_limit_is_not",
        ),
        (
            seconds(body_timeout),
            "five_hundred_bodies_that_never_end_are_told_408",
        ),
        (
            seconds(body_timeout),
            "a_client_that_never_reads_is_given_up",
        ),
        (mib(max_control_body), "a_control_body_has_a_limit"),
        (
            mib(max_body_memory),
            "bodies_that_take_all_memory_leave_a_503_to_the_rest",
        ),
        (
            "32 MiB".into(),
            "whatever_is_stored_an_answer_takes_little_memory",
        ),
        (
            mib(max_answer_memory),
            "answers_that_nobody_reads_leave_a_503_to_the_rest",
        ),
        (
            format!(
                "{}, {}",
                mib(Limits::DISCARDED_BYTES),
                seconds(Limits::DISCARDED_TIME)
            ),
            "a_refused_body_is_read_on_up_to_its_bound",
        ),
    ];
    let of_connections = limits_of_connections(max_connections, max_streams);
    let limits = of_connections.into_iter().chain(limits);
    let limits: Vec<_> = limits
        .chain(limits_of_storage())
        .chain(limits_of_the_journal())
        .chain(limits_of_issued_tokens())
        .collect();
    let rows = Page::read("docs/limits.md").table("| what | at most |");
    let at_most: Vec<_> = rows.iter().map(|row| row[1].as_str()).collect();
    let wanted: Vec<_> = limits.iter().map(|(limit, _)| limit.as_str()).collect();
    assert_eq!(at_most, wanted);
    let help = help();
    for flag in rows.iter().filter_map(|row| row[2].split(' ').next()) {
        assert!(help.contains(flag), "{flag}");
    }
    let tests = tests();
    for (_, test) in limits {
        assert!(tests.contains(&format!("fn {test}()")), "{test}");
    }
}

/// The rows of the table on what is stored.
fn limits_of_storage() -> [(String, &'static str); 9] {
    let Limits {
        max_organizations,
        max_stored,
        ..
    } = Limits::default();
    [
        (max_organizations.to_string(), "a_full_mock_says_so"),
        (
            format!(
                "{} GiB, or a quarter of what `ulimit -v` leaves",
                max_stored / 1024 / 1024 / 1024
            ),
            "what_is_stored_has_a_bound_and_a_delete_makes_room",
        ),
        (
            "256 KiB; 1000 in an organization".into(),
            "rules_have_bounds_in_number_and_bytes",
        ),
        (
            "2 MiB; 256 KiB".into(),
            "what_an_answer_has_in_one_piece_has_a_bound_in_a_fixture",
        ),
        ("4000000".into(), "what_is_parsed_has_a_bound"),
        (
            max_organizations.to_string(),
            "of_the_organizations_that_are_only_named_the_most_recently_used_are_kept",
        ),
        (
            "1000".into(),
            "tokens_that_clients_make_up_do_not_fill_the_memory",
        ),
        (
            "the machine's memory".into(),
            "a_large_organization_keeps_its_order_while_rows_come_and_go",
        ),
        (
            "100".into(),
            "the_default_page_has_ten_groups_and_the_longest_a_hundred",
        ),
    ]
}

/// The rows after those.
fn limits_of_the_journal() -> [(String, &'static str); 5] {
    let entries = Config::default().journal_entries;
    let journal = JournalLimits::default();
    let mib = |bytes: usize| format!("{} MiB", bytes / 1024 / 1024);
    [
        (
            entries.to_string(),
            "the_journal_is_bounded_and_tells_what_the_bounds_have_cost",
        ),
        (
            mib(journal.ring_bytes),
            "a_hundred_requests_with_large_bodies_stay_within_their_bytes",
        ),
        (
            mib(journal.total_bytes),
            "where_all_bytes_are_used_up_the_ring_that_was_written_to_least_recently_gives_way",
        ),
        (
            format!("{} KiB", JournalLimits::BODY_BYTES / 1024),
            "a_long_body_is_cut_and_marked",
        ),
        (
            JournalLimits::CHANGES.to_string(),
            "of_changes_the_newest_are_remembered_and_the_others_counted",
        ),
    ]
}

/// The last rows of the table.
fn limits_of_issued_tokens() -> [(String, &'static str); 2] {
    [
        (
            Tokens::MOST_ISSUED.to_string(),
            "of_the_tokens_that_were_issued_the_first_ones_give_way",
        ),
        (
            format!("{} MiB", Tokens::MOST_ISSUED_BYTES / 1024 / 1024),
            "tokens_that_remember_many_clocks_are_fewer",
        ),
    ]
}

/// The first rows of the table.
fn limits_of_connections(
    max_connections: usize,
    max_streams: usize,
) -> [(String, &'static str); 5] {
    [
        (
            format!("{max_connections}, or what the open-file limit leaves"),
            "connections_over_the_cap_wait_and_are_served_when_others_leave",
        ),
        (
            "5 s".into(),
            "probes_get_through_when_all_places_are_taken_and_nothing_else_does",
        ),
        (
            "16 beside those, for 1 s each".into(),
            "probes_get_through_when_all_places_are_taken_and_nothing_else_does",
        ),
        (
            format!("{max_streams}, or what the open-file limit leaves"),
            "streams_have_a_bound_of_their_own_and_take_no_place",
        ),
        (
            "4096, or what the system allows".into(),
            "a_thousand_that_come_at_once_need_not_knock_twice",
        ),
    ]
}

/// The text of all tests that hold limits.
fn tests() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = fs::read_dir(root.join("tests/it")).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let of_tenants = [
        "tests/organizations.rs",
        "journal/tests.rs",
        "windows.rs",
        "tokens/known/tests.rs",
    ];
    files
        .chain(of_tenants.map(|file| root.join("src/tenant").join(file)))
        .filter_map(|file| fs::read_to_string(file).ok())
        .collect()
}
