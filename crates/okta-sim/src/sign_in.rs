//! One request for an access token on its way through the server: limits, latency, faults, the authorization server.

use bytes::Bytes;
use http::{Method, request};

use crate::draft::Draft;
use crate::handle::{Dropped, Service, Spot};
use crate::oauth::{TOKEN_PATH, TokenRequest};
use crate::refusal::Refusal;
use crate::route::Bucket;
use crate::stats::Throttle;

impl Service {
    /// Answers a request for a token. `running` is how many calls run now, `call` the number of this one.
    pub(crate) async fn sign_in(
        &self,
        head: &request::Parts,
        body: &Bytes,
        spot: &Spot<'_>,
        running: u64,
        call: u64,
    ) -> Result<Draft, Dropped> {
        let refused = |refusal: &Refusal| Draft::refused(refusal, spot.error_id);
        if head.method != Method::POST {
            return Ok(refused(&Refusal::wrong_method()));
        }
        if self.too_many(running) {
            return Ok(self.concurrency_refusal(spot.error_id));
        }
        let urls = self.urls(&head.headers, TOKEN_PATH);
        let now = self.clock.now();
        let request =
            TokenRequest { headers: &head.headers, body, urls: &urls, now, callers_now: self.clock.callers_now() };
        let asking = match self.authority.recognise(&request) {
            Ok(asking) => asking,
            Err(refusal) => return Ok(refused(&refusal)),
        };
        let verdict = self.limiter.count(self.tokens.len() + asking.app, Bucket::Token, now);
        if !verdict.allowed {
            let draft = refused(&Refusal::too_many_requests());
            return Ok(Draft { limits: Some(verdict), throttle: Some(Throttle::Rate), ..draft });
        }
        self.wait(call).await;
        let answer = || match self.authority.issue(&asking, &request) {
            Ok(issued) => {
                self.counters.token_issued();
                Draft { nonce: issued.nonce, ..Draft::json(Bytes::from(issued.body)) }
            }
            Err(refusal) => refused(&refusal),
        };
        let mut draft = match self.faults.judge("POST", TOKEN_PATH, TOKEN_PATH, 1) {
            Some(fault) => self.spoiled(&fault, spot, |_| answer()).await?,
            None => answer(),
        };
        draft.limits.get_or_insert(verdict);
        Ok(draft)
    }
}
