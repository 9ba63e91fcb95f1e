//! `openapi.json`: what is served, as a document.

use axum::{
    Json as Answer,
    extract::State,
    http::{HeaderMap, header},
};

use super::{
    ask::{Asked, Control},
    problem::Problem,
};
use crate::{http::tallyfy::served, openapi::Document, state::AppState};

/// What a document may be of.
#[derive(Debug, Clone, Copy)]
enum Of {
    Tallyfy,
    Control,
}

/// What is served under this process's contract; with `?of=control`, the control endpoints.
pub(super) async fn show(
    State(Control { app, capacity }): State<Control>,
    headers: HeaderMap,
    mut asked: Asked,
) -> Result<Answer<Document>, Problem> {
    let mut query = std::mem::take(&mut asked.query);
    let of = query.read("of", "`tallyfy` or `control`", |text| match text {
        "tallyfy" => Some(Of::Tallyfy),
        "control" => Some(Of::Control),
        _ => None,
    })?;
    query.done()?;
    let origin = origin(&headers, &app);
    let document = capacity.pool.run(move || match of.unwrap_or(Of::Tallyfy) {
        Of::Tallyfy => {
            let is_rate_limited = app.tenants.is_rate_limited();
            Document::of(&served(app.edition, app.contract, is_rate_limited, &origin))
        }
        Of::Control => Document::of_control(&origin),
    });
    Ok(Answer(document.await))
}

/// Where the mock was found.
fn origin(headers: &HeaderMap, app: &AppState) -> String {
    let host = headers.get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok());
    format!("http://{}", host.unwrap_or(&app.authority))
}
