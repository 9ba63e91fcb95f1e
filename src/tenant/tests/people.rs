//! Who may: tokens, users and guests.

use super::*;

/// The token of a user who is known as a light user of his home.
fn known_at_home(id: u64) -> Token {
    let known_as = KnownAs {
        home: org_id("home"),
        user: user(id, Role::Light),
    };
    Token {
        known_as: Some(Arc::new(known_as)),
        ..Token::default()
    }
}

#[test]
fn a_token_is_good_for_its_organizations_its_user_and_its_time() {
    let declared = |secret: &str, token| (Box::from(secret), token);
    let end = "2026-03-01T09:00:00Z".parse().unwrap();
    let tokens = Tokens::new([
        declared(
            "one",
            Token {
                user: Some(user_id(7)),
                organizations: vec![org_id("acme")],
                ..Token::default()
            },
        ),
        declared(
            "ends",
            Token {
                expires_at: Some(end),
                ..Token::default()
            },
        ),
    ]);
    let secrets: Vec<_> = tokens.declared().into_iter().map(|(it, _)| it).collect();
    assert_eq!(secrets, ["ends", "one"]);
    let second = chrono::TimeDelta::seconds(1);
    let get = |tokens: &Tokens, secret: &str, now| match tokens.get(secret, None, || now)? {
        Bearer::Declared(token) => Ok(token),
        Bearer::Issued(_) => panic!("none was issued"),
    };
    assert_eq!(get(&tokens, "one", end).unwrap().user, Some(user_id(7)));
    assert_eq!(get(&tokens, "ends", end - second).unwrap().user, None);
    for now in [end, end + second] {
        assert_eq!(get(&tokens, "ends", now), Err(TokenRefusal::Expired));
    }
    assert_eq!(get(&tokens, "two", end), Err(TokenRefusal::Unknown));
    let one = get(&tokens, "one", end).unwrap();
    assert!(one.is_for(&org_id("acme")) && !one.is_for(&org_id("globex")));

    let any = Tokens::default();
    assert!(get(&any, "anything", end).is_ok());
    let added = any.with([declared("one", Token::default())]);
    assert!(get(&added, "one", end).is_ok());
    assert_eq!(get(&added, "anything", end), Err(TokenRefusal::Unknown));
}

#[test]
fn a_tokens_user_stands_where_the_organization_puts_him() {
    let mut acme = Org::new(org_id("acme"), "Acme", false, Undeclared::Open);
    acme.put_user(user(7, Role::Standard));
    acme.put_user(user(8, Role::Admin));
    let store = closed([acme, org("open")]);
    let standing = |id: &str, user: Option<u64>, organizations: &[&str]| {
        let token = Token {
            user: user.map(user_id),
            organizations: organizations.iter().map(|id| org_id(id)).collect(),
            ..Token::default()
        };
        let (_, standing) = find(&store, id).standing(&token)?;
        Ok((standing.user.get(), standing.role, standing.manages_groups))
    };
    assert_eq!(
        standing("acme", Some(7), &["acme"]),
        Ok((7, Role::Standard, false))
    );
    assert_eq!(standing("acme", Some(8), &[]), Ok((8, Role::Admin, true)));
    assert_eq!(standing("acme", None, &[]), Ok((8, Role::Admin, true)));
    assert_eq!(standing("open", None, &[]), Ok((1, Role::Admin, true)));
    assert_eq!(standing("open", Some(9), &[]), Ok((9, Role::Admin, true)));
    assert_eq!(standing("acme", Some(9), &[]), Err(Refusal::ForeignOrg));
    assert_eq!(
        standing("acme", Some(8), &["open"]),
        Err(Refusal::ForeignOrg)
    );
    assert_eq!(standing("nowhere", None, &[]), Err(Refusal::NoOrg));
}

#[test]
fn where_no_user_is_declared_whoever_asks_is_there_alone() {
    let mut acme = org("acme");
    let seven = Token {
        user: Some(user_id(7)),
        ..Token::default()
    };
    let seven = acme.standing(&seven).unwrap();
    let ids = |users: &Users| users.iter().map(|user| user.id.get()).collect::<Vec<_>>();
    assert_eq!(ids(&acme.users_with(&seven)), [7]);
    // Also whoever is less elsewhere.
    let known = known_at_home(7);
    let known = acme
        .users_with(&acme.standing(&known).unwrap())
        .into_owned();
    assert_eq!(known.get(user_id(7)).map(|it| it.role), Some(Role::Admin));
    let found = |acme: &Org, id| acme.user_with(&seven, user_id(id)).map(|it| it.id.get());
    assert_eq!((found(&acme, 7), found(&acme, 8)), (Some(7), None));
    acme.put_user(user(8, Role::Light));
    assert_eq!((found(&acme, 7), found(&acme, 8)), (None, Some(8)));
    assert_eq!(ids(&acme.users_with(&seven)), [8]);
    assert_eq!(ids(acme.users()), [8]);
    assert_eq!(acme.users().active(), 1);
    assert_eq!(acme.users().get(user_id(8)).unwrap().role, Role::Light);
}

#[test]
fn the_first_admin_is_whom_a_nameless_token_stands_for_also_after_a_change() {
    let mut acme = org("acme");
    assert_eq!(acme.default_user(), UserId::FIRST);
    acme.put_user(user(5, Role::Standard));
    assert_eq!(acme.default_user(), UserId::FIRST, "there is no admin");
    acme.put_user(user(6, Role::Admin));
    acme.put_user(user(7, Role::Admin));
    assert_eq!(acme.default_user().get(), 6);
    acme.put_user(user(6, Role::Light));
    assert_eq!(acme.default_user().get(), 7);
    acme.put_user(user(5, Role::Admin));
    assert_eq!(acme.default_user().get(), 5, "the first as declared");
    let order: Vec<_> = acme.users().iter().map(|user| user.id.get()).collect();
    assert_eq!(order, [5, 6, 7]);
}

#[test]
fn any_member_is_known_only_where_nobody_is_declared_and_the_world_is_open() {
    let knows = |undeclared, declared: bool, id| {
        let mut acme = Org::new(org_id("acme"), "Acme", true, undeclared);
        if declared {
            acme.put_user(user(7, Role::Admin));
        }
        acme.knows_user(user_id(id))
    };
    assert!(knows(Undeclared::Open, false, 9));
    assert!(!knows(Undeclared::Closed, false, 9));
    for undeclared in [Undeclared::Open, Undeclared::Closed] {
        assert!(knows(undeclared, true, 7) && !knows(undeclared, true, 9));
    }
}

#[test]
fn whom_a_group_names_becomes_a_guest_and_whom_a_fixture_declares_stays_as_declared() {
    let mut acme = org("acme");
    let profile = Profile {
        first_name: Some("Cleo".into()),
        ..Profile::default()
    };
    let cleo = Guest::from_email(email("cleo@partner.test"), None);
    acme.put_guest(cleo.with_profile(profile));
    let guests = Box::from([email("CLEO@partner.test"), email("new@partner.test")]);
    acme.put_group(Group {
        guests,
        ..group("1", "Sales")
    });
    let known: Vec<_> = acme.guests().map(|guest| guest.email.as_str()).collect();
    assert_eq!(known, ["cleo@partner.test", "new@partner.test"]);
    let cleo = acme.guest(&email("Cleo@Partner.test")).unwrap();
    assert_eq!((cleo.first_name(), cleo.created_at), (Some("Cleo"), None));
    let new = acme.guest(&email("new@partner.test")).unwrap();
    assert_eq!(new.created_at, Some(group("1", "Sales").created_at));
    assert!(
        size_of::<Guest>() <= 40,
        "there is one for each group of a large organization"
    );
}

#[test]
fn a_user_who_is_put_again_counts_once() {
    let with = |id, active: bool| {
        let details = json!({ "active": active }).as_object().unwrap().clone();
        User {
            details: details.into(),
            ..user(id, Role::Light)
        }
    };
    let mut users = Users::default();
    let mut counts = |user| {
        users.put(user);
        (users.len(), users.active())
    };
    assert_eq!(counts(with(1, true)), (1, 1));
    assert_eq!(counts(with(2, true)), (2, 2));
    assert_eq!(counts(with(3, true)), (3, 3));
    assert_eq!(counts(with(3, false)), (3, 2));
    assert_eq!(counts(with(3, false)), (3, 2));
    assert_eq!(counts(with(3, true)), (3, 3));
}

#[test]
fn a_template_knows_its_users_by_id_and_its_first_admin_without_one() {
    let seed = OrgSeed {
        users: vec![
            user(3, Role::Light),
            user(7, Role::Admin),
            user(5, Role::Admin),
        ],
        ..OrgSeed::default()
    };
    let found = |id: Option<u64>| {
        let user = seed.user_or_first_admin(id.map(user_id));
        user.map(|user| user.id.get())
    };
    let ids = [None, Some(3), Some(5), Some(9)].map(found);
    assert_eq!(ids, [Some(7), Some(3), Some(5), None]);
}

#[test]
fn whom_an_address_or_a_code_signs_in_has_a_home() {
    let with = |id: &str, users: &[u64]| {
        let mut org = org(id);
        for id in users {
            org.put_user(User {
                email: email("ada@x.org"),
                ..user(*id, Role::Light)
            });
        }
        org
    };
    let any = known_at_home(9);
    let code = Code {
        code: "c".into(),
        client: None,
        redirect_uri: None,
        token: Token {
            user: Some(user_id(5)),
            ..Token::default()
        },
        is_used: false,
    };
    let oauth = OAuthSeed {
        codes: BTreeMap::from([(Arc::clone(&code.code), code)]),
        ..OAuthSeed::default()
    };
    let orgs = [with("acme", &[3]), with("home", &[9]), with("zeta", &[5])];
    let tenants = Tenants::new(
        Start::default(),
        &Baseline {
            tokens: Arc::new(Tokens::default().or_any(any).with_oauth(&oauth)),
            ..baseline(orgs, None)
        },
    );
    let granted = |grant: &[(&str, &str)]| {
        let client = [("client_id", "3"), ("client_secret", "s")];
        let parameters: Parameters = grant.iter().copied().chain(client).collect();
        let request = GrantRequest::parse(&parameters).unwrap();
        let (now, ids) = (DateTime::UNIX_EPOCH, IdGen::seeded(7));
        let held = tenants.find(None);
        let granted = tenants.grant(&held, &request, now, &ids).unwrap();
        let bearer = tenants.tokens().get(&granted.access, None, || now);
        let Ok(Bearer::Issued(stands_for)) = bearer else {
            panic!("{bearer:?}")
        };
        let user = stands_for.token.user.map(UserId::get);
        let home = stands_for.home.map(|home| home.to_string());
        (user, home, granted.refresh.unwrap())
    };
    let password = [
        ("grant_type", "password"),
        ("username", "Ada@x.org"),
        ("password", "p"),
    ];
    let (user, home, refresh) = granted(&password);
    assert_eq!((user, home.as_deref()), (Some(9), Some("home")));
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*refresh),
    ];
    let (user, home, _) = granted(&refresh);
    assert_eq!((user, home.as_deref()), (Some(9), Some("home")));
    let code = [("grant_type", "authorization_code"), ("code", "c")];
    let (user, home, _) = granted(&code);
    assert_eq!((user, home.as_deref()), (Some(5), Some("zeta")));
}
