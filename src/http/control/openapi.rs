//! `openapi.json`: what is served, as a document.

use std::sync::Arc;

use axum::{
    Extension, Json as Answer,
    extract::State,
    http::{HeaderMap, Uri},
};

use super::{
    ask::{Asked, Control},
    problem::Problem,
};
use crate::{
    http::{origin, tallyfy::served},
    openapi::Document,
    socket::SocketHandle,
};

/// What a document may be of.
#[derive(Debug, Clone, Copy)]
enum Of {
    Tallyfy,
    Control,
}

/// What is served under this process's contract; with `?of=control`, the control endpoints.
pub(super) async fn show(
    State(Control { app, capacity }): State<Control>,
    socket: Option<Extension<Arc<SocketHandle>>>,
    uri: Uri,
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
    let socket = socket.as_ref().map(|Extension(socket)| &**socket);
    let asked = origin::asked(&uri, &headers, socket, app.trust_proxy);
    let host = asked.host.as_deref().unwrap_or(&app.authority);
    let origin = format!("{}://{host}", asked.scheme);
    let document = capacity.pool.run(move || match of.unwrap_or(Of::Tallyfy) {
        Of::Tallyfy => {
            let is_rate_limited = app.tenants.is_rate_limited();
            Document::of(&served(app.edition, app.contract, is_rate_limited, &origin))
        }
        Of::Control => Document::of_control(&origin),
    });
    Ok(Answer(document.await))
}
