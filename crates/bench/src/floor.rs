//! The floor: what a call of AWS takes a caller that computes nothing.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::ground::Ground;
use crate::spread::Spread;

/// No service knows it, so its answer costs the least that one can.
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// A call that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// Calls over one connection, so many of them, one after the other.
///
/// # Errors
/// When AWS cannot be reached, or ends the connection.
pub async fn measure(ground: &Ground, calls: usize) -> Result<Spread> {
    let stream = TcpStream::connect(ground.address()).await;
    let mut stream = stream.context("the simulated AWS cannot be reached")?;
    stream.set_nodelay(true)?;
    let mut took = Vec::new();
    // The first one finds nothing in the system's caches.
    for call in 0..=calls {
        let began = Instant::now();
        timeout(PATIENCE, exchange(&mut stream)).await.context("a call is not answered")??;
        if call > 0 {
            took.push(began.elapsed());
        }
    }
    Ok(Spread::of_ms(took))
}

/// Until the answer begins: it is shorter than what one read takes.
async fn exchange(stream: &mut TcpStream) -> Result<()> {
    let mut answer = [0; 8_192];
    stream.write_all(REQUEST).await?;
    let length = stream.read(&mut answer).await?;
    ensure!(answer[..length].starts_with(b"HTTP/1.1 "), "a call is answered without HTTP");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::Wire;

    #[tokio::test]
    async fn a_call_takes_at_least_what_aws_waits() {
        let latency = Duration::from_millis(30);
        let folder = std::env::temp_dir();
        let ground = Ground::open(1, latency, Wire::Plain, &folder).await.unwrap();
        let floor = measure(&ground, 5).await.unwrap();
        assert_eq!(floor.runs, 5);
        assert!(floor.min >= 30.0, "{floor}");
    }
}
