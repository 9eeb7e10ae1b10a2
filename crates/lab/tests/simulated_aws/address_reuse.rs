//! Somebody else's applications at addresses that were a task's.

use std::net::SocketAddr;
use std::time::Duration;

use eden_lab::World;
use eden_lab::world::{AddressReuse, OperatorError};
use hyper_util::rt::TokioIo;

use crate::support::{API, MINUTE, SERVICE, api, pass, running_lab, running_world_with, the_task};

const NOT_FOUND: u16 = 404;

/// A world whose API leads to the one task of the service, and that task's address.
fn world() -> (World, SocketAddr) {
    let mut world = running_world_with(|_| {});
    let endpoint = world.task(&the_task(&world)).unwrap().endpoint();
    world.create_api(api(&format!("http://{endpoint}/{{proxy}}"), true));
    (world, endpoint)
}

fn stop_the_task(world: &mut World) {
    let arn = the_task(world);
    world.stop_task(&arn, "test").unwrap();
}

#[test]
fn requests_to_the_address_of_a_dead_task_may_get_to_somebody_else_and_count_as_failed() {
    for status in [200, NOT_FOUND] {
        // given a world in which others get the addresses of dead tasks, and traffic
        let (mut world, endpoint) = world();
        world.set_address_reuse(AddressReuse {
            chance: 1.0,
            after: MINUTE,
            stays: 10 * MINUTE,
            status,
        });
        world.start_traffic(API, "/orders", Duration::from_secs(1));

        // when a task has stopped, and its route still leads there
        stop_the_task(&mut world);
        pass(&mut world, 5 * MINUTE);

        // then somebody else answers, and that helps nobody
        assert_eq!(world.stranger_at(endpoint), Some(status));
        let last = *world.traffic().last().unwrap();
        assert!(last.misdelivered && !last.is_success());
        assert_eq!(last.status, status);

        // when the other has gone, then nobody answers
        pass(&mut world, 10 * MINUTE);
        assert_eq!(world.request(API, "/orders"), 503);
    }
}

#[test]
fn an_address_that_somebody_else_has_is_given_to_no_task() {
    // given somebody else at an address that was a task's
    let (mut world, endpoint) = world();
    stop_the_task(&mut world);
    pass(&mut world, 5 * MINUTE);
    world.give_address_away(endpoint, NOT_FOUND).unwrap();
    let taken = Err(OperatorError::AddressTaken(endpoint.ip()));
    assert_eq!(world.give_address_away(endpoint, NOT_FOUND), taken);

    // when the service has as many tasks as there are addresses
    world.set_desired_count(crate::support::CLUSTER, SERVICE, 254).unwrap();
    pass(&mut world, 5 * MINUTE);

    // then none of them has that one, until it is free again
    let addresses = |world: &World| crate::support::running(world).len();
    assert_eq!(addresses(&world), 253);
    world.take_address_back(endpoint);
    stop_one(&mut world);
    pass(&mut world, 5 * MINUTE);
    assert_eq!(addresses(&world), 254);
}

fn stop_one(world: &mut World) {
    let arn = crate::support::running(world)[0].arn.clone();
    world.stop_task(&arn, "test").unwrap();
}

#[tokio::test(start_paused = true)]
async fn somebody_else_accepts_connections_and_answers() {
    // given somebody else at a free address
    let lab = running_lab(|_| {});
    let taken = lab.world().listeners()[0].address;
    let mut free = (1..=254).map(|host| SocketAddr::from(([127, 10, 0, host], 8000)));
    let address = free.find(|address| *address != taken).unwrap();
    lab.world().give_address_away(address, NOT_FOUND).unwrap();

    // when it is connected to and asked
    let stream = lab.connect_to(address).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = hyper::Request::get("/health").body(String::new()).unwrap();
    let response = sender.send_request(request).await.unwrap();

    // then it answers as it does
    assert_eq!(response.status(), NOT_FOUND);
}
