//! What happened to people who do this job: public bug reports and a review, each case with its source
//! and the right end.

mod blame;
mod contested;
mod contract;
mod endings;
mod future;
mod images;
mod in_between;
mod kinds;
mod parking;
mod probe;
mod slow_start;
mod stripped;
mod tell;
