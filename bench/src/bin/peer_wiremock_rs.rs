//! wiremock-rs, answering what the mock answers to a get: one rule on method, path and both headers.

use std::net::TcpListener;

use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, header_regex, method, path_regex},
};

const GROUP: &str = include_str!("../../peers/group.json");

fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).unwrap_or_else(|| "0".into());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let server = MockServer::builder().listener(listener).start().await;
        Mock::given(method("GET"))
            .and(path_regex("^/api/organizations/[^/]+/groups/[^/]+$"))
            .and(header_regex("authorization", "^Bearer .+$"))
            .and(header("x-tallyfy-client", "APIClient"))
            .respond_with(ResponseTemplate::new(200).set_body_raw(GROUP, "application/json"))
            .mount(&server)
            .await;
        std::future::pending::<()>().await;
    });
    Ok(())
}
