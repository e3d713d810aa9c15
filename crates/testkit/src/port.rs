//! A loopback port that nobody else gets.
//!
//! The system chooses it for a socket that is bound and kept, but never listens. As both say that the address may be
//! reused, a server can bind and listen beside it; the system, however, gives the port to nobody who lets it choose,
//! so that no test of this process or another can come in between, or reach the server of another test. Until the
//! server listens, connections are refused.

use socket2::{Domain, Socket, Type};
use std::{
    net::{Ipv4Addr, SocketAddr, TcpStream},
    process::Child,
    thread::sleep,
    time::{Duration, Instant},
};

/// How long a server may take to come up.
const PATIENCE: Duration = Duration::from_secs(20);

/// A port of 127.0.0.1, kept as long as the value.
#[derive(Debug)]
pub struct Port {
    /// Its number.
    pub number: u16,
    _kept: Socket,
}

impl Port {
    /// Keeps a port for a server that binds 127.0.0.1 with SO_REUSEADDR, as servers do.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn keep() -> Self {
        let kept = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket can be made");
        kept.set_reuse_address(true).expect("a new socket");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        kept.bind(&any.into()).expect("loopback has a free port");
        let bound = kept.local_addr().ok().and_then(|address| address.as_socket());
        Self { number: bound.expect("a bound socket has an address").port(), _kept: kept }
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.number))
    }

    /// Waits until the server that was started as `child` takes a connection and `answers`; false if it does not in time,
    /// or ends.
    pub fn comes_up(&self, child: &mut Child, answers: impl Fn(TcpStream) -> bool) -> bool {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Ok(Some(_)) = child.try_wait() {
                return false;
            }
            if TcpStream::connect_timeout(&self.address(), Duration::from_secs(5))
                .is_ok_and(&answers)
            {
                return true;
            }
            sleep(Duration::from_millis(2));
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{io::ErrorKind, net::TcpListener};

    #[test]
    fn a_kept_port_is_for_one_server() {
        let port = Port::keep();
        let refused = TcpStream::connect(port.address()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        for _ in 0..2000 {
            let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            assert_ne!(other.local_addr().unwrap().port(), port.number);
        }
        let server = TcpListener::bind(port.address()).unwrap();
        TcpStream::connect(port.address()).unwrap();
        drop(server);
    }
}
