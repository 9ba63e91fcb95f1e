//! What is issued is bounded, whatever is asked.

use std::collections::BTreeMap;

use super::*;
use crate::{
    domain::grant::{GrantRequest, Parameters},
    tenant::{Client, Granted, ids::IdGen, tokens::Moment},
};

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + second, 0).unwrap()
}

/// Issues one more, whose time is over in the organizations at these times.
fn issued(tokens: &mut Tokens, elsewhere: &[(OrgId, DateTime<Utc>)]) -> Granted {
    let parameters: Parameters = [
        ("grant_type", "password"),
        ("client_id", "3"),
        ("client_secret", "s"),
        ("username", "ada"),
        ("password", "p"),
    ]
    .into_iter()
    .collect();
    let request = GrantRequest::parse(&parameters).unwrap();
    let decision = tokens.decide(&request, at(0), |_, _| None).unwrap();
    let elsewhere = elsewhere.to_vec();
    let moment = Moment {
        now: at(0),
        elsewhere,
    };
    tokens.issue(decision, &moment, &IdGen::seeded(7)).unwrap()
}

/// Whether a text is one that was issued and is good still.
fn is_known(tokens: &Tokens, text: &str) -> bool {
    matches!(tokens.get(text, None, || at(1)), Ok(Bearer::Issued(_)))
}

#[test]
fn of_the_tokens_that_were_issued_the_first_ones_give_way() {
    let mut tokens = Tokens::default();
    let first = issued(&mut tokens, &[]);
    let second = issued(&mut tokens, &[]);
    for _ in 2..Tokens::MOST_ISSUED {
        issued(&mut tokens, &[]);
    }
    assert!(is_known(&tokens, &first.access) && is_known(&tokens, &second.access));
    let last = issued(&mut tokens, &[]);
    assert!(!is_known(&tokens, &first.access), "it gave way");
    assert!(is_known(&tokens, &second.access) && is_known(&tokens, &last.access));
    assert_eq!(tokens.oauth().issued.len(), Tokens::MOST_ISSUED);
    // Its refresh token went with it.
    let refresh = tokens.get(&first.refresh.unwrap(), None, || at(1));
    assert!(matches!(refresh, Ok(Bearer::Declared(_))), "{refresh:?}");
}

#[test]
fn tokens_that_remember_many_clocks_are_fewer() {
    let mut tokens = Tokens::default();
    let id = |i| OrgId::parse(&format!("{i:0>255}")).unwrap();
    let clocks: Vec<_> = (0..1000).map(|i| (id(i), at(0))).collect();
    for _ in 0..100 {
        issued(&mut tokens, &clocks);
    }
    let kept = tokens.oauth().issued;
    let bytes: usize = kept
        .iter()
        .map(|one| one.expires_elsewhere.len() * 255)
        .sum();
    assert!((20..60).contains(&kept.len()), "{}", kept.len());
    assert!(bytes < Tokens::MOST_ISSUED_BYTES);
    // And nothing stays of those that went.
    let last = issued(&mut tokens, &clocks);
    for _ in 0..Tokens::MOST_ISSUED {
        issued(&mut tokens, &[]);
    }
    assert!(!is_known(&tokens, &last.access));
    assert!(!tokens.issued.knows_clock(None));
}

#[test]
fn a_life_beyond_the_calendar_ends_with_it() {
    let mut tokens = Tokens::default();
    tokens = tokens.with_oauth(&OAuthSeed {
        lifetimes: LifetimesSeed {
            access_token: Some(u32::MAX),
            ..LifetimesSeed::default()
        },
        ..OAuthSeed::default()
    });
    let last = crate::json::CALENDAR[1];
    let own = OrgId::parse("own").unwrap();
    let issued = issued(&mut tokens, &[(own.clone(), last)]);
    let good = |now| tokens.get(&issued.access, Some(&own), || now).is_ok();
    assert!(good(at(0)) && !good(last));
}

#[test]
fn what_is_declared_takes_the_place_of_what_was_issued() {
    let mut tokens = Tokens::default();
    let one = issued(&mut tokens, &[]);
    let declared = tokens.with([(Box::from(&*one.access), Token::default())]);
    assert!(!is_known(&declared, &one.access) && is_known(&tokens, &one.access));
    assert_eq!(declared.oauth().issued, []);
    // What is issued next is neither a declared nor an issued one.
    let mut again = Tokens {
        sequence: 0,
        ..tokens
    };
    assert_ne!(issued(&mut again, &[]).access, one.access);
}

/// As an exported state has it.
fn exported(access: &str, refresh: Option<&str>) -> Issued {
    Issued {
        access: access.into(),
        refresh: refresh.map(Arc::from),
        client: 3,
        stands_for: Some(StandsFor::default()),
        expires_at: at(60),
        expires_elsewhere: Vec::new(),
        refresh_expires_at: None,
        is_revoked: false,
    }
}

fn with_issued(tokens: &Tokens, issued: Vec<Issued>) -> Tokens {
    tokens.with_oauth(&OAuthSeed {
        issued,
        ..OAuthSeed::default()
    })
}

#[test]
fn of_a_state_nothing_is_issued_again_that_is_declared() {
    let declared = Tokens::new([(Box::from("a"), Token::default())]);
    let issued = vec![
        exported("a", None),
        exported("b", Some("a")),
        exported("c", Some("d")),
    ];
    let kept = with_issued(&declared, issued).oauth().issued;
    let kept: Vec<&str> = kept.iter().map(|one| &*one.access).collect();
    assert_eq!(kept, ["c"]);
}

#[test]
fn a_state_says_how_many_were_issued_where_any_was() {
    let mut tokens = Tokens::default();
    assert_eq!(tokens.oauth().sequence, None);
    issued(&mut tokens, &[]);
    assert_eq!(tokens.oauth().sequence, Some(1));
}

#[test]
fn what_is_issued_may_take_all_of_its_bytes_and_not_one_more() {
    let id = |text: &str| OrgId::parse(text).unwrap();
    let token = Token {
        organizations: ["a", "b", "c"].map(id).to_vec(),
        ..Token::default()
    };
    let small = Issued {
        stands_for: Some(StandsFor {
            token: Arc::new(token),
            home: None,
        }),
        expires_elsewhere: vec![(id("0123456789"), at(0)), (id("012345"), at(0))],
        ..exported("access", Some("refresh"))
    };
    // Twice each text, as it is in an index; 128 for each entry of one, and 512 for the rest.
    let small_bytes = 512 + 2 * (6 + 7) + 2 * 128 + 3 * size_of::<OrgId>() + 16 + 2 * 128;
    let room = Tokens::MOST_ISSUED_BYTES - small_bytes - 512 - 128;
    for (length, kept) in [(room / 2, 2), (room / 2 + 1, 1)] {
        let large = exported(&"x".repeat(length), None);
        let tokens = with_issued(&Tokens::default(), vec![small.clone(), large]);
        assert_eq!(tokens.oauth().issued.len(), kept, "{length}");
    }
}

#[test]
fn a_client_without_a_secret_asks_for_users_and_not_for_itself() {
    let client = Client {
        secret: None,
        token: None,
    };
    let tokens = Tokens::default().with_oauth(&OAuthSeed {
        clients: BTreeMap::from([(3, client)]),
        ..OAuthSeed::default()
    });
    let decided = |grant: &[(&str, &str)]| {
        let parameters: Parameters = grant.iter().copied().chain([("client_id", "3")]).collect();
        let request = GrantRequest::parse(&parameters).unwrap();
        tokens.decide(&request, at(0), |_, _| None).is_ok()
    };
    let password = [
        ("grant_type", "password"),
        ("username", "ada"),
        ("password", "p"),
    ];
    assert!(decided(&password));
    assert!(!decided(&[("grant_type", "client_credentials")]));
}
