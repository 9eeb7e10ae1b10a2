//! Constant HTTP traffic and what becomes of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::body::Bytes;
use hyper::http::uri::InvalidUri;
use hyper::{Request, Uri};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

use crate::background::Background;
use crate::network::{client, page};

/// A client whose patience is longer than any gateway's.
const PATIENCE: Duration = Duration::from_secs(60);

/// What became of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// When it was sent, since the traffic started.
    pub sent: Duration,
    /// How long the answer took.
    pub took: Duration,
    /// The answer; none if there was none.
    pub answer: Option<Answer>,
}

/// What a request was answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// By the service, or by the gateway in its place, with this status.
    Status(u16),
    /// The maintenance page.
    MaintenancePage,
}

impl Outcome {
    /// Whether its sender got what it asked for.
    pub fn is_success(&self) -> bool {
        matches!(self.answer, Some(Answer::Status(..400)))
    }

    /// Whether its sender got the maintenance page.
    pub fn is_maintenance_page(&self) -> bool {
        self.answer == Some(Answer::MaintenancePage)
    }

    /// Whether its sender got an error, or nothing.
    pub fn is_failure(&self) -> bool {
        !self.is_success() && !self.is_maintenance_page()
    }
}

/// What became of the requests since a moment at which something was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovery {
    /// Requests that ended.
    pub requests: usize,
    /// Those of them that failed.
    pub failed_requests: usize,
    /// Those of them that were answered with the maintenance page.
    pub maintenance_pages: usize,
    /// From the moment until the last of them had failed; zero if none did.
    pub downtime: Duration,
    /// Requests that succeeded since, in a row and without one before them still waiting.
    pub successes_in_a_row: usize,
}

/// Requests sent to one URL, one every so often, each on its own: a slow one does not hold back the
/// next. Ends when dropped.
#[derive(Debug)]
pub struct Traffic {
    started: Instant,
    requests: Requests,
    sending: Mutex<Option<Background>>,
}

/// In the order of sending.
type Requests = Arc<Mutex<Vec<Sent>>>;

#[derive(Debug, Clone, Copy)]
struct Sent {
    at: Duration,
    outcome: Option<Outcome>,
}

impl Traffic {
    /// Starts sending, the first request at once.
    ///
    /// # Errors
    /// When the URL is malformed.
    pub fn start(url: &str, every: Duration) -> Result<Self, InvalidUri> {
        let uri: Uri = url.parse()?;
        let started = Instant::now();
        let requests = Requests::default();
        let sending = Background::spawn(send(uri, every, started, Arc::clone(&requests)));
        Ok(Self { started, requests, sending: Mutex::new(Some(sending)) })
    }

    /// The time since the start: a mark for [`Traffic::since`].
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// What became of the requests that have ended, in the order of sending.
    pub fn outcomes(&self) -> Vec<Outcome> {
        lock(&self.requests).iter().filter_map(|sent| sent.outcome).collect()
    }

    /// What became of the requests since the mark.
    pub fn since(&self, mark: Duration) -> Recovery {
        recovery(&lock(&self.requests), mark)
    }

    /// Sends nothing more and gives up on requests that wait for their answer.
    pub fn stop(&self) {
        self.sending.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

async fn send(uri: Uri, every: Duration, started: Instant, requests: Requests) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut waiting = JoinSet::new();
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                let at = started.elapsed();
                let number = {
                    let mut requests = lock(&requests);
                    requests.push(Sent { at, outcome: None });
                    requests.len() - 1
                };
                let (uri, requests) = (uri.clone(), Arc::clone(&requests));
                waiting.spawn(async move {
                    let answer = get(uri).await;
                    let took = started.elapsed().saturating_sub(at);
                    lock(&requests)[number].outcome = Some(Outcome { sent: at, took, answer });
                });
            }
            Some(_) = waiting.join_next() => {}
        }
    }
}

async fn get(uri: Uri) -> Option<Answer> {
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = uri;
    let response = tokio::time::timeout(PATIENCE, client::exchange(request)).await.ok()?.ok()?;
    Some(if response.body() == page::TEXT {
        Answer::MaintenancePage
    } else {
        Answer::Status(response.status().as_u16())
    })
}

fn recovery(requests: &[Sent], mark: Duration) -> Recovery {
    let ended_since = |outcome: &Outcome| outcome.sent + outcome.took >= mark;
    let outcomes = requests.iter().filter_map(|sent| sent.outcome).filter(ended_since);
    let failures = outcomes.clone().filter(Outcome::is_failure);
    let since_mark = |failure: Outcome| (failure.sent + failure.took).saturating_sub(mark);
    // The newest may still wait; an older one that waits may yet fail and breaks the row.
    let successes_in_a_row = requests
        .iter()
        .rev()
        .skip_while(|sent| sent.outcome.is_none())
        .take_while(|sent| sent.at >= mark && sent.outcome.is_some_and(|it| it.is_success()))
        .count();
    Recovery {
        requests: outcomes.clone().count(),
        failed_requests: failures.clone().count(),
        maintenance_pages: outcomes.filter(Outcome::is_maintenance_page).count(),
        downtime: failures.map(since_mark).max().unwrap_or_default(),
        successes_in_a_row,
    }
}

fn lock(requests: &Requests) -> MutexGuard<'_, Vec<Sent>> {
    requests.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use hyper::{Response, StatusCode};

    use super::*;
    use crate::network::server::Server;

    /// A request sent at this second; answered so many seconds later, if at all.
    fn sent(at: u64, ended: Option<(u64, Option<Answer>)>) -> Sent {
        let sent = Duration::from_secs(at);
        let outcome =
            ended.map(|(took, answer)| Outcome { sent, took: Duration::from_secs(took), answer });
        Sent { at: sent, outcome }
    }

    fn answered(at: u64, answer: Answer) -> Sent {
        sent(at, Some((0, Some(answer))))
    }

    fn ok(at: u64) -> Sent {
        answered(at, Answer::Status(200))
    }

    #[test]
    fn downtime_lasts_until_the_last_failure_ended() {
        let slow_error = sent(2, Some((1, Some(Answer::Status(503)))));
        let requests = [ok(0), sent(1, Some((5, None))), slow_error, ok(3), ok(4)];

        let recovery = recovery(&requests, Duration::from_secs(1));

        assert_eq!((recovery.requests, recovery.failed_requests), (4, 2));
        assert_eq!(recovery.downtime, Duration::from_secs(5));
        assert_eq!(recovery.successes_in_a_row, 2);
    }

    #[test]
    fn failures_from_before_the_mark_do_not_count() {
        let requests = [answered(0, Answer::Status(500)), ok(2), ok(3), ok(4)];

        let recovery = recovery(&requests, Duration::from_secs(3));

        let expected = Recovery {
            requests: 2,
            failed_requests: 0,
            maintenance_pages: 0,
            downtime: Duration::ZERO,
            successes_in_a_row: 2,
        };
        assert_eq!(recovery, expected);
    }

    #[test]
    fn the_maintenance_page_is_neither_a_failure_nor_the_service_again() {
        let page = |at| answered(at, Answer::MaintenancePage);
        let requests = [ok(0), answered(1, Answer::Status(503)), page(2), page(3), ok(4)];

        let meanwhile = recovery(&requests[..4], Duration::from_secs(1));
        let after = recovery(&requests, Duration::from_secs(1));

        assert_eq!((meanwhile.failed_requests, meanwhile.maintenance_pages), (1, 2));
        assert_eq!((meanwhile.successes_in_a_row, after.successes_in_a_row), (0, 1));
    }

    #[test]
    fn a_request_that_waits_breaks_the_row_unless_it_is_the_newest() {
        let requests = [ok(0), ok(1), sent(2, None), ok(3), sent(4, None)];

        assert_eq!(recovery(&requests, Duration::ZERO).successes_in_a_row, 1);
    }

    #[test]
    fn answers_that_help_nobody_are_failures() {
        for (status, success) in [(200, true), (302, true), (404, false), (503, false)] {
            let answer = Some(Answer::Status(status));
            let outcome = Outcome { sent: Duration::ZERO, took: Duration::ZERO, answer };
            assert_eq!(outcome.is_success(), success, "{status}");
            assert_eq!(outcome.is_failure(), !success, "{status}");
        }
    }

    #[tokio::test]
    async fn the_maintenance_page_is_known_by_its_text() {
        let page = page::MaintenancePage::start().await.unwrap();
        let uri = format!("{}?eden-before=x", page.url()).parse().unwrap();

        assert_eq!(get(uri).await, Some(Answer::MaintenancePage));
    }

    #[tokio::test]
    async fn a_slow_request_does_not_hold_back_the_next_and_refused_ones_are_recorded() {
        let number = Arc::new(AtomicUsize::new(0));
        let server = Server::start(([127, 0, 0, 1], 0).into(), move |_| {
            let first = number.fetch_add(1, Ordering::Relaxed) == 0;
            async move {
                if first {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                }
                Ok(Response::new(Bytes::new()))
            }
        });
        let server = server.await.unwrap();
        let url = format!("http://{}/", server.address());

        let traffic = Traffic::start(&url, Duration::from_millis(20)).unwrap();
        tokio::time::sleep(Duration::from_millis(600)).await;
        drop(server);
        tokio::time::sleep(Duration::from_millis(200)).await;
        traffic.stop();
        // Requests that are being answered at this moment may still be recorded.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let outcomes = traffic.outcomes();
        tokio::time::sleep(Duration::from_millis(100)).await;

        assert!(outcomes[0].took >= Duration::from_millis(300), "{outcomes:?}");
        assert!(outcomes[1].sent < outcomes[0].took, "{outcomes:?}");
        assert_eq!(outcomes[1].answer, Some(Answer::Status(StatusCode::OK.as_u16())));
        assert_eq!(outcomes.last().unwrap().answer, None);
        assert_eq!(traffic.outcomes(), outcomes, "it was stopped");
    }
}
