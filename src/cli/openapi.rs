//! `tallyfy-mock openapi`: what is served under a contract, as a document.

use std::{path::PathBuf, process::ExitCode};

use clap::ValueEnum;

use super::{
    say::{FAILED, fail, print, say},
    values::{edition, rate_limit, switch},
};
use crate::{
    config::{Config, RateLimit},
    domain::contract::{ContractChoice, Edition, Switch},
    fixture::{self, Fixture},
    http::served,
    openapi::Document,
};

/// What `--help` ends with.
const EXAMPLES: &str = "\
Examples:
  tallyfy-mock openapi >openapi.json
          for a generator of clients, or for a validator
  tallyfy-mock openapi --edition 2025-08 --url http://localhost:8255
          the other edition, with the URL of your mock";

/// Print what `serve` would serve with the same flags, as an OpenAPI document in JSON.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// What the document is of
    #[arg(long, value_enum, default_value_t = Of::Tallyfy)]
    of: Of,
    /// Fixture whose contract counts: a file, or a folder of `*.json`; repeatable
    #[arg(long, env = "TALLYFY_MOCK_FIXTURES", value_name = "PATH")]
    fixtures: Vec<PathBuf>,
    /// Edition of Tallyfy's documentation to follow: `2026-03` or `2025-08` [default: the fixture's, else 2026-03]
    #[arg(long, env = "TALLYFY_MOCK_EDITION", value_parser = edition)]
    edition: Option<Edition>,
    /// Set one switch of the contract; repeatable
    #[arg(long, env = "TALLYFY_MOCK_SET", value_name = "KEY=VALUE", value_delimiter = ',', value_parser = switch)]
    set: Vec<Switch>,
    /// Requests that a token may send to an organization, such as `600/60s`: 429 is in the document [default: any number]
    #[arg(long, env = "TALLYFY_MOCK_RATE_LIMIT", value_name = "N/DURATION", value_parser = rate_limit)]
    rate_limit: Option<RateLimit>,
    /// URL at which the mock is to be found, without a path
    #[arg(long, value_name = "URL", default_value_t = default_url())]
    url: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Of {
    /// Tallyfy's API
    Tallyfy,
    /// The control endpoints
    Control,
}

fn default_url() -> String {
    let Config { host, port, .. } = Config::default();
    format!("http://{host}:{port}")
}

pub(super) fn run(args: &Args) -> ExitCode {
    let fixture = if args.fixtures.is_empty() {
        Ok(Fixture::default())
    } else {
        fixture::load(&args.fixtures)
    };
    let fixture = match fixture {
        Ok(fixture) => fixture,
        Err(error) => {
            say(&error.to_string());
            return fail("the fixture has mistakes", FAILED);
        }
    };
    let choice = ContractChoice {
        edition: args.edition,
        switches: args.set.clone(),
    };
    let (edition, contract) = choice.over(&fixture.contract);
    let url = args.url.trim_end_matches('/');
    let document = match args.of {
        Of::Tallyfy => Document::of(&served(edition, contract, args.rate_limit.is_some(), url)),
        Of::Control => Document::of_control(url),
    };
    match serde_json::to_string_pretty(&document) {
        Ok(json) => {
            print(&json);
            ExitCode::SUCCESS
        }
        Err(error) => fail(&format!("the document cannot be written: {error}"), FAILED),
    }
}
