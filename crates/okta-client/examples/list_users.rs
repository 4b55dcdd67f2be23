//! Lists the users of an org, paced within its rate limits:
//!
//! `OKTA_DOMAIN=acme.okta.com OKTA_API_TOKEN=… cargo run -p okta-client --example list_users`

use std::error::Error;
use std::sync::Arc;

use okta_client::endpoints::users;
use okta_client::{ApiToken, Client, Config, OrgUrl};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let org: OrgUrl = std::env::var("OKTA_DOMAIN")?.parse()?;
    let token = ApiToken::new(std::env::var("OKTA_API_TOKEN")?.into())?;
    let client = Client::new(Config::new(org, Arc::new(token)))?;

    let list = users::list(200);
    let mut cursor: Option<String> = None;
    loop {
        let page = client.page(&list, cursor.as_deref()).await?;
        for user in &page.items {
            let profile = user.profile_members();
            let login = profile.get("login").and_then(|login| login.as_str()).unwrap_or_default();
            print(&format!("{}  {login}", user.id));
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(()),
        }
    }
}

#[expect(clippy::print_stdout, reason = "a program for people")]
fn print(line: &str) {
    println!("{line}");
}
