//! httpmock, answering what the mock answers to a get: one rule on method, path and both headers.

use std::error::Error;

use httpmock::{Method::GET, MockServer};

const GROUP: &str = include_str!("../../peers/group.json");

fn main() -> Result<(), Box<dyn Error>> {
    // It takes a free port and says which.
    let server = MockServer::start();
    server.mock(|when, then| {
        when.method(GET)
            .path_matches(r"^/api/organizations/[^/]+/groups/[^/]+$")
            .header_matches("authorization", "^Bearer .+$")
            .header("x-tallyfy-client", "APIClient");
        then.status(200)
            .header("content-type", "application/json")
            .body(GROUP);
    });
    println!("httpmock is ready on http://{}", server.address());
    loop {
        std::thread::park();
    }
}
