//! The web beyond AWS: the URLs of APIs, and webhooks.

use std::collections::BTreeMap;

use hyper::body::Bytes;
use hyper::{Method, Request, Uri};
use jiff::Timestamp;

use super::World;
use super::operator::OperatorError;

/// A POST that a webhook got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookPost {
    /// When.
    pub at: Timestamp,
    /// The webhook's URL.
    pub url: String,
    /// What was posted.
    pub body: String,
}

/// What a webhook answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookAnswer {
    /// This status; 200 comes with the text `ok`, as Slack's does.
    Status(u16),
    /// Nothing, ever.
    Never,
}

/// What there is on the web.
#[derive(Debug, Default)]
pub(super) struct Web {
    /// The id of the API at each host.
    apis: BTreeMap<String, String>,
    /// The webhook at each URL.
    webhooks: BTreeMap<String, WebhookAnswer>,
    posts: Vec<WebhookPost>,
}

/// Where a request gets to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Visit {
    /// To the API of this id.
    Api(String),
    /// To a webhook.
    Webhook(WebhookAnswer),
    /// To a host of webhooks, which has nothing of that method and URL.
    NotFound,
    /// Nowhere: no such host.
    NoSuchHost,
}

impl World {
    /// From now on, the host of this URL is the API's. What the URL says besides is of no meaning:
    /// requests are routed by their own paths.
    ///
    /// # Errors
    /// When there is no such API, or that is no URL.
    pub fn set_api_url(&mut self, url: &str, api_id: &str) -> Result<(), OperatorError> {
        if !self.apis.contains_key(api_id) {
            return Err(OperatorError::NoSuchApi(api_id.to_owned()));
        }
        let host = host_of(url).ok_or_else(|| OperatorError::NotAUrl(url.to_owned()))?;
        self.web.apis.insert(host, api_id.to_owned());
        Ok(())
    }

    /// Makes a webhook, which answers 200.
    ///
    /// # Errors
    /// When that is no URL.
    pub fn add_webhook(&mut self, url: &str) -> Result<(), OperatorError> {
        self.set_webhook_answer(url, WebhookAnswer::Status(200))
    }

    /// Makes a webhook that answers so, or changes what it answers. Posts that are under way get
    /// the answer of the time at which they came.
    ///
    /// # Errors
    /// When that is no URL.
    pub fn set_webhook_answer(
        &mut self,
        url: &str,
        answer: WebhookAnswer,
    ) -> Result<(), OperatorError> {
        host_of(url).ok_or_else(|| OperatorError::NotAUrl(url.to_owned()))?;
        self.web.webhooks.insert(url.to_owned(), answer);
        Ok(())
    }

    /// Every POST that a webhook got, whatever it answered, oldest first.
    pub fn webhook_posts(&self) -> &[WebhookPost] {
        &self.web.posts
    }

    /// Takes a request to the place that its URL names.
    pub(crate) fn visit(&mut self, request: &Request<Bytes>) -> Visit {
        let url = request.uri().to_string();
        let Some(host) = host_of(&url) else { return Visit::NoSuchHost };
        if let Some(api) = self.web.apis.get(&host) {
            return Visit::Api(api.clone());
        }
        match self.web.webhooks.get(&url) {
            Some(answer) if request.method() == Method::POST => {
                let body = String::from_utf8_lossy(request.body()).into_owned();
                self.web.posts.push(WebhookPost { at: self.now, url, body });
                Visit::Webhook(*answer)
            }
            _ if self.web.webhooks.keys().any(|it| host_of(it).as_ref() == Some(&host)) => {
                Visit::NotFound
            }
            _ => Visit::NoSuchHost,
        }
    }
}

/// The host of a URL, with its port if it names one.
fn host_of(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    uri.scheme()?;
    Some(uri.authority()?.as_str().to_ascii_lowercase())
}
