//! The documents as the judge of answers: each answer that a test receives is what they say, and what was seen
//! is written down, so that `.ci/answers-seen` finds what no test ever saw.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::OpenOptions,
    io::Write,
    sync::{Arc, LazyLock, Mutex},
};

use axum::http::{HeaderMap, Method, Request, header};
use jsonschema::Validator;
use serde_json::{Value, json};
use tallyfy_mock::{http::served, openapi::Document, state::AppState};

/// What one kind of mock answers, on both of its sides.
pub(crate) struct Documents {
    tallyfy: Side,
    control: &'static Side,
}

/// A request, as far as its answer is judged by it.
pub(crate) struct Asked {
    method: Method,
    path: String,
    is_exempt: bool,
}

impl Asked {
    /// What a request asks of a mock that lets itself be steered, or does not.
    pub(crate) fn of<B>(request: &Request<B>, steering: bool) -> Self {
        let (method, uri, headers) = (request.method(), request.uri(), request.headers());
        let steers = ["prefer", "x-mock-response-code"]
            .iter()
            .any(|name| headers.contains_key(*name))
            || uri.query().is_some_and(|query| query.contains("__code"));
        let is_preflight = *method == Method::OPTIONS
            && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        Self {
            method: method.clone(),
            path: uri.path().to_owned(),
            is_exempt: is_preflight || (steers && steering),
        }
    }
}

impl Documents {
    /// Those of a mock. Mocks of one kind share theirs.
    pub(crate) fn of(state: &AppState) -> Arc<Self> {
        static KNOWN: Mutex<BTreeMap<String, Arc<Documents>>> = Mutex::new(BTreeMap::new());
        static CONTROL: LazyLock<Side> =
            LazyLock::new(|| Side::of(&Document::of_control("http://mock.test:8255")));
        let is_rate_limited = state.tenants.is_rate_limited();
        let kind = format!("{:?} {is_rate_limited}", state.contract);
        let mut known = KNOWN.lock().unwrap();
        let documents = known.entry(kind).or_insert_with(|| {
            let origin = "http://mock.test:8255";
            let served = served(state.edition, state.contract, is_rate_limited, origin);
            Arc::new(Self {
                tallyfy: Side::of(&Document::of(&served)),
                control: &CONTROL,
            })
        });
        Arc::clone(documents)
    }

    /// Panics where an answer is not what the documents say.
    pub(crate) fn check(&self, asked: &Asked, status: u16, headers: &HeaderMap, body: &str) {
        if asked.is_exempt {
            return;
        }
        let path = asked.path.trim_end_matches('/').replace("//", "/");
        // The inspector page, and the way to it, are no part of either API.
        let is_page = ["/_mock", "/_mock/page.css", "/_mock/page.js"].contains(&path.as_str());
        if status == 303 || (is_page && asked.method == Method::GET) {
            return;
        }
        let is_control = path == "/_mock" || path.starts_with("/_mock/");
        let (side, path) = if is_control {
            (self.control, path.as_str())
        } else {
            let path = path.strip_prefix("/api").unwrap_or(&path);
            (&self.tallyfy, path)
        };
        side.check(&asked.method, path, status, headers, body);
    }
}

/// One document.
struct Side {
    document: Value,
    validators: Mutex<BTreeMap<String, Arc<Validator>>>,
}

impl Side {
    fn of(document: &Document) -> Self {
        Self {
            document: serde_json::to_value(document).unwrap(),
            validators: Mutex::default(),
        }
    }

    fn check(&self, method: &Method, path: &str, status: u16, headers: &HeaderMap, body: &str) {
        let at = || format!("{method} {path} answered {status}");
        let (name, response) = self.response(method, path, status);
        let response = response.unwrap_or_else(|| panic!("{}: no such answer of {name}", at()));
        let response = match response["$ref"].as_str() {
            Some(target) => self.document.pointer(&target[1..]).unwrap(),
            None => response,
        };
        see(&name, status);
        if *method == Method::HEAD {
            assert!(body.is_empty(), "{}: HEAD has no body", at());
            return;
        }
        let Some(content) = response["content"].as_object() else {
            assert!(body.is_empty(), "{}: it has a body, {body}", at());
            return;
        };
        let kind = headers[header::CONTENT_TYPE].to_str().unwrap();
        let content = content
            .get(kind)
            .unwrap_or_else(|| panic!("{}: it is {kind}", at()));
        if !kind.ends_with("json") {
            return;
        }
        let body: Value = serde_json::from_str(body).unwrap();
        let validator = self.validator(&format!("{name} {status}"), &content["schema"]);
        let mistakes: Vec<String> = validator
            .iter_errors(&body)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(
            mistakes.is_empty(),
            "{}, which is not what the document says of {name}: {mistakes:#?}\n{body:#}",
            at()
        );
    }

    /// The operation of a request by its name, and what the document says of such an answer.
    fn response(&self, method: &Method, path: &str, status: u16) -> (String, Option<&Value>) {
        let paths = self.document["paths"].as_object().unwrap();
        let found = paths
            .iter()
            .filter(|(template, _)| fits(template, path))
            // A path without a variable goes first.
            .min_by_key(|(template, _)| template.contains('{'));
        let shared = &self.document["components"]["responses"];
        let Some((_, operations)) = found else {
            let other = shared.get("EndpointNotFound");
            let other = other.or_else(|| self.problem()).filter(|_| status == 404);
            return (
                "an unknown path".to_owned(),
                other.or_else(|| self.guarded(status)),
            );
        };
        let method = match *method {
            Method::HEAD => "get".to_owned(),
            _ => method.as_str().to_ascii_lowercase(),
        };
        let Some(operation) = operations.get(&method) else {
            let other = shared.get("MethodNotAllowed");
            let other = other.or_else(|| self.problem()).filter(|_| status == 405);
            return (
                "an unknown method".to_owned(),
                other.or_else(|| self.guarded(status)),
            );
        };
        let name = operation["operationId"].as_str().unwrap().to_owned();
        let responses = &operation["responses"];
        let response = responses.get(status.to_string());
        let refused = || responses.get("default").filter(|_| status >= 400);
        (name, response.or_else(refused))
    }

    /// How the control side says no, whatever it was asked.
    fn problem(&self) -> Option<&Value> {
        self.document["paths"]["/_mock/health"]["get"]["responses"].get("default")
    }

    fn guarded(&self, status: u16) -> Option<&Value> {
        self.problem().filter(|_| status >= 400)
    }

    fn validator(&self, name: &str, schema: &Value) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap();
        let validator = validators.entry(name.to_owned()).or_insert_with(|| {
            let mut schema = schema.clone();
            schema["components"] = self.document["components"].clone();
            let options = jsonschema::draft202012::options().should_validate_formats(true);
            Arc::new(options.build(&schema).unwrap())
        });
        Arc::clone(validator)
    }
}

/// Whether a path is one of a template such as `/organizations/{org}`.
fn fits(template: &str, path: &str) -> bool {
    let (mut template, mut path) = (template.split('/'), path.split('/'));
    loop {
        match (template.next(), path.next()) {
            (None, None) => return true,
            (Some(variable), Some(segment)) if variable.starts_with('{') => {
                if segment.is_empty() {
                    return false;
                }
            }
            (Some(expected), Some(segment)) if expected == segment => {}
            _ => return false,
        }
    }
}

/// Writes down that an answer was seen, once a run.
fn see(operation: &str, status: u16) {
    static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let line = format!("{operation} {status}\n");
    if SEEN.lock().unwrap().insert(line.clone()) {
        let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/answers-seen");
        let file = OpenOptions::new().create(true).append(true).open(path);
        file.unwrap().write_all(line.as_bytes()).unwrap();
    }
}

#[test]
fn an_answer_that_is_not_in_the_document_is_noticed() {
    let state = AppState::new(
        &tallyfy_mock::config::Config::default(),
        tallyfy_mock::fixture::Fixture::default(),
        String::new(),
    );
    let documents = Documents::of(&state.unwrap());
    let asked = Asked {
        method: Method::GET,
        path: "/api/organizations/acme/groups".to_owned(),
        is_exempt: false,
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
    let pagination = json!({ "total": 0, "count": 0, "per_page": 10, "current_page": 1, "total_pages": 1, "links": {} });
    let good = json!({ "data": [], "meta": { "pagination": pagination } });
    let is_noticed = |status, body: &Value| {
        let check = std::panic::AssertUnwindSafe(|| {
            documents.check(&asked, status, &headers, &body.to_string());
        });
        std::panic::catch_unwind(check).is_err()
    };
    assert!(!is_noticed(200, &good));
    assert!(is_noticed(201, &good), "a status");
    for (pointer, value) in [
        ("/data", json!(null)),
        ("/meta/pagination/total", json!("0")),
        ("/meta/pagination/per_page", json!(101)),
        ("/meta/pagination/links", json!([])),
        ("/meta/pagination", json!({})),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        assert!(is_noticed(200, &bad), "{pointer}");
    }
    let mut more = good.clone();
    more["more"] = json!(1);
    assert!(is_noticed(200, &more), "a field more");
    let refusal = json!({ "error": true, "message": "Unauthenticated" });
    assert!(is_noticed(401, &refusal), "another sentence");
}
