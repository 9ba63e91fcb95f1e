//! Fault rules without HTTP.

use std::thread;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    domain::operation::Operation,
    tenant::{Baseline, NotOne, Scopes, Start, Tenants},
};

fn faults() -> Tenants {
    seeded(Uuid::from_u64_pair(0, 7))
}

/// Tenants without declared organizations, with draws from that seed.
fn seeded(seed: Uuid) -> Tenants {
    let start = Start {
        seed,
        max_organizations: 20_000,
        ..Start::default()
    };
    Tenants::new(start, &Baseline::default())
}

fn put(faults: &Tenants, rule: Rule, rearm: bool) {
    faults.put_rule(rule, rearm).unwrap();
}

fn clear(faults: &Tenants, org: Option<&OrgId>) {
    let scope = Scopes {
        faults: true,
        ..Scopes::default()
    };
    match org {
        Some(org) => faults.reset(org, scope, &Baseline::default()),
        None => faults.reset_all(scope, &Baseline::default()),
    }
    .unwrap();
}

fn org(id: &str) -> OrgId {
    OrgId::parse(id).unwrap()
}

fn rule(id: &str, json: &Value) -> Rule {
    Rule::parse(id, None, json).unwrap()
}

/// A delete in an organization.
fn delete(org: &OrgId) -> Asked<'_> {
    Asked {
        operation: Some(Operation::DeleteGroup),
        method: "DELETE",
        path: "/organizations/acme/groups/1",
        org: Some(org),
        token: Some("secret"),
    }
}

/// What the rules do to a request that comes now.
fn strike(faults: &Tenants, asked: &Asked<'_>) -> Option<Strike> {
    faults.find(asked.org).strike(asked)
}

/// The rules that strike a number of requests in a row.
fn struck(faults: &Tenants, asked: &Asked<'_>, times: usize) -> Vec<Option<String>> {
    (0..times)
        .map(|_| strike(faults, asked).map(|strike| strike.rule.to_string()))
        .collect()
}

/// The delays of a number of requests in a row, in milliseconds.
fn delays(delay: &Value, times: usize) -> Vec<u128> {
    let (faults, acme) = (faults(), org("acme"));
    let json = json!({ "steps": [{ "times": "always", "delay": delay }] });
    put(&faults, rule("slow", &json), false);
    let strikes = (0..times).filter_map(|_| strike(&faults, &delete(&acme)));
    strikes.map(|it| it.delay.unwrap().as_millis()).collect()
}

fn status(status: u16, retry_after: Option<u64>) -> Effect {
    Effect::Status {
        status,
        body: None,
        retry_after,
    }
}

#[test]
fn the_issues_rule_passes_one_over_and_takes_its_steps_in_order() {
    let (faults, acme) = (faults(), org("acme"));
    put(
        &faults,
        rule(
            "flaky",
            &json!({
                "match": { "operation": "groups.delete", "org": "acme" }, "skip": 1,
                "steps": [
                    { "times": 2, "status": 503, "write": "after" },
                    { "times": 1, "status": 429, "retry_after": 2 },
                    { "times": 1, "fault": "connection_reset" },
                    { "times": 1, "delay": { "uniform_ms": [50, 500] } },
                ],
            }),
        ),
        false,
    );
    let strikes: Vec<_> = (0..7).map(|_| strike(&faults, &delete(&acme))).collect();
    let [
        None,
        Some(one),
        Some(two),
        Some(three),
        Some(four),
        Some(five),
        None,
    ] = strikes.as_slice()
    else {
        panic!("{strikes:?}");
    };
    assert_eq!(
        (&one.effect, one.write),
        (&Some(status(503, None)), Write::After)
    );
    assert_eq!(one, two);
    let limited = Some(status(429, Some(2)));
    assert_eq!((&three.effect, three.write), (&limited, Write::Before));
    assert_eq!(four.effect, Some(Effect::Fault(Fault::ConnectionReset)));
    assert_eq!(five.effect, None);
    let delay = five.delay.unwrap().as_millis();
    assert!((50..=500).contains(&delay), "{delay}");
    let view = serde_json::to_value(faults.rule("flaky", None).unwrap()).unwrap();
    assert_eq!(view["hits"], 5);
    let left: Vec<_> = view["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &step["remaining"])
        .collect();
    assert_eq!(left, [0, 0, 0, 0]);
}

#[test]
fn an_endless_step_is_never_used_up() {
    let (faults, acme) = (faults(), org("acme"));
    let steps = json!([{ "status": 500 }, { "times": "always", "status": 503 }]);
    put(&faults, rule("r", &json!({ "steps": steps })), false);
    assert_eq!(
        strike(&faults, &delete(&acme)).unwrap().effect,
        Some(status(500, None))
    );
    for _ in 0..100 {
        assert_eq!(
            strike(&faults, &delete(&acme)).unwrap().effect,
            Some(status(503, None))
        );
    }
    let view = serde_json::to_value(faults.rule("r", None).unwrap()).unwrap();
    assert_eq!(
        (&view["hits"], &view["steps"][1]["remaining"]),
        (&json!(101), &json!("always"))
    );
}

#[test]
fn a_rule_that_is_spent_or_passes_over_leaves_the_request_to_the_next() {
    let (faults, acme) = (faults(), org("acme"));
    put(
        &faults,
        rule("one", &json!({ "skip": 1, "steps": [{ "status": 500 }] })),
        false,
    );
    put(
        &faults,
        rule("two", &json!({ "steps": [{ "times": 2, "status": 500 }] })),
        false,
    );
    let own = json!({ "match": { "org": "acme" }, "steps": [{ "status": 500 }] });
    put(&faults, rule("own", &own), false);
    let expected = ["own", "two", "one", "two"].map(|id| Some(id.to_owned()));
    let struck = struck(&faults, &delete(&acme), 6);
    assert_eq!(
        (&struck[..4], &struck[4..]),
        (&expected[..], &[None, None][..])
    );
}

#[test]
fn each_key_of_a_match_is_looked_at() {
    let acme = org("acme");
    let strikes = |only: &Value, asked: &Asked<'_>| {
        let faults = faults();
        put(
            &faults,
            rule("r", &json!({ "match": only, "steps": [{ "status": 500 }] })),
            false,
        );
        strike(&faults, asked).is_some()
    };
    let unrouted = Asked {
        operation: None,
        method: "PATCH",
        path: "/nothing",
        org: None,
        token: None,
    };
    for (only, deleted, other) in [
        (json!({}), true, true),
        (json!({ "operation": "groups.delete" }), true, false),
        (json!({ "operation": "groups.get" }), false, false),
        (json!({ "method": "delete" }), true, false),
        (json!({ "method": "PATCH" }), false, true),
        (json!({ "path": "/organizations/*/groups/*" }), true, false),
        (json!({ "path": "/*" }), false, true),
        (
            json!({ "method": "DELETE", "path": "/nothing" }),
            false,
            false,
        ),
        (json!({ "org": "acme" }), true, false),
        (json!({ "org": "globex" }), false, false),
        (json!({ "token": "secret" }), true, false),
        (json!({ "token": "secre" }), false, false),
        (
            json!({ "operation": "groups.delete", "token": "other" }),
            false,
            false,
        ),
    ] {
        assert_eq!(strikes(&only, &delete(&acme)), deleted, "{only}");
        assert_eq!(strikes(&only, &unrouted), other, "{only}");
    }
}

#[test]
fn the_same_rule_again_goes_on_where_it_was_unless_it_is_rearmed() {
    let (faults, acme) = (faults(), org("acme"));
    let json = json!({ "steps": [{ "times": 2, "status": 500 }] });
    put(&faults, rule("r", &json), false);
    put(
        &faults,
        rule(
            "later",
            &json!({ "steps": [{ "times": "always", "status": 500 }] }),
        ),
        false,
    );
    let next = || strike(&faults, &delete(&acme)).unwrap().rule;
    assert_eq!(&*next(), "r");
    put(&faults, rule("r", &json), false);
    assert_eq!([&*next(), &*next()], ["r", "later"], "one was left");
    put(&faults, rule("r", &json), true);
    assert_eq!(faults.rule("r", None).unwrap().hits(), 0);
    assert_eq!(
        [&*next(), &*next(), &*next()],
        ["r", "r", "later"],
        "in its old place"
    );
    put(
        &faults,
        rule("r", &json!({ "steps": [{ "status": 503 }] })),
        false,
    );
    assert_eq!(
        [&*next(), &*next()],
        ["r", "later"],
        "another rule of that id is a new one"
    );
}

#[test]
fn a_rule_is_found_in_its_organization_or_where_only_one_has_it() {
    let (faults, acme, globex) = (faults(), org("acme"), org("globex"));
    let put = |id: &str, org: Option<&OrgId>| {
        let json = json!({ "steps": [{ "status": 500 }] });
        put(
            &faults,
            Rule::parse(id, org.cloned(), &json).unwrap(),
            false,
        );
    };
    let found =
        |id: &str, org: Option<&OrgId>| faults.rule(id, org).map(|view| view.rule().org().cloned());
    assert_eq!(found("r", None), Err(NotOne::None));
    put("r", Some(&globex));
    assert_eq!(found("r", None), Ok(Some(globex.clone())));
    assert_eq!(found("r", Some(&acme)), Err(NotOne::None));
    put("r", Some(&acme));
    let both = NotOne::Several(vec![acme.clone(), globex.clone()]);
    assert_eq!(found("r", None), Err(both.clone()));
    assert_eq!(faults.remove_rule("r", None), Err(both));
    put("r", None);
    assert_eq!(
        found("r", None),
        Ok(None),
        "the one that no organization names"
    );
    put("s", Some(&globex));
    let listed: Vec<_> = faults
        .rules(None)
        .iter()
        .map(|view| {
            format!(
                "{}/{}",
                view.rule().org().map_or("-", OrgId::as_str),
                view.rule().id
            )
        })
        .collect();
    assert_eq!(listed, ["-/r", "acme/r", "globex/r", "globex/s"]);
    assert_eq!(faults.rules(Some(&acme)).len(), 1);
    assert_eq!(faults.remove_rule("r", None), Ok(()));
    assert_eq!(faults.remove_rule("r", Some(&acme)), Ok(()));
    assert_eq!(faults.remove_rule("r", Some(&acme)), Err(NotOne::None));
    assert_eq!(faults.remove_rule("r", None), Ok(()));
    assert_eq!(found("s", None), Ok(Some(globex)));
}

#[test]
fn rules_that_are_cleared_strike_no_more_and_those_of_others_do() {
    let (faults, acme, globex) = (faults(), org("acme"), org("globex"));
    for id in ["acme", "globex"] {
        let json =
            json!({ "match": { "org": id }, "steps": [{ "times": "always", "status": 500 }] });
        put(&faults, rule(id, &json), false);
    }
    clear(&faults, Some(&acme));
    assert_eq!(strike(&faults, &delete(&acme)), None);
    assert!(strike(&faults, &delete(&globex)).is_some());
    clear(&faults, None);
    assert_eq!(strike(&faults, &delete(&globex)), None);
    assert!(faults.rules(None).is_empty());
}

#[test]
fn a_draw_that_misses_uses_up_neither_skip_nor_step() {
    let (faults, acme) = (faults(), org("acme"));
    let never = json!({ "probability": 0, "skip": 1, "steps": [{ "status": 500 }] });
    put(&faults, rule("never", &never), false);
    let half = json!({ "probability": 0.5, "skip": 3, "steps": [{ "times": 10, "status": 500 }] });
    put(&faults, rule("half", &half), false);
    let hits = struck(&faults, &delete(&acme), 200).into_iter().flatten();
    assert_eq!(hits.count(), 10, "all of them come in the end");
    let first: Vec<bool> = {
        put(&faults, rule("half", &half), true);
        struck(&faults, &delete(&acme), 14)
            .iter()
            .map(Option::is_some)
            .collect()
    };
    assert!(
        first.iter().filter(|hit| **hit).count() < 10,
        "but not at once: {first:?}"
    );
    let view = serde_json::to_value(faults.rule("never", None).unwrap()).unwrap();
    assert_eq!(
        (&view["hits"], &view["steps"][0]["remaining"]),
        (&json!(0), &json!(1))
    );
}

#[test]
fn delays_stay_within_their_bounds() {
    let delays = |delay: Value| delays(&delay, 2000);
    assert!(delays(json!({ "fixed_ms": 25 })).iter().all(|ms| *ms == 25));
    let mut few = delays(json!({ "uniform_ms": [3, 5] }));
    few.sort_unstable();
    few.dedup();
    assert_eq!(few, [3, 4, 5], "both bounds are drawn");
    assert!(
        delays(json!({ "uniform_ms": [7, 7] }))
            .iter()
            .all(|ms| *ms == 7)
    );
    let wild = delays(json!({ "lognormal_ms": { "median": 3_600_000, "sigma": 10 } }));
    assert!(wild.iter().all(|ms| *ms <= 3_600_000));
}

#[test]
fn delays_are_spread_as_the_rule_says() {
    let even = delays(&json!({ "uniform_ms": [300, 302] }), 3000);
    for ms in 300..=302 {
        let times = even.iter().filter(|drawn| **drawn == ms).count();
        assert!((900..=1100).contains(&times), "{ms} ms: {times} times");
    }
    // One standard deviation to either side of the median is a factor of e^0.4, about 1.49.
    let lognormal = json!({ "lognormal_ms": { "median": 900, "sigma": 0.4 } });
    let mut spread = delays(&lognormal, 3000);
    spread.sort_unstable();
    let at = |percent: usize| spread[3000 * percent / 100];
    assert!((570..=640).contains(&at(16)), "{}", at(16));
    assert!((870..=930).contains(&at(50)), "{}", at(50));
    assert!((1270..=1420).contains(&at(84)), "{}", at(84));
}

#[test]
fn drawn_delays_are_these_on_every_machine() {
    let uniform = json!({ "uniform_ms": [0, 1000] });
    let lognormal = json!({ "lognormal_ms": { "median": 900, "sigma": 0.4 } });
    assert_eq!(delays(&uniform, 4), [897, 5, 134, 318]);
    assert_eq!(delays(&lognormal, 4), [395, 911, 771, 637]);
}

#[test]
fn a_rule_is_shown_as_it_was_put() {
    let faults = faults();
    let json = json!({
        "match": { "method": "PUT", "path": "/organizations/*/groups/**", "org": "acme", "token": "secret" },
        "skip": 3, "probability": 0.5,
        "steps": [
            { "times": 2, "status": 503, "body": { "error": true }, "retry_after": 7, "write": "after" },
            { "times": "always", "fault": "slow_body", "chunk_ms": 5, "write": "before", "delay": { "fixed_ms": 9 } },
            { "times": 1, "delay": { "uniform_ms": [1, 2] } },
            { "times": 1, "delay": { "lognormal_ms": { "median": 90, "sigma": 0.5 } } },
        ],
    });
    put(&faults, rule("r", &json), false);
    let mut view = serde_json::to_value(faults.rule("r", None).unwrap()).unwrap();
    let view = view.as_object_mut().unwrap();
    assert_eq!(
        (view.remove("id"), view.remove("hits")),
        (Some(json!("r")), Some(json!(0)))
    );
    let left: Vec<_> = view["steps"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .map(|step| step.as_object_mut().unwrap().remove("remaining").unwrap())
        .collect();
    assert_eq!(left, [json!(2), json!("always"), json!(1), json!(1)]);
    assert_eq!(Value::Object(view.clone()), json);
}

#[test]
fn each_fault_goes_by_its_name() {
    for name in Fault::NAMES {
        let rule = rule("r", &json!({ "steps": [{ "fault": name }] }));
        let faults = faults();
        put(&faults, rule, false);
        let view = serde_json::to_value(faults.rule("r", None).unwrap()).unwrap();
        assert_eq!(view["steps"][0]["fault"], *name);
        let Some(Effect::Fault(fault)) = strike(&faults, &delete(&org("acme"))).unwrap().effect
        else {
            panic!("{name} is no fault");
        };
        assert_eq!(fault.name(), *name);
    }
}

#[test]
fn rules_are_in_force_for_their_organization_and_those_of_none_for_all() {
    let (faults, acme, globex) = (faults(), org("acme"), org("globex"));
    let hits = |org: Option<&OrgId>| {
        let asked = Asked {
            org,
            ..delete(&acme)
        };
        strike(&faults, &asked).is_some()
    };
    assert!(!hits(Some(&acme)));
    let step = json!([{ "times": "always", "status": 500 }]);
    let own = json!({ "match": { "org": "acme" }, "steps": step });
    put(&faults, rule("own", &own), false);
    assert!(hits(Some(&acme)) && !hits(Some(&globex)) && !hits(None));
    put(&faults, rule("all", &json!({ "steps": step })), false);
    assert!(hits(Some(&globex)) && hits(None));
    clear(&faults, None);
    assert!(!hits(Some(&acme)) && !hits(None));
}

#[test]
fn a_rule_that_leaves_nothing_to_chance_remembers_no_organization() {
    let rules = Rules::new(Uuid::nil(), &Ledger::up_to(u64::MAX));
    let json =
        json!({ "steps": [{ "times": "always", "status": 500, "delay": { "fixed_ms": 1 } }] });
    rules.put(rule("r", &json), false).unwrap();
    rules.strike(&delete(&org("acme")));
    assert!(rules.lock()[0].drawn.is_empty());
}

#[test]
fn of_thousands_at_once_exactly_as_many_are_struck_as_the_rule_says() {
    let (faults, acme) = (faults(), org("acme"));
    put(
        &faults,
        rule("r", &json!({ "steps": [{ "times": 100, "status": 500 }] })),
        false,
    );
    let hits = thread::scope(|scope| {
        let strike = || {
            struck(&faults, &delete(&acme), 1000)
                .into_iter()
                .flatten()
                .count()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(strike)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum::<usize>()
    });
    assert_eq!((hits, faults.rule("r", None).unwrap().hits()), (100, 100));
}

#[test]
fn organizations_past_counting_share_a_count_and_take_no_more_memory() {
    let rules = Rules::new(Uuid::nil(), &Ledger::up_to(u64::MAX));
    let json = json!({ "probability": 0.5, "steps": [{ "times": "always", "status": 500 }] });
    rules.put(rule("r", &json), false).unwrap();
    for i in 0..COUNTED_ORGS + 500 {
        rules.strike(&delete(&org(&i.to_string())));
    }
    assert!(rules.lock()[0].drawn.len() <= COUNTED_ORGS + 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn one_seed_gives_one_sequence_whatever_other_organizations_do(
        seed: u128,
        others in prop::collection::vec(prop::collection::vec(0..3_usize, 0..4), 30),
    ) {
        let orgs = [org("globex"), org("initech"), org("hooli")];
        let acme = org("acme");
        let run = |others: &[Vec<usize>]| -> Vec<Option<Strike>> {
            let faults = seeded(Uuid::from_u128(seed));
            let step = json!({ "times": "always", "status": 500, "delay": { "lognormal_ms": { "median": 90, "sigma": 1 } } });
            put(&faults, rule("all", &json!({ "probability": 0.5, "steps": [step] })), false);
            for id in ["acme", "globex", "hooli"] {
                let step = json!({ "times": 5, "delay": { "uniform_ms": [0, 1000] } });
                let json = json!({ "match": { "org": id }, "skip": 2, "probability": 0.3, "steps": [step] });
                put(&faults, rule("own", &json), false);
            }
            let mut strikes = Vec::new();
            for before in others {
                for other in before {
                    strike(&faults, &delete(&orgs[*other]));
                }
                strikes.push(strike(&faults, &delete(&acme)));
            }
            strikes
        };
        prop_assert_eq!(run(&others), run(&vec![Vec::new(); others.len()]));
    }
}

#[test]
fn rules_that_are_not_used_up_are_counted_whatever_became_of_them() {
    let (faults, acme) = (faults(), org("acme"));
    let steps = |times: Value| json!({ "match": { "org": "acme" }, "steps": [{ "times": times, "status": 503 }] });
    let left = || {
        let left = faults.rules_left();
        let ids: Vec<_> = left.ids.iter().map(ToString::to_string).collect();
        (left.put, left.left, ids.join(" "))
    };
    let told = |put, left, ids: &str| (put, left, ids.to_owned());
    for (id, times) in [
        ("once", json!(1)),
        ("twice", json!(2)),
        ("ever", json!("always")),
    ] {
        put(
            &faults,
            Rule::parse(id, None, &steps(times)).unwrap(),
            false,
        );
    }
    assert_eq!(left(), told(3, 3, "once twice ever"));
    strike(&faults, &delete(&acme)).unwrap();
    assert_eq!(left(), told(3, 2, "twice ever"));
    strike(&faults, &delete(&acme)).unwrap();
    assert_eq!(left(), told(3, 2, "twice ever"), "once more is left");
    strike(&faults, &delete(&acme)).unwrap();
    assert_eq!(left(), told(3, 1, "ever"));
    for _ in 0..2 {
        strike(&faults, &delete(&acme)).unwrap();
        assert_eq!(left(), told(3, 0, ""), "it has struck, and has no end");
    }
    let json = json!({ "match": { "org": "acme" }, "steps": [{ "status": 503 }, { "times": "always", "status": 503 }] });
    clear(&faults, None);
    put(&faults, rule("both", &json), false);
    strike(&faults, &delete(&acme)).unwrap();
    assert_eq!(left(), told(4, 1, "both"), "its last step is not reached");
    strike(&faults, &delete(&acme)).unwrap();
    assert_eq!(left(), told(4, 0, ""));
    put(
        &faults,
        Rule::parse("gone", None, &steps(json!(1))).unwrap(),
        false,
    );
    clear(&faults, None);
    assert_eq!(left(), told(5, 1, "gone"));
}

#[test]
fn rules_that_are_left_are_named_up_to_a_bound_and_counted_beyond_it() {
    let tally = Tally::default();
    let names: Vec<Arc<str>> = (0..1001).map(|i| format!("r{i}").into()).collect();
    let numbers: Vec<u64> = names.iter().map(|name| tally.enter(name)).collect();
    let read = || {
        let RulesLeft { put, left, ids } = tally.read();
        (put, left, ids)
    };
    assert_eq!(read(), (1001, 1001, names[..5].to_vec()));
    for number in &numbers[..1000] {
        tally.use_up(*number);
    }
    assert_eq!(
        read(),
        (1001, 1, vec![]),
        "the last one had no room for its name"
    );
}

#[test]
fn a_rule_may_have_so_many_bytes_its_path_among_them() {
    let of = |path: &str, text: usize| {
        let json = json!({ "match": { "path": path }, "steps": [{ "status": 503, "body": "x".repeat(text) }] });
        Rule::parse("r", None, &json)
    };
    let bytes = |path, text| of(path, text).unwrap().bytes();
    assert_eq!(bytes("/abcdef", 3), bytes("/a", 3) + 5);
    let most = 256 * 1024;
    let room = most - usize::try_from(bytes("/a", 0)).unwrap();
    assert_eq!(bytes("/a", room), most as u64);
    assert!(of("/a", room + 1).is_err());
}
