//! The applications in the tasks: where they listen, what they answer, and who connects to them.

use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;
use url::{Host, Url};

use super::World;
use super::operator::OperatorError;
use super::task::{Task, TaskDefinition};

/// What an application does with the connections it accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppState {
    /// Answers 200.
    Serving,
    /// Answers this status.
    Failing(u16),
    /// Accepts and never answers.
    Hung,
}

/// A request, as the application that gets it sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// Its path, without a query.
    pub(crate) path: &'a str,
    /// Its `Host`, with or without a port.
    pub(crate) host: &'a str,
    /// Whether it came over TLS.
    pub(crate) tls: bool,
}

/// What becomes of a request that an application has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It is answered with this status.
    Status(u16),
    /// It is never answered.
    Never,
}

/// Whose application gets what is sent to an address.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Occupant<'a> {
    /// A task's.
    Task(&'a Task),
    /// Somebody else's, which answers this status.
    Stranger(u16),
}

impl Occupant<'_> {
    /// Who it is: a task's ARN, or nobody of this account.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Task(task) => &task.arn,
            Self::Stranger(_) => "somebody else's",
        }
    }

    /// Whether a TLS handshake with it succeeds. That of a stranger does not, which is assumed.
    pub(crate) fn speaks_tls(&self) -> bool {
        match self {
            Self::Task(task) => task.definition.tls,
            Self::Stranger(_) => false,
        }
    }

    /// What it does with a request.
    pub(crate) fn answer(&self, asked: Asked<'_>) -> Answer {
        match self {
            Self::Task(task) => task.answer(asked),
            Self::Stranger(status) => Answer::Status(*status),
        }
    }
}

/// Where an application accepts connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Its address and port.
    pub address: SocketAddr,
    /// The task it runs in.
    pub task_arn: String,
    /// What it does with a connection.
    pub app: AppState,
}

/// What becomes of a TCP connection to an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Connection {
    /// The application with this name accepts it: that of a task has the task's ARN.
    Accepted(String),
    /// Nothing listens there.
    Refused,
    /// A firewall drops it without a word.
    Dropped,
}

impl Task {
    /// What the application does with a request.
    pub(crate) fn answer(&self, asked: Asked<'_>) -> Answer {
        let elsewhere = match self.app {
            AppState::Hung => return Answer::Never,
            _ if !self.definition.speaks_to(asked) => return Answer::Status(400),
            AppState::Serving => self.definition.paths.get(asked.path).copied(),
            AppState::Failing(status) => Some(Answer::Status(status)),
        };
        let elsewhere = elsewhere.unwrap_or(Answer::Status(self.dependency.unwrap_or(200)));
        self.path_statuses.get(asked.path).map_or(elsewhere, |status| Answer::Status(*status))
    }
}

impl TaskDefinition {
    /// Whether the application takes the request at all. Another `Host` than its own is answered 400
    /// by Django's `ALLOWED_HOSTS`, which does not look at the port; nginx answers 400 to plain HTTP
    /// on a port for TLS.
    fn speaks_to(&self, asked: Asked<'_>) -> bool {
        let name = asked.host.rsplit_once(':').map_or(asked.host, |(name, _)| name);
        let is_meant = self.host.as_ref().is_none_or(|host| host.eq_ignore_ascii_case(name));
        is_meant && (asked.tls || !self.tls)
    }
}

impl World {
    /// Every address on the internet where an application accepts connections now.
    pub fn listeners(&self) -> Vec<Listener> {
        self.listening()
            .map(|task| Listener {
                address: task.endpoint(),
                task_arn: task.arn.clone(),
                app: task.app,
            })
            .collect()
    }

    /// The task whose application accepts connections at this address on the internet now.
    pub fn listening_at(&self, address: SocketAddr) -> Option<&Task> {
        self.listening().find(|task| task.endpoint() == address)
    }

    /// Whose application accepts connections at this address on the internet now.
    pub(crate) fn occupant(&self, address: SocketAddr) -> Option<Occupant<'_>> {
        let stranger = || self.stranger_at(address).map(Occupant::Stranger);
        self.listening_at(address).map(Occupant::Task).or_else(stranger)
    }

    fn listening(&self) -> impl Iterator<Item = &Task> {
        self.tasks.values().filter(|task| task.listening && task.is_public())
    }

    /// Makes the application of a task answer this path, without a query, with this status,
    /// whatever it answers elsewhere. A hung application does not answer it either.
    ///
    /// # Errors
    /// When there is no such task.
    pub fn set_path_status(
        &mut self,
        arn: &str,
        path: &str,
        status: u16,
    ) -> Result<(), OperatorError> {
        let id = self.task_id(arn)?;
        self.change_task(id, |task| {
            task.path_statuses.insert(path.to_owned(), status);
        });
        Ok(())
    }

    /// Puts a task behind a firewall that only API Gateway passes, or removes that: the gateway's
    /// requests get through, connections of [`Lab::connect_to`](crate::Lab::connect_to) hang.
    ///
    /// # Errors
    /// When there is no such task.
    pub fn set_reachable(&mut self, arn: &str, reachable: bool) -> Result<(), OperatorError> {
        let id = self.task_id(arn)?;
        self.change_task(id, |task| task.reachable = reachable);
        Ok(())
    }

    /// Every connection that was attempted in virtual time, oldest first: when, and where to.
    pub fn connections(&self) -> &[(Timestamp, SocketAddr)] {
        &self.connections
    }

    /// Attempts a connection.
    pub(crate) fn connect(&mut self, to: SocketAddr) -> Connection {
        self.connections.push((self.now, to));
        let present = |task: &&Task| task.endpoint() == to && !task.has_stopped();
        let dropped = |task: &Task| !task.reachable || task.is_behind_an_egress_only_gateway();
        let dropped = self.tasks.values().filter(present).any(dropped);
        match self.occupant(to) {
            _ if dropped => Connection::Dropped,
            Some(occupant) => Connection::Accepted(occupant.name().to_owned()),
            None => Connection::Refused,
        }
    }

    /// Puts a page on the internet that is none of the account's: virtual requests for URLs that
    /// begin with this one are answered 200.
    pub fn add_page(&mut self, url: &str) {
        self.pages.push(url.to_owned());
    }

    /// What becomes of a request to a URL with this `Host`, else the URL's own, and whether it got to
    /// somebody else; `None` when no application gets it, or it does not speak TLS and is to.
    pub(super) fn answer_from(&self, url: &str, host: Option<&str>) -> Option<(Answer, bool)> {
        if self.pages.iter().any(|page| url.starts_with(page)) {
            return Some((Answer::Status(200), false));
        }
        let url = Url::parse(url).ok()?;
        let tls = url.scheme() == "https";
        let occupant = self.backend(&url).filter(|it| !tls || it.speaks_tls())?;
        let host = host.or(url.host_str()).unwrap_or_default();
        let answer = occupant.answer(Asked { path: url.path(), host, tls });
        Some((answer, matches!(occupant, Occupant::Stranger(_))))
    }

    /// Whose application gets a request to a URL now, and at which address.
    pub(crate) fn backend(&self, url: &Url) -> Option<Occupant<'_>> {
        self.occupant(address(url)?)
    }
}

/// The address in a URL; none for a host name, which the lab does not resolve.
pub(crate) fn address(url: &Url) -> Option<SocketAddr> {
    let ip: IpAddr = match url.host()? {
        Host::Ipv4(ip) => ip.into(),
        Host::Ipv6(ip) => ip.into(),
        Host::Domain(_) => return None,
    };
    Some(SocketAddr::new(ip, url.port_or_known_default()?))
}
